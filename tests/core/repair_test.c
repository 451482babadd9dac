/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a reliable stream's receiver: order, NACK timing, giving up. */
#include "core/repair.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, SECOND = 1000 * MS, LIMIT = 4 << 20 };

static struct msock__repair_pool pool;
static struct msock__dice dice;
static struct msock__repair_round now;
static struct msock__repair *repair;
static struct msock__range ranges[MSOCK__NACK_MAX];
static char out[4096]; /* what came out: "1 2 [3-5] 6 " */

static void open_at(uint64_t next)
{
    msock__repair_free(repair);
    cr_assert(eq(int, msock__repair_new(&repair, &pool, LIMIT, next), 0));
}

static void init(void)
{
    pool = (struct msock__repair_pool){.bytes_max = LIMIT};
    dice = (struct msock__dice){1};
    now = (struct msock__repair_round){SECOND, &dice, 2};
    repair = NULL;
    open_at(1);
}

static void fini(void)
{
    msock__repair_free(repair);
    cr_expect(eq(sz, pool.bytes, 0));
}

TestSuite(repair, .init = init, .fini = fini);

static void note(const struct msock__range *range)
{
    size_t used = strlen(out);
    unsigned long long first = range->first;
    unsigned long long last = range->last;
    snprintf(out + used, sizeof(out) - used, "[%llu-%llu] ", first, last);
}

static void note_frame(uint64_t counter)
{
    size_t used = strlen(out);
    snprintf(out + used, sizeof(out) - used, "%llu ",
             (unsigned long long)counter);
}

static void pop_all(void)
{
    struct msock__ready ready;
    while (msock__repair_pop(repair, &now, &ready) == 1) {
        if (ready.kind == MSOCK__READY_LOSS) {
            note(&ready.range);
            continue;
        }
        uint64_t said;
        cr_assert(eq(sz, ready.kept->size, sizeof(said)));
        memcpy(&said, ready.kept->bytes, sizeof(said));
        cr_assert(eq(u64, said, ready.range.first));
        note_frame(said);
        free(ready.kept);
    }
}

/* A frame whose body is its counter. */
static int add(uint64_t counter)
{
    uint8_t body[sizeof(counter)];
    memcpy(body, &counter, sizeof(counter));
    int result =
        msock__repair_add(repair, &now, counter, 2, body, sizeof(body));
    if (result == 1) {
        note_frame(counter);
    }
    pop_all();
    return result;
}

static void hear_range(uint64_t first, uint64_t last)
{
    msock__repair_range(repair, &now, (struct msock__range){first, last});
    pop_all();
}

static void hear_nack(uint64_t first, uint64_t last)
{
    const struct msock__range range = {first, last};
    msock__repair_heard(repair, &now, &range, 1);
}

/* Time passes up to `at_us`; what is due on the way is looked at. */
static void wait_until(uint64_t at_us)
{
    uint64_t due_us = msock__repair_deadline(repair);
    while (due_us <= at_us) {
        now.now_us = due_us > now.now_us ? due_us : now.now_us;
        msock__repair_expire(repair, &now);
        pop_all();
        due_us = msock__repair_deadline(repair);
        cr_assert(gt(u64, due_us, now.now_us));
    }
    now.now_us = at_us;
}

/* Time passes until there is something to ask for; that is asked for.  Returns
 * how many ranges. */
static size_t wait_for_nack(void)
{
    while (!msock__repair_asks(repair)) {
        uint64_t due_us = msock__repair_deadline(repair);
        cr_assert(ne(u64, due_us, UINT64_MAX));
        wait_until(due_us);
    }
    return msock__repair_nack(repair, &now, ranges);
}

static bool asked_for(size_t index, uint64_t first, uint64_t last)
{
    return ranges[index].first == first && ranges[index].last == last;
}

/* Whether it asks again within `most_us` from now, when it becomes so. */
static void expect_next_nack(uint64_t least_us, uint64_t most_us)
{
    uint64_t began_us = now.now_us;
    cr_assert(eq(sz, wait_for_nack(), 1));
    cr_expect(ge(u64, now.now_us - began_us, least_us));
    cr_expect(le(u64, now.now_us - began_us, most_us));
}

#define CAME_OUT(text) cr_expect(eq(str, out, (char *)(text)))

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

