/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the last minutes, in memory: at most so old and so many
 * bytes, whichever is less. A message costs one copy, and now and then what is
 * left is moved to the front: half of the memory at most, once it was filled
 * anew. */
#ifndef MSOCK_TOOLS_RECORD_RING_H
#define MSOCK_TOOLS_RECORD_RING_H

#include "tools/msock/record/record.h"

#include <stdint.h>

/** Begins as zeros, but for the first two; free(buffer.bytes) at the end. */
struct ring {
    uint64_t age_us; /* of the oldest, at most */
    size_t memory;   /* bytes, at most */
    struct cli_buffer buffer;
    size_t start; /* of the oldest in the buffer */
    uint64_t count;
};

/** Adds a message, and lets go what is too old or too much.  Returns whether it
 *  is held: one that is larger than all is not. */
bool ring_add(struct ring *ring, const struct record *record);

/** Moves what is held to the front of the buffer, so that it begins there. */
void ring_settle(struct ring *ring);

#endif
