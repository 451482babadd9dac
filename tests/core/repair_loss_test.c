/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a reliable stream's receiver: what is given up, and when. */
#include "tests/core/repair_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(repair_loss, .init = probe_init, .fini = probe_fini);

/* Asks on until something comes out.  Returns how often. */
static unsigned ask_until_given_up(void)
{
    unsigned asked = 0;
    out[0] = '\0';
    while (out[0] == '\0') {
        wait_until(msock__repair_deadline(repair));
        asked += ask() > 0;
    }
    return asked;
}

Test(repair_loss, gap_is_given_up_after_14_tries)
{
    add(1);
    add(4);

    cr_expect(eq(uint, ask_until_given_up(), 14));

    CAME_OUT("[2-3] 4 ");
    cr_expect(eq(int, add(2), -MSOCK_DROP_DUPLICATE));
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair_loss, tries_count_from_when_the_sender_last_held_it)
{
    add(2);
    for (int i = 0; i < 20; i++) {
        cr_expect(eq(sz, wait_for_nack(), 1));
        now.now_us += 1 * MS;
        hear_range(1, 2);
    }

    cr_expect(eq(uint, ask_until_given_up(), 14));

    CAME_OUT("[1-1] 2 ");
}

Test(repair_loss, sender_that_goes_back_proves_nothing)
{
    hear_range(1, 2);
    for (int i = 0; i < 13; i++) {
        cr_expect(eq(sz, wait_for_nack(), 1));
        now.now_us += 1 * MS;
        hear_range(1, 1);
    }

    cr_expect(eq(uint, ask_until_given_up(), 1));

    CAME_OUT("[1-2] ");
}

Test(repair_loss, a_repair_proves_that_what_follows_is_held)
{
    add(40);
    for (int i = 0; i < 13; i++) {
        wait_for_nack();
    }
    now.now_us += 1 * MS;
    add(20);

    /* What lies below has one try left, what follows fourteen: the second of
     * them is when the first is given up. */
    cr_expect(eq(uint, ask_until_given_up(), 2));
    CAME_OUT("[1-19] 20 ");
    cr_expect(eq(uint, ask_until_given_up(), 12));
    CAME_OUT("[21-39] 40 ");
}

Test(repair_loss, what_oldest_has_passed_is_given_up_after_100_ms)
{
    add(1);
    add(9);
    hear_range(6, 9);

    wait_until(now.now_us + 100 * MS - 1);
    CAME_OUT("1 ");
    wait_until(now.now_us + 1);

    CAME_OUT("1 [2-5] ");
    cr_expect(eq(u64, msock__repair_next(repair), 6));
}

Test(repair_loss, what_oldest_has_passed_is_not_asked_for)
{
    add(9);
    hear_range(6, 9);

    cr_assert(eq(sz, wait_for_nack(), 1));

    cr_expect(asked_for(0, 6, 8));
}

Test(repair_loss, what_was_to_be_asked_for_when_oldest_passed_it_is_not)
{
    add(9);
    wait_until(now.now_us + 20 * MS);
    hear_range(9, 9);

    cr_expect(eq(sz, ask(), 0));

    cr_expect(not(msock__repair_asks(repair)));
    wait_until(now.now_us + 100 * MS);
    CAME_OUT("[1-8] 9 ");
}

Test(repair_loss, repair_on_its_way_counts_although_oldest_has_passed_it)
{
    add(3);
    hear_range(4, 3);
    now.now_us += 99 * MS;
    add(2);
    add(1);

    wait_until(now.now_us + SECOND);

    CAME_OUT("1 2 3 ");
}

Test(repair_loss, oldest_that_moves_on_gives_the_rest_up_within_100_ms_more)
{
    add(9);
    hear_range(4, 9);
    now.now_us += 50 * MS;
    hear_range(7, 9);

    wait_until(now.now_us + 50 * MS);
    CAME_OUT("[1-3] ");
    wait_until(now.now_us + 100 * MS);

    CAME_OUT("[1-3] [4-6] ");
}

Test(repair_loss, hole_without_end_is_one_loss)
{
    const uint64_t far = UINT64_C(1) << 52;
    add(1);
    add(3);
    hear_range(far, far + 1);

    wait_until(now.now_us + 100 * MS);

    CAME_OUT("1 [2-2] 3 [4-4503599627370495] ");
    cr_expect(eq(sz, wait_for_nack(), 1));
    cr_expect(asked_for(0, far, far + 1));
}

Test(repair_loss, pair_that_contradicts_itself_is_ignored)
{
    hear_range(10, 3);
    hear_range(0, 3);

    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair_loss, old_news_of_the_sender_takes_nothing_back)
{
    add(1);
    hear_range(5, 9);
    hear_range(1, 2);

    wait_until(now.now_us + 100 * MS);

    CAME_OUT("1 [2-4] ");
    ask();
    cr_expect(asked_for(0, 5, 9));
}

Test(repair_loss, end_gives_all_gaps_up_and_delivers_the_rest)
{
    add(2);
    add(5);
    hear_range(1, 7);

    msock__repair_end(repair);
    pop_all();

    CAME_OUT("[1-1] 2 [3-4] 5 [6-7] ");
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair_loss, end_without_a_gap_reports_nothing)
{
    add(1);

    msock__repair_end(repair);
    pop_all();

    CAME_OUT("1 ");
}

Test(repair_loss, withheld_frame_is_reported_in_its_turn)
{
    add(1);
    msock__repair_lose(repair, &now, 3);
    pop_all();
    CAME_OUT("1 ");
    msock__repair_lose(repair, &now, 1);

    add(2);
    add(4);

    CAME_OUT("1 2 [3-3] 4 ");
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair_loss, withheld_frame_in_order_is_reported_at_once)
{
    add(1);

    msock__repair_lose(repair, &now, 2);
    pop_all();

    CAME_OUT("1 [2-2] ");
    cr_expect(eq(int, add(3), 1));
}

Test(repair_loss, frame_given_up_but_not_yet_reported_still_counts)
{
    msock__repair_lose(repair, &now, 2);
    pop_all();
    cr_expect(eq(int, add(2), 0));

    add(1);

    CAME_OUT("1 2 ");
}

/* -- Frames that come again -- */

static void miss_around_second(void)
{
    add(2);
    add(5);
}

Test(repair_loss, duplicate_that_nobody_asked_for_proves_nothing)
{
    miss_around_second();

    for (int i = 0; i < MSOCK__REPAIR_TRIES; i++) {
        wait_for_nack();
        cr_expect(eq(int, add(2), -MSOCK_DROP_DUPLICATE));
    }
    wait_until(now.now_us + SECOND);

    CAME_OUT("[1-1] 2 [3-4] 5 ");
}

Test(repair_loss, repair_that_another_asked_for_proves)
{
    miss_around_second();

    for (int i = 0; i < MSOCK__REPAIR_TRIES; i++) {
        wait_for_nack();
        hear_nack(2, 2);
        add(2);
    }
    ask_until_given_up();

    CAME_OUT("[1-1] 2 ");
}

Test(repair_loss, repair_that_another_asked_for_proves_once)
{
    miss_around_second();

    wait_for_nack();
    hear_nack(2, 2);
    add(2);
    for (int i = 1; i < MSOCK__REPAIR_TRIES; i++) {
        wait_for_nack();
        add(2);
    }
    wait_for_nack(); /* one was proved */
    add(2);
    wait_until(now.now_us + SECOND);

    CAME_OUT("[1-1] 2 [3-4] 5 ");
}
