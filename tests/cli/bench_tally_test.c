/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what came, what did not, and what came twice. */
#include "tools/msock/bench_tally.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct bench_tally tally;

static void add(uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++) {
        cr_assert(bench_tally_add(&tally, number));
    }
}

Test(bench_tally, of_nothing_nothing_is_lost_nor_complete)
{
    cr_assert(eq(u64, bench_tally_lost(&tally), 0));
    cr_assert(eq(u64, bench_tally_early(&tally), 0));
    cr_assert(not(bench_tally_complete(&tally)));
}

Test(bench_tally, all_from_beginning_to_end_are_complete)
{
    bench_tally_begin(&tally);
    add(0, 999);
    cr_assert(not(bench_tally_complete(&tally)));

    bench_tally_end(&tally, 1000);

    cr_assert(bench_tally_complete(&tally));
    cr_assert(eq(u64, tally.received, 1000));
    cr_assert(eq(u64, tally.reordered, 0));
}

Test(bench_tally, gaps_are_lost)
{
    bench_tally_begin(&tally);
    add(0, 9);
    add(15, 19);
    add(21, 30);

    cr_assert(eq(u64, bench_tally_lost(&tally), 6));
    cr_assert(eq(u64, tally.reordered, 0));
}

Test(bench_tally, what_is_lost_at_both_ends_counts)
{
    bench_tally_begin(&tally);
    add(3, 9);
    bench_tally_end(&tally, 12);

    cr_assert(eq(u64, bench_tally_lost(&tally), 5));
    cr_assert(eq(u64, bench_tally_early(&tally), 0));
    cr_assert(not(bench_tally_complete(&tally)));
}

Test(bench_tally, without_a_beginning_the_first_that_came_is_the_first)
{
    add(500, 509);
    bench_tally_end(&tally, 510);

    cr_assert(eq(u64, bench_tally_early(&tally), 500));
    cr_assert(eq(u64, bench_tally_lost(&tally), 0));
    cr_assert(not(bench_tally_complete(&tally)));
}

Test(bench_tally, a_beginning_that_comes_late_says_nothing)
{
    add(500, 509);
    bench_tally_begin(&tally);

    cr_assert(eq(u64, bench_tally_early(&tally), 500));
}

Test(bench_tally, a_lower_number_is_reordered_and_not_lost)
{
    bench_tally_begin(&tally);
    add(0, 4);
    add(7, 9);
    add(6, 6);

    cr_assert(eq(u64, tally.reordered, 1));
    cr_assert(eq(u64, bench_tally_lost(&tally), 1));
    cr_assert(eq(u64, tally.received, 9));
}

Test(bench_tally, what_comes_from_below_the_first_is_not_early)
{
    add(5, 9);
    add(3, 3);

    cr_assert(eq(u64, bench_tally_early(&tally), 4));
    cr_assert(eq(u64, bench_tally_lost(&tally), 0));
    cr_assert(eq(u64, tally.reordered, 1));
}

Test(bench_tally, a_number_that_came_is_repeated)
{
    bench_tally_begin(&tally);
    add(0, 9);

    cr_assert(not(bench_tally_add(&tally, 9)));
    cr_assert(not(bench_tally_add(&tally, 0)));

    cr_assert(eq(u64, tally.repeated, 2));
    cr_assert(eq(u64, tally.received, 10));
}

Test(bench_tally, the_window_is_exact)
{
    bench_tally_begin(&tally);
    add(BENCH_WINDOW, BENCH_WINDOW);

    cr_assert(bench_tally_add(&tally, 1));
    cr_assert(not(bench_tally_add(&tally, 0)));

    cr_assert(eq(u64, tally.stale, 1));
    cr_assert(eq(u64, bench_tally_lost(&tally), BENCH_WINDOW - 1));
}

Test(bench_tally, places_are_free_again_after_a_window)
{
    bench_tally_begin(&tally);
    add(0, 3 * BENCH_WINDOW);
    add(5 * BENCH_WINDOW, 5 * BENCH_WINDOW);
    add(5 * BENCH_WINDOW - 7, 5 * BENCH_WINDOW - 1);

    cr_assert(eq(u64, tally.repeated, 0));
    cr_assert(eq(u64, bench_tally_lost(&tally), 2 * BENCH_WINDOW - 8));
}

Test(bench_tally, an_end_alone_is_of_who_was_there_before)
{
    bench_tally_end(&tally, 100);

    cr_assert(eq(u64, bench_tally_early(&tally), 100));
    cr_assert(eq(u64, bench_tally_lost(&tally), 0));
}

Test(bench_tally, beginning_and_end_alone_are_all_lost)
{
    bench_tally_begin(&tally);
    bench_tally_end(&tally, 100);

    cr_assert(eq(u64, bench_tally_lost(&tally), 100));
}

Test(bench_tally, ends_and_beginnings_that_lie_do_no_harm)
{
    bench_tally_end(&tally, 100);
    bench_tally_end(&tally, 50);
    bench_tally_begin(&tally);
    cr_assert(eq(u64, bench_tally_lost(&tally), 50));

    add(60, 60);
    bench_tally_end(&tally, 3);

    cr_assert(eq(u64, bench_tally_lost(&tally), 60));
    cr_assert(eq(u64, bench_tally_early(&tally), 0));
}

Test(bench_tally, the_highest_number_of_all_is_counted)
{
    const uint64_t last = (UINT64_C(1) << 53) - 1;

    bench_tally_begin(&tally);
    add(0, 0);
    add(last, last);

    cr_assert(eq(u64, bench_tally_lost(&tally), last - 1));
}
