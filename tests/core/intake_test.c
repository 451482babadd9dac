/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of when a listener tells how far it is, and how much it lets come. */
#include "core/intake.h"

#include "codec/frame.h"
#include "core/reorder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum {
    MS = 1000,
    SECOND = 1000 * MS,
    ROOMY = 8192,
    MOST = MSOCK__INTAKE_WINDOW_MAX,
    LATE = MSOCK__INTAKE_LATE_US
};

static const uint64_t last_but_one = MSOCK__COUNTER_MAX - 1;
static struct msock__intake intake;

static void init(void)
{
    intake = (struct msock__intake){.speaks = false};
}

TestSuite(intake, .init = init);

/* Says what is to be said.  Returns the last frame that may come. */
static uint64_t say(uint64_t now_us, uint64_t next)
{
    struct msock__range take = msock__intake_word(&intake, now_us, next, ROOMY);
    cr_assert(eq(u64, take.first, next));
    msock__intake_said(&intake, now_us, &take);
    return take.last;
}

/* Asks for frames from `next` on, of which so many came too thick. */
static void ask(uint64_t now_us, uint64_t next, size_t thick)
{
    struct msock__range take = msock__intake_take(&intake, next, ROOMY);
    msock__intake_asked(&intake, now_us, &take, thick);
}

static void read_late(uint64_t now_us, uint64_t waited_us, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        msock__intake_frame(&intake, now_us, waited_us, 1);
    }
}

/* -- When -- */

Test(intake, says_nothing_without_trouble)
{
    read_late(0, LATE - 1, 100);

    cr_expect(eq(u64, msock__intake_deadline(&intake, 1000), UINT64_MAX));
}

Test(intake, one_frame_of_eight_is_looked_at_and_all_once_one_was_late)
{
    unsigned looks = 0;
    for (int i = 0; i < 80; i++) {
        looks += msock__intake_looks(&intake);
    }
    cr_expect(eq(uint, looks, 10));

    read_late(0, LATE, 1);

    cr_expect(msock__intake_looks(&intake));
    cr_expect(msock__intake_looks(&intake));
}

Test(intake, four_late_frames_in_a_row_are_told_at_once)
{
    read_late(0, LATE, 3);
    read_late(0, LATE - 1, 1);
    read_late(0, LATE, 3);
    cr_expect(eq(u64, msock__intake_deadline(&intake, 1), UINT64_MAX));

    read_late(0, LATE, 1);

    cr_expect(eq(u64, msock__intake_deadline(&intake, 1), 0));
}

Test(intake, goes_on_with_each_quarter_of_what_may_come)
{
    read_late(0, LATE, 4);
    cr_expect(eq(u64, say(0, 11), 10 + MOST));

    cr_expect(ge(u64, msock__intake_deadline(&intake, 10 + MOST / 4), 1));
    cr_expect(eq(u64, msock__intake_deadline(&intake, 11 + MOST / 4), 0));
}

Test(intake, goes_on_every_100_ms_and_less_often_where_nothing_comes)
{
    read_late(0, LATE, 4);
    say(0, 11);

    cr_expect(eq(u64, msock__intake_deadline(&intake, 12), 100 * MS));
    cr_expect(eq(u64, msock__intake_deadline(&intake, 11), 100 * MS));
    say(100 * MS, 11);
    cr_expect(eq(u64, msock__intake_deadline(&intake, 11), 300 * MS));
    cr_expect(eq(u64, msock__intake_deadline(&intake, 12), 200 * MS));
}

Test(intake, nack_is_as_good_as_a_word)
{
    ask(5, 11, 0);

    cr_expect(eq(u64, msock__intake_deadline(&intake, 11), 5 + 100 * MS));
}

Test(intake, says_twice_that_a_second_went_without_trouble)
{
    ask(0, 11, 0);
    say(900 * MS, 400);
    cr_expect(eq(u64, msock__intake_deadline(&intake, 401), SECOND));

    cr_expect(eq(u64, say(SECOND, 401), MSOCK__COUNTER_MAX));
    cr_expect(eq(u64, msock__intake_deadline(&intake, 402), SECOND + 20 * MS));
    cr_expect(eq(u64, say(SECOND + 20 * MS, 402), MSOCK__COUNTER_MAX));

    cr_expect(eq(u64, msock__intake_deadline(&intake, 9999), UINT64_MAX));
}

