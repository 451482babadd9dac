/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers did, and when it is told. */
#include "core/acts.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>

enum { START = 1000000, NODES = 12, SPREAD_US = 24000 };

static struct msock__dice dice = {5};
static struct msock__acts_list list;
static struct msock__acts *acts, *others;
static struct msock__acts_round round_now = {&list, &dice, START, NODES};

static void setup(void)
{
    cr_assert(zero(int, msock__acts_new(&acts, 7)));
    cr_assert(zero(int, msock__acts_new(&others, 8)));
}

static void teardown(void)
{
    msock__acts_free(&list, acts);
    msock__acts_free(&list, others);
    cr_expect(eq(ptr, (void *)list.first, NULL));
}

TestSuite(acts, .init = setup, .fini = teardown);

static void did(uint64_t counter, int code)
{
    msock__acts_did(acts, &round_now, counter, code);
}

static void asked(uint64_t counter)
{
    msock__acts_asked(acts, &round_now, counter);
}

/* The ack that is due once every jitter is over; all of it leaves. */
static struct msock__control ack_later(void)
{
    struct msock__control ack = {.kind = MSOCK__CONTROL_UNKNOWN};

    cr_assert(msock__acts_ack(&list, START + SPREAD_US, &ack));
    msock__acts_acked(&list, &ack, ack.count);
    return ack;
}

static void expect_nothing(void)
{
    struct msock__control ack;

    cr_expect(not(msock__acts_ack(&list, UINT64_MAX, &ack)));
    cr_expect(eq(u64, msock__acts_deadline(&list), UINT64_MAX));
}

static void expect_told(uint64_t counter, uint32_t code)
{
    struct msock__control ack = ack_later();

    cr_expect(eq(int, ack.kind, MSOCK__ACK));
    cr_expect(eq(u64, ack.session, 7));
    cr_assert(eq(sz, ack.count, 1));
    cr_expect(eq(u64, ack.acts[0].counter, counter));
    cr_expect(eq(u32, ack.acts[0].code, code));
    expect_nothing();
}

Test(acts, nothing_is_told_that_nobody_asked_for)
{
    did(1, 0);

    expect_nothing();
}

Test(acts, nothing_is_told_that_no_handler_saw)
{
    asked(1);

    expect_nothing();
}

Test(acts, who_asks_afterwards_is_told)
{
    did(1, 0);
    asked(1);

    expect_told(1, 0);
}

Test(acts, who_asked_before_is_told_when_it_is_done)
{
    asked(1);
    did(1, -4);

    expect_told(1, 4);
}

Test(acts, who_asks_again_is_told_again)
{
    did(1, 0);
    asked(1);
    expect_told(1, 0);

    asked(1);
    expect_told(1, 0);
}

Test(acts, an_ack_on_its_way_covers_what_is_asked_meanwhile)
{
    did(1, 0);
    did(2, -3);
    asked(1);
    uint64_t due_us = msock__acts_deadline(&list);
    asked(1);
    asked(2);

    cr_expect(eq(u64, msock__acts_deadline(&list), due_us));
    struct msock__control ack = ack_later();
    cr_assert(eq(sz, ack.count, 2));
    cr_expect(eq(u64, ack.acts[1].counter, 2));
    cr_expect(eq(u32, ack.acts[1].code, 3));
    expect_nothing();
}

Test(acts, ack_waits_for_a_jitter_of_2_ms_a_node)
{
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    did(1, 0);
    for (int i = 0; i < 1000; i++) {
        asked(1);
        uint64_t wait_us = msock__acts_deadline(&list) - START;
        first = wait_us < first ? wait_us : first;
        last = wait_us > last ? wait_us : last;
        ack_later();
    }

    cr_expect(lt(u64, first, 1000));
    cr_expect(gt(u64, last, SPREAD_US - 1000));
    cr_expect(le(u64, last, SPREAD_US));
    cr_expect(eq(u64, msock__acts_spread_us(50), 100000));
    cr_expect(eq(u64, msock__acts_spread_us(1000), 100000));
}

Test(acts, the_first_handler_that_refuses_counts)
{
    did(1, 0);
    did(1, -4);
    did(1, -5);
    did(1, 0);
    asked(1);

    expect_told(1, 4);
}

Test(acts, deferred_frame_is_told_when_the_last_handler_is_done)
{
    asked(1);
    cr_assert(msock__acts_defer(acts, 1));
    cr_assert(msock__acts_defer(acts, 1));
    did(1, 0);
    expect_nothing();
    msock__acts_done(acts, &round_now, 1, 0);
    expect_nothing();

    msock__acts_done(acts, &round_now, 1, -2);
    expect_told(1, 2);
}

Test(acts, what_is_done_too_often_changes_nothing)
{
    did(1, 0);
    msock__acts_done(acts, &round_now, 1, -2);
    asked(1);

    expect_told(1, 0);
}

Test(acts, results_of_256_frames_are_kept)
{
    for (uint64_t counter = 1; counter <= 257; counter++) {
        did(counter, 0);
    }
    asked(1);
    expect_nothing();
    cr_expect(not(msock__acts_defer(acts, 1)));

    asked(2);
    expect_told(2, 0);
}

Test(acts, a_newer_frame_takes_the_place_of_one_to_be_told)
{
    did(1, 0);
    asked(1);
    did(257, 0);

    expect_nothing();
}

Test(acts, what_an_older_frame_did_does_not_harm_a_newer_one)
{
    did(257, 0);
    did(1, -4);
    msock__acts_done(acts, &round_now, 1, -4);
    asked(1);
    asked(257);

    expect_told(257, 0);
}

Test(acts, what_does_not_fit_is_told_next)
{
    struct msock__control ack;
    for (uint64_t counter = 1; counter <= 3; counter++) {
        did(counter, 0);
        asked(counter);
    }

    cr_assert(msock__acts_ack(&list, START + SPREAD_US, &ack));
    cr_assert(eq(sz, ack.count, 3));
    msock__acts_acked(&list, &ack, 2);

    expect_told(3, 0);
}

Test(acts, over_64_are_told_in_several)
{
    for (uint64_t counter = 1; counter <= 100; counter++) {
        did(counter, 0);
        asked(counter);
    }

    cr_expect(eq(sz, ack_later().count, 64));
    cr_expect(eq(sz, ack_later().count, 36));
    expect_nothing();
}

Test(acts, sessions_are_told_apart)
{
    did(1, 0);
    asked(1);
    msock__acts_did(others, &round_now, 1, -9);
    msock__acts_asked(others, &round_now, 1);

    struct msock__control first = ack_later();
    struct msock__control second = ack_later();

    cr_expect(eq(u64, first.session + second.session, 15));
    cr_expect(eq(u32, first.acts[0].code + second.acts[0].code, 9));
    expect_nothing();
}

Test(acts, a_hurry_ends_the_wait)
{
    struct msock__control ack;
    did(1, 0);
    asked(1);

    msock__acts_hurry(&list);

    cr_expect(zero(u64, msock__acts_deadline(&list)));
    cr_expect(msock__acts_ack(&list, START, &ack));
}

Test(acts, without_memory_nothing_is_kept)
{
    struct msock__acts *none = NULL;

    test_alloc_fail_at(1);
    cr_expect(eq(int, msock__acts_new(&none, 9), MSOCK_ENOMEM));

    cr_expect(test_alloc_failed());
    cr_expect(eq(ptr, (void *)none, NULL));
}
