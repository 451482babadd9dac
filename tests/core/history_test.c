/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what a sender keeps: bounds, holds, repairs, time. */
#include "core/history.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

enum { MS = 1000, SECOND = 1000 * MS, AGE = 10 * SECOND, LIMIT = 10000 };

static struct msock__history *history;
static const uint8_t *bytes;
static size_t size;
static uint64_t counter;

static void init(void)
{
    const struct msock__history_limits limits = {LIMIT, AGE};
    cr_assert(eq(int, msock__history_new(&history, &limits), 0));
}

static void fini(void)
{
    msock__history_free(history);
}

TestSuite(history, .init = init, .fini = fini);

/* Adds a frame that says which it is. */
static int add(uint64_t now_us, uint64_t which, size_t frame_size)
{
    uint8_t frame[4000];
    memset(frame, (int)(which & 0xff), frame_size);
    return msock__history_add(history, now_us, which, frame, frame_size);
}

/* Adds frames first..last, which find room. */
static void fill(uint64_t now_us, uint64_t first, uint64_t last,
                 size_t frame_size)
{
    for (uint64_t i = first; i <= last; i++) {
        cr_assert(msock__history_room(history, now_us, frame_size));
        cr_assert(eq(int, add(now_us, i, frame_size), 0));
    }
}

/* Adds frames from `first` on until there is no room; returns the last one. */
static uint64_t fill_up(uint64_t now_us, uint64_t first, size_t frame_size)
{
    uint64_t next = first;
    while (msock__history_room(history, now_us, frame_size)) {
        cr_assert(eq(int, add(now_us, next++, frame_size), 0));
    }
    cr_assert(gt(u64, next, first));
    return next - 1;
}

static size_t ask(uint64_t now_us, uint64_t first, uint64_t last)
{
    const struct msock__range asked = {first, last};
    return msock__history_ask(history, now_us, asked);
}

static uint64_t oldest(void)
{
    return msock__history_range(history).first;
}

static uint64_t last(void)
{
    return msock__history_range(history).last;
}

/* Sends the next repair and returns its counter, 0 if there is none. */
static uint64_t repair(uint64_t now_us)
{
    if (!msock__history_repair(history, &bytes, &size, &counter)) {
        return 0;
    }
    msock__history_resent(history, now_us, counter);
    return counter;
}

/* -- What is held -- */

Test(history, holds_nothing_at_first)
{
    cr_expect(eq(u64, oldest(), 1));
    cr_expect(eq(u64, last(), 0));
    cr_expect(eq(sz, msock__history_bytes(history), 0));
    cr_expect(eq(u64, msock__history_deadline(history), UINT64_MAX));
    cr_expect(eq(u64, repair(0), 0));
}

Test(history, repair_is_the_same_bytes)
{
    uint8_t frame[700];
    memset(frame, 7, sizeof(frame));
    frame[699] = 9;
    cr_assert(eq(int, msock__history_add(history, 0, 1, frame, 700), 0));

    cr_expect(eq(sz, ask(1, 1, 1), 1));
    cr_assert(msock__history_repair(history, &bytes, &size, &counter));

    cr_expect(eq(u64, counter, 1));
    cr_assert(eq(sz, size, 700));
    cr_expect(zero(int, memcmp(bytes, frame, 700)));
}

Test(history, frames_leave_at_their_age)
{
    fill(0, 1, 1, 100);
    fill(5, 2, 2, 100);

    msock__history_expire(history, AGE - 1);
    cr_expect(eq(u64, oldest(), 1));
    msock__history_expire(history, AGE);
    cr_expect(eq(u64, oldest(), 2));
    msock__history_expire(history, AGE + 5);

    cr_expect(eq(u64, oldest(), 3));
    cr_expect(eq(u64, last(), 2));
    cr_expect(eq(sz, msock__history_bytes(history), 0));
}

Test(history, frames_that_leave_share_a_wake_up)
{
    for (uint64_t i = 1; i <= 20; i++) {
        fill(i * 50 * MS, i, i, 100);
    }
    cr_expect(
        eq(u64, msock__history_deadline(history), 50 * MS + AGE + AGE / 8));

    msock__history_expire(history, 50 * MS + AGE + AGE / 8);

    cr_expect(eq(u64, msock__history_deadline(history), UINT64_MAX));
}

Test(history, new_session_begins_at_one)
{
    fill(0, 1, 80, 10);
    ask(0, 1, 80);

    msock__history_reset(history);

    cr_expect(eq(u64, oldest(), 1));
    cr_expect(eq(u64, last(), 0));
    cr_expect(eq(u64, repair(0), 0));
    cr_expect(eq(sz, msock__history_bytes(history), 0));
    fill(1, 1, 3, 10);
    cr_expect(eq(u64, last(), 3));
}

