/* SPDX-License-Identifier: Apache-2.0 */
/* The reliable stream of one session as its receiver sees it: puts frames into
 * order, knows what is missing and when to ask for it, and when to give it up
 * (docs/protocol.md 5, docs/decisions/0014).
 *
 * Every counter from `next` on comes out of it once: as a frame or as part of a
 * range that is lost, in order. A stream without gaps costs one structure of
 * about 1.2 KiB and no further allocation; what waits is charged to the pool.
 * Costs are O(log n) a frame, O(1) in order; n is at most 8192.
 *
 * How a caller goes on after each call that may change what is in order (add,
 * range, expire, lose, end): msock__repair_pop() until it returns 0. In each
 * turn of the loop: expire, pop, and while msock__repair_asks() and the node's
 * limit on NACK frames allows, msock__repair_nack() and _asked(). */
#ifndef MSOCK_CORE_REPAIR_H
#define MSOCK_CORE_REPAIR_H

#include "codec/control.h"
#include "core/dice.h"
#include "core/reorder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__REPAIR_FIRST_US = 2000, /* before a gap is asked for */
    /* Drawn on top of each wait: so much for each node that listens, */
    MSOCK__REPAIR_SPREAD_US = 500,
    MSOCK__REPAIR_SPREAD_MAX_US = 40000,
    MSOCK__REPAIR_OTHERS = 8, /* or two answers long, if so many more listen */
    /* No repair came for so long: now those that were passed are asked for; or
     * after so long though more came. */
    MSOCK__REPAIR_PAUSE_US = 2000,
    MSOCK__REPAIR_SWEEP_US = 40000,
    MSOCK__REPAIR_TRIES = 14,
    MSOCK__REPAIR_HEARD_MAX = 2,
    MSOCK__REPAIR_PASSED_US = 100000
};

struct msock__repair;

/** What a call happens in. */
struct msock__repair_round {
    uint64_t now_us;
    struct msock__dice *dice;
    size_t nodes; /* of the channel, oneself included */
};

enum msock__ready_kind { MSOCK__READY_FRAME, MSOCK__READY_LOSS };

/** What is next in order. */
struct msock__ready {
    enum msock__ready_kind kind;
    struct msock__range range; /* of a frame: itself */
    struct msock__kept *kept;  /* frame: given to the caller, free() */
};

/** Begins a stream whose first frame is `next` (>= 1). `pool` outlives it.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__repair_new(struct msock__repair **repair,
                      struct msock__repair_pool *pool, size_t bytes_max,
                      uint64_t next);

/** Frees what it holds; nothing is reported. NULL is ignored. */
void msock__repair_free(struct msock__repair *repair);

/** The counter that is waited for. */
uint64_t msock__repair_next(const struct msock__repair *repair);

/** How many frames from the next one on it could keep if they came now. */
size_t msock__repair_room(const struct msock__repair *repair);

/** Asks for none but the next `count` frames (MSOCK__REORDER_MAX at first) from
 *  now on: more could not be taken in. The sender was told that it might send
 *  those up to `promised`. */
void msock__repair_reach(struct msock__repair *repair, uint64_t count,
                         uint64_t promised);

/** A frame arrived, an original or a repair. Returns 1: it is the next one, and
 *  the caller passes it up itself, before it pops; 0: copied, to wait for its
 *  turn; or minus a drop counter: MSOCK_DROP_DUPLICATE (passed, given up or
 *  there already), _REORDER (no room: it is asked for again later), _MEMORY
 *  (the same). */
int msock__repair_add(struct msock__repair *repair,
                      const struct msock__repair_round *round, uint64_t counter,
                      uint8_t flags, const uint8_t *body, size_t size);

/** A frame arrived that must not be passed up (it was withheld on the way): it
 *  counts as received and is reported as lost. */
void msock__repair_lose(struct msock__repair *repair,
                        const struct msock__repair_round *round,
                        uint64_t counter);

/** Takes what is next in order, a frame or all that is lost in a row.
 *  Returns 1, or 0 if there is nothing: then *ready is as it was. */
int msock__repair_pop(struct msock__repair *repair,
                      const struct msock__repair_round *round,
                      struct msock__ready *ready);

/** The sender said what it holds (sync, hello, bye, answer); a pair that
 *  contradicts itself is ignored. */
void msock__repair_range(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         struct msock__range held);

/** Another node asked the same session for `ranges`, ascending and disjoint:
 *  what it asked for is not asked for here, for a while. */
void msock__repair_heard(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         const struct msock__range *ranges, size_t count);

/** Whether msock__repair_nack() has something to ask for. */
bool msock__repair_asks(const struct msock__repair *repair);

/** Writes what a NACK that leaves now asks for, lowest first, at most 1024
 *  counters in ascending, disjoint ranges of what the sender is known to hold:
 *  what is due and what nearly is.  Returns how many ranges. */
size_t msock__repair_nack(struct msock__repair *repair,
                          const struct msock__repair_round *round,
                          struct msock__range ranges[static MSOCK__NACK_MAX]);

/** The first `count` ranges of msock__repair_nack(), which was called in the
 *  same turn, have left in a NACK. What did not is still to be asked for.
 *  Returns how many of them came too thick to be taken in, most likely: had
 *  been promised room, or were asked for before by this node. */
size_t msock__repair_asked(struct msock__repair *repair,
                           const struct msock__repair_round *round,
                           const struct msock__range *ranges, size_t count);

/** Looks at the timers: what is due is to be asked for now, or given up. */
void msock__repair_expire(struct msock__repair *repair,
                          const struct msock__repair_round *round);

/** The session is gone: gives up all that is missing. What was kept can still
 *  be popped. */
void msock__repair_end(struct msock__repair *repair);

/** When to call msock__repair_expire() in us, UINT64_MAX if nothing is missing.
 *  Later than `now` after that call: what msock__repair_asks() then says waits
 *  for nothing but the limit on NACK frames. */
uint64_t msock__repair_deadline(const struct msock__repair *repair);

#endif
