/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a reliable stream's receiver: order and the timing of NACKs. */
#include "tests/core/repair_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

TestSuite(repair, .init = probe_init, .fini = probe_fini);

/* -- Order -- */

Test(repair, frames_in_order_pass)
{
    for (uint64_t i = 1; i <= 5; i++) {
        cr_expect(eq(int, add(i), 1));
    }

    CAME_OUT("1 2 3 4 5 ");
    cr_expect(eq(u64, msock__repair_next(repair), 6));
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair, early_frames_wait_for_their_turn)
{
    cr_expect(eq(int, add(3), 0));
    cr_expect(eq(int, add(2), 0));
    CAME_OUT("");

    cr_expect(eq(int, add(1), 1));

    CAME_OUT("1 2 3 ");
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
    cr_expect(eq(sz, pool.bytes, 0));
}

Test(repair, each_frame_comes_out_once)
{
    add(1);
    add(3);

    cr_expect(eq(int, add(1), -MSOCK_DROP_DUPLICATE));
    cr_expect(eq(int, add(3), -MSOCK_DROP_DUPLICATE));
    add(2);
    cr_expect(eq(int, add(2), -MSOCK_DROP_DUPLICATE));
    cr_expect(eq(int, add(3), -MSOCK_DROP_DUPLICATE));

    CAME_OUT("1 2 3 ");
}

Test(repair, kept_frame_tells_when_it_came_and_its_flags)
{
    struct msock__ready ready;
    const uint8_t body[] = {1, 2, 3};
    msock__repair_add(repair, &now, 2, 2, body, sizeof(body));
    uint64_t came_us = now.now_us;
    now.now_us += SECOND;
    msock__repair_add(repair, &now, 1, 0, body, sizeof(body));

    cr_assert(eq(int, msock__repair_pop(repair, &now, &ready), 1));

    cr_expect(eq(int, (int)ready.kind, MSOCK__READY_FRAME));
    cr_expect(eq(u64, ready.kept->received_us, came_us));
    cr_expect(eq(u8, ready.kept->flags, 2));
    cr_expect(eq(int, ready.kept->bytes[2], 3));
    free(ready.kept);
}

Test(repair, late_joiner_who_hears_a_repair_first_goes_on_from_there)
{
    open_at(50); /* a repair, while frame 100 was the last */
    cr_expect(eq(int, add(50), 1));
    cr_expect(eq(int, add(101), 0));

    cr_assert(eq(sz, wait_for_nack(), 1));
    cr_expect(asked_for(0, 51, 100));
    for (uint64_t i = 51; i <= 100; i++) {
        add(i);
    }

    cr_expect(eq(u64, msock__repair_next(repair), 102));
    cr_expect(eq(int, add(49), -MSOCK_DROP_DUPLICATE));
}

/* -- When to ask -- */

/* Opens streams with a gap until the first NACK would be drawn from both ends
 * of what it is spread over.  Returns the latest, less the 2 ms before. */
static uint64_t widest_spread_us(void)
{
    uint64_t latest_us = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        dice.state = seed;
        open_at(1);
        add(2);
        uint64_t due_us = msock__repair_deadline(repair) - now.now_us;
        cr_expect(ge(u64, due_us, 2 * MS));
        latest_us = due_us > latest_us ? due_us : latest_us;
    }
    return latest_us - 2 * MS;
}

Test(repair, gap_is_asked_for_at_once_by_who_listens_alone)
{
    uint64_t spread_us = widest_spread_us();

    cr_expect(le(u64, spread_us, 500));
    cr_expect(gt(u64, spread_us, 400));
}

Test(repair, many_spread_half_a_ms_each_up_to_40)
{
    now.nodes = 41;
    uint64_t spread_us = widest_spread_us();
    cr_expect(le(u64, spread_us, 20 * MS));
    cr_expect(gt(u64, spread_us, 16 * MS));

    now.nodes = 1000;
    spread_us = widest_spread_us();
    cr_expect(le(u64, spread_us, 40 * MS));
    cr_expect(gt(u64, spread_us, 32 * MS));
}

Test(repair, gap_of_many_is_one_range_in_one_nack)
{
    add(1);
    add(100);

    cr_assert(eq(sz, wait_for_nack(), 1));

    cr_expect(asked_for(0, 2, 99));
    cr_expect(not(msock__repair_asks(repair)));
}

Test(repair, frame_that_was_only_late_is_not_asked_for)
{
    add(2);
    now.now_us += 1 * MS;
    add(1);

    wait_until(10 * SECOND);

    cr_expect(not(msock__repair_asks(repair)));
    CAME_OUT("1 2 ");
}

