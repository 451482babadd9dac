/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of a channel's loop for the verbs that send: each waits a moment, and
 * does the work that is due. */
#ifndef MSOCK_TOOLS_TURN_H
#define MSOCK_TOOLS_TURN_H

#include "tools/msock/cli.h"

#include <stdint.h>

enum { TURN_POLL_MS = 100 }; /* longest wait while something else is due */

/** Returns a time that only rises, in ms. */
int64_t turn_now_ms(void);

/** Does the channel's work that is due: what was published leaves.  Returns
 *  CLI_OK, or CLI_FAILURE after having told why. */
int turn_work(msock_channel *channel);

/** Waits until the channel has work, `fd` (-1: none) is readable or `most_ms`
 *  (-1: any time) have passed, and does the channel's work.  Returns as
 *  turn_work(); *readable is about `fd`. */
int turn_step(msock_channel *channel, int fd, int most_ms, bool *readable);

/** Waits for a network, 3 s at most, so that a message is not sent to nobody.
 *  Returns as turn_work(). */
int turn_await_network(msock_channel *channel, const struct cli_channel *names);

/** Works until at most `most` bytes wait to be sent.  Returns as turn_work();
 *  it also fails when nothing left for 5 s. */
int turn_await_queue(msock_channel *channel, size_t most);

#endif
