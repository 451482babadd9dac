/* SPDX-License-Identifier: Apache-2.0 */
/* Who acted on what was published, and whom to ask. */
#include "core/confirm.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum {
    MS = 1000,
    START = 5000 * MS,
    LATER = START + 30 * MS,
    DEADLINE = START + 1000 * MS,
    SPREAD = 24 * MS
};

static struct msock__confirms confirms;

static void teardown(void)
{
    msock__confirms_fini(&confirms);
    cr_expect(zero(sz, confirms.count));
}

TestSuite(confirm, .fini = teardown);

/* One that expects sessions 1 to `count`, whose frame left at START. */
static struct msock__confirmation *begin(size_t count, uint64_t counter)
{
    struct msock__confirmation *one =
        msock__confirms_add(&confirms, START, DEADLINE);

    cr_assert(ne(ptr, (void *)one, NULL));
    for (uint64_t i = 1; i <= count; i++) {
        cr_assert(
            ne(ptr, (void *)msock__confirm_add(one, i, "n", false), NULL));
    }
    msock__confirms_sent(&confirms, START, one->id, counter, SPREAD);
    return one;
}

/* Returns what is known of it now, NULL if that is no news. */
static const struct msock__confirmer *hear(uint64_t session, uint64_t counter,
                                           uint32_t code)
{
    const struct msock__act act = {.counter = counter, .code = code};
    const struct msock__confirmer *node = NULL;

    (void)msock__confirms_heard(&confirms, START + 9 * MS, session, "x", &act,
                                &node);
    return node;
}

static struct msock__control ask_at(uint64_t now_us)
{
    struct msock__control sync = {.kind = MSOCK__SYNC};

    cr_assert(msock__confirms_ask(&confirms, now_us, &sync));
    msock__confirms_asked(&confirms, now_us, &sync, sync.count);
    return sync;
}

Test(confirm, nothing_is_asked_at_first)
{
    struct msock__control sync;

    cr_expect(not(msock__confirms_ask(&confirms, START, &sync)));
    cr_expect(eq(u64, msock__confirms_ask_deadline(&confirms), UINT64_MAX));
    cr_expect(eq(u64, msock__confirms_deadline(&confirms), UINT64_MAX));
    cr_expect(
        eq(ptr, (void *)msock__confirms_take(&confirms, UINT64_MAX), NULL));
}

Test(confirm, nobody_is_asked_before_the_message_left)
{
    struct msock__confirmation *one =
        msock__confirms_add(&confirms, START, DEADLINE);
    msock__confirm_add(one, 1, "n", false);

    cr_expect(eq(u64, msock__confirms_ask_deadline(&confirms), UINT64_MAX));
    cr_expect(eq(u64, msock__confirms_deadline(&confirms), DEADLINE));
}

Test(confirm, everyone_is_asked_at_once)
{
    begin(3, 70);

    struct msock__control sync = ask_at(START);

    cr_assert(eq(sz, sync.count, 1));
    cr_expect(eq(u64, sync.asked[0], 70));
    cr_expect(zero(sz, sync.of.count));
}

Test(confirm, who_is_missing_is_named_then)
{
    begin(3, 70);
    hear(2, 70, 0);
    ask_at(START);

    struct msock__control sync = ask_at(LATER);

    cr_assert(eq(sz, sync.count, 1));
    cr_expect(eq(u64, sync.asked[0], 70));
    cr_assert(eq(sz, sync.of.count, 2));
    cr_expect(eq(u64, sync.of.sessions[0], 1));
    cr_expect(eq(u64, sync.of.sessions[1], 3));
}

Test(confirm, more_than_8_are_not_named)
{
    begin(8, 70);
    ask_at(START);
    cr_expect(eq(sz, ask_at(LATER).of.count, 8));

    begin(9, 71);
    ask_at(LATER);
    struct msock__control sync = ask_at(LATER + SPREAD);
    cr_expect(eq(sz, sync.count, 2));
    cr_expect(zero(sz, sync.of.count));
}

