/* SPDX-License-Identifier: Apache-2.0 */
/* Whom is asked for which values, and when. */
#include "core/ask.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <stdio.h>
#include <string.h>

enum { MS = 1000, START = 5000 * MS, PEER = 7, OTHER = 8 };

static struct msock__dice dice = {1};
static struct msock__ask ask;

static void setup(void)
{
    msock__ask_init(&ask, &dice);
}

static void teardown(void)
{
    msock__ask_fini(&ask);
}

TestSuite(ask, .init = setup, .fini = teardown);

static void want(uint64_t due_us, uint64_t of, const char *filter)
{
    cr_assert(zero(int, msock__ask_filter(&ask, due_us, of, filter)));
}

/* Sends what is due; it has to be something. */
static struct msock__control ask_at(uint64_t now_us)
{
    struct msock__round *round = msock__ask_due(&ask, now_us);
    struct msock__control query = {.kind = MSOCK__CONTROL_UNKNOWN};

    cr_assert(ne(ptr, (void *)round, NULL));
    msock__ask_fill(round, &query);
    msock__ask_sent(&ask, now_us, round, query.count);
    return query;
}

static void expect_quiet(uint64_t now_us)
{
    cr_expect(eq(ptr, (void *)msock__ask_due(&ask, now_us), NULL));
}

/* Times of all askings of the only round, until it is over. */
static size_t times_of(uint64_t times_us[static 16])
{
    size_t count = 0;

    while (ask.first) {
        uint64_t now_us = msock__ask_deadline(&ask);
        cr_assert(lt(sz, count, 16));
        times_us[count++] = now_us;
        if (msock__ask_due(&ask, now_us)) {
            (void)ask_at(now_us);
        } else {
            msock__ask_forget(&ask, msock__ask_over(&ask, now_us));
        }
    }
    return count;
}

Test(ask, nothing_is_asked_at_first)
{
    cr_expect(eq(u64, msock__ask_deadline(&ask), UINT64_MAX));
    expect_quiet(START);
}

Test(ask, filters_of_one_moment_are_asked_for_together)
{
    want(START, 0, "home/#");
    want(START, 0, "a\"b");
    want(START, 0, "home/#");

    struct msock__control query = ask_at(START);

    cr_expect(eq(int, query.kind, MSOCK__QUERY));
    cr_expect(query.asks_values);
    cr_assert(eq(sz, query.count, 2));
    cr_expect(eq(sz, query.filters[0].size, 8));
    cr_expect(zero(int, memcmp(query.filters[0].text, "\"home/#\"", 8)));
    cr_expect(zero(int, memcmp(query.filters[1].text, "\"a\\\"b\"", 6)));
    cr_expect(zero(sz, query.of.count));
    expect_quiet(START);
}

Test(ask, round_asks_three_times_and_ends_two_seconds_later)
{
    uint64_t times_us[16];
    want(START, 0, "a");

    size_t count = times_of(times_us);

    cr_assert(eq(sz, count, 4));
    cr_expect(eq(u64, times_us[0], START));
    cr_expect(ge(u64, times_us[1], START + 1000 * MS));
    cr_expect(le(u64, times_us[1], START + 1050 * MS));
    cr_expect(ge(u64, times_us[2], START + 3000 * MS));
    cr_expect(le(u64, times_us[2], START + 3100 * MS));
    cr_expect(ge(u64, times_us[3], START + 5000 * MS));
    cr_expect(le(u64, times_us[3], START + 5150 * MS));
}

Test(ask, round_keeps_its_id_and_others_have_their_own)
{
    want(START, 0, "a");
    uint64_t first = ask_at(START).query;
    want(START + 1, 0, "b");
    uint64_t other = ask_at(START + 1).query;

    uint64_t again = ask_at(START + 1050 * MS).query;

    cr_expect(ne(u64, first, other));
    cr_expect(eq(u64, first, again));
}

