/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of first-transmission times: borders, the ring, and a naive model. */
#include "core/sendtimes.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RING = MSOCK__SENDTIMES_MAX, NOTED = 3 * RING };

static struct msock__sendtimes *times;

static void setup(void)
{
    cr_assert(eq(int, msock__sendtimes_new(&times), 0));
}

static void teardown(void)
{
    msock__sendtimes_free(times);
}

TestSuite(sendtimes, .init = setup, .fini = teardown);

/* Notes counters first..last, each at 10 us times its own number. */
static void note(uint64_t first, uint64_t last)
{
    for (uint64_t counter = first; counter <= last; counter++) {
        msock__sendtimes_note(times, counter, 10 * counter);
    }
}

static uint64_t floor_at(uint64_t at_us)
{
    return msock__sendtimes_floor(times, at_us);
}

Test(sendtimes, stream_without_frames_has_floor_1)
{
    cr_expect(eq(u64, floor_at(0), 1));
    cr_expect(eq(u64, floor_at(UINT64_MAX), 1));
}

Test(sendtimes, floor_is_the_first_frame_at_or_after)
{
    static const struct {
        uint64_t at_us, floor;
    } rows[] = {{0, 1},  {10, 1}, {11, 2}, {20, 2},         {21, 3},
                {30, 3}, {31, 4}, {99, 4}, {UINT64_MAX, 4}, {1, 1}};
    note(1, 3);

    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect(eq(u64, floor_at(rows[i].at_us), rows[i].floor), "row %zu",
                  i);
    }
}

Test(sendtimes, of_frames_sent_at_one_moment_the_lowest_counts)
{
    for (uint64_t counter = 1; counter <= 9; counter++) {
        msock__sendtimes_note(times, counter, counter <= 2 ? 5 : 7);
    }

    cr_expect(eq(u64, floor_at(5), 1));
    cr_expect(eq(u64, floor_at(6), 3));
    cr_expect(eq(u64, floor_at(7), 3));
    cr_expect(eq(u64, floor_at(8), 10));
}

Test(sendtimes, session_younger_than_the_mark_is_known_from_1_on)
{
    note(1, RING);

    cr_expect(eq(u64, floor_at(0), 1));
    cr_expect(eq(u64, floor_at(10), 1));
}

Test(sendtimes, further_back_the_oldest_known_stands)
{
    note(1, RING + 1);
    cr_expect(eq(u64, floor_at(0), 2));

    note(RING + 2, 2 * RING + 7);
    cr_expect(eq(u64, floor_at(0), RING + 8));
    cr_expect(eq(u64, floor_at(10 * (RING + 8)), RING + 8));
    cr_expect(eq(u64, floor_at(10 * (RING + 8) + 1), RING + 9));
    cr_expect(eq(u64, floor_at(10 * (2 * RING + 7) + 1), 2 * RING + 8));
}

Test(sendtimes, new_session_begins_with_1)
{
    note(1, RING + 5);
    msock__sendtimes_reset(times);

    cr_expect(eq(u64, floor_at(0), 1));
    msock__sendtimes_note(times, 1, 3); /* its clock began anew */
    cr_expect(eq(u64, floor_at(3), 1));
    cr_expect(eq(u64, floor_at(4), 2));
}

/* All that was ever noted, looked at from the oldest known on. */
static uint64_t naive_floor(const uint64_t *sent_us, uint64_t last,
                            uint64_t at_us)
{
    uint64_t counter = last > RING ? last - RING + 1 : 1;
    while (counter <= last && sent_us[counter] < at_us) {
        counter++;
    }
    return counter;
}

Test(sendtimes, agrees_with_a_search_through_everything)
{
    static uint64_t sent_us[NOTED + 1];
    struct msock__dice dice = {4};
    uint64_t now_us = 0;
    for (uint64_t counter = 1; counter <= NOTED; counter++) {
        now_us += msock__dice_below(&dice, 4);
        sent_us[counter] = now_us;
        msock__sendtimes_note(times, counter, now_us);

        uint64_t at_us = msock__dice_below(&dice, now_us + 3);
        cr_assert(
            eq(u64, floor_at(at_us), naive_floor(sent_us, counter, at_us)));
    }
}

Test(sendtimes, memory_that_lacks_is_said)
{
    struct msock__sendtimes *none = NULL;
    test_alloc_fail_at(1);

    cr_expect(eq(int, msock__sendtimes_new(&none), MSOCK_ENOMEM));

    cr_expect(test_alloc_failed());
    cr_expect(eq(ptr, none, NULL));
}
