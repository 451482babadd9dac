/* SPDX-License-Identifier: Apache-2.0 */
/* Hello at open, by the group's size and when somebody is new; bye, and how
 * long one lingers. */
#include "core/announce.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MS = 1000, NOW = 7000000 };

static struct msock__announce announce;
static struct msock__dice dice;

static void start(void)
{
    dice.state = 1;
    msock__announce_start(&announce, NOW);
}

TestSuite(announce, .init = start);

static void say_hello(uint64_t at_us, size_t nodes)
{
    cr_assert(msock__announce_hello_due(&announce, at_us));
    msock__announce_hello_sent(&announce, at_us, &dice, nodes);
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
    say_hello(NOW, 1);
    cr_expect(eq(u64, msock__announce_deadline(&announce), NOW + 100 * MS));
    cr_expect(not(msock__announce_hello_due(&announce, NOW + 100 * MS - 1)));
    say_hello(NOW + 100 * MS, 1);

    cr_expect(ge(u64, msock__announce_deadline(&announce), NOW + 3850 * MS));
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

Test(announce, somebody_new_pulls_hello_forward_once_in_10_s)
{
    uint64_t now_us = open_up(40);
    msock__announce_pull(&announce, now_us, &dice, 40);
    uint64_t pulled_us = msock__announce_deadline(&announce);
    cr_expect(le(u64, pulled_us, now_us + 1000 * MS));
    say_hello(pulled_us, 40);
    uint64_t next_us = msock__announce_deadline(&announce);

    msock__announce_pull(&announce, now_us + 10000 * MS - 1, &dice, 40);
    cr_expect(eq(u64, msock__announce_deadline(&announce), next_us));

    say_hello(next_us, 40);
    msock__announce_pull(&announce, now_us + 10000 * MS, &dice, 40);
    cr_expect(
        le(u64, msock__announce_deadline(&announce), now_us + 11000 * MS));
}

Test(announce, hello_is_never_put_off)
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
    cr_expect(not(msock__announce_hello_due(&announce, NOW + 100 * MS)));
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
    msock__announce_answered(&announce, now_us, &dice, 1);
    cr_expect(le(u64, msock__announce_deadline(&announce), now_us + 25 * MS));

    start();
    msock__announce_end(&announce, NOW, 3, true);
    msock__announce_answered(&announce, NOW, &dice, 1);
    say_byes(3);
    msock__announce_answered(&announce, NOW + 90 * MS, &dice, 1);
    cr_expect(msock__announce_bye_due(&announce, NOW + 90 * MS));
    msock__announce_bye_sent(&announce, NOW + 90 * MS);

    cr_expect(not(msock__announce_bye_due(&announce, UINT64_MAX)));
}