Test(ask, filter_that_is_wanted_again_is_asked_for_again)
{
    want(START, 0, "a");
    (void)ask_at(START);

    want(START + 1, 0, "a");

    cr_expect(eq(sz, ask_at(START + 1).count, 1));
}

Test(ask, answers_count_for_the_round_that_they_name)
{
    want(START, 0, "a");
    uint64_t query = ask_at(START).query;

    cr_expect(msock__ask_held(&ask, query, PEER, 40));
    cr_expect(msock__ask_held(&ask, query, PEER, 41));
    cr_expect(not(msock__ask_held(&ask, query + 1, OTHER, 9)));

    cr_assert(eq(sz, ask.first->holder_count, 1));
    cr_expect(eq(u64, ask.first->holders[0].session, PEER));
    cr_expect(eq(u64, ask.first->holders[0].last, 41));
}

Test(ask, latest_answers_are_remembered)
{
    want(START, 0, "a");
    uint64_t query = ask_at(START).query;
    for (uint64_t peer = 1; peer <= MSOCK__HOLDERS_MAX + 2; peer++) {
        cr_assert(msock__ask_held(&ask, query, peer, peer));
    }

    cr_expect(eq(sz, ask.first->holder_count, MSOCK__HOLDERS_MAX));
    cr_expect(eq(u64, ask.first->holders[1].session, MSOCK__HOLDERS_MAX + 2));
    cr_expect(eq(u64, ask.first->holders[2].session, 3));
}

Test(ask, answer_of_whom_nobody_asked_does_not_count)
{
    want(START, PEER, "a");
    struct msock__control query = ask_at(START);

    cr_assert(eq(sz, query.of.count, 1));
    cr_expect(eq(u64, query.of.sessions[0], PEER));
    cr_expect(not(msock__ask_held(&ask, query.query, OTHER, 1)));
    cr_expect(msock__ask_held(&ask, query.query, PEER, 1));
}

/* -- One session -- */

Test(ask, session_that_everyone_is_asked_with_is_not_asked_alone)
{
    want(START, 0, "a");
    (void)ask_at(START);

    want(START, PEER, "a");
    expect_quiet(START);

    (void)ask_at(START + 1050 * MS);
    (void)ask_at(START + 3100 * MS);
    want(START + 3100 * MS, PEER, "a");
    cr_expect(eq(u64, ask_at(START + 3100 * MS).of.sessions[0], PEER));
}

Test(ask, session_that_answered_is_asked_alone)
{
    want(START, 0, "a");
    cr_assert(msock__ask_held(&ask, ask_at(START).query, PEER, 1));

    want(START + 1, PEER, "a");

    cr_expect(eq(u64, ask_at(START + 1).of.sessions[0], PEER));
}

Test(ask, session_is_asked_alone_once_a_second)
{
    want(START, PEER, "a");
    cr_assert(msock__ask_held(&ask, ask_at(START).query, PEER, 1));

    want(START + 1, PEER, "a");

    expect_quiet(START + 999 * MS);
    struct msock__round *round = msock__ask_due(&ask, START + 1000 * MS);
    cr_assert(ne(ptr, (void *)round, NULL));
    cr_expect(zero(u64, round->askings));
}

Test(ask, session_whose_answer_began_too_early_is_asked_for_the_same)
{
    want(START, 0, "a");
    want(START, 0, "b");
    uint64_t query = ask_at(START).query;
    cr_assert(msock__ask_held(&ask, query, PEER, 9));

    cr_assert(zero(int, msock__ask_missed(&ask, START + 1, query, PEER)));
    cr_assert(zero(int, msock__ask_missed(&ask, START + 1, 99, PEER)));

    struct msock__control again = ask_at(START + 1);
    cr_expect(eq(sz, msock__ask_alone(&ask), 1));
    cr_expect(eq(sz, again.count, 2));
    cr_expect(eq(u64, again.of.sessions[0], PEER));
    cr_expect(ne(u64, again.query, query));
    expect_quiet(START + 1);
}

