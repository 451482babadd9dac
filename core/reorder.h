/* SPDX-License-Identifier: Apache-2.0 */
/* What one reliable stream waits for: a window of counters next..end-1, each
 * with the frame that came too early, or with when to ask for it.
 *
 * Invariants: `next` is missing unless the window is empty; `missing` of the
 * window have no frame. The window is a ring that grows by doubling up to 8192
 * counters; the first 16 places are part of the structure, so that a stream can
 * wait and ask without any memory. Ring and frames are charged to the session's
 * bytes and to the pool of all sessions, and never exceed either. A place is
 * found in O(1); timers are a heap, O(log n). */
#ifndef MSOCK_CORE_REORDER_H
#define MSOCK_CORE_REORDER_H

#include "core/marks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__REORDER_MAX = 8192, MSOCK__REORDER_FIRST = 16 };

/** What all sessions may hold. */
struct msock__repair_pool {
    size_t bytes;
    size_t bytes_max;
};

/** A frame that waits or waited for its turn; free() frees it. */
struct msock__kept {
    uint64_t received_us;
    size_t size;
    uint8_t flags;
    uint8_t bytes[]; /* of its body; one spare byte behind */
};

/** The same before it is kept: all borrowed. */
struct msock__early {
    uint64_t received_us;
    const uint8_t *body;
    size_t size;
    uint8_t flags;
};

struct msock__slot {
    struct msock__kept *kept; /* NULL: missing */
    uint64_t due_us;          /* missing: its timer, while it has one */
    uint64_t asked_us;        /* last asked for, by whomever; 0: never */
    uint64_t mine_us;         /* the same by this node */
    uint32_t place;           /* in the heap, from 1; 0: no timer */
    uint8_t unproved; /* askings since its sender was known to hold it, */
    uint8_t in_vain;  /* and since a repair told that its own was lost */
    uint8_t heard;    /* how often others' asking put the timer off */
    bool probe;       /* nobody had asked for it when this node did */
    bool awaited;     /* asked for, by whomever, and did not come since */
    bool lost;        /* given up */
};

struct msock__reorder {
    struct msock__repair_pool *pool;
    size_t bytes; /* of this session */
    size_t bytes_max;
    size_t typical; /* cost of a frame lately */
    uint64_t next;
    uint64_t end;
    size_t missing;
    size_t capacity;
    struct msock__slot *slots; /* by counter */
    uint64_t *heap;            /* counters by due time, then by counter */
    size_t heap_count;
    struct msock__marks asking; /* due: to be asked for now */
    struct msock__slot first_slots[MSOCK__REORDER_FIRST];
    uint64_t first_heap[MSOCK__REORDER_FIRST];
    uint64_t first_words[1];
};

/** Starts in place: the structure must not be moved. */
void msock__reorder_init(struct msock__reorder *reorder,
                         struct msock__repair_pool *pool, size_t bytes_max,
                         uint64_t next);

/** Frees what it holds. */
void msock__reorder_fini(struct msock__reorder *reorder);

/** The place of a counter of the window. */
struct msock__slot *msock__reorder_slot(const struct msock__reorder *reorder,
                                        uint64_t counter);

/** How many more missing frames will find room when they come, if they are as
 *  large as those lately. The first one needs none: it does not wait. */
size_t msock__reorder_spare(const struct msock__reorder *reorder);

/** Widens the window by `end`, which is missing and has no timer yet.
 *  Returns whether the ring could take it. */
bool msock__reorder_extend(struct msock__reorder *reorder);

/** Keeps a copy of `frame`, a missing one of the window, and stops its timer.
 *  Returns 0, or minus MSOCK_DROP_REORDER (no room) or _MEMORY. */
int msock__reorder_keep(struct msock__reorder *reorder, uint64_t counter,
                        const struct msock__early *frame);

/** Moves `next` on by one; the frame kept there, if any, is given to the
 *  caller. A window that becomes empty gives its ring back. */
struct msock__kept *msock__reorder_shift(struct msock__reorder *reorder);

/** Moves `next` to a counter at or behind `end`; no frame is kept before it. */
void msock__reorder_skip(struct msock__reorder *reorder, uint64_t next);

/* -- Timers of missing frames (reorder_timer.c) -- */

/** Sets the timer of a missing frame. */
void msock__reorder_set(struct msock__reorder *reorder, uint64_t counter,
                        uint64_t due_us);

/** Stops it, and forgets that the frame is to be asked for. */
void msock__reorder_unset(struct msock__reorder *reorder, uint64_t counter);

/** The counter whose timer runs out first, 0 if there is none. */
uint64_t msock__reorder_first(const struct msock__reorder *reorder);

#endif