Test(confirm, several_share_an_asking_and_its_names)
{
    begin(3, 70);
    begin(2, 71);
    hear(1, 70, 0);
    ask_at(START);

    struct msock__control sync = ask_at(LATER);

    cr_assert(eq(sz, sync.count, 2));
    cr_expect(eq(u64, sync.asked[0], 71));
    cr_expect(eq(u64, sync.asked[1], 70));
    cr_expect(eq(sz, sync.of.count, 3));
}

Test(confirm, over_16_are_asked_for_in_two)
{
    for (uint64_t counter = 1; counter <= 17; counter++) {
        begin(1, counter);
    }

    cr_expect(eq(sz, ask_at(START).count, 16));
    cr_expect(eq(sz, ask_at(START).count, 1));
    cr_expect(gt(u64, msock__confirms_ask_deadline(&confirms), START));
}

Test(confirm, what_did_not_fit_is_asked_next)
{
    struct msock__control sync;
    begin(1, 70);
    begin(1, 71);

    cr_assert(msock__confirms_ask(&confirms, START, &sync));
    msock__confirms_asked(&confirms, START, &sync, 1);

    struct msock__control next = ask_at(START);
    cr_assert(eq(sz, next.count, 1));
    cr_expect(eq(u64, next.asked[0], 70));
}

Test(confirm, gaps_of_the_jitter_double_after_six)
{
    static const uint64_t want_ms[] = {0,   24,  48,  72,  96,
                                       120, 144, 192, 288, 480};
    begin(1, 70);

    for (size_t i = 0; i < sizeof want_ms / sizeof *want_ms; i++) {
        uint64_t due_us = START + want_ms[i] * MS;
        cr_assert(eq(u64, msock__confirms_ask_deadline(&confirms), due_us),
                  "%zu", i);
        ask_at(due_us);
    }
    cr_expect(
        eq(u64, msock__confirms_ask_deadline(&confirms), START + 800 * MS));
}

Test(confirm, answer_is_news_once)
{
    struct msock__confirmation *one = begin(2, 70);

    const struct msock__confirmer *node = hear(1, 70, 5);

    cr_assert(ne(ptr, (void *)node, NULL));
    cr_expect(eq(int, node->state, MSOCK_CONFIRM_REFUSED));
    cr_expect(eq(u32, node->code, 5));
    cr_expect(eq(u64, node->time_us, 9 * MS));
    cr_expect(eq(str, (char *)node->name, "n"));
    cr_expect(not(node->extra));
    cr_expect(eq(ptr, (void *)hear(1, 70, 0), NULL));
    cr_expect(eq(sz, one->refused, 1));
    cr_expect(zero(sz, one->acted));
}

Test(confirm, who_was_not_expected_is_extra)
{
    struct msock__confirmation *one = begin(1, 70);

    const struct msock__confirmer *node = hear(9, 70, 0);

    cr_assert(ne(ptr, (void *)node, NULL));
    cr_expect(node->extra);
    cr_expect(eq(str, (char *)node->name, "x"));
    cr_expect(eq(ptr, (void *)hear(9, 70, 0), NULL));
    cr_expect(eq(sz, one->expected, 1));
    cr_expect(zero(sz, one->acted));
    cr_expect(eq(u64, msock__confirms_deadline(&confirms), DEADLINE));
}

Test(confirm, extra_ones_are_at_most_256)
{
    const struct msock__act act = {.counter = 7};
    const struct msock__confirmer *node = NULL;
    struct msock__confirmation *one = begin(1, 7);

    for (uint64_t i = 0; i < MSOCK__CONFIRM_EXTRA_MAX; i++) {
        cr_assert(ne(ptr, (void *)hear(100 + i, 7, 0), NULL));
    }
    cr_expect(eq(
        ptr,
        (void *)msock__confirms_heard(&confirms, LATER, 99, "x", &act, &node),
        (void *)one));
    cr_expect(eq(ptr, (void *)node, NULL));
    cr_expect(eq(ptr, (void *)hear(100, 7, 0), NULL));
    cr_expect(ne(ptr, (void *)hear(1, 7, 0), NULL));
    cr_expect(eq(sz, one->count, 1 + MSOCK__CONFIRM_EXTRA_MAX));
}

