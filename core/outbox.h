/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be sent, first in, first out: encoded messages, collected into
 * batches that fit one frame, or kept whole to be cut into pieces. It knows
 * sizes and order, not frames.
 *
 * Invariant: `bytes` is the memory of all bundles and never exceeds the limit.
 * Appending costs one allocation a frame; cutting copies nothing. */
#ifndef MSOCK_CORE_OUTBOX_H
#define MSOCK_CORE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msock__bundle;

struct msock__outbox {
    struct msock__bundle *head, *tail;
    struct msock__bundle *reserved; /* a new one, not committed yet */
    size_t bytes;
    size_t bytes_max;
    size_t batch_space; /* message bytes that fit one frame */
    size_t piece_space; /* the same for a piece */
    size_t pieces_max;  /* of one message */
    bool alone;         /* every message gets a frame of its own */
    bool closed;        /* the next one does */
};

/** Where a message waits that another may replace; all zero: nowhere, which it
 *  becomes when the message begins to leave. It is its owner's and stays where
 *  it is in memory until msock__place_leave(). */
struct msock__place {
    struct msock__bundle *bundle;
    size_t offset;
    size_t size;
    struct msock__place *previous, *next; /* of the bundle */
};

/** What the next frame carries: borrowed until msock__outbox_pop(). */
struct msock__chunk {
    const uint8_t *bytes;
    size_t size;
    uint32_t index;
    uint32_t count;  /* 0: a batch, not a piece */
    unsigned copies; /* times it is sent */
    bool is_signed;  /* msock__outbox_sign() was called for some of it */
    int confirm; /* msock__outbox_confirm()'s id, of the last frame; else 0 */
};

/** Starts empty; a message is cut into at most `pieces_max` pieces. */
void msock__outbox_init(struct msock__outbox *outbox, size_t bytes_max,
                        size_t pieces_max, bool alone);
void msock__outbox_fini(struct msock__outbox *outbox);

/** Sets what fits a frame from now on. */
void msock__outbox_space(struct msock__outbox *outbox, size_t batch_space,
                         size_t piece_space);

/** Makes room for a message of at most `bound` bytes that is sent `copies`
 * times (it shares frames with its like); *room is valid until the commit or
 * the next reserve, which replaces it. Returns 0, MSOCK_EAGAIN (full),
 * MSOCK_ETOOBIG (would never fit), MSOCK_ENOMEM. */
int msock__outbox_reserve(struct msock__outbox *outbox, size_t bound,
                          unsigned copies, uint8_t **room);

/** Whether the queue has room for such a message now. */
bool msock__outbox_takes(const struct msock__outbox *outbox, size_t size,
                         unsigned copies);

/** The size of the largest message that can be sent at all. */
size_t msock__outbox_largest(const struct msock__outbox *outbox);

/** Whether a message of `size` bytes can be sent at all. */
bool msock__outbox_fits(const struct msock__outbox *outbox, size_t size);

/** Queues the `size` bytes (1..bound; 0 too if alone) written to the reserved
 *  room. */
void msock__outbox_commit(struct msock__outbox *outbox, size_t size);

/** Notes in `place` where the message of `size` bytes waits that was committed
 *  last. */
void msock__outbox_mark(struct msock__outbox *outbox,
                        struct msock__place *place, size_t size);

/** Has a place be nowhere. */
void msock__place_leave(struct msock__place *place);

/** Whether something waits there. */
bool msock__place_taken(const struct msock__place *place);

/** As msock__outbox_reserve(), for a message that replaces the one that waits
 *  at `place`. What that takes counts as free. */
int msock__outbox_reserve_at(struct msock__outbox *outbox,
                             const struct msock__place *place, size_t bound,
                             uint8_t **room);

/** Puts the `size` bytes (1..bound) written there in the place of the message
 *  at `place`, where they wait then: in its frame if they fit there, else in
 *  one of their own right behind it. */
void msock__outbox_commit_at(struct msock__outbox *outbox,
                             struct msock__place *place, size_t size);

/** Has all frames of the message that was committed last leave signed. */
void msock__outbox_sign(struct msock__outbox *outbox);

/** Has the next message begin a frame. */
void msock__outbox_close(struct msock__outbox *outbox);

/** Says what confirms the message that was committed last, which began a frame:
 *  it shares that with no other. `id` is not 0. */
void msock__outbox_confirm(struct msock__outbox *outbox, int id);

/** Looks at the next frame's content.  Returns whether there is any. */
bool msock__outbox_peek(const struct msock__outbox *outbox,
                        struct msock__chunk *chunk);

/** Removes what msock__outbox_peek() showed. */
void msock__outbox_pop(struct msock__outbox *outbox);

/** Shows a message whose pieces left in part from its first one on again. */
void msock__outbox_restart(struct msock__outbox *outbox);

#endif