Test(repair, gap_is_asked_for_after_2_to_12_ms)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        dice.state = seed;
        open_at(1);
        add(2);
        expect_next_nack(2 * MS, 12 * MS);
        cr_expect(asked_for(0, 1, 1));
    }
}

Test(repair, many_nodes_spread_over_40_ms)
{
    uint64_t latest_us = 0;
    now.nodes = 17;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        dice.state = seed;
        open_at(1);
        add(2);
        uint64_t due_us = msock__repair_deadline(repair) - now.now_us;
        cr_expect(ge(u64, due_us, 2 * MS));
        cr_expect(le(u64, due_us, 42 * MS));
        latest_us = due_us > latest_us ? due_us : latest_us;
    }

    cr_expect(gt(u64, latest_us, 30 * MS));
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

Test(repair, asks_again_from_30_ms_doubling_to_250)
{
    static const uint64_t waits_ms[] = {30, 60, 120, 240, 250, 250, 250};
    add(2);
    wait_for_nack();

    for (size_t i = 0; i < 7; i++) {
        expect_next_nack(waits_ms[i] * MS, (waits_ms[i] + 10) * MS);
        cr_expect(asked_for(0, 1, 1));
    }
}

Test(repair, nack_names_32_ranges_and_the_next_one_the_rest)
{
    for (uint64_t i = 2; i <= 80; i += 2) {
        add(i);
    }
    wait_until(now.now_us + 15 * MS);

    cr_assert(eq(sz, msock__repair_nack(repair, &now, ranges), 32));
    cr_expect(asked_for(0, 1, 1));
    cr_expect(asked_for(31, 63, 63));
    cr_expect(msock__repair_asks(repair));
    cr_assert(eq(sz, msock__repair_nack(repair, &now, ranges), 8));
    cr_expect(asked_for(0, 65, 65));
    cr_expect(not(msock__repair_asks(repair)));
}

Test(repair, nack_names_1024_counters_and_the_next_one_the_rest)
{
    hear_range(1, 1030);
    wait_for_nack();
    cr_expect(asked_for(0, 1, 1024));

    cr_expect(eq(sz, msock__repair_nack(repair, &now, ranges), 1));

    cr_expect(asked_for(0, 1025, 1030));
    cr_expect(eq(sz, msock__repair_nack(repair, &now, ranges), 0));
}

Test(repair, repaired_part_is_not_asked_for_again)
{
    add(10);
    wait_for_nack();
    add(4);
    add(5);

    wait_until(now.now_us + 45 * MS);

    cr_assert(eq(sz, msock__repair_nack(repair, &now, ranges), 2));
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

    wait_until(now.now_us + 20 * MS);
    cr_assert(eq(sz, msock__repair_nack(repair, &now, ranges), 2));
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
    expect_next_nack(30 * MS, 40 * MS);
}

