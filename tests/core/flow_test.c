/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of whom a sender waits for, and until when. */
#include "core/flow.h"

#include "codec/frame.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SECOND = 1000000, SILENCE = MSOCK__FLOW_SILENCE_US, LEAST = 100 };

static struct msock__flow flow;
static struct msock__taker a, b;

static void init(void)
{
    msock__flow_init(&flow);
    a = b = (struct msock__taker){.listed = false};
}

TestSuite(flow, .init = init);

/* Says that `taker` waits for `next` and has room up to `until`. */
static bool say(struct msock__taker *taker, uint64_t now_us, uint64_t next,
                uint64_t until)
{
    return msock__flow_hear(&flow, taker, now_us,
                            &(struct msock__range){next, until}, LEAST);
}

static bool allows(uint64_t now_us, uint64_t counter)
{
    return msock__flow_allows(&flow, now_us, counter);
}

Test(flow, nobody_holds_anything_up_at_first)
{
    cr_expect(allows(0, MSOCK__COUNTER_MAX));
    cr_expect(eq(u64, flow.hold, UINT64_MAX));
    cr_expect(eq(u64, flow.expires_us, UINT64_MAX));
    cr_expect(not(msock__flow_stopped(&flow)));
}

Test(flow, frames_beyond_the_room_of_one_wait)
{
    say(&a, 0, 5, 20);

    cr_expect(allows(1, 20));
    cr_expect(not(msock__flow_stopped(&flow)));
    cr_expect(not(allows(1, 21)));
    cr_expect(msock__flow_stopped(&flow));
    cr_expect(eq(u64, flow.hold, 5));
}

Test(flow, room_that_grows_lets_them_go)
{
    say(&a, 0, 5, 20);
    cr_assert(not(allows(1, 21)));

    say(&a, 2, 9, 24);

    cr_expect(allows(3, 21));
    cr_expect(not(msock__flow_stopped(&flow)));
}

Test(flow, slowest_of_all_counts)
{
    say(&a, 0, 5, 40);
    say(&b, 0, 8, 20);

    cr_expect(eq(u64, flow.hold, 5));
    cr_expect(eq(u64, flow.limit, 20));
    say(&b, 0, 9, MSOCK__COUNTER_MAX);
    cr_expect(eq(u64, flow.limit, 40));
    say(&a, 0, 9, MSOCK__COUNTER_MAX);
    cr_expect(eq(u64, flow.hold, UINT64_MAX));
}

Test(flow, word_that_was_overtaken_is_ignored)
{
    say(&a, 0, 9, 24);

    say(&a, 1, 5, 20);

    cr_expect(eq(u64, flow.hold, 9));
    cr_expect(eq(u64, flow.limit, 24));
}

Test(flow, who_is_silent_for_2_s_is_given_up)
{
    say(&a, 7, 5, 20);
    cr_expect(eq(u64, flow.expires_us, 7 + SILENCE));

    cr_expect(eq(uint, msock__flow_expire(&flow, 6 + SILENCE, 30), 0));
    cr_expect(eq(uint, msock__flow_expire(&flow, 7 + SILENCE, 30), 1));

    cr_expect(allows(8 + SILENCE, 31));
    cr_expect(eq(u64, flow.hold, UINT64_MAX));
}

Test(flow, who_says_the_same_for_2_s_is_given_up_until_it_gets_on)
{
    say(&a, 0, 5, 20);
    say(&a, SILENCE - 1, 5, 20);
    cr_assert(eq(uint, msock__flow_expire(&flow, SILENCE, 30), 1));

    say(&a, SILENCE + 1, 5, 20);
    cr_expect(eq(u64, flow.limit, UINT64_MAX));
    say(&a, SILENCE + 2, 6, 20);

    cr_expect(eq(u64, flow.limit, 20));
}

Test(flow, who_has_everything_is_not_given_up_but_forgotten)
{
    say(&a, 0, 31, 50);

    cr_expect(eq(uint, msock__flow_expire(&flow, SILENCE, 30), 0));
    cr_expect(eq(u64, flow.limit, UINT64_MAX));

    say(&a, SILENCE + 1, 31, 50);
    cr_expect(eq(u64, flow.limit, 50), "the next frame was lost");
}

Test(flow, who_got_over_it_may_ask_again_for_the_same)
{
    say(&a, 0, 5, 20);
    say(&a, 1, 21, MSOCK__COUNTER_MAX);

    say(&a, 9 * SECOND, 21, 40);

    cr_expect(eq(u64, flow.hold, 21));
    cr_expect(eq(u64, flow.expires_us, 9 * SECOND + SILENCE));
}

