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