Test(ask, session_is_asked_anew_after_a_loss)
{
    want(START, PEER, "a");
    uint64_t before = ask_at(START).query;

    msock__ask_anew(&ask, PEER);
    want(START + 1, PEER, "a");

    struct msock__control again = ask_at(START + 1050 * MS);
    cr_expect(ne(u64, again.query, before));
    cr_expect(not(msock__ask_held(&ask, before, PEER, 0)));
    cr_expect(msock__ask_held(&ask, again.query, PEER, 0));
    cr_expect(eq(sz, ask.count, 1));
}

Test(ask, session_is_asked_alone_after_a_loss)
{
    want(START, 0, "a");
    uint64_t before = ask_at(START).query;

    msock__ask_anew(&ask, PEER);
    want(START + 1, PEER, "a");

    struct msock__control again = ask_at(START + 1);
    cr_expect(eq(u64, again.of.sessions[0], PEER));
    cr_expect(eq(u64, ask_at(START + 1050 * MS).query, before));
}

/* -- Who hears us later -- */

Test(ask, who_believes_us_later_is_asked_soon)
{
    want(START, 0, "a");
    (void)ask_at(START);

    msock__ask_believed(&ask, START + 30 * MS);
    cr_expect(eq(u64, msock__ask_deadline(&ask), START + 100 * MS));
    (void)ask_at(START + 100 * MS);
    msock__ask_believed(&ask, START + 300 * MS);
    cr_expect(eq(u64, msock__ask_deadline(&ask), START + 300 * MS));
}

Test(ask, who_believes_us_later_is_asked_so_few_times)
{
    size_t count = 0;
    uint64_t now_us = START;
    want(START, 0, "a");

    for (int i = 0; i < 60; i++) {
        if (msock__ask_deadline(&ask) <= now_us) {
            (void)ask_at(now_us);
            count++;
        }
        msock__ask_believed(&ask, now_us);
        now_us += 100 * MS;
    }

    cr_expect(eq(sz, count, 3 + 8));
}

Test(ask, one_session_is_not_asked_more_often_as_others_believe_us)
{
    want(START, PEER, "a");
    (void)ask_at(START);

    msock__ask_believed(&ask, START + 100 * MS);

    cr_expect(ge(u64, msock__ask_deadline(&ask), START + 1000 * MS));
}

/* -- Room -- */

Test(ask, more_filters_than_a_query_holds_make_more_rounds)
{
    char filter[16];
    for (int i = 0; i < 20; i++) {
        snprintf(filter, sizeof filter, "f/%d", i);
        want(START, 0, filter);
    }

    cr_expect(eq(sz, ask_at(START).count, 16));
    cr_expect(eq(sz, ask_at(START).count, 4));
    expect_quiet(START);
}

Test(ask, filters_that_fit_no_frame_leave_in_the_next_one)
{
    want(START, 0, "a");
    want(START, 0, "b");
    want(START, 0, "c");

    msock__ask_sent(&ask, START, msock__ask_due(&ask, START), 1);

    cr_expect(eq(sz, ask_at(START).count, 2));
    expect_quiet(START);
}

Test(ask, filter_too_long_for_a_frame_becomes_all)
{
    want(START, 0, "a");
    want(START, 0, "b");
    struct msock__round *round = msock__ask_due(&ask, START);

    msock__ask_widen(round);

    cr_assert(eq(sz, round->filter_count, 1));
    cr_expect(eq(str, round->filters[0], "\"#\""));
}

Test(ask, all_stands_for_any_filter_but_one_with_a_dollar)
{
    want(START, 0, "#");
    want(START, 0, "a/b");
    want(START, 0, "$a/b");

    cr_expect(eq(sz, ask_at(START).count, 2));
}

/* Wants filters until there are as many rounds as there may be. */
static void fill(void)
{
    char filter[16];

    for (int i = 0; i < MSOCK__ROUNDS_ALL * MSOCK__ASKED_MAX; i++) {
        snprintf(filter, sizeof filter, "f/%d", i);
        want(START, 0, filter);
    }
    cr_assert(eq(sz, ask.count, MSOCK__ROUNDS_ALL));
}

