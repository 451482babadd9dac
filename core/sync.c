/* SPDX-License-Identifier: Apache-2.0 */
/* Times of sync messages. */
#include "core/sync.h"

#include <assert.h>

enum { TIMES = 4, BURST_US = 5000, ASKED_US = 20000, REST_US = 250000 };

/* After the last reliable frame, by how many are still to come. */
static const uint64_t after_us[TIMES + 1] = {0, 320000, 80000, 20000, BURST_US};

void msock__sync_sent(struct msock__sync *sync, uint64_t now_us)
{
    /* The first is for bursts: of what is sent steadily the next frame tells,
     * and a sync for each would double the frames. */
    bool bursts = sync->left > 0 && now_us - sync->sent_us < BURST_US;
    sync->sent_us = now_us;
    sync->left = bursts ? TIMES : TIMES - 1;
}

void msock__sync_asked(struct msock__sync *sync, uint64_t now_us)
{
    if (sync->asked) {
        return;
    }
    uint64_t due_us = now_us + ASKED_US;
    sync->asked = true;
    sync->asked_due_us =
        due_us > sync->rests_until_us ? due_us : sync->rests_until_us;
}

static uint64_t tail_deadline(const struct msock__sync *sync)
{
    assert(sync->left <= TIMES);
    return sync->left > 0 ? sync->sent_us + after_us[sync->left] : UINT64_MAX;
}

bool msock__sync_due(const struct msock__sync *sync, uint64_t now_us)
{
    return msock__sync_deadline(sync) <= now_us;
}

void msock__sync_take(struct msock__sync *sync, uint64_t now_us)
{
    while (tail_deadline(sync) <= now_us) {
        sync->left--;
    }
    sync->asked = false;
    sync->rests_until_us = now_us + REST_US;
}

uint64_t msock__sync_deadline(const struct msock__sync *sync)
{
    uint64_t tail_us = tail_deadline(sync);
    return sync->asked && sync->asked_due_us < tail_us ? sync->asked_due_us
                                                       : tail_us;
}