Test(flow, who_is_gone_holds_nothing_up)
{
    say(&a, 0, 5, 20);
    say(&b, 0, 7, 30);

    msock__flow_release(&flow, 1, &a);
    msock__flow_release(&flow, 1, &a);

    cr_expect(eq(u64, flow.hold, 7));
    cr_expect(eq(u64, flow.limit, 30));
    say(&a, 2, 3, 10);
    cr_expect(eq(u64, flow.hold, 7), "what it said is remembered");
    say(&a, 3, 5, 10);
    cr_expect(eq(u64, flow.hold, 5));
}

/* Lets `a` take `each` frames a second for 10 s, all waited for. */
static bool crawl(uint64_t each)
{
    bool slow = false;
    uint64_t next = 1;
    for (uint64_t i = 0; i <= 10; i++) {
        slow |= say(&a, i * SECOND, next, next + 15);
        (void)allows(i * SECOND, next + 16);
        next += each;
    }
    return slow;
}

Test(flow, who_takes_too_little_for_10_s_is_slow)
{
    cr_expect(crawl(LEAST / 10 - 1));

    cr_expect(allows(10 * SECOND, MSOCK__COUNTER_MAX));
    say(&a, 11 * SECOND, 1000, 1010);
    cr_expect(allows(11 * SECOND, 1011), "it holds nobody up");
    say(&a, 20 * SECOND, 1001, 1010);
    cr_expect(not(allows(20 * SECOND, 1011)), "it has another try");
}

Test(flow, who_takes_enough_is_waited_for)
{
    cr_expect(not(crawl(LEAST / 10)));

    cr_expect(not(allows(10 * SECOND, 1000)));
}

Test(flow, who_takes_little_because_little_is_sent_is_not_slow)
{
    bool slow = false;
    for (uint64_t i = 0; i <= 30; i++) {
        slow |= say(&a, i * SECOND, i + 1, i + 100);
        cr_assert(allows(i * SECOND, i + 1));
    }

    cr_expect(not(slow));
}

Test(flow, who_has_more_room_than_another_is_not_slow_for_it)
{
    bool slow = false;
    for (uint64_t i = 0; i <= 10; i++) {
        slow |= say(&a, i * SECOND, i + 1, i + 100);
        (void)say(&b, i * SECOND, i + 1, i + 5);
        (void)allows(i * SECOND, i + 6);
    }

    cr_expect(not(slow));
}

/* Gets on by one each time it was given up, and goes away at times. */
Test(flow, who_gets_on_by_one_when_given_up_is_slow)
{
    bool slow = false;
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t now_us = i * SILENCE;
        slow |= say(&a, now_us, i + 1, i);
        (void)allows(now_us, i + 1);
        (void)msock__flow_expire(&flow, now_us + SILENCE - 1, 100);
        msock__flow_release(&flow, now_us + SILENCE - 1, &a);
        cr_assert(allows(now_us + SILENCE - 1, i + 1));
    }

    cr_expect(slow);
    cr_expect(allows(6 * SILENCE, MSOCK__COUNTER_MAX));
}

Test(flow, who_says_time_and_again_that_it_is_over_is_slow)
{
    bool slow = false;
    for (uint64_t i = 0; i <= 10; i++) {
        slow |= say(&a, i * SECOND, 5, 4);
        (void)allows(i * SECOND, 20);
        slow |= say(&a, i * SECOND + SECOND - 1, 5, MSOCK__COUNTER_MAX);
    }

    cr_expect(slow);
}

Test(flow, who_has_room_when_it_is_looked_at_is_slow_all_the_same)
{
    bool slow = false;
    for (uint64_t i = 0; i < 10; i++) {
        slow |= say(&a, i * SECOND, 5, 20);
        (void)say(&b, i * SECOND, i + 15, i + 30);
        (void)allows(i * SECOND, 21);
    }
    slow |= say(&a, 10 * SECOND - 1, 6, 50);
    slow |= say(&a, 10 * SECOND, 7, 50);

    cr_expect(slow);
}

Test(flow, word_of_an_earlier_moment_counts_as_no_time)
{
    say(&a, 0, 1, 10);
    (void)allows(5000, 11);
    say(&a, 4000, 2, 11);

    for (uint64_t i = 1; i <= 10; i++) {
        cr_expect(not(say(&a, i * SECOND, i + 2, i + 100)));
    }
}
