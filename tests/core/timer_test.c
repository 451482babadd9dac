/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the application's timers, on a time of their own. */
#include "core/timer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RUNS_MAX = 8192, MS = 1000 };

static struct msock__timers *timers;
static intptr_t runs[RUNS_MAX];
static size_t run_count;

static void setup(void)
{
    cr_assert(eq(int, msock__timers_new(&timers), 0));
    run_count = 0;
}

static void teardown(void)
{
    msock__timers_free(timers);
}

TestSuite(timer, .init = setup, .fini = teardown);

static void note(msock_channel *channel, void *user)
{
    (void)channel;
    runs[run_count++ % RUNS_MAX] = (intptr_t)user;
}

static int start(uint64_t now_us, uint64_t delay_ms, uint64_t period_ms,
                 intptr_t number)
{
    int id = msock__timers_start(timers, now_us, delay_ms, period_ms, note,
                                 (void *)number);
    cr_assert(ge(int, id, 1));
    return id;
}

static void run(uint64_t now_us)
{
    msock__timers_run(timers, now_us, NULL);
}

Test(timer, runs_when_due_and_once)
{
    start(500, 10, 0, 1);

    cr_expect(eq(u64, msock__timers_deadline(timers), 500 + 10 * MS));
    run(500 + 10 * MS - 1);
    cr_expect(eq(sz, run_count, 0));
    run(500 + 10 * MS);
    cr_expect(eq(sz, run_count, 1));
    run(1000 * MS);

    cr_expect(eq(sz, run_count, 1));
    cr_expect(eq(u64, msock__timers_deadline(timers), UINT64_MAX));
}

Test(timer, order_is_by_due_time_then_by_start)
{
    static const uint64_t delays[] = {5, 1, 3, 3, 1, 0, 5, 2};
    static const intptr_t expected[] = {5, 1, 4, 7, 2, 3, 0, 6};
    for (size_t i = 0; i < COUNT(delays); i++) {
        start(0, delays[i], 0, (intptr_t)i);
    }

    run(5 * MS);

    cr_assert(eq(sz, run_count, COUNT(expected)));
    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_expect(eq(long, runs[i], expected[i]));
    }
}

Test(timer, periodic_one_repeats_without_drift)
{
    start(0, 5, 10, 1);

    run(5 * MS + 300);
    cr_expect(eq(u64, msock__timers_deadline(timers), 15 * MS));
    run(15 * MS);

    cr_expect(eq(sz, run_count, 2));
    cr_expect(eq(u64, msock__timers_deadline(timers), 25 * MS));
}

Test(timer, periodic_one_skips_what_it_missed)
{
    start(0, 10, 10, 1);

    run(10 * MS + 95 * MS);

    cr_expect(eq(sz, run_count, 1));
    cr_expect(eq(u64, msock__timers_deadline(timers), 110 * MS));
    run(110 * MS);
    cr_expect(eq(sz, run_count, 2));
    cr_expect(eq(u64, msock__timers_deadline(timers), 120 * MS));
}

Test(timer, stopped_one_does_not_run)
{
    int first = start(0, 1, 0, 1);
    int second = start(0, 1, 7, 2);
    start(0, 1, 0, 3);

    cr_expect(eq(int, msock__timers_stop(timers, first), 0));
    cr_expect(eq(int, msock__timers_stop(timers, second), 0));
    cr_expect(eq(int, msock__timers_stop(timers, second), MSOCK_ENOENT));
    run(100 * MS);

    cr_expect(eq(sz, run_count, 1));
    cr_expect(eq(long, runs[0], 3));
}

Test(timer, one_that_has_run_cannot_be_stopped)
{
    int id = start(0, 0, 0, 1);

    run(0);

    cr_expect(eq(int, msock__timers_stop(timers, id), MSOCK_ENOENT));
}

static int target_id;

static void stop_target(msock_channel *channel, void *user)
{
    note(channel, user);
    msock__timers_stop(timers, target_id);
}

Test(timer, callback_may_stop_itself_and_others)
{
    target_id = msock__timers_start(timers, 0, 1, 1, stop_target, (void *)1);
    run(1 * MS);
    run(2 * MS);
    cr_expect(eq(sz, run_count, 1));

    msock__timers_start(timers, 2 * MS, 1, 0, stop_target, (void *)2);
    target_id = start(2 * MS, 1, 0, 3);
    run(3 * MS);

    cr_expect(eq(sz, run_count, 2));
    cr_expect(eq(long, runs[1], 2));
}

