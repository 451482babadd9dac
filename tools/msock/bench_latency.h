/* SPDX-License-Identifier: Apache-2.0 */
/* How long messages took, by the clocks of two hosts, or of one.
 *
 * With one clock the quantiles are those of the times. With two, what they
 * differ by is in all of them, and nobody knows how much: the quantiles are of
 * what each took longer than the quickest, and `least` is what the quickest
 * took, with that difference in it. Quantiles are as exact as those of a
 * histogram; if a quicker one comes after the first BENCH_FIRST_TIMES, those of
 * the quickest ones are too high, by at most what it was quicker. */
#ifndef MSOCK_TOOLS_BENCH_LATENCY_H
#define MSOCK_TOOLS_BENCH_LATENCY_H

#include "tools/msock/histogram.h"

#include <stdbool.h>

enum { BENCH_FIRST_TIMES = 64 };

/** Times, in ns; all zero but for `one_clock`: none. */
struct bench_latency {
    bool one_clock;
    uint64_t count;
    int64_t least; /* if there are some */
    int64_t base;  /* the histogram has what they are above this */
    bool based;    /* `base` is decided: since the first quantile was asked */
    unsigned kept; /* of these, which wait for that: */
    int64_t first[BENCH_FIRST_TIMES];
    struct histogram above;
};

/** Adds what the receiver's clock showed less what the sender's had; beyond 73
 *  years it counts as these. */
void bench_latency_add(struct bench_latency *latency, int64_t took_ns);

/** Returns a quantile as histogram_quantile() does, in ns: of the times, or
 *  with two clocks of what they are above the least. 1000: the greatest. */
uint64_t bench_latency_ns(struct bench_latency *latency, unsigned per_mille);

#endif