Test(history, goes_on_behind_what_has_left)
{
    fill(0, 1, 100, 10);
    msock__history_expire(history, AGE);

    fill(AGE, 101, 102, 10);

    cr_expect(eq(u64, oldest(), 101));
    cr_expect(eq(sz, ask(AGE, 1, 200), 2));
    cr_expect(eq(u64, repair(AGE), 101));
    cr_expect(eq(u64, repair(AGE), 102));
}

/* -- Room -- */

Test(history, bytes_never_exceed_the_limit)
{
    uint64_t now_us = 0;
    for (uint64_t i = 1; i <= 3000; i++) {
        size_t frame_size = (size_t)(i * 37 % 1500);
        now_us += SECOND;
        cr_assert(msock__history_room(history, now_us, frame_size));
        cr_assert(eq(int, add(now_us, i, frame_size), 0));
        cr_assert(le(sz, msock__history_bytes(history), LIMIT));
    }

    cr_expect(eq(u64, last(), 3000));
}

Test(history, frames_are_held_125_ms_before_they_make_room)
{
    fill_up(1, 1, 900);

    cr_expect(eq(u64, msock__history_room_deadline(history), 125 * MS + 1));
    cr_expect(not(msock__history_room(history, 125 * MS, 900)));
    cr_expect(eq(u64, oldest(), 1));
    cr_expect(msock__history_room(history, 125 * MS + 1, 900));
}

Test(history, room_lets_nothing_go_by_itself)
{
    uint64_t newest = fill_up(0, 1, 900);
    cr_assert(msock__history_room(history, SECOND, 3000));
    cr_expect(eq(u64, oldest(), 1));

    cr_assert(eq(int, add(SECOND, newest + 1, 3000), 0));

    cr_expect(gt(u64, oldest(), 3));
    cr_expect(le(sz, msock__history_bytes(history), LIMIT));
}

Test(history, what_somebody_waits_for_makes_no_room)
{
    fill_up(0, 1, 900);
    msock__history_hold(history, 2);
    cr_assert(msock__history_room(history, 125 * MS, 900));

    cr_expect(not(msock__history_room(history, 125 * MS, 1800)));
    cr_expect(eq(u64, msock__history_room_deadline(history), AGE));
    cr_expect(msock__history_room(history, AGE, 1800));
}

Test(history, what_nobody_waits_for_any_more_makes_room)
{
    fill_up(0, 1, 900);
    msock__history_hold(history, 1);
    cr_assert(not(msock__history_room(history, SECOND, 900)));

    msock__history_hold(history, UINT64_MAX);

    cr_expect(msock__history_room(history, 125 * MS, 900));
}

Test(history, new_session_is_waited_for_by_nobody)
{
    fill_up(0, 1, 900);
    msock__history_hold(history, 1);

    msock__history_reset(history);

    fill_up(SECOND, 1, 900);
    cr_expect(msock__history_room(history, SECOND + 125 * MS, 900));
}

Test(history, frame_over_the_limit_never_fits)
{
    cr_expect(not(msock__history_room(history, 0, LIMIT)));
    cr_expect(eq(u64, msock__history_room_deadline(history), UINT64_MAX));
}

/* -- Repairs -- */

Test(history, repairs_leave_lowest_first_and_once)
{
    fill(0, 1, 90, 10);
    cr_expect(eq(sz, ask(1, 70, 72), 3));
    cr_expect(eq(sz, ask(1, 3, 4), 2));
    cr_expect(eq(sz, ask(1, 4, 4), 0));
    cr_expect(eq(u64, msock__history_deadline(history), 0));

    static const uint64_t order[] = {3, 4, 70, 71, 72, 0};
    for (size_t i = 0; i < 6; i++) {
        cr_expect(eq(u64, repair(2), order[i]));
    }

    cr_expect(eq(u64, msock__history_deadline(history), AGE + AGE / 8));
}

Test(history, lower_one_asked_for_later_goes_before)
{
    fill(0, 1, 90, 10);
    ask(1, 50, 52);
    cr_expect(eq(u64, repair(2), 50));

    ask(3, 7, 7);

    cr_expect(eq(u64, repair(4), 7));
    cr_expect(eq(u64, repair(4), 51));
}

Test(history, frame_resent_2_ms_ago_at_most_is_not_sent_again)
{
    fill(0, 1, 5, 10);
    ask(0, 1, 1);
    cr_assert(eq(u64, repair(0), 1));

    cr_expect(eq(sz, ask(2 * MS - 1, 1, 2), 1));
    cr_expect(eq(u64, repair(2 * MS), 2));
    cr_expect(eq(u64, repair(2 * MS), 0));
    cr_expect(eq(sz, ask(2 * MS, 1, 1), 1));
    cr_expect(eq(u64, repair(2 * MS), 1));
}

