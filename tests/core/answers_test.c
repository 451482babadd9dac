/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of nonces that wait for an answer: who shares a frame, who goes first,
 * and every limit. */
#include "core/answers.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MS = 1000, SECOND = 1000000, START = 7 * SECOND, WAIT = 2 * MS };

static struct msock__answers *answers;
static struct msock__floor floors[MSOCK__ANSWER_MAX];

static void setup(void)
{
    cr_assert(eq(int, msock__answers_new(&answers), 0));
}

static void teardown(void)
{
    msock__answers_free(answers);
}

TestSuite(answers, .init = setup, .fini = teardown);

static bool add(uint64_t now_us, uint64_t nonce, uint64_t best_effort,
                uint64_t reliable)
{
    const struct msock__floor floor = {best_effort, reliable, nonce};
    return msock__answers_add(answers, now_us, &floor, false);
}

static bool add_admitted(uint64_t now_us, uint64_t nonce)
{
    const struct msock__floor floor = {1, 1, nonce};
    return msock__answers_add(answers, now_us, &floor, true);
}

static size_t take(uint64_t now_us)
{
    return msock__answers_take(answers, now_us, floors, COUNT(floors));
}

static uint64_t deadline(void)
{
    return msock__answers_deadline(answers);
}

/* Takes frames until none may leave.  Returns how many left. */
static size_t drain(uint64_t now_us)
{
    size_t frames = 0;
    while (take(now_us) > 0) {
        frames++;
    }
    cr_assert(gt(u64, deadline(), now_us)); /* never busy */
    return frames;
}

static void expect_floor(size_t index, uint64_t best_effort, uint64_t reliable,
                         uint64_t nonce)
{
    cr_expect(eq(u64, floors[index].best_effort, best_effort));
    cr_expect(eq(u64, floors[index].reliable, reliable));
    cr_expect(eq(u64, floors[index].nonce, nonce));
}

/* -- When -- */

Test(answers, nothing_is_due_when_nobody_asked)
{
    cr_expect(eq(u64, deadline(), UINT64_MAX));
    cr_expect(eq(sz, take(START), 0));
}

Test(answers, answer_leaves_after_2_ms)
{
    cr_expect(add(START, 9, 3, 4));
    cr_expect(eq(u64, deadline(), START + WAIT));
    cr_expect(eq(sz, take(START + WAIT - 1), 0));

    cr_assert(eq(sz, take(START + WAIT), 1));

    expect_floor(0, 3, 4, 9);
    cr_expect(eq(u64, deadline(), UINT64_MAX));
}

Test(answers, nonces_share_a_frame_and_equal_floors_are_neighbours)
{
    add(START, 1, 5, 6);
    add(START + 1 * MS, 2, 5, 5);
    add(START + 1 * MS, 3, 5, 6);
    add(START + WAIT, 4, 4, 9); /* rides along */

    cr_assert(eq(sz, take(START + WAIT), 4));

    expect_floor(0, 4, 9, 4);
    expect_floor(1, 5, 5, 2);
    cr_expect(eq(u64, floors[2].reliable, 6));
    cr_expect(eq(u64, floors[3].reliable, 6));
    cr_expect(eq(u64, floors[2].nonce + floors[3].nonce, 1 + 3));
}

Test(answers, of_a_nonce_that_waits_each_streams_lower_floor_counts)
{
    cr_expect(add(START, 1, 5, 6));
    cr_expect(add(START, 1, 7, 3));
    cr_expect(add(START, 1, 6, 9));

    cr_assert(eq(sz, take(START + WAIT), 1));

    expect_floor(0, 5, 3, 1);
}

Test(answers, asked_again_later_its_floor_is_the_new_one)
{
    add(START, 1, 5, 6);
    take(START + WAIT);
    add(START + 100 * MS, 1, 50, 60);

    cr_assert(eq(sz, take(START + 100 * MS + WAIT), 1));

    expect_floor(0, 50, 60, 1);
}

/* -- Limits -- */

