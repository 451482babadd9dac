/* SPDX-License-Identifier: Apache-2.0 */
/* Token bucket. */
#include "core/pace.h"

#include <assert.h>

enum { BURSTS_PER_SECOND = 400 };

static const uint64_t second_us = 1000000;

void msock__pace_init(struct msock__pace *pace, uint64_t rate,
                      size_t frame_size)
{
    assert(rate > 0);
    pace->rate = rate;
    pace->burst = rate / BURSTS_PER_SECOND;
    if (pace->burst < 2 * frame_size) {
        pace->burst = 2 * frame_size;
    }
    pace->tokens = pace->burst;
    pace->filled_us = 0;
}

static void fill(struct msock__pace *pace, uint64_t now_us)
{
    if (now_us <= pace->filled_us) {
        return;
    }
    uint64_t elapsed = now_us - pace->filled_us;
    uint64_t missing = pace->burst - pace->tokens;
    if (elapsed >= second_us || elapsed * pace->rate / second_us >= missing) {
        pace->tokens = pace->burst;
        pace->filled_us = now_us;
        return;
    }

    /* Only whole bytes are credited; the time of the rest is kept. */
    uint64_t gained = elapsed * pace->rate / second_us;
    pace->tokens += gained;
    pace->filled_us += gained * second_us / pace->rate;
}

int msock__pace_take(struct msock__pace *pace, uint64_t now_us, size_t size)
{
    fill(pace, now_us);
    uint64_t wanted = size < pace->burst ? size : pace->burst;
    if (pace->tokens < wanted) {
        return 0;
    }
    pace->tokens -= wanted;
    return 1;
}

uint64_t msock__pace_deadline(const struct msock__pace *pace)
{
    uint64_t half = pace->burst / 2;
    if (pace->tokens >= half) {
        return pace->filled_us;
    }
    return pace->filled_us +
           ((half - pace->tokens) * second_us + pace->rate - 1) / pace->rate;
}