Test(intake, trouble_between_two_farewells_goes_on)
{
    ask(0, 11, 0);
    cr_assert(eq(u64, say(SECOND, 401), MSOCK__COUNTER_MAX));

    ask(SECOND + 1, 401, 0);

    cr_expect(eq(u64, say(SECOND + 2, 402), 401 + MOST));
    cr_expect(
        eq(u64, msock__intake_deadline(&intake, 402), SECOND + 2 + 100 * MS));
}

Test(intake, says_nothing_of_a_stream_that_has_no_more_counters)
{
    ask(0, MSOCK__COUNTER_MAX, 0);

    uint64_t last = msock__intake_deadline(&intake, MSOCK__COUNTER_MAX);
    cr_expect(eq(u64, last, 100 * MS));
    cr_expect(eq(u64, say(100 * MS, MSOCK__COUNTER_MAX), last_but_one));
    cr_expect(eq(u64, msock__intake_deadline(&intake, MSOCK__COUNTER_MAX + 1),
                 UINT64_MAX));
}

/* -- How much -- */

Test(intake, no_more_may_come_than_there_is_room_for)
{
    ask(0, 11, 0);

    struct msock__range take = msock__intake_take(&intake, 11, 100);

    cr_expect(eq(u64, take.last, 110));
}

Test(intake, a_few_may_always_come)
{
    ask(0, 11, 0);

    struct msock__range take = msock__intake_take(&intake, 11, 0);

    cr_expect(eq(u64, take.last, 10 + 32));
}

/* Reads a window of frames from `next` on, an eighth of which and `more` came
 * too thick.  Returns the next frame. */
static uint64_t read_window(uint64_t now_us, uint64_t next, size_t more)
{
    uint64_t after = intake.promised + 1 > next + intake.window
                         ? intake.promised + 1
                         : next + intake.window;
    ask(now_us, next, (size_t)(after - next) / 8 + more);
    say(now_us, after);
    return after;
}

Test(intake, window_halves_when_over_an_eighth_was_lost)
{
    ask(0, 1, 0);
    uint64_t next = read_window(0, 1, 1);

    cr_expect(eq(u64, intake.window, MOST / 2));
    cr_expect(eq(u64, msock__intake_reach(&intake), MOST / 2));
    for (int i = 0; i < 10; i++) {
        next = read_window(0, next, 1);
    }
    cr_expect(eq(u64, intake.window, MSOCK__INTAKE_WINDOW_MIN));
}

Test(intake, window_grows_back_by_a_quarter)
{
    ask(0, 1, 0);
    uint64_t next = read_window(0, 1, 1);
    cr_assert(eq(u64, intake.window, MOST / 2));

    next = read_window(0, next, 0);
    cr_expect(eq(u64, intake.window, MOST / 2 + MOST / 8));
    for (int i = 0; i < 10; i++) {
        next = read_window(0, next, 0);
    }

    cr_expect(eq(u64, intake.window, MOST));
    cr_expect(eq(u64, msock__intake_reach(&intake), MSOCK__REORDER_MAX));
}

Test(intake, window_halves_when_frames_wait_100_ms_but_stays_at_256)
{
    read_late(0, 100 * MS + 1, 4);
    say(0, 1);
    uint64_t next = 1;
    for (int i = 0; i < 10; i++) {
        next = read_window(0, next, 0);
    }

    cr_expect(eq(u64, intake.window, MSOCK__INTAKE_WINDOW_DEEP));
}

Test(intake, window_is_remembered_until_the_next_trouble)
{
    ask(0, 1, 0);
    uint64_t next = read_window(0, 1, 1);
    say(SECOND, next);
    say(SECOND + 20 * MS, next);
    cr_assert(not(intake.speaks));
    cr_expect(eq(u64, msock__intake_reach(&intake), MSOCK__REORDER_MAX));

    struct msock__range take = msock__intake_take(&intake, next, ROOMY);

    cr_expect(eq(u64, take.last, next - 1 + MOST / 2));
}