Test(repair, lost_tail_is_noticed_by_what_the_sender_holds)
{
    add(1);
    hear_range(1, 3);

    expect_next_nack(2 * MS, 12 * MS);

    cr_expect(asked_for(0, 2, 3));
}

Test(repair, silence_is_asked_into_from_10_ms_doubling_to_250)
{
    static const uint64_t waits_us[] = {10000,  20000,  40000, 80000,
                                        160000, 250000, 250000};
    add(2);
    wait_for_nack();

    for (size_t i = 0; i < 7; i++) {
        expect_next_nack(waits_us[i], waits_us[i] + 500);
        cr_expect(asked_for(0, 1, 1));
    }
}

Test(repair, who_was_asked_in_vain_is_waited_for_by_the_next_gap_too)
{
    add(2);
    for (int i = 0; i < 4; i++) {
        wait_for_nack();
    }
    add(4);
    wait_until(now.now_us + 3 * MS);
    cr_assert(eq(sz, ask(), 1));
    cr_expect(asked_for(0, 3, 3));
    uint64_t asked_us = now.now_us;
    add(1);

    wait_for_nack();

    cr_expect(asked_for(0, 3, 3));
    cr_expect(ge(u64, now.now_us, asked_us + 80 * MS));
}

Test(repair, one_clean_answer_ends_the_longer_wait)
{
    add(2);
    for (int i = 0; i < 4; i++) {
        wait_for_nack();
    }
    add(1);
    add(4);
    wait_for_nack();
    now.now_us += 2 * MS;
    add(3);
    add(6);
    wait_for_nack();

    expect_next_nack(6 * MS, 6 * MS + 500);
}

/* Loses `lost`, asks for it and has it sent again `took_us` later. */
static void lose_and_repair(uint64_t lost, uint64_t took_us)
{
    add(lost + 1);
    wait_for_nack();
    now.now_us += took_us;
    add(lost);
}

Test(repair, wait_is_as_long_as_answers_took_but_4_ms)
{
    for (uint64_t i = 1; i < 200; i += 2) {
        lose_and_repair(i, 300);
    }
    add(202);
    wait_for_nack();

    expect_next_nack(4 * MS, 4 * MS + 500);
}

Test(repair, slow_network_is_not_pressed)
{
    for (uint64_t i = 1; i < 200; i += 2) {
        lose_and_repair(i, 100 * MS);
    }
    add(202);
    wait_for_nack();

    expect_next_nack(100 * MS, 110 * MS);
}

Test(repair, who_hears_others_late_spreads_wider)
{
    now.nodes = 9;
    for (uint64_t i = 1; i < 200; i += 2) {
        lose_and_repair(i, 100 * MS);
    }
    uint64_t latest_us = 0;
    for (uint64_t i = 201; i < 301; i += 2) {
        add(i + 1);
        uint64_t due_us = msock__repair_deadline(repair) - now.now_us;
        latest_us = due_us > latest_us ? due_us : latest_us;
        add(i);
    }

    cr_expect(gt(u64, latest_us, 120 * MS));
    cr_expect(le(u64, latest_us, 180 * MS));
}

Test(repair, nack_names_96_ranges_and_the_next_one_the_rest)
{
    for (uint64_t i = 2; i <= 220; i += 2) {
        add(i);
    }
    wait_until(now.now_us + 3 * MS);

    cr_assert(eq(sz, ask(), 96));
    cr_expect(asked_for(0, 1, 1));
    cr_expect(asked_for(95, 191, 191));
    cr_expect(msock__repair_asks(repair));
    cr_assert(eq(sz, ask(), 14));
    cr_expect(asked_for(0, 193, 193));
    cr_expect(not(msock__repair_asks(repair)));
}

Test(repair, what_found_no_place_in_a_nack_is_still_to_be_asked_for)
{
    add(2);
    add(4);
    wait_until(now.now_us + 3 * MS);

    cr_assert(eq(sz, msock__repair_nack(repair, &now, ranges), 2));
    msock__repair_asked(repair, &now, ranges, 1);

    cr_expect(msock__repair_asks(repair));
    cr_assert(eq(sz, ask(), 1));
    cr_expect(asked_for(0, 3, 3));
}

Test(repair, nack_takes_along_what_would_be_asked_for_soon)
{
    add(2);
    wait_until(now.now_us + 1900);
    add(4);
    wait_until(now.now_us + 700);
    cr_assert(msock__repair_asks(repair));

    cr_assert(eq(sz, ask(), 2));

    cr_expect(asked_for(0, 1, 1));
    cr_expect(asked_for(1, 3, 3));
    cr_expect(not(msock__repair_asks(repair)));
}