static void start_another(msock_channel *channel, void *user)
{
    note(channel, user);
    msock__timers_start(timers, 0, 0, 0, start_another, user);
}

Test(timer, one_started_in_a_run_waits_for_the_next)
{
    msock__timers_start(timers, 0, 0, 0, start_another, (void *)1);
    start(0, 5, 0, 2);

    run(5 * MS);
    cr_expect(eq(sz, run_count, 2));
    cr_expect(eq(u64, msock__timers_deadline(timers), 5 * MS));

    run(5 * MS);
    cr_expect(eq(sz, run_count, 3));
}

static void clear_all(msock_channel *channel, void *user)
{
    note(channel, user);
    msock__timers_clear(timers);
}

Test(timer, clear_inside_a_run_ends_it)
{
    msock__timers_start(timers, 0, 1, 1, clear_all, (void *)1);
    start(0, 1, 0, 2);
    start(0, 1, 1, 3);

    run(1 * MS);

    cr_expect(eq(sz, run_count, 1));
    cr_expect(eq(u64, msock__timers_deadline(timers), UINT64_MAX));
}

Test(timer, arguments_are_checked)
{
    const uint64_t most = UINT64_C(1) << 40;

    cr_expect(eq(int, msock__timers_start(timers, 0, 1, 0, NULL, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock__timers_start(timers, 0, most + 1, 0, note, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock__timers_start(timers, 0, 0, most + 1, note, NULL),
                 MSOCK_EINVAL));
    cr_expect(
        ge(int, msock__timers_start(timers, 0, most, most, note, NULL), 1));
}

Test(timer, limit_is_4096)
{
    int last = 0;
    for (int i = 0; i < MSOCK__TIMERS_MAX; i++) {
        last = start(0, 1, 0, 1);
    }

    cr_expect(eq(int, msock__timers_start(timers, 0, 1, 0, note, NULL),
                 MSOCK_ELIMIT));
    cr_expect(eq(int, msock__timers_stop(timers, last), 0));
    start(0, 1, 0, 1);
    run(1 * MS);

    cr_expect(eq(sz, run_count, MSOCK__TIMERS_MAX));
}

/* -- Against a list -- */

enum { MODEL_MAX = 64 };

static uint64_t random_state = 3;

static uint64_t next_random(void)
{
    random_state =
        random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return random_state >> 33;
}

struct entry {
    int id; /* 0: none */
    uint64_t due_us;
};

static uint64_t least_due(const struct entry *entries)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < MODEL_MAX; i++) {
        bool earlier = entries[i].id != 0 && entries[i].due_us < least;
        least = earlier ? entries[i].due_us : least;
    }
    return least;
}

static void start_or_stop(struct entry *entry, uint64_t now_us, intptr_t number)
{
    if (entry->id != 0) {
        cr_assert(eq(int, msock__timers_stop(timers, entry->id), 0));
        entry->id = 0;
        return;
    }
    uint64_t delay_ms = next_random() % 100;
    entry->id = start(now_us, delay_ms, 0, number);
    entry->due_us = now_us + delay_ms * MS;
}

/* Takes what ran out of the list, and asserts that it was due, in order. */
static void settle(struct entry *entries, uint64_t now_us)
{
    uint64_t last_us = 0;
    for (size_t i = 0; i < run_count; i++) {
        struct entry *entry = &entries[runs[i]];
        cr_assert(ne(int, entry->id, 0));
        cr_assert(ge(u64, entry->due_us, last_us));
        cr_assert(le(u64, entry->due_us, now_us));
        last_us = entry->due_us;
        entry->id = 0;
    }
    run_count = 0;
}

Test(timer, agrees_with_a_list)
{
    static struct entry entries[MODEL_MAX];
    uint64_t now_us = 0;

    for (int step = 0; step < 50000; step++) {
        size_t index = next_random() % MODEL_MAX;
        start_or_stop(&entries[index], now_us, (intptr_t)index);
        cr_assert(eq(u64, msock__timers_deadline(timers), least_due(entries)));
        now_us += next_random() % 3000;
        run(now_us);
        settle(entries, now_us);
        cr_assert(gt(u64, least_due(entries), now_us));
    }
}
