/* SPDX-License-Identifier: Apache-2.0 */
/* Data frames of one session that is not admitted yet, kept in order and each
 * once, until it is (docs/protocol.md 6). Bounds are its owner's: it is told
 * what is held and asks for some of it back.
 *
 * Adding finds the place in O(log n) and moves at most 8 bytes a frame. */
#ifndef MSOCK_CORE_HELD_H
#define MSOCK_CORE_HELD_H

#include <stddef.h>
#include <stdint.h>

/** An authentic frame: its plaintext body, one spare byte behind it. */
struct msock__held {
    struct msock__held *next;
    uint64_t counter;
    uint64_t received_us;
    uint32_t key_id;
    size_t size;
    uint8_t stream; /* MSOCK__BEST_EFFORT or MSOCK__RELIABLE */
    uint8_t flags;
    uint8_t bytes[];
};

struct msock__shelf {
    struct msock__held **frames; /* ascending by counter */
    size_t count;
    size_t capacity;
    size_t bytes; /* of the frames */
};

/** Zeroed is empty. */
struct msock__hold {
    struct msock__shelf streams[2];
    size_t count; /* frames */
    size_t bytes; /* of frames and shelves */
};

/** What a frame with a body of `size` bytes takes, its place aside. */
size_t msock__held_cost(size_t size);

/** Adds a frame, which is the hold's then.
 *  Returns 0, MSOCK_DROP_DUPLICATE (one of its stream and counter is there),
 *  MSOCK_DROP_MEMORY; then it is still the caller's. */
int msock__hold_add(struct msock__hold *hold, struct msock__held *frame);

/** Removes the lowest frame of the stream that holds more bytes, so that a bulk
 *  on one stream does not push out the other's. There must be one.  Returns it,
 *  given to the caller, for free(). */
struct msock__held *msock__hold_shed(struct msock__hold *hold);

/** Empties the hold.  Returns its frames, best effort first, each stream in
 *  order; NULL if none. Each is given to the caller, for free(). */
struct msock__held *msock__hold_take(struct msock__hold *hold);

/** Empties it and frees its frames.  Returns how many there were. */
size_t msock__hold_clear(struct msock__hold *hold);

#endif
