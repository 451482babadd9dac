/* SPDX-License-Identifier: Apache-2.0 */
/* How long messages took. */
#include "tools/msock/bench_latency.h"

/* Differences of two such do not overflow. */
static const int64_t took_max = INT64_C(1) << 61;

static void count(struct bench_latency *latency, int64_t took_ns)
{
    int64_t above = took_ns - latency->base;

    histogram_add(&latency->above, above > 0 ? (uint64_t)above : 0);
}

/* Decides on a base, and counts what waited for it. */
static void settle(struct bench_latency *latency)
{
    latency->base = latency->one_clock ? 0 : latency->least;
    latency->based = true;
    for (unsigned i = 0; i < latency->kept; i++) {
        count(latency, latency->first[i]);
    }
}

static int64_t within_bounds(int64_t took_ns)
{
    if (took_ns > took_max) {
        return took_max;
    }
    return took_ns < -took_max ? -took_max : took_ns;
}

void bench_latency_add(struct bench_latency *latency, int64_t took_ns)
{
    took_ns = within_bounds(took_ns);
    if (latency->count == 0 || took_ns < latency->least) {
        latency->least = took_ns;
    }
    latency->count++;
    if (latency->based) {
        count(latency, took_ns);
        return;
    }
    latency->first[latency->kept++] = took_ns;
    if (latency->kept == BENCH_FIRST_TIMES) {
        settle(latency);
    }
}

uint64_t bench_latency_ns(struct bench_latency *latency, unsigned per_mille)
{
    if (latency->count == 0) {
        return 0;
    }
    if (!latency->based) {
        settle(latency);
    }
    uint64_t above = per_mille == 1000
                         ? latency->above.most
                         : histogram_quantile(&latency->above, per_mille);
    /* Its base may not have been the least. */
    return latency->one_clock
               ? above
               : above + (uint64_t)(latency->base - latency->least);
}
