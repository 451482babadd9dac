/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of topics that are disputed. */
#include "core/dispute.h"

#include "core/number.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, OTHER_SPREAD_MS = 400, NODE_MS = 2 };

static uint64_t delay_us(struct msock__dice *dice, enum msock__stake stake,
                         size_t nodes)
{
    uint64_t after_ms[] = {0, 300, 600};
    uint64_t spread_ms[] = {100, 300,
                            msock__most(OTHER_SPREAD_MS, NODE_MS * nodes)};

    return after_ms[stake] * MS +
           msock__dice_below(dice, spread_ms[stake] * MS);
}

void msock__disputes_fini(struct msock__disputes *disputes)
{
    while (disputes->heap.count > 0) {
        msock__disputes_pop(disputes);
    }
    msock__heap_fini(&disputes->heap);
}

int msock__disputes_add(struct msock__disputes *disputes, uint64_t now_us,
                        struct msock__dice *dice, enum msock__stake stake,
                        size_t nodes, const char *topic, size_t size)
{
    if (disputes->heap.count == MSOCK__DISPUTES_MAX) {
        return MSOCK_ELIMIT;
    }
    struct msock__dispute *dispute = malloc(sizeof(*dispute) + size + 1);
    if (!dispute) {
        return MSOCK_ENOMEM;
    }
    dispute->since_us = now_us;
    dispute->topic_size = size;
    memcpy(dispute->topic, topic, size);
    dispute->topic[size] = '\0';
    if (!msock__heap_add(&disputes->heap, &dispute->node,
                         now_us + delay_us(dice, stake, nodes))) {
        free(dispute);
        return MSOCK_ENOMEM;
    }
    return 0;
}

const struct msock__dispute *
msock__disputes_due(const struct msock__disputes *disputes, uint64_t now_us)
{
    struct msock__heap_node *first = msock__heap_first(&disputes->heap);

    return first && first->due_us <= now_us ? (struct msock__dispute *)first
                                            : NULL;
}

void msock__disputes_pop(struct msock__disputes *disputes)
{
    struct msock__heap_node *first = msock__heap_first(&disputes->heap);

    assert(first);
    msock__heap_pop(&disputes->heap);
    free((struct msock__dispute *)first);
}

void msock__disputes_again(struct msock__disputes *disputes, uint64_t until_us)
{
    msock__heap_again(&disputes->heap, until_us);
}

uint64_t msock__disputes_deadline(const struct msock__disputes *disputes)
{
    return msock__heap_deadline(&disputes->heap);
}
