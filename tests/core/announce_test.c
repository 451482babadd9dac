/* SPDX-License-Identifier: Apache-2.0 */
/* Hello at open, by the group's size and when somebody is new; bye, and how
 * long one lingers. */
#include "core/announce.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MS = 1000, NOW = 7000000, SIZE = 300 };

static struct msock__announce announce;
static struct msock__dice dice;

static void start(void)
{
    dice.state = 1;
    msock__announce_start(&announce, NOW, true);
}

TestSuite(announce, .init = start);

static enum msock__hello due(uint64_t at_us, size_t nodes)
{
    return msock__announce_hello_due(&announce, at_us, nodes);
}

/* A hello of SIZE bytes that is due. */
static void say_hello(uint64_t at_us, size_t nodes)
{
    enum msock__hello hello = due(at_us, nodes);
    cr_assert(ne(int, hello, MSOCK__HELLO_NONE));
    msock__announce_hello_sent(&announce, at_us, &dice, nodes, hello, 1, SIZE);
}

/* Both hellos of the opening.  Returns when the second one left. */
static uint64_t open_up(size_t nodes)
{
    say_hello(NOW, nodes);
    say_hello(NOW + 100 * MS, nodes);
    return NOW + 100 * MS;
}

Test(announce, opening_says_hello_twice_100_ms_apart)
{
    cr_expect(eq(int, due(NOW, 1), MSOCK__HELLO_FULL));
    say_hello(NOW, 1);
    cr_expect(eq(u64, msock__announce_deadline(&announce), NOW + 100 * MS));
    cr_expect(eq(int, due(NOW + 100 * MS - 1, 1), MSOCK__HELLO_NONE));
    cr_expect(eq(int, due(NOW + 100 * MS, 1), MSOCK__HELLO_FULL));
    say_hello(NOW + 100 * MS, 1);

    cr_expect(ge(u64, msock__announce_deadline(&announce), NOW + 3850 * MS));
}

Test(announce, opening_that_nobody_can_believe_is_short)
{
    msock__announce_start(&announce, NOW, false);

    cr_expect(eq(int, due(NOW, 1), MSOCK__HELLO_SHORT));
}

struct size {
    size_t nodes;
    uint64_t base_ms;
};

static const struct size sizes[] = {
    {1, 5000}, {2, 5000}, {200, 5000}, {201, 5025}, {1000, 25000}};

Test(announce, hello_comes_every_base_give_or_take_a_quarter)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t base_us = sizes[i].base_ms * MS;
        uint64_t least = UINT64_MAX, most = 0;
        start();
        uint64_t sent_us = open_up(sizes[i].nodes);
        for (int j = 0; j < 1000; j++) {
            uint64_t due_us = msock__announce_deadline(&announce);
            uint64_t gap_us = due_us - sent_us;
            least = gap_us < least ? gap_us : least;
            most = gap_us > most ? gap_us : most;
            say_hello(due_us, sizes[i].nodes);
            sent_us = due_us;
        }
        cr_expect(ge(u64, least, base_us * 3 / 4));
        cr_expect(lt(u64, least, base_us * 4 / 5));
        cr_expect(le(u64, most, base_us * 5 / 4));
        cr_expect(gt(u64, most, base_us * 6 / 5));
        cr_expect(eq(u64, msock__announce_every_ms(sizes[i].nodes),
                     sizes[i].base_ms * 5 / 4));
    }
}

Test(announce, hello_is_put_off_when_the_group_grew)
{
    uint64_t sent_us = open_up(1);
    uint64_t first_us = msock__announce_deadline(&announce);
    cr_expect(eq(int, due(first_us, 1000), MSOCK__HELLO_NONE));

    uint64_t then_us = msock__announce_deadline(&announce);

    cr_expect(ge(u64, then_us - sent_us, 18750 * MS));
    cr_expect(le(u64, then_us - sent_us, 31250 * MS));
    cr_expect(eq(int, due(then_us, 1000), MSOCK__HELLO_SHORT));
}

Test(announce, who_is_new_is_told_all_within_the_spread)
{
    uint64_t now_us = open_up(40);
    uint64_t spread_us = msock__announce_spread_us(&announce, 40);
    cr_assert(eq(u64, spread_us, 40 * SIZE * 125));

    msock__announce_met(&announce, now_us);
    msock__announce_pull(&announce, now_us, &dice, 40);

    uint64_t due_us = msock__announce_deadline(&announce);
    cr_expect(le(u64, due_us, now_us + spread_us));
    cr_expect(eq(int, due(due_us, 40), MSOCK__HELLO_FULL));
}

/* When the full hello is due that is asked for after `calm_us` in which nobody
 * came, at the latest of 100 draws. */
