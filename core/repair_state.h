/* SPDX-License-Identifier: Apache-2.0 */
/* One session's reliable stream, as repair.c (order, giving up) and
 * repair_ask.c (when to ask) share it. */
#ifndef MSOCK_CORE_REPAIR_STATE_H
#define MSOCK_CORE_REPAIR_STATE_H

#include "core/repair.h"
#include "core/response.h"

/* Repairs leave lowest first: one that comes tells of those below it that they
 * were lost. They are asked for together once no more come. */
struct msock__sweep {
    uint64_t below; /* the highest repair of late, */
    uint64_t at_us; /* when it came; */
    uint64_t began_us;
    uint64_t extra_us; /* the spread that was drawn */
    uint64_t due_us;   /* UINT64_MAX: no repair came */
};

struct msock__repair {
    struct msock__reorder window;
    uint64_t reach;      /* no more than so many from `next` on are asked for */
    uint64_t promised;   /* the sender was told to send up to here, */
    uint64_t known;      /* when this was the last that it had sent */
    uint64_t last;       /* sent, as far as is known */
    uint64_t oldest;     /* what is below has left the sender's history */
    uint64_t told_last;  /* the sender said it holds oldest..told_last, */
    uint64_t told_us;    /* last at this time, */
    uint64_t again_from; /* and it sent this one again: so it holds what */
    uint64_t again_us;   /* follows it as well */
    uint64_t passed;     /* what is below is given up at passed_us */
    uint64_t passed_us;  /* UINT64_MAX: nothing is */
    uint64_t lost_below; /* what is below and missing is given up */
    struct msock__sweep sweep;
    struct msock__response response;
    uint64_t probe_us; /* a NACK of then awaits its first repair; 0: none */
};

/** Returns what is drawn on top of every wait, so that one node asks and the
 *  others hear it. */
uint64_t msock__repair_spread(const struct msock__repair *repair,
                              const struct msock__repair_round *round);

/** A frame came. If it was asked for, by whomever, since it last came, it is
 *  most likely a repair; any other is none: a duplicate, which anybody can
 *  make, tells nothing of the sender. */
void msock__repair_again(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         uint64_t counter);

/** Looks at the timers that have run out: what is due is to be asked for now,
 *  or given up. */
void msock__repair_run(struct msock__repair *repair, uint64_t now_us);

#endif
