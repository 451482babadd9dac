/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of keys leave one by one. */
#include "core/push.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct msock__push push;

/* Starts with `count` boxes to "0", "1" and so on. */
static void start(uint64_t now_us, size_t count)
{
    struct msock__pushed *items = calloc(count, sizeof *items);

    cr_assert(ne(ptr, items, NULL));
    for (size_t i = 0; i < count; i++) {
        items[i].to[0] = (char)('0' + i);
    }
    msock__push_start(&push, now_us, items, count);
}

Test(push, nothing_waits_at_first)
{
    cr_expect(not(msock__push_waits(&push)));
    cr_expect(eq(ptr, (void *)msock__push_due(&push, 1000), NULL));
    cr_expect(eq(u64, msock__push_deadline(&push), UINT64_MAX));
    msock__push_fini(&push);
}

Test(push, boxes_leave_in_order_with_a_gap)
{
    start(1000, 3);
    for (size_t i = 0; i < 3; i++) {
        uint64_t due_us = 1000 + i * MSOCK__PUSH_GAP_US;
        cr_assert(eq(u64, msock__push_deadline(&push), due_us));
        cr_assert(eq(ptr, (void *)msock__push_due(&push, due_us - 1), NULL));
        const struct msock__pushed *box = msock__push_due(&push, due_us);
        cr_assert(ne(ptr, (void *)box, NULL));
        cr_expect(eq(chr, box->to[0], (char)('0' + i)));
        msock__push_sent(&push, due_us);
    }
    cr_expect(not(msock__push_waits(&push)));
}

Test(push, the_gap_holds_across_two_pushes)
{
    start(1000, 1);
    msock__push_sent(&push, 1000);
    start(1001, 1);
    cr_expect(eq(u64, msock__push_deadline(&push), 1000 + MSOCK__PUSH_GAP_US));
    msock__push_fini(&push);
}

Test(push, what_waits_can_be_forgotten)
{
    start(1000, 2);
    msock__push_fini(&push);
    cr_expect(not(msock__push_waits(&push)));
    cr_expect(eq(u64, msock__push_deadline(&push), UINT64_MAX));
}

Test(push, stamps_rise_though_the_clock_stands_or_is_set_back)
{
    cr_expect(eq(u64, msock__push_stamp(&push, 5000), 5000));
    cr_expect(eq(u64, msock__push_stamp(&push, 5000), 5001));
    cr_expect(eq(u64, msock__push_stamp(&push, 1000), 5002));
    cr_expect(eq(u64, msock__push_stamp(&push, 9000), 9000));
}

Test(push, only_newer_keys_are_taken_for_ten_seconds)
{
    struct msock__push_taken taken = {0};

    cr_expect(msock__push_newer(&taken, 0, 0));
    msock__push_took(&taken, 1000, 70);

    uint64_t end_us = 1000 + MSOCK__PUSH_ORDER_US;
    cr_expect(not(msock__push_newer(&taken, 1001, 69)));
    cr_expect(not(msock__push_newer(&taken, 1001, 70)));
    cr_expect(msock__push_newer(&taken, 1001, 71));
    cr_expect(not(msock__push_newer(&taken, end_us - 1, 70)));
    cr_expect(msock__push_newer(&taken, end_us, 1));
}
