/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets, counted in millionths of a byte: a microsecond then adds
 * exactly `rate` of them, and nothing is lost to rounding. */
#include "core/pace.h"

#include <assert.h>

static const uint64_t million = 1000000;

/* -- One bucket -- */

static void set_rate(struct msock__bucket *bucket, uint64_t rate,
                     uint64_t burst)
{
    assert(rate > 0);
    bucket->rate = rate;
    bucket->burst = burst * million;
    if (bucket->tokens > bucket->burst) {
        bucket->tokens = bucket->burst;
    }
}

static void fill(struct msock__bucket *bucket, uint64_t now_us)
{
    if (now_us <= bucket->filled_us) {
        return;
    }
    uint64_t elapsed = now_us - bucket->filled_us;
    uint64_t missing = bucket->burst - bucket->tokens;
    bucket->filled_us = now_us;
    if (elapsed > missing / bucket->rate) {
        bucket->tokens = bucket->burst;
    } else {
        bucket->tokens += elapsed * bucket->rate;
    }
}

/* A frame larger than the bucket costs a full one. */
static uint64_t price(const struct msock__bucket *bucket, size_t size)
{
    return size < bucket->burst / million ? size * million : bucket->burst;
}

static int has(const struct msock__bucket *bucket, size_t size)
{
    return bucket->tokens >= price(bucket, size);
}

static void take(struct msock__bucket *bucket, size_t size)
{
    bucket->tokens -= price(bucket, size);
}

static uint64_t deadline(const struct msock__bucket *bucket, size_t size)
{
    uint64_t half = bucket->burst / 2;
    uint64_t wanted = price(bucket, size);
    if (wanted < half) {
        wanted = half;
    }
    if (bucket->tokens >= wanted) {
        return bucket->filled_us;
    }
    return bucket->filled_us +
           (wanted - bucket->tokens + bucket->rate - 1) / bucket->rate;
}

/* -- The rate -- */

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value > least ? value : least;
}

static void apply_rate(struct msock__pace *pace, uint64_t rate)
{
    uint64_t frames = 2 * (uint64_t)pace->frame_size;
    uint64_t repairs = at_least(rate / MSOCK__PACE_REPAIRS, 1);
    set_rate(&pace->all, rate, at_least(rate / MSOCK__PACE_BURSTS, frames));
    set_rate(&pace->repairs, repairs,
             at_least(repairs / MSOCK__PACE_REPAIR_BURSTS, frames));
}

static uint64_t quiet_steps(const struct msock__pace *pace, uint64_t now_us)
{
    return now_us > pace->quiet_us
               ? (now_us - pace->quiet_us) / MSOCK__PACE_STEP_US
               : 0;
}

/* Brings buckets and rate up to date. */
static void advance(struct msock__pace *pace, uint64_t now_us)
{
    fill(&pace->all, now_us);
    fill(&pace->repairs, now_us);
    uint64_t rate = msock__pace_rate(pace, now_us);
    if (rate != pace->all.rate) {
        pace->quiet_us += quiet_steps(pace, now_us) * MSOCK__PACE_STEP_US;
        apply_rate(pace, rate);
    }
}

void msock__pace_init(struct msock__pace *pace, uint64_t rate,
                      size_t frame_size)
{
    *pace = (struct msock__pace){
        .ceiling = rate,
        .frame_size = frame_size,
        .lowered_us = UINT64_MAX,
    };
    apply_rate(pace, rate);
    pace->all.tokens = pace->all.burst;
    pace->repairs.tokens = pace->repairs.burst;
}

int msock__pace_take(struct msock__pace *pace, uint64_t now_us, size_t size)
{
    advance(pace, now_us);
    if (!has(&pace->all, size)) {
        return 0;
    }
    take(&pace->all, size);
    return 1;
}

int msock__pace_take_repair(struct msock__pace *pace, uint64_t now_us,
                            size_t size)
{
    advance(pace, now_us);
    if (!has(&pace->all, size) || !has(&pace->repairs, size)) {
        return 0;
    }
    take(&pace->all, size);
    take(&pace->repairs, size);
    return 1;
}

void msock__pace_lower(struct msock__pace *pace, uint64_t now_us)
{
    advance(pace, now_us);
    pace->quiet_us = now_us;
    if (pace->lowered_us != UINT64_MAX &&
        now_us < pace->lowered_us + MSOCK__PACE_LOWER_US) {
        return;
    }
    uint64_t least = at_least(pace->ceiling / MSOCK__PACE_LEAST, 1);
    pace->lowered_us = now_us;
    apply_rate(pace, at_least(pace->all.rate / 4 * 3, least));
}

uint64_t msock__pace_rate(const struct msock__pace *pace, uint64_t now_us)
{
    uint64_t missing = pace->ceiling - pace->all.rate;
    uint64_t step = pace->ceiling / MSOCK__PACE_STEPS + 1;
    uint64_t steps = quiet_steps(pace, now_us);
    return steps > missing / step ? pace->ceiling
                                  : pace->all.rate + steps * step;
}

uint64_t msock__pace_deadline(const struct msock__pace *pace, size_t size)
{
    return deadline(&pace->all, size);
}

uint64_t msock__pace_repair_deadline(const struct msock__pace *pace,
                                     size_t size)
{
    uint64_t all = deadline(&pace->all, size);
    uint64_t repairs = deadline(&pace->repairs, size);
    return all > repairs ? all : repairs;
}