Test(answers, nonce_is_answered_three_times_a_second)
{
    static const struct {
        uint64_t at_us;
        bool answered;
    } rows[] = {{0, true},
                {120 * MS, true},
                {240 * MS, true},
                {360 * MS, true},
                {480 * MS, true},
                {600 * MS, true},
                {720 * MS, false},
                {SECOND, false}, /* the first left 2 ms after it came */
                {SECOND + WAIT, true},
                {SECOND + 120 * MS, false},
                {SECOND + 122 * MS, true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t now_us = START + rows[i].at_us;
        cr_expect(eq(int, add(now_us, 1, 1, 1), rows[i].answered), "row %zu",
                  i);
        cr_expect(eq(sz, take(now_us + WAIT), rows[i].answered ? 1 : 0),
                  "row %zu", i);
    }
}

/* Counts the frames that leave in 10 s while new nonces come all the time, and
 * checks that no second has more than `most`. */
static size_t flood(bool strangers, bool admitted, size_t most)
{
    static uint64_t left_us[1000];
    size_t count = 0;
    for (uint64_t now_us = START; now_us < START + 10 * SECOND; now_us += MS) {
        if (strangers) {
            add(now_us, now_us, 1, 1);
        }
        if (admitted) {
            add_admitted(now_us, now_us + 1);
        }
        for (size_t frames = drain(now_us); frames > 0; frames--) {
            cr_assert(lt(sz, count, COUNT(left_us)));
            left_us[count++] = now_us;
        }
    }
    for (size_t i = most; i < count; i++) {
        cr_assert(ge(u64, left_us[i] - left_us[i - most], SECOND));
    }
    return count;
}

Test(answers, strangers_get_ten_frames_a_second)
{
    size_t count = flood(true, false, 10);

    cr_expect(ge(sz, count, 60));
}

Test(answers, all_together_get_twenty_frames_a_second)
{
    size_t count = flood(true, true, 20);

    cr_expect(ge(sz, count, 120));
}

Test(answers, admitted_askers_do_not_wait_for_a_flood_of_strangers)
{
    for (uint64_t i = 0; i < 2000; i++) {
        add(START + i * MS, 1000 + i, 1, 1);
        drain(START + i * MS);
    }
    uint64_t now_us = START + 2 * SECOND;
    cr_assert(add_admitted(now_us, 7));

    cr_expect(eq(u64, deadline(), now_us + WAIT));
    cr_expect(ge(sz, take(now_us + WAIT), 1));
}

Test(answers, flood_of_strangers_leaves_half_the_bytes_to_the_admitted)
{
    enum { FRAME = 1400 };
    size_t bytes = 0;
    uint64_t now_us = START;
    for (; now_us < START + 20 * SECOND; now_us += 10 * MS) {
        add(now_us, now_us, 1, 1);
        while (take(now_us) > 0) {
            msock__answers_sent(answers, now_us, FRAME);
            bytes += FRAME;
        }
    }
    cr_expect(le(sz, bytes, 4000 + 4000 * 20));
    cr_expect(ge(sz, bytes, 4000 * 19));

    size_t frames = 0;
    for (uint64_t nonce = 1; nonce <= 2; nonce++) {
        add_admitted(now_us, nonce);
        now_us += WAIT;
        frames += take(now_us) > 0;
        msock__answers_sent(answers, now_us, FRAME);
    }
    cr_expect(eq(sz, frames, 2));
}

Test(answers, bytes_stay_within_32_kbit_a_second_and_8_kb)
{
    enum { FRAME = 1472 };
    size_t bytes = 0;
    for (uint64_t now_us = START; now_us < START + 60 * SECOND; now_us += MS) {
        add_admitted(now_us, now_us);
        while (take(now_us) > 0) {
            msock__answers_sent(answers, now_us, FRAME);
            bytes += FRAME;
        }
        cr_assert(gt(u64, deadline(), now_us));
    }

    cr_expect(le(sz, bytes, 8000 + 4000 * 60));
    cr_expect(ge(sz, bytes, 4000 * 60));
}

Test(answers, strangers_do_not_fill_the_table)
{
    for (uint64_t nonce = 1; nonce <= MSOCK__ANSWERS_STRANGERS; nonce++) {
        cr_assert(add(START, nonce, 1, 1));
    }
    cr_expect(not(add(START, 1000, 1, 1)));
    cr_expect(add(START, 1, 1, 1)); /* waits already */

    enum { LEFT = MSOCK__ANSWERS_MAX - MSOCK__ANSWERS_STRANGERS };
    for (uint64_t nonce = 2000; nonce < 2000 + LEFT; nonce++) {
        cr_assert(add_admitted(START, nonce));
    }
    cr_expect(not(add_admitted(START, 3000)));
}

Test(answers, answered_nonces_make_room_the_oldest_first)
{
    uint64_t now_us = START;
    for (uint64_t nonce = 1; nonce <= MSOCK__ANSWERS_MAX; nonce++) {
        now_us += 200 * MS;
        add(now_us, nonce, 1, 1);
        take(now_us + WAIT);
    }
    uint64_t last = MSOCK__ANSWERS_MAX;
    for (size_t i = 1; i < MSOCK__ANSWERS_NONCE_MAX; i++) {
        now_us += 120 * MS;
        add(now_us, last, 1, 1);
        cr_assert(eq(sz, take(now_us + WAIT), 1));
    }

    cr_expect(add(now_us + 2 * WAIT, 10000, 1, 1));

    cr_expect(not(add(now_us + 2 * WAIT, last, 1, 1))); /* still limited */
}

/* All within one second, so that a limit could stick to the place. */
Test(answers, place_of_a_forgotten_nonce_comes_without_its_limit)
{
    uint64_t now_us = START;
    for (size_t i = 0; i < MSOCK__ANSWERS_NONCE_MAX; i++) {
        now_us += 50 * MS;
        add_admitted(now_us, 1);
        cr_assert(eq(sz, take(now_us + WAIT), 1));
    }
    now_us += 300 * MS;
    for (uint64_t nonce = 2; nonce <= MSOCK__ANSWERS_MAX; nonce++) {
        cr_assert(add(now_us, nonce, 1, 1));
        size_t full = nonce % MSOCK__ANSWER_MAX == 1;
        cr_assert(eq(sz, take(now_us + full * WAIT), full * MSOCK__ANSWER_MAX));
    }
    cr_assert(eq(sz, take(now_us + WAIT), MSOCK__ANSWER_MAX - 1));

    now_us += 150 * MS;
    cr_assert(add(now_us, 10000, 1, 1));
    cr_assert(eq(sz, take(now_us + WAIT), 1));

    cr_expect(add(now_us + WAIT, 10000, 1, 1));
}

/* -- Who goes first -- */

Test(answers, admitted_askers_go_first_then_who_waits_longest)
{
    add(START, 1, 1, 1);
    add(START + 1, 2, 1, 1);
    add_admitted(START + 2, 3);
    struct msock__floor one;

    static const uint64_t expected[] = {3, 1, 2};
    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_assert(
            eq(sz, msock__answers_take(answers, START + 2 + WAIT, &one, 1), 1));
        cr_expect(eq(u64, one.nonce, expected[i]));
    }
}

