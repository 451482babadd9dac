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

enum { MSOCK__PUSH_GAP_US = 20000 };

struct msock__push {
    struct msock__pushed *items; /* NULL: nothing waits */
    size_t count;
    size_t next;
    uint64_t due_us;
};

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

#endif
