/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of keys on their way out, one control frame each, with a gap between
 * them (docs/protocol.md 1.6). Nothing is repeated: who pushes sees in the
 * hellos of the others who has the keys. */
#ifndef MSOCK_CORE_PUSH_H
#define MSOCK_CORE_PUSH_H

#include "codec/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__PUSH_GAP_US = 20000,
    /* Twice as old as a frame may be that is acted on (docs/protocol.md 6.3) */
    MSOCK__PUSH_ORDER_US = 10000000
};

struct msock__push {
    struct msock__pushed *items; /* NULL: nothing waits */
    size_t count;
    size_t next;
    uint64_t due_us;
    uint64_t made_ms; /* what the last box says */
};

/** The keys that this node took last from others. */
struct msock__push_taken {
    uint64_t until_us; /* how long older ones may come; 0: none were taken */
    uint64_t made_ms;
};

/** The time to be written into boxes that are made at `wall_ms`: above that of
 *  all before, whatever becomes of the clock. */
uint64_t msock__push_stamp(struct msock__push *push, uint64_t wall_ms);

/** Takes `count` boxes (1..MSOCK_PUSH_MAX), allocated with malloc(), behind
 *  what left last; nothing may wait. */
void msock__push_start(struct msock__push *push, uint64_t now_us,
                       struct msock__pushed *items, size_t count);

/** Whether boxes wait. */
bool msock__push_waits(const struct msock__push *push);

/** The box that is due, lent until msock__push_sent(), or NULL. */
const struct msock__pushed *msock__push_due(const struct msock__push *push,
                                            uint64_t now_us);

/** It left. */
void msock__push_sent(struct msock__push *push, uint64_t now_us);

/** When the next is due in us, UINT64_MAX: none is. */
uint64_t msock__push_deadline(const struct msock__push *push);

/** Forgets what waits. */
void msock__push_fini(struct msock__push *push);

/** Whether keys that were made at `made_ms` may be taken: those that were
 *  withheld, and come behind newer ones, may not. */
bool msock__push_newer(const struct msock__push_taken *taken, uint64_t now_us,
                       uint64_t made_ms);

/** Keys were taken. */
void msock__push_took(struct msock__push_taken *taken, uint64_t now_us,
                      uint64_t made_ms);

#endif
