/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sync.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MS = 1000, SECOND = 1000 * MS };

Test(sync, nothing_is_due_before_the_first_frame)
{
    const struct msock__sync sync = {0};

    cr_expect(not(msock__sync_due(&sync, UINT64_MAX - 1)));
    cr_expect(eq(u64, msock__sync_deadline(&sync), UINT64_MAX));
}

Test(sync, is_due_three_times_after_the_last_frame)
{
    static const uint64_t after_ms[] = {20, 80, 320};
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 5 * MS);

    for (size_t i = 0; i < 3; i++) {
        uint64_t due_us = (5 + after_ms[i]) * MS;
        cr_expect(eq(u64, msock__sync_deadline(&sync), due_us));
        cr_expect(not(msock__sync_due(&sync, due_us - 1)));
        cr_expect(msock__sync_due(&sync, due_us));
        msock__sync_take(&sync, due_us);
    }

    cr_expect(eq(u64, msock__sync_deadline(&sync), UINT64_MAX));
}

Test(sync, end_of_a_burst_is_told_from_5_ms_on_doubling)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);
    msock__sync_sent(&sync, 3 * MS);

    for (uint64_t after_us = 5 * MS; after_us <= 320 * MS; after_us *= 2) {
        cr_expect(eq(u64, msock__sync_deadline(&sync), 3 * MS + after_us));
        msock__sync_take(&sync, 3 * MS + after_us);
    }
    cr_expect(eq(u64, msock__sync_deadline(&sync), UINT64_MAX));
}

Test(sync, steady_frames_are_no_burst)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);

    msock__sync_sent(&sync, 5 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 25 * MS));
}

Test(sync, next_frame_begins_anew)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);
    msock__sync_take(&sync, 20 * MS);

    msock__sync_sent(&sync, 70 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 90 * MS));
}

Test(sync, late_one_serves_for_those_before_it)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);

    msock__sync_take(&sync, 100 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 320 * MS));
}

Test(sync, taking_before_it_is_due_changes_nothing)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);

    msock__sync_take(&sync, 19 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 20 * MS));
}

Test(sync, nack_is_answered_within_20_ms_however_many_follow)
{
    struct msock__sync sync = {0};
    msock__sync_asked(&sync, 100 * MS);
    msock__sync_asked(&sync, 110 * MS);
    msock__sync_sent(&sync, 115 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 120 * MS));
    msock__sync_take(&sync, 120 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 135 * MS));
}

Test(sync, nacks_are_answered_every_250_ms_at_most)
{
    struct msock__sync sync = {0};
    msock__sync_asked(&sync, 100 * MS);
    msock__sync_take(&sync, 120 * MS);

    msock__sync_asked(&sync, 121 * MS);
    cr_expect(eq(u64, msock__sync_deadline(&sync), 370 * MS));
    msock__sync_take(&sync, 370 * MS);

    msock__sync_asked(&sync, SECOND);
    cr_expect(eq(u64, msock__sync_deadline(&sync), SECOND + 20 * MS));
}

Test(sync, one_for_the_tail_answers_the_nack_too)
{
    struct msock__sync sync = {0};
    msock__sync_sent(&sync, 0);
    msock__sync_asked(&sync, 10 * MS);

    msock__sync_take(&sync, 20 * MS);

    cr_expect(eq(u64, msock__sync_deadline(&sync), 80 * MS));
}