Test(ask, too_many_filters_become_all)
{
    fill();

    want(START, 0, "one/more");

    cr_expect(eq(sz, ask.count, MSOCK__ROUNDS_ALL));
    struct msock__round *last = ask.first;
    for (int i = 1; i < MSOCK__ROUNDS_ALL; i++) {
        last = last->next;
    }
    cr_expect(eq(str, last->filters[0], "\"#\""));
    cr_expect(eq(sz, last->filter_count, 1));
}

Test(ask, too_many_sessions_become_everyone)
{
    for (uint64_t peer = 1; peer <= MSOCK__ROUNDS_MAX; peer++) {
        want(START, peer, "a");
    }

    want(START, 1000, "a");

    cr_expect(eq(sz, ask.count, MSOCK__ROUNDS_MAX));
    cr_expect(eq(sz, msock__ask_alone(&ask), MSOCK__ROUNDS_MAX - 1));
}

Test(ask, round_that_was_asked_begins_anew_as_all)
{
    fill();
    for (int i = 0; i < MSOCK__ROUNDS_ALL; i++) {
        (void)ask_at(START);
    }

    want(START + 1, 0, "one/more");

    expect_quiet(START + 999 * MS);
    struct msock__control query = ask_at(START + 1000 * MS);
    cr_expect(zero(sz, query.of.count));
    cr_expect(zero(int, memcmp(query.filters[0].text, "\"#\"", 3)));
}

Test(ask, without_memory_nothing_changes)
{
    want(START, 0, "a");
    (void)ask_at(START);
    for (long n = 1; n <= 2; n++) {
        test_alloc_fail_at(n);
        int code = msock__ask_filter(&ask, START, 0, "b");
        cr_expect(test_alloc_failed());
        cr_expect(eq(int, code, MSOCK_ENOMEM));
        cr_expect(eq(sz, ask.count, 1));
    }
}

Test(ask, without_memory_the_rest_of_a_query_becomes_all)
{
    want(START, 0, "a");
    want(START, 0, "b");

    test_alloc_fail_at(1);
    msock__ask_sent(&ask, START, msock__ask_due(&ask, START), 1);
    cr_assert(test_alloc_failed());

    cr_assert(eq(sz, ask.count, 1));
    cr_expect(eq(str, ask.first->filters[0], "\"#\""));
}

/* -- Who does not answer -- */

/* How often one session is asked that answers after `answer_at` askings. */
static size_t askings_alone(size_t answer_at)
{
    size_t count = 0;
    want(START, PEER, "a");

    while (ask.first) {
        uint64_t now_us = msock__ask_deadline(&ask);
        if (!msock__ask_due(&ask, now_us)) {
            msock__ask_forget(&ask, msock__ask_over(&ask, now_us));
            continue;
        }
        uint64_t query = ask_at(now_us).query;
        if (++count == answer_at) {
            cr_assert(msock__ask_held(&ask, query, PEER, 1));
        }
    }
    return count;
}

Test(ask, session_is_asked_until_it_answers_for_a_minute)
{
    cr_expect(eq(sz, askings_alone(7), 7));
    cr_expect(eq(sz, askings_alone(1000), MSOCK__ASKINGS_ALONE));
}

Test(ask, there_are_16_queries_at_once_and_two_a_second)
{
    char filter[16];
    for (int i = 0; i < 20 * MSOCK__ASKED_MAX; i++) {
        snprintf(filter, sizeof filter, "f/%d", i);
        want(START, PEER, filter);
    }
    for (int i = 0; i < 16; i++) {
        (void)ask_at(START);
    }

    expect_quiet(START);
    cr_expect(eq(u64, msock__ask_deadline(&ask), START + 500 * MS));
    (void)ask_at(START + 500 * MS);
    expect_quiet(START + 999 * MS);
}
