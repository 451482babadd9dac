/* SPDX-License-Identifier: Apache-2.0 */
/* Times by one clock, or by two. */
#include "tools/msock/bench_latency.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct bench_latency latency;

static void add(int64_t from, int64_t to)
{
    for (int64_t took_ns = from; took_ns <= to; took_ns++) {
        bench_latency_add(&latency, took_ns);
    }
}

Test(bench_latency, of_nothing_all_is_0)
{
    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 0));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), 0));
}

Test(bench_latency, by_one_clock_the_times_are_as_they_are)
{
    latency.one_clock = true;
    add(1, 200);

    cr_assert(eq(i64, latency.least, 1));
    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 100));
    cr_assert(eq(u64, bench_latency_ns(&latency, 990), 198));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), 200));
}

Test(bench_latency, by_two_clocks_they_are_above_the_quickest)
{
    const int64_t apart = -INT64_C(3600000000000);
    add(apart + 1, apart + 200);

    cr_assert(eq(i64, latency.least, apart + 1));
    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 99));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), 199));
}

Test(bench_latency, few_are_counted_as_well)
{
    add(5000, 5000);
    add(5100, 5100);

    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 0));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), 100));
    add(5050, 5050);
    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 50));
    cr_assert(eq(u64, latency.count, 3));
}

Test(bench_latency, a_quicker_one_later_raises_what_the_others_are_above_it)
{
    for (int i = 0; i < 1000; i++) {
        add(1000, 1000);
    }
    add(900, 900);

    cr_assert(eq(i64, latency.least, 900));
    cr_assert(eq(u64, bench_latency_ns(&latency, 500), 100));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1), 100));
}

Test(bench_latency, a_clock_that_was_put_back_leaves_no_negative_time)
{
    latency.one_clock = true;
    add(-5, -5);

    cr_assert(eq(i64, latency.least, -5));
    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), 0));
}

Test(bench_latency, absurd_times_do_no_harm)
{
    bench_latency_add(&latency, INT64_MAX);
    bench_latency_add(&latency, INT64_MIN);

    cr_assert(eq(u64, bench_latency_ns(&latency, 1000), UINT64_C(1) << 62));
}
