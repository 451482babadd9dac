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