Test(confirm, each_of_many_is_found)
{
    static const uint64_t sessions[] = {90, 3, 77, UINT64_MAX, 12};
    struct msock__confirmation *one =
        msock__confirms_add(&confirms, START, DEADLINE);

    for (size_t i = 0; i < 5; i++) {
        cr_assert(ne(ptr,
                     (void *)msock__confirm_add(one, sessions[i], "n", false),
                     NULL));
    }
    msock__confirms_sent(&confirms, START, one->id, 7, SPREAD);
    for (size_t i = 0; i < 5; i++) {
        const struct msock__confirmer *node = hear(sessions[i], 7, 0);
        cr_assert(ne(ptr, (void *)node, NULL));
        cr_expect(not(node->extra));
        cr_expect(eq(u64, node->session, sessions[i]));
    }
    cr_expect(eq(sz, one->acted, 5));
}

Test(confirm, answers_about_other_frames_are_no_news)
{
    begin(1, 70);

    cr_expect(eq(ptr, (void *)hear(1, 69, 0), NULL));
    cr_expect(eq(ptr, (void *)hear(1, 71, 0), NULL));
}

Test(confirm, it_is_over_when_all_have_answered)
{
    struct msock__confirmation *one = begin(2, 70);
    hear(1, 70, 0);
    cr_expect(
        eq(ptr, (void *)msock__confirms_take(&confirms, DEADLINE - 1), NULL));
    hear(2, 70, 4);

    cr_expect(zero(u64, msock__confirms_deadline(&confirms)));
    cr_expect(eq(u64, msock__confirms_ask_deadline(&confirms), UINT64_MAX));
    cr_assert(eq(ptr, (void *)msock__confirms_take(&confirms, START), one));
    cr_expect(eq(sz, one->acted, 1));
    cr_expect(eq(sz, one->refused, 1));
    msock__confirm_free(one);
}

Test(confirm, it_is_over_at_its_deadline)
{
    struct msock__confirmation *one = begin(1, 70);

    cr_assert(eq(ptr, (void *)msock__confirms_take(&confirms, DEADLINE), one));
    cr_expect(eq(int, one->nodes[0].state, MSOCK_CONFIRM_SILENT));
    cr_expect(eq(ptr, (void *)hear(1, 70, 0), NULL));
    msock__confirm_free(one);
}

Test(confirm, with_nobody_expected_it_is_over_at_once)
{
    struct msock__confirmation *one =
        msock__confirms_add(&confirms, START, DEADLINE);

    cr_assert(eq(ptr, (void *)msock__confirms_take(&confirms, START), one));
    msock__confirms_sent(&confirms, START, one->id, 70, SPREAD);
    msock__confirm_free(one);
}

Test(confirm, after_the_session_ended_nobody_is_asked)
{
    begin(1, 70);

    msock__confirms_reset(&confirms);

    cr_expect(eq(u64, msock__confirms_ask_deadline(&confirms), UINT64_MAX));
    cr_expect(eq(ptr, (void *)hear(1, 70, 0), NULL));
    cr_expect(eq(u64, msock__confirms_deadline(&confirms), DEADLINE));
}

Test(confirm, there_are_1024_at_a_time)
{
    for (uint64_t i = 1; i <= MSOCK__CONFIRMS_MAX; i++) {
        begin(0, i);
    }

    cr_expect(
        eq(ptr, (void *)msock__confirms_add(&confirms, START, DEADLINE), NULL));
    msock__confirms_remove(&confirms, confirms.first);
    cr_expect(
        ne(ptr, (void *)msock__confirms_add(&confirms, START, DEADLINE), NULL));
}

Test(confirm, each_allocation_may_fail)
{
    test_alloc_fail_at(1);
    cr_expect(
        eq(ptr, (void *)msock__confirms_add(&confirms, START, DEADLINE), NULL));
    cr_expect(test_alloc_failed());
    cr_expect(zero(sz, confirms.count));

    struct msock__confirmation *one = begin(16, 70);
    test_alloc_fail_at(1);
    cr_expect(eq(ptr, (void *)hear(17, 70, 0), NULL));
    cr_expect(test_alloc_failed());
    cr_expect(eq(sz, one->count, 16));
    cr_expect(ne(ptr, (void *)hear(17, 70, 0), NULL));
}
