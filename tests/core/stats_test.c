/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the counters. */
#include "core/stats.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(stats, counters_start_at_zero_and_add_up)
{
    struct msock__stats stats = {{0}};

    msock__stats_add(&stats, MSOCK_RX_FRAMES, 1);
    msock__stats_add(&stats, MSOCK_RX_FRAMES, 41);
    msock__stats_add(&stats, MSOCK_DROP_KERNEL, UINT64_C(1) << 40);

    cr_expect(eq(u64, msock__stats_get(&stats, MSOCK_TX_MESSAGES), 0));
    cr_expect(eq(u64, msock__stats_get(&stats, MSOCK_RX_FRAMES), 42));
    cr_expect(eq(u64, msock__stats_get(&stats, MSOCK_DROP_KERNEL),
                 UINT64_C(1) << 40));
}

Test(stats, adding_to_one_changes_no_other)
{
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        struct msock__stats stats = {{0}};
        msock__stats_add(&stats, (enum msock_counter)i, 1);
        uint64_t sum = 0;
        for (int j = 0; j < MSOCK_COUNTER_COUNT; j++) {
            sum += msock__stats_get(&stats, (enum msock_counter)j);
        }
        cr_expect(eq(u64, sum, 1));
    }
}
