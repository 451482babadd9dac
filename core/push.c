/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of boxes. */
#include "core/push.h"

#include "core/number.h"

#include <assert.h>
#include <stdlib.h>

uint64_t msock__push_stamp(struct msock__push *push, uint64_t wall_ms)
{
    push->made_ms = msock__most(push->made_ms + 1, wall_ms);
    return push->made_ms;
}

void msock__push_start(struct msock__push *push, uint64_t now_us,
                       struct msock__pushed *items, size_t count)
{
    assert(!msock__push_waits(push));
    assert(count >= 1 && count <= MSOCK_PUSH_MAX);
    push->items = items;
    push->count = count;
    push->next = 0;
    push->due_us = msock__most(push->due_us, now_us);
}

bool msock__push_waits(const struct msock__push *push)
{
    return push->items != NULL;
}

const struct msock__pushed *msock__push_due(const struct msock__push *push,
                                            uint64_t now_us)
{
    return msock__push_deadline(push) <= now_us ? &push->items[push->next]
                                                : NULL;
}

void msock__push_sent(struct msock__push *push, uint64_t now_us)
{
    assert(msock__push_waits(push));
    push->due_us = now_us + MSOCK__PUSH_GAP_US;
    if (++push->next == push->count) {
        msock__push_fini(push);
    }
}

uint64_t msock__push_deadline(const struct msock__push *push)
{
    return msock__push_waits(push) ? push->due_us : UINT64_MAX;
}

void msock__push_fini(struct msock__push *push)
{
    free(push->items);
    push->items = NULL;
}

/* A clock may be set back: what was taken long ago is no measure. */
bool msock__push_newer(const struct msock__push_taken *taken, uint64_t now_us,
                       uint64_t made_ms)
{
    return now_us >= taken->until_us || made_ms > taken->made_ms;
}

void msock__push_took(struct msock__push_taken *taken, uint64_t now_us,
                      uint64_t made_ms)
{
    taken->until_us = now_us + MSOCK__PUSH_ORDER_US;
    taken->made_ms = made_ms;
}