Test(repair, a_gap_is_put_off_twice_at_most)
{
    add(2);
    hear_nack(1, 1);
    now.now_us += 25 * MS;
    hear_nack(1, 1);
    uint64_t due_us = msock__repair_deadline(repair);
    cr_expect(ge(u64, due_us, now.now_us + 30 * MS));
    now.now_us += 25 * MS;

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

/* -- Giving up -- */

/* Asks on until something comes out.  Returns how often. */
static unsigned ask_until_given_up(void)
{
    unsigned asked = 0;
    out[0] = '\0';
    while (out[0] == '\0') {
        wait_until(msock__repair_deadline(repair));
        asked += msock__repair_nack(repair, &now, ranges) > 0;
    }
    return asked;
}

Test(repair, gap_is_given_up_after_8_tries)
{
    add(1);
    add(4);

    cr_expect(eq(uint, ask_until_given_up(), 8));

    CAME_OUT("[2-3] 4 ");
    cr_expect(eq(int, add(2), -MSOCK_DROP_DUPLICATE));
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair, tries_count_from_when_the_sender_last_held_it)
{
    add(2);
    for (int i = 0; i < 20; i++) {
        cr_expect(eq(sz, wait_for_nack(), 1));
        now.now_us += 1 * MS;
        hear_range(1, 2);
    }

    cr_expect(eq(uint, ask_until_given_up(), 8));

    CAME_OUT("[1-1] 2 ");
}

Test(repair, a_repair_proves_that_what_follows_is_held)
{
    add(40);
    for (int i = 0; i < 7; i++) {
        wait_for_nack();
    }
    now.now_us += 1 * MS;
    add(20);

    /* What lies below has one try left, what follows eight: the second of them
     * is when the first is given up. */
    cr_expect(eq(uint, ask_until_given_up(), 2));
    CAME_OUT("[1-19] 20 ");
    cr_expect(eq(uint, ask_until_given_up(), 6));
    CAME_OUT("[21-39] 40 ");
}

Test(repair, what_oldest_has_passed_is_given_up_after_100_ms)
{
    add(1);
    add(9);
    hear_range(6, 9);

    wait_until(now.now_us + 100 * MS - 1);
    CAME_OUT("1 ");
    wait_until(now.now_us + 1);

    CAME_OUT("1 [2-5] ");
    cr_expect(eq(u64, msock__repair_next(repair), 6));
}

Test(repair, what_oldest_has_passed_is_not_asked_for)
{
    add(9);
    hear_range(6, 9);

    cr_assert(eq(sz, wait_for_nack(), 1));

    cr_expect(asked_for(0, 6, 8));
}

Test(repair, what_was_to_be_asked_for_when_oldest_passed_it_is_not)
{
    add(9);
    wait_until(now.now_us + 20 * MS);
    hear_range(9, 9);

    cr_expect(eq(sz, msock__repair_nack(repair, &now, ranges), 0));

    cr_expect(not(msock__repair_asks(repair)));
    wait_until(now.now_us + 100 * MS);
    CAME_OUT("[1-8] 9 ");
}

Test(repair, repair_on_its_way_counts_although_oldest_has_passed_it)
{
    add(3);
    hear_range(4, 3);
    now.now_us += 99 * MS;
    add(2);
    add(1);

    wait_until(now.now_us + SECOND);

    CAME_OUT("1 2 3 ");
}

Test(repair, oldest_that_moves_on_gives_the_rest_up_within_100_ms_more)
{
    add(9);
    hear_range(4, 9);
    now.now_us += 50 * MS;
    hear_range(7, 9);

    wait_until(now.now_us + 50 * MS);
    CAME_OUT("[1-3] ");
    wait_until(now.now_us + 100 * MS);

    CAME_OUT("[1-3] [4-6] ");
}

Test(repair, hole_without_end_is_one_loss)
{
    const uint64_t far = UINT64_C(1) << 52;
    add(1);
    add(3);
    hear_range(far, far + 1);

    wait_until(now.now_us + 100 * MS);

    CAME_OUT("1 [2-2] 3 [4-4503599627370495] ");
    cr_expect(eq(sz, wait_for_nack(), 1));
    cr_expect(asked_for(0, far, far + 1));
}

Test(repair, pair_that_contradicts_itself_is_ignored)
{
    hear_range(10, 3);
    hear_range(0, 3);

    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair, old_news_of_the_sender_takes_nothing_back)
{
    add(1);
    hear_range(5, 9);
    hear_range(1, 2);

    wait_until(now.now_us + 100 * MS);

    CAME_OUT("1 [2-4] ");
    msock__repair_nack(repair, &now, ranges);
    cr_expect(asked_for(0, 5, 9));
}

Test(repair, end_gives_all_gaps_up_and_delivers_the_rest)
{
    add(2);
    add(5);
    hear_range(1, 7);

    msock__repair_end(repair);
    pop_all();

    CAME_OUT("[1-1] 2 [3-4] 5 [6-7] ");
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair, end_without_a_gap_reports_nothing)
{
    add(1);

    msock__repair_end(repair);
    pop_all();

    CAME_OUT("1 ");
}

Test(repair, withheld_frame_is_reported_in_its_turn)
{
    add(1);
    msock__repair_lose(repair, &now, 3);
    pop_all();
    CAME_OUT("1 ");
    msock__repair_lose(repair, &now, 1);

    add(2);
    add(4);

    CAME_OUT("1 2 [3-3] 4 ");
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
}

Test(repair, withheld_frame_in_order_is_reported_at_once)
{
    add(1);

    msock__repair_lose(repair, &now, 2);
    pop_all();

    CAME_OUT("1 [2-2] ");
    cr_expect(eq(int, add(3), 1));
}

Test(repair, frame_given_up_but_not_yet_reported_still_counts)
{
    msock__repair_lose(repair, &now, 2);
    pop_all();
    cr_expect(eq(int, add(2), 0));

    add(1);

    CAME_OUT("1 2 ");
}
