/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { RATE = 1000000, FRAME = 1000 };

Test(pace, starts_with_a_burst_and_then_says_no)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);

    cr_expect(eq(int, msock__pace_take(&pace, 0, 1000), 1));
    cr_expect(eq(int, msock__pace_take(&pace, 0, 1000), 1));
    cr_expect(eq(int, msock__pace_take(&pace, 0, 1000), 0));
}

Test(pace, refills_at_the_rate)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take(&pace, 0, 2500);

    cr_expect(eq(int, msock__pace_take(&pace, 999, 1000), 0));
    cr_expect(eq(int, msock__pace_take(&pace, 1000, 1000), 1));
    cr_expect(eq(int, msock__pace_take(&pace, 1000, 1), 0));
}

Test(pace, loses_no_time_to_rounding)
{
    struct msock__pace pace;
    msock__pace_init(&pace, 300000, FRAME);
    msock__pace_take(&pace, 0, 2000);

    /* 0.3 bytes a microsecond, looked at every microsecond. */
    uint64_t taken = 0;
    for (uint64_t now = 1; now <= 100000; now++) {
        taken += (uint64_t)msock__pace_take(&pace, now, 1);
    }

    cr_expect(ge(u64, taken, 29990));
    cr_expect(le(u64, taken, 30000));
}

Test(pace, holds_no_more_than_a_burst)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take(&pace, 0, 1000);

    cr_expect(eq(int, msock__pace_take(&pace, UINT64_MAX / 2, 2500), 1));
    cr_expect(eq(int, msock__pace_take(&pace, UINT64_MAX / 2, 1), 0));
}

Test(pace, frame_larger_than_the_bucket_passes_a_full_one)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);

    cr_expect(eq(int, msock__pace_take(&pace, 0, 60000), 1));
    cr_expect(eq(int, msock__pace_take(&pace, 0, 60000), 0));
}

Test(pace, deadline_is_when_half_a_bucket_is_there)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    cr_expect(eq(u64, msock__pace_deadline(&pace, FRAME), 0));
    msock__pace_take(&pace, 5000, 2500);

    uint64_t due = msock__pace_deadline(&pace, FRAME);

    cr_expect(eq(u64, due, 5000 + 1250));
    cr_expect(eq(int, msock__pace_take(&pace, due, 1250), 1));
}

Test(pace, deadline_waits_for_a_frame_over_half_a_bucket)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take(&pace, 5000, 2500);

    uint64_t due = msock__pace_deadline(&pace, 2000);

    cr_expect(eq(u64, due, 5000 + 2000));
    cr_expect(eq(int, msock__pace_take(&pace, due, 2000), 1));
}

Test(pace, clock_that_stands_still_or_steps_back_gives_nothing)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take(&pace, 1000000, 2500);

    cr_expect(eq(int, msock__pace_take(&pace, 1000000, 1), 0));
    cr_expect(eq(int, msock__pace_take(&pace, 10, 1), 0));
}

/* -- NACKs and quiet -- */

enum { MS = 1000 };

Test(pace, nack_lowers_the_rate_to_three_quarters)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);

    msock__pace_lower(&pace, 0);

    cr_expect(eq(u64, msock__pace_rate(&pace, 0), RATE / 4 * 3));
    cr_expect(eq(u64, msock__pace_rate(&pace, 100 * MS - 1), RATE / 4 * 3));
}

Test(pace, nacks_lower_once_in_50_ms)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_lower(&pace, 1000);

    msock__pace_lower(&pace, 1000 + 50 * MS - 1);
    cr_expect(eq(u64, msock__pace_rate(&pace, 1000 + 50 * MS), RATE / 4 * 3));
    msock__pace_lower(&pace, 1000 + 50 * MS);

    cr_expect(eq(u64, msock__pace_rate(&pace, 1000 + 50 * MS), RATE / 16 * 9));
}

Test(pace, an_eighth_of_the_ceiling_always_stays)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);

    for (uint64_t i = 0; i < 100; i++) {
        msock__pace_lower(&pace, i * 50 * MS);
    }

    cr_expect(eq(u64, msock__pace_rate(&pace, 99 * 50 * MS), RATE / 8));
}

Test(pace, quiet_raises_it_by_a_sixteenth_each_100_ms)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_lower(&pace, 0);

    cr_expect(eq(u64, msock__pace_rate(&pace, 100 * MS), RATE / 16 * 13 + 1));
    msock__pace_take(&pace, 250 * MS, 1);
    cr_expect(eq(u64, msock__pace_rate(&pace, 299 * MS), RATE / 16 * 14 + 2));
    cr_expect(eq(u64, msock__pace_rate(&pace, 300 * MS), RATE / 16 * 15 + 3));
    cr_expect(eq(u64, msock__pace_rate(&pace, UINT64_MAX), RATE));
}

Test(pace, each_nack_begins_the_quiet_anew)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_lower(&pace, 0);
    msock__pace_lower(&pace, 40 * MS);

    cr_expect(eq(u64, msock__pace_rate(&pace, 139 * MS), RATE / 4 * 3));
    cr_expect(gt(u64, msock__pace_rate(&pace, 140 * MS), RATE / 4 * 3));
}

/* How many bytes leave in `during_us` in frames of 100, as soon as they may. */
static uint64_t leave(struct msock__pace *pace, uint64_t during_us,
                      int (*take)(struct msock__pace *, uint64_t, size_t))
{
    uint64_t taken = 0;
    for (uint64_t now = 0; now < during_us; now += 10) {
        taken += 100 * (uint64_t)take(pace, now, 100);
    }
    return taken;
}

Test(pace, lowered_rate_is_kept)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take(&pace, 0, 2500);
    msock__pace_lower(&pace, 0);

    uint64_t taken = leave(&pace, 100 * MS, msock__pace_take);

    cr_expect(ge(u64, taken, 74000));
    cr_expect(le(u64, taken, 75000));
}

Test(pace, repairs_take_a_quarter_at_most)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);

    uint64_t taken = leave(&pace, 1000 * MS, msock__pace_take_repair);

    /* and the bucket that was full at first */
    cr_expect(ge(u64, taken, RATE / 4));
    cr_expect(le(u64, taken, RATE / 4 + RATE / 160));
}

Test(pace, repairs_count_as_frames_too)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    cr_expect(eq(int, msock__pace_take_repair(&pace, 0, 2000), 1));
    cr_expect(eq(int, msock__pace_take_repair(&pace, 0, 1000), 0));

    cr_expect(eq(int, msock__pace_take(&pace, 0, 500), 1));
    cr_expect(eq(int, msock__pace_take(&pace, 0, 1), 0));
}

Test(pace, repair_deadline_waits_for_both_buckets)
{
    struct msock__pace pace;
    msock__pace_init(&pace, RATE, FRAME);
    msock__pace_take_repair(&pace, 0, 2500);
    msock__pace_take_repair(&pace, 10 * MS, 2500);
    msock__pace_take_repair(&pace, 20 * MS, 2500);

    uint64_t due_us = msock__pace_repair_deadline(&pace, FRAME);

    cr_expect(gt(u64, due_us, 20 * MS));
    cr_expect(ge(u64, due_us, msock__pace_deadline(&pace, FRAME)));
    cr_expect(eq(int, msock__pace_take_repair(&pace, due_us, FRAME), 1));
}
