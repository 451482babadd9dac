/* SPDX-License-Identifier: Apache-2.0 */
/* What msock pub was asked to publish, and publishing it: one message, perhaps
 * several times, or the lines of standard input, one at a time. */
#ifndef MSOCK_TOOLS_PUBLISH_H
#define MSOCK_TOOLS_PUBLISH_H

#include "tools/msock/payload.h"
#include "tools/msock/pub_confirm.h"

#include <stdint.h>

/** Zeros but for `how` at first. */
struct publisher {
    msock_channel *channel;
    const char *topic;
    struct payload payload;
    uint64_t repeat; /* times; 0: not said, once */
    double delay_s;  /* between them */
    msock_publish_options how;
    struct pub_confirm confirm;
    bool stalled; /* the network takes nothing */
};

/** Opens the channel, publishes, waits until all has left and, if it is to be
 *  confirmed, until all have said so, and closes it.  Returns the exit code,
 *  having told what failed. */
int publish_all(struct publisher *publisher, const struct cli_channel *names);

#endif