static uint64_t latest_after(uint64_t calm_us, size_t nodes)
{
    uint64_t latest_us = 0;
    for (int i = 0; i < 100; i++) {
        start();
        dice.state = (uint64_t)i;
        uint64_t now_us = open_up(1);
        msock__announce_met(&announce, now_us);
        now_us += calm_us;
        msock__announce_pull(&announce, now_us, &dice, nodes);
        uint64_t due_us = announce.full_us - now_us;
        latest_us = due_us > latest_us ? due_us : latest_us;
    }
    return latest_us;
}

Test(announce, who_is_asked_when_nobody_came_for_a_spread_tells_within_100_ms)
{
    uint64_t spread_us = UINT64_C(40) * SIZE * 125;

    cr_expect(gt(u64, latest_after(spread_us, 40), spread_us * 9 / 10));
    cr_expect(le(u64, latest_after(spread_us + 1, 40), 100 * MS));
    cr_expect(gt(u64, latest_after(spread_us + 1, 40), 90 * MS));
}

Test(announce, many_who_are_new_do_not_hasten_it)
{
    uint64_t soonest_us = UINT64_MAX;
    for (int i = 0; i < 100; i++) {
        start();
        dice.state = (uint64_t)i;
        uint64_t now_us = open_up(1);
        for (size_t nodes = 100; nodes < 200; nodes++) {
            msock__announce_met(&announce, now_us);
            msock__announce_pull(&announce, now_us, &dice, nodes);
        }
        uint64_t due_us = msock__announce_deadline(&announce) - now_us;
        soonest_us = due_us < soonest_us ? due_us : soonest_us;
        cr_expect(le(u64, due_us, 100 * SIZE * 125));
    }

    cr_expect(ge(u64, soonest_us, MS));
}

Test(announce, full_hello_is_put_off_when_the_group_grew)
{
    uint64_t now_us = open_up(1);
    msock__announce_met(&announce, now_us);
    msock__announce_pull(&announce, now_us, &dice, 2);
    uint64_t first_us = msock__announce_deadline(&announce);
    cr_expect(eq(int, due(first_us, 200), MSOCK__HELLO_NONE));

    uint64_t then_us = msock__announce_deadline(&announce);

    cr_expect(eq(u64, then_us - now_us, 100 * (first_us - now_us)));
    cr_expect(eq(int, due(then_us, 200), MSOCK__HELLO_FULL));
}

Test(announce, full_hello_is_not_hastened_when_the_group_shrank)
{
    uint64_t now_us = open_up(1);
    msock__announce_pull(&announce, now_us, &dice, 200);
    uint64_t due_us = msock__announce_deadline(&announce);

    cr_expect(eq(int, due(due_us - 1, 2), MSOCK__HELLO_NONE));
    cr_expect(eq(int, due(due_us, 2), MSOCK__HELLO_FULL));
}

Test(announce, change_is_told_at_once_however_the_group_grew)
{
    uint64_t now_us = open_up(1);
    msock__announce_pull(&announce, now_us, &dice, 200);
    msock__announce_changed(&announce, now_us, &dice, 2);
    uint64_t due_us = msock__announce_deadline(&announce);

    cr_expect(le(u64, due_us, now_us + 14 * MS));
    cr_expect(eq(int, due(due_us, 1000), MSOCK__HELLO_FULL));
}

Test(announce, one_full_hello_serves_all_who_asked_before_it)
{
    uint64_t now_us = open_up(40);
    msock__announce_pull(&announce, now_us, &dice, 40);
    msock__announce_pull(&announce, now_us, &dice, 40);
    say_hello(msock__announce_deadline(&announce), 40);

    cr_expect(ge(u64, msock__announce_deadline(&announce), now_us + 3750 * MS));
}

Test(announce, full_hellos_keep_the_budget_however_often_they_are_asked_for)
{
    enum { NODES = 40, SECONDS = 600 };
    uint64_t now_us = open_up(NODES);
    uint64_t end_us = now_us + UINT64_C(1000000) * SECONDS;
    size_t bytes = 0;
    while (now_us < end_us) {
        msock__announce_pull(&announce, now_us, &dice, NODES);
        now_us = msock__announce_deadline(&announce);
        say_hello(now_us, NODES);
        bytes += SIZE;
    }

    cr_expect(le(sz, bytes, 8000 + 2 * SIZE + SECONDS * 8000 / NODES));
    cr_expect(ge(sz, bytes, SECONDS * 8000 / NODES));
}

