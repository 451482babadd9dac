/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a sender of reliable frames up (docs/protocol.md 5.8): listeners
 * that said which frame they wait for and how many they have room for, after
 * they missed something or fell behind. No frame that one of them waits for
 * leaves the history, and none leaves the sender that one has no room for.
 *
 * One that says nothing new for 2 s is given up. One for which the sender
 * waited most of 10 s, whether it was given up meanwhile or not, and which took
 * less than it should have to, is slow: it holds nobody up for the next 10 s.
 * Time is passed in; nothing is allocated; a word of one costs a look at each
 * that is listed, which are those that had trouble within the last second or
 * two. */
#ifndef MSOCK_CORE_FLOW_H
#define MSOCK_CORE_FLOW_H

#include "codec/control.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MSOCK__FLOW_SILENCE_US = 2000000,
    MSOCK__FLOW_LOOK_US = 10000000 /* between two looks at who is slow */
};

/** A listener, part of its session; zeroed: it said nothing yet. */
struct msock__taker {
    struct msock__taker *following; /* in the list */
    uint64_t next;                  /* it has all below, */
    uint64_t until;                 /* and room up to here */
    uint64_t heard_us;              /* when it last got on */
    uint64_t since_us;              /* it is looked at from here, */
    uint64_t since_next;            /* when it had all below this, */
    uint64_t waited_us;             /* and was waited for so long since */
    uint64_t slow_until_us;
    bool listed;
    bool given_up; /* until it gets on */
};

/** Zeroed by msock__flow_init(). */
struct msock__flow {
    struct msock__taker *takers;
    uint64_t hold;       /* frames from here on are waited for */
    uint64_t limit;      /* the last that all have room for */
    uint64_t expires_us; /* one is given up then, UINT64_MAX: none */
    uint64_t stopped_us; /* waits for room since then, 0: does not, */
    uint64_t stopped;    /* for that of this frame */
};

/** Nobody holds it up. */
void msock__flow_init(struct msock__flow *flow);

/** A listener said what it can take; `least` is how many frames one has to take
 *  in MSOCK__FLOW_LOOK_US that is waited for. What it said before, or says in
 *  place of what was passed already, is ignored.
 *  Returns whether it was found to be slow just now. */
bool msock__flow_hear(struct msock__flow *flow, struct msock__taker *taker,
                      uint64_t now_us, const struct msock__range *take,
                      uint64_t least);

/** It is gone, or may not hold anybody up: not until it speaks again. How far
 * it was, and how slow, is remembered. */
void msock__flow_release(struct msock__flow *flow, uint64_t now_us,
                         struct msock__taker *taker);

/** Gives those up that have been silent for too long.  Returns how many of them
 *  waited for one of the frames up to `last`. */
unsigned msock__flow_expire(struct msock__flow *flow, uint64_t now_us,
                            uint64_t last);

/** Whether frame `counter` may leave; notes since when none may. */
bool msock__flow_allows(struct msock__flow *flow, uint64_t now_us,
                        uint64_t counter);

/** Whether the sender waits for somebody. */
bool msock__flow_stopped(const struct msock__flow *flow);

#endif
