/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the pieces of a reliable message together (docs/protocol.md 3). They
 * come in order, so there is one message at a time: index 0 begins it, the next
 * frame must be the next piece, and anything else ends it. No timer.
 *
 * Invariant: memory is taken for what arrived, at most twice that, and counts
 * against the pool of all sessions. */
#ifndef MSOCK_CORE_JOIN_H
#define MSOCK_CORE_JOIN_H

#include "codec/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msock__join_pool {
    size_t bytes;
    size_t bytes_max;
    size_t message_max; /* bytes of one message */
};

/** All zero: no message begun. */
struct msock__join {
    uint8_t *bytes; /* NULL: none */
    size_t size;
    size_t capacity; /* a byte more is allocated */
    size_t piece_size;
    uint32_t next; /* index expected */
    uint32_t count;
    bool is_signed;
    uint64_t sent_us; /* of piece 0 */
};

/** Takes the next frame of the stream if it is a piece.
 *  Returns 1 (complete: join->bytes[0..size), a spare byte behind it, until
 *  msock__join_reset()), 0 (stored), or minus the drop counter, the message
 *  then being given up: MSOCK_DROP_PIECE (does not continue it),
 *  _PIECE_LIMIT (pool), _TOO_BIG, _MEMORY. */
int msock__join_add(struct msock__join *join, struct msock__join_pool *pool,
                    const struct msock__body *body);

/** Whether a message has begun. */
bool msock__join_open(const struct msock__join *join);

/** Gives up or frees what there is. */
void msock__join_reset(struct msock__join *join, struct msock__join_pool *pool);

#endif