Test(announce, who_asks_all_the_time_is_told_once_a_second)
{
    uint64_t now_us = open_up(2);
    uint64_t end_us = now_us + 60 * 1000 * MS;
    size_t count = 0;
    for (; now_us < end_us; count++) {
        msock__announce_pull(&announce, now_us, &dice, 2);
        now_us = msock__announce_deadline(&announce);
        say_hello(now_us, 2);
    }

    cr_expect(ge(sz, count, 59));
    cr_expect(le(sz, count, 60 + 4));
}

Test(announce, hello_that_is_due_is_full_if_one_is_wanted)
{
    uint64_t now_us = open_up(1);
    msock__announce_changed(&announce, now_us, &dice, 1);
    uint64_t due_us = msock__announce_deadline(&announce);
    cr_expect(ge(u64, due_us, now_us + 3750 * MS));

    cr_expect(eq(int, due(due_us, 1), MSOCK__HELLO_FULL));
}

Test(announce, change_is_told_at_once)
{
    uint64_t now_us = open_up(10);
    msock__announce_changed(&announce, now_us, &dice, 10);

    uint64_t due_us = msock__announce_deadline(&announce);
    cr_expect(ge(u64, due_us, now_us + 10 * MS));
    cr_expect(le(u64, due_us, now_us + 30 * MS));
    cr_expect(eq(int, due(due_us, 10), MSOCK__HELLO_FULL));
}

Test(announce, parts_of_a_hello_leave_one_after_another)
{
    for (uint32_t part = 0; part < 3; part++) {
        cr_assert(eq(u32, announce.part, part));
        cr_assert(eq(int, due(NOW, 5), MSOCK__HELLO_FULL));
        msock__announce_hello_sent(&announce, NOW, &dice, 5, MSOCK__HELLO_FULL,
                                   3, SIZE);
    }

    cr_expect(eq(int, due(NOW, 5), MSOCK__HELLO_NONE));
    cr_expect(eq(u64, msock__announce_spread_us(&announce, 1), 3 * SIZE * 125));
}

Test(announce, hello_is_never_put_off_by_who_is_new)
{
    msock__announce_pull(&announce, NOW, &dice, 1000);

    cr_expect(eq(u64, msock__announce_deadline(&announce), NOW));
}

static void say_byes(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t at_us = NOW + i * 20 * MS;
        cr_assert(eq(u64, msock__announce_deadline(&announce), at_us));
        cr_assert(msock__announce_bye_due(&announce, at_us));
        msock__announce_bye_sent(&announce, at_us);
    }
    cr_expect(not(msock__announce_bye_due(&announce, UINT64_MAX)));
}

Test(announce, byes_are_20_ms_apart_and_the_end)
{
    msock__announce_end(&announce, NOW, 3, false);
    cr_expect(not(msock__announce_ended(&announce, NOW + 40 * MS)));
    say_byes(3);

    cr_expect(msock__announce_ended(&announce, NOW + 40 * MS));
    cr_expect(eq(int, due(NOW + 100 * MS, 1), MSOCK__HELLO_NONE));
}

Test(announce, lingering_ends_500_ms_after_who_asked_last)
{
    msock__announce_end(&announce, NOW, 3, true);
    say_byes(3);
    cr_expect(not(msock__announce_ended(&announce, NOW + 500 * MS - 1)));

    msock__announce_asked(&announce, NOW + 400 * MS);

    cr_expect(eq(u64, msock__announce_deadline(&announce), NOW + 900 * MS));
    cr_expect(not(msock__announce_ended(&announce, NOW + 900 * MS - 1)));
    cr_expect(msock__announce_ended(&announce, NOW + 900 * MS));
}

Test(announce, lingering_ends_after_2_s_whoever_asks)
{
    msock__announce_end(&announce, NOW, 1, true);
    say_byes(1);
    for (uint64_t at_us = NOW; at_us < NOW + 2000 * MS; at_us += 10 * MS) {
        msock__announce_asked(&announce, at_us);
        cr_assert(not(msock__announce_ended(&announce, at_us)));
    }

    cr_expect(msock__announce_ended(&announce, NOW + 2000 * MS));
}

Test(announce, answer_pulls_a_hello_or_brings_another_bye)
{
    uint64_t now_us = open_up(1);
    msock__announce_pull(&announce, now_us, &dice, 1);
    cr_expect(le(u64, msock__announce_deadline(&announce), now_us + 38 * MS));

    start();
    msock__announce_end(&announce, NOW, 3, true);
    msock__announce_pull(&announce, NOW, &dice, 1);
    say_byes(3);
    msock__announce_pull(&announce, NOW + 90 * MS, &dice, 1);
    cr_expect(msock__announce_bye_due(&announce, NOW + 90 * MS));
    msock__announce_bye_sent(&announce, NOW + 90 * MS);

    cr_expect(not(msock__announce_bye_due(&announce, UINT64_MAX)));
}