Test(history, what_is_not_held_is_not_found)
{
    fill(0, 1, 5, 10);
    msock__history_expire(history, AGE);
    fill(AGE, 6, 8, 10);

    cr_expect(eq(sz, ask(AGE, 1, 5), 0));
    cr_expect(eq(sz, ask(AGE, 9, UINT64_MAX), 0));
    cr_expect(eq(u64, repair(AGE), 0));
}

Test(history, one_range_marks_1024_at_most)
{
    const struct msock__history_limits limits = {1 << 20, AGE};
    msock__history_free(history);
    cr_assert(eq(int, msock__history_new(&history, &limits), 0));
    fill(0, 1, 3000, 10);

    cr_expect(eq(sz, ask(0, 5, 3000), 1024));
    cr_expect(eq(sz, ask(0, 5, 3000), 0));
    cr_expect(eq(sz, ask(0, 1029, 3000), 1024));
}

Test(history, repair_that_waited_too_long_is_gone)
{
    fill(0, 1, 1, 10);
    fill(SECOND, 2, 2, 10);
    ask(2 * SECOND, 1, 2);

    msock__history_expire(history, AGE);

    cr_expect(eq(u64, repair(AGE), 2));
    cr_expect(eq(u64, repair(AGE), 0));
}

/* -- Against a model that looks at every frame -- */

enum { FRAMES = 4000, MODEL_LIMIT = 60000 };

struct note {
    uint64_t added_us;
    uint64_t again_us;
    bool wanted;
};

static struct note notes[FRAMES + 1];

static void ask_at_random(struct msock__dice *dice, uint64_t now_us)
{
    uint64_t first = 1 + msock__dice_below(dice, last() + 3);
    uint64_t end = first + msock__dice_below(dice, 90);
    size_t expected = 0;
    for (uint64_t i = first; i <= end; i++) {
        bool held = i >= oldest() && i <= last();
        bool new = held && !notes[i].wanted &&now_us >= notes[i].again_us;
        expected += new;
        notes[i].wanted = notes[i].wanted || new;
    }
    cr_assert(eq(sz, ask(now_us, first, end), expected));
}

static void repair_some(struct msock__dice *dice, uint64_t now_us)
{
    for (uint64_t n = msock__dice_below(dice, 60); n > 0; n--) {
        uint64_t expected = oldest();
        while (expected <= last() && !notes[expected].wanted) {
            expected++;
        }
        expected = expected <= last() ? expected : 0;
        cr_assert(eq(u64, repair(now_us), expected));
        notes[expected].wanted = false;
        notes[expected].again_us = now_us + MSOCK__HISTORY_RESENT_US;
    }
}

Test(history, does_what_a_naive_model_does)
{
    const struct msock__history_limits limits = {MODEL_LIMIT, SECOND};
    struct msock__dice dice = {20};
    uint64_t now_us = 0;
    msock__history_free(history);
    cr_assert(eq(int, msock__history_new(&history, &limits), 0));

    for (uint64_t i = 1; i <= FRAMES - 100; i++) {
        size_t frame_size = msock__dice_below(&dice, 200);
        now_us += msock__dice_below(&dice, 9 * MS);
        while (!msock__history_room(history, now_us, frame_size)) {
            now_us = msock__history_room_deadline(history);
        }
        cr_assert(eq(int, add(now_us, i, frame_size), 0));
        notes[i].added_us = now_us;
        ask_at_random(&dice, now_us);
        repair_some(&dice, now_us);
        msock__history_expire(history, now_us);
        cr_assert(gt(u64, notes[oldest()].added_us + SECOND, now_us));
        cr_assert(le(sz, msock__history_bytes(history), MODEL_LIMIT));
    }
}

/* -- Memory -- */

Test(history, new_fails_cleanly)
{
    const struct msock__history_limits limits = {LIMIT, AGE};
    struct msock__history *made = NULL;

    test_alloc_fail_at(1);

    cr_expect(eq(int, msock__history_new(&made, &limits), MSOCK_ENOMEM));
    cr_expect(eq(ptr, made, NULL));
}

Test(history, add_without_memory_changes_nothing)
{
    for (uint64_t i = 1; i <= 300; i++) {
        size_t held = msock__history_bytes(history);
        uint64_t now_us = i * SECOND;
        long n = 1;
        int code;
        for (;; n++) {
            test_alloc_fail_at(n);
            code = add(now_us, i, 30);
            if (!test_alloc_failed()) {
                break;
            }
            cr_assert(eq(int, code, MSOCK_ENOMEM));
            cr_assert(eq(u64, last(), i - 1));
            cr_assert(eq(sz, msock__history_bytes(history), held));
        }
        cr_assert(eq(int, code, 0));
        cr_assert(ge(long, n, 2));
    }

    ask(SECOND, 200, 300);
    cr_expect(eq(u64, repair(SECOND), 200));
}
