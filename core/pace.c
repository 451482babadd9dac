/* SPDX-License-Identifier: Apache-2.0 */
/* Token bucket, counted in millionths of a byte: a microsecond then adds
 * exactly `rate` of them, and nothing is lost to rounding. */
#include "core/pace.h"

#include <assert.h>

enum { BURSTS_PER_SECOND = 400 };

static const uint64_t million = 1000000;

void msock__pace_init(struct msock__pace *pace, uint64_t rate,
                      size_t frame_size)
{
    assert(rate > 0);
    pace->rate = rate;
    pace->burst = rate / BURSTS_PER_SECOND;
    if (pace->burst < 2 * frame_size) {
        pace->burst = 2 * frame_size;
    }
    pace->burst *= million;
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
    pace->filled_us = now_us;
    if (elapsed > missing / pace->rate) {
        pace->tokens = pace->burst;
    } else {
        pace->tokens += elapsed * pace->rate;
    }
}

/* A frame larger than the bucket costs a full one. */
static uint64_t price(const struct msock__pace *pace, size_t size)
{
    return size < pace->burst / million ? size * million : pace->burst;
}

int msock__pace_take(struct msock__pace *pace, uint64_t now_us, size_t size)
{
    fill(pace, now_us);
    uint64_t wanted = price(pace, size);
    if (pace->tokens < wanted) {
        return 0;
    }
    pace->tokens -= wanted;
    return 1;
}

uint64_t msock__pace_deadline(const struct msock__pace *pace, size_t size)
{
    uint64_t half = pace->burst / 2;
    uint64_t wanted = price(pace, size);
    if (wanted < half) {
        wanted = half;
    }
    if (pace->tokens >= wanted) {
        return pace->filled_us;
    }
    return pace->filled_us +
           (wanted - pace->tokens + pace->rate - 1) / pace->rate;
}