Test(repair, nack_takes_nothing_along_that_was_just_asked_for)
{
    now.nodes = 21;
    add(2);
    wait_for_nack();
    add(4);
    now.now_us += 5 * MS;
    msock__repair_expire(repair, &now);

    for (int i = 0; i < 1000 && !msock__repair_asks(repair); i++) {
        wait_until(now.now_us + 100);
    }
    cr_assert(eq(sz, ask(), 1));
    cr_expect(asked_for(0, 3, 3));
}

/* -- What a repair tells -- */

Test(repair, those_that_a_repair_passed_are_asked_for_together)
{
    add(10);
    wait_for_nack();
    now.now_us += 5 * MS;
    add(4);
    add(6);

    uint64_t began_us = now.now_us;
    cr_assert(eq(sz, wait_for_nack(), 2));
    cr_expect(ge(u64, now.now_us, began_us + 2 * MS));
    cr_expect(le(u64, now.now_us, began_us + 2 * MS + 500));

    cr_expect(asked_for(0, 1, 3));
    cr_expect(asked_for(1, 5, 5));
}

Test(repair, repairs_that_keep_coming_are_waited_for)
{
    add(200);
    wait_for_nack();
    for (uint64_t i = 1; i < 200; i++) {
        wait_until(now.now_us + 1 * MS);
        cr_expect(not(msock__repair_asks(repair)));
        add(i);
    }

    cr_expect(eq(u64, msock__repair_next(repair), 201));
}

Test(repair, repair_that_left_before_the_nack_came_passes_nothing)
{
    for (uint64_t i = 1; i < 100; i += 2) {
        lose_and_repair(i, 10 * MS);
    }
    add(110);
    wait_for_nack();
    now.now_us += 1 * MS;
    add(105); /* somebody else asked for it */

    wait_until(now.now_us + 5 * MS);

    cr_expect(not(msock__repair_asks(repair)));
}

Test(repair, nack_names_1024_counters_and_the_next_one_the_rest)
{
    hear_range(1, 1030);
    wait_for_nack();
    cr_expect(asked_for(0, 1, 1024));

    cr_expect(eq(sz, ask(), 1));

    cr_expect(asked_for(0, 1025, 1030));
    cr_expect(eq(sz, ask(), 0));
}

Test(repair, repaired_part_is_not_asked_for_again)
{
    add(10);
    wait_for_nack();
    add(4);
    add(5);

    wait_until(now.now_us + 45 * MS);

    cr_assert(eq(sz, ask(), 2));
    cr_expect(asked_for(0, 1, 3));
    cr_expect(asked_for(1, 6, 9));
}

Test(repair, deadline_waits_for_timers_not_for_the_limit_on_nacks)
{
    add(2);
    wait_until(now.now_us + 20 * MS);

    cr_expect(msock__repair_asks(repair));
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

/* -- Others ask -- */

Test(repair, hearing_a_nack_puts_off_what_it_covers)
{
    hear_range(1, 9);
    hear_nack(4, 6);

    wait_until(now.now_us + 5 * MS);
    cr_assert(eq(sz, ask(), 2));
    cr_expect(asked_for(0, 1, 3));
    cr_expect(asked_for(1, 7, 9));

    cr_assert(eq(sz, wait_for_nack(), 1));
    cr_expect(asked_for(0, 4, 6));
}

Test(repair, what_was_to_be_asked_for_now_is_put_off_too)
{
    add(2);
    wait_until(now.now_us + 20 * MS);
    cr_assert(msock__repair_asks(repair));

    hear_nack(1, 1);

    cr_expect(not(msock__repair_asks(repair)));
    expect_next_nack(10 * MS, 10 * MS + 500);
}

Test(repair, a_gap_is_put_off_twice_at_most)
{
    add(2);
    hear_nack(1, 1);
    now.now_us += 5 * MS;
    hear_nack(1, 1);
    uint64_t due_us = msock__repair_deadline(repair);
    cr_expect(ge(u64, due_us, now.now_us + 10 * MS));
    now.now_us += 5 * MS;

    hear_nack(1, 1);

    cr_expect(eq(u64, msock__repair_deadline(repair), due_us));
}

Test(repair, hearing_a_nack_brings_nothing_forward)
{
    add(2);
    for (int i = 0; i < 5; i++) {
        wait_for_nack();
    }
    uint64_t due_us = msock__repair_deadline(repair);
    hear_nack(1, 1);

    cr_expect(ge(u64, msock__repair_deadline(repair), due_us));
}

Test(repair, nack_of_what_is_not_missing_here_is_ignored)
{
    add(1);
    hear_nack(1, 1000);
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));

    add(3);
    uint64_t due_us = msock__repair_deadline(repair);
    hear_nack(3, 1000);

    cr_expect(eq(u64, msock__repair_deadline(repair), due_us));
}
