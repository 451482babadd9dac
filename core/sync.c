/* SPDX-License-Identifier: Apache-2.0 */
/* Times of sync messages. */
#include "core/sync.h"

#include <assert.h>

enum { TIMES = 3 };

/* After the last reliable frame, by how many are still to come. */
static const uint64_t after_us[TIMES + 1] = {0, 320000, 80000, 20000};

void msock__sync_sent(struct msock__sync *sync, uint64_t now_us)
{
    sync->sent_us = now_us;
    sync->left = TIMES;
}

bool msock__sync_due(const struct msock__sync *sync, uint64_t now_us)
{
    return msock__sync_deadline(sync) <= now_us;
}

void msock__sync_take(struct msock__sync *sync, uint64_t now_us)
{
    while (msock__sync_due(sync, now_us)) {
        sync->left--;
    }
}

uint64_t msock__sync_deadline(const struct msock__sync *sync)
{
    assert(sync->left <= TIMES);
    return sync->left > 0 ? sync->sent_us + after_us[sync->left] : UINT64_MAX;
}
