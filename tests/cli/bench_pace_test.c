/* SPDX-License-Identifier: Apache-2.0 */
/* Moments that come at a rate, and no bursts after a pause. */
#include "tools/msock/bench_pace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const uint64_t ms = 1000000;
static const uint64_t start_ns = 123456789;

Test(bench_pace, the_first_is_due_at_once_and_the_second_an_interval_later)
{
    struct bench_pace pace = {.rate = 100, .start_ns = start_ns};

    cr_assert(eq(u64, bench_pace_due(&pace, start_ns, 0), 1));
    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns, 1), 10));
    cr_assert(eq(u64, bench_pace_due(&pace, start_ns + 10 * ms - 1, 1), 1));
    cr_assert(eq(u64, bench_pace_due(&pace, start_ns + 10 * ms, 1), 2));
}

Test(bench_pace, a_wait_is_rounded_up_so_that_it_is_not_too_short)
{
    struct bench_pace pace = {.rate = 3000, .start_ns = start_ns};

    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns, 1), 1));
    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns, 3), 1));
    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns, 4), 2));
    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns + 1 * ms, 3), 0));
}

Test(bench_pace, several_are_due_where_the_rate_is_above_the_clock)
{
    struct bench_pace pace = {.rate = 5000, .start_ns = start_ns};

    cr_assert(eq(u64, bench_pace_due(&pace, start_ns + 1 * ms, 1), 6));
}

Test(bench_pace, an_hour_of_any_rate_has_as_many_as_it_should)
{
    static const uint64_t rates[] = {1, 7, 333, 1000000};

    for (int i = 0; i < 4; i++) {
        struct bench_pace pace = {.rate = rates[i], .start_ns = start_ns};
        uint64_t sent = 0;
        for (uint64_t now_ns = start_ns; now_ns < start_ns + 3600000 * ms;
             now_ns += 50 * ms) {
            sent = bench_pace_due(&pace, now_ns, sent);
        }
        uint64_t last =
            bench_pace_due(&pace, start_ns + 3600000 * ms - 1, sent);

        cr_assert(eq(u64, last, 3600 * rates[i]));
        cr_assert(eq(u64, pace.slipped_ns, 0));
    }
}

Test(bench_pace, who_falls_behind_makes_no_burst_of_it)
{
    struct bench_pace pace = {.rate = 1000, .start_ns = start_ns};

    uint64_t due = bench_pace_due(&pace, start_ns + 5000 * ms, 10);

    cr_assert(eq(u64, due, 11));
    cr_assert(eq(u64, pace.slipped_ns, 4990 * ms));
    cr_assert(eq(u64, bench_pace_due(&pace, start_ns + 5001 * ms, 11), 12));
}

Test(bench_pace, a_small_lag_is_made_up_for)
{
    struct bench_pace pace = {.rate = 1000, .start_ns = start_ns};

    cr_assert(eq(u64, bench_pace_due(&pace, start_ns + BENCH_LAG_MS * ms, 0),
                 BENCH_LAG_MS + 1));
    cr_assert(eq(u64, pace.slipped_ns, 0));
}

Test(bench_pace, without_a_rate_all_are_due_always)
{
    struct bench_pace pace = {.start_ns = start_ns};

    cr_assert(eq(u64, bench_pace_due(&pace, start_ns, 12), UINT64_MAX));
    cr_assert(eq(int, bench_pace_wait_ms(&pace, start_ns, 12), 0));
}
