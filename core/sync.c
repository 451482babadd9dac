/* SPDX-License-Identifier: Apache-2.0 */
/* Times of sync messages. */
#include "core/sync.h"

#include <assert.h>

enum { BURST_US = 5000, ASKED_US = 20000, REST_US = 250000 };

/* After the last reliable frame, by how many are still to come. Of a burst much
 * waits for its end, and many may miss that: they are told more often. */
static const uint64_t lone_us[] = {0, 320000, 80000, 20000};
static const uint64_t burst_us[] = {0,     320000, 160000, 80000,
                                    40000, 20000,  10000,  BURST_US};
enum {
    LONE = sizeof(lone_us) / sizeof(lone_us[0]) - 1,
    BURST = sizeof(burst_us) / sizeof(burst_us[0]) - 1
};

void msock__sync_sent(struct msock__sync *sync, uint64_t now_us)
{
    /* Of what is sent steadily the next frame tells, and a sync for each would
     * double the frames. */
    sync->burst = sync->left > 0 && now_us - sync->sent_us < BURST_US;
    sync->sent_us = now_us;
    sync->left = sync->burst ? BURST : LONE;
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
    const uint64_t *after_us = sync->burst ? burst_us : lone_us;
    assert(sync->left <= (sync->burst ? BURST : LONE));
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
