/* SPDX-License-Identifier: Apache-2.0 */
/* State topics of which somebody sent a value that is older than ours: whoever
 * holds a newer one tells it, unless another does first (docs/protocol.md 8.2).
 * Its owner after U[0, 100] ms, a keeper after 300 + U[0, 300] ms, others after
 * 600 + U[0, max(400, 2 x nodes)] ms.
 *
 * A queue by time, of at most MSOCK__DISPUTES_MAX topics. Adding and taking
 * cost O(log n), memory a heap node and the topic. */
#ifndef MSOCK_CORE_DISPUTE_H
#define MSOCK_CORE_DISPUTE_H

#include "core/dice.h"
#include "core/heap.h"

#include <stddef.h>
#include <stdint.h>

enum { MSOCK__DISPUTES_MAX = 4096 };

/** What the newer value is to this node. */
enum msock__stake { MSOCK__STAKE_OWN, MSOCK__STAKE_KEPT, MSOCK__STAKE_OTHER };

/** A topic that is to be told. */
struct msock__dispute {
    struct msock__heap_node node; /* first: when */
    uint64_t since_us;            /* the older value was heard */
    size_t topic_size;
    char topic[]; /* a NUL behind it */
};

/** All zero: empty. */
struct msock__disputes {
    struct msock__heap heap;
};

/** Forgets all. */
void msock__disputes_fini(struct msock__disputes *disputes);

/** An older value of a topic was heard, among `nodes` nodes.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM. */
int msock__disputes_add(struct msock__disputes *disputes, uint64_t now_us,
                        struct msock__dice *dice, enum msock__stake stake,
                        size_t nodes, const char *topic, size_t size);

/** The one that is due, borrowed until the next call, or NULL. */
const struct msock__dispute *
msock__disputes_due(const struct msock__disputes *disputes, uint64_t now_us);

/** That one is settled: it is forgotten. */
void msock__disputes_pop(struct msock__disputes *disputes);

/** That one is to wait until `until_us`. */
void msock__disputes_again(struct msock__disputes *disputes, uint64_t until_us);

/** When one is due in us, UINT64_MAX: none. */
uint64_t msock__disputes_deadline(const struct msock__disputes *disputes);

#endif