Test(answers, asker_admitted_meanwhile_counts_as_admitted)
{
    add(START, 1, 1, 1);
    add(START, 2, 1, 1);
    add_admitted(START, 2);
    struct msock__floor one;

    cr_assert(eq(sz, msock__answers_take(answers, START + WAIT, &one, 1), 1));

    cr_expect(eq(u64, one.nonce, 2));
}

Test(answers, what_did_not_fit_waits_again_as_if_not_answered)
{
    add(START, 1, 1, 1);
    add(START, 2, 2, 2);
    add(START, 3, 3, 3);
    for (size_t i = 0; i < 3; i++) { /* would use up nonces 2 and 3 */
        cr_assert(eq(sz, take(START + WAIT), 3 - (i > 0)));
        msock__answers_return(answers, i == 0 ? floors + 1 : floors, 2);
    }

    cr_assert(eq(sz, take(START + WAIT), 2));

    expect_floor(0, 2, 2, 2);
    expect_floor(1, 3, 3, 3);
    cr_expect(add(START + WAIT, 2, 1, 1));
}

Test(answers, new_session_owes_no_answer)
{
    add(START, 1, 5, 5);
    msock__answers_reset(answers);

    cr_expect(eq(u64, deadline(), UINT64_MAX));
    cr_expect(add(START, 1, 9, 9));
    cr_assert(eq(sz, take(START + WAIT), 1));
    expect_floor(0, 9, 9, 1);
}

/* -- Any order of things -- */

Test(answers, deadline_is_exact_whatever_happens)
{
    struct msock__dice dice = {5};
    uint64_t now_us = START;
    for (size_t step = 0; step < 50000; step++) {
        now_us += msock__dice_below(&dice, 5 * MS);
        uint64_t nonce = msock__dice_below(&dice, 700);
        const struct msock__floor floor = {1, 1, nonce};
        msock__answers_add(answers, now_us, &floor, nonce % 2 == 0);

        bool due = deadline() <= now_us;
        size_t count = take(now_us);
        cr_assert(eq(int, count > 0, due));
        size_t back = msock__dice_below(&dice, count + 1);
        msock__answers_return(answers, floors, back);
        msock__answers_sent(answers, now_us, 10 * count);
    }
}

Test(answers, memory_that_lacks_is_said)
{
    struct msock__answers *none = NULL;
    test_alloc_fail_at(1);

    cr_expect(eq(int, msock__answers_new(&none), MSOCK_ENOMEM));

    cr_expect(test_alloc_failed());
    cr_expect(eq(ptr, none, NULL));
    msock__answers_free(NULL);
}
