/* SPDX-License-Identifier: Apache-2.0 */
/* Topics of which somebody sent an older value. */
#include "core/dispute.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>

enum { MS = 1000, START = 5000 * MS, MANY = 200 };

static struct msock__dice dice = {1};
static struct msock__disputes disputes;

static void teardown(void)
{
    msock__disputes_fini(&disputes);
    disputes = (struct msock__disputes){0};
}

TestSuite(dispute, .fini = teardown);

static int add(enum msock__stake stake, size_t nodes)
{
    return msock__disputes_add(&disputes, START, &dice, stake, nodes, "lamp",
                               4);
}

/* Expects many to be due from `first_ms` on, within `spread_ms`, and that the
 * spread is made use of. */
static void expect_delays(enum msock__stake stake, size_t nodes,
                          uint64_t first_ms, uint64_t spread_ms)
{
    uint64_t due_us = 0;

    for (int i = 0; i < MANY; i++) {
        cr_assert(zero(int, add(stake, nodes)));
    }
    uint64_t first_us = msock__disputes_deadline(&disputes);
    for (int i = 0; i < MANY; i++) {
        due_us = msock__disputes_deadline(&disputes);
        msock__disputes_pop(&disputes);
    }
    cr_expect(ge(u64, first_us, START + first_ms * MS));
    cr_expect(lt(u64, first_us, START + (first_ms + spread_ms / 10) * MS));
    cr_expect(lt(u64, due_us, START + (first_ms + spread_ms) * MS));
    cr_expect(gt(u64, due_us, START + (first_ms + spread_ms * 9 / 10) * MS));
}

Test(dispute, owner_goes_first_then_keepers_then_others)
{
    expect_delays(MSOCK__STAKE_OWN, 3, 0, 100);
    expect_delays(MSOCK__STAKE_KEPT, 3, 300, 300);
    expect_delays(MSOCK__STAKE_OTHER, 3, 600, 400);
    expect_delays(MSOCK__STAKE_OTHER, 1000, 600, 2000);
}

Test(dispute, topic_comes_when_it_is_due)
{
    cr_assert(zero(int, add(MSOCK__STAKE_OWN, 3)));
    uint64_t due_us = msock__disputes_deadline(&disputes);

    cr_expect(
        eq(ptr, (void *)msock__disputes_due(&disputes, due_us - 1), NULL));
    const struct msock__dispute *due = msock__disputes_due(&disputes, due_us);
    cr_assert(ne(ptr, (void *)due, NULL));
    cr_expect(eq(str, (char *)due->topic, "lamp"));
    cr_expect(eq(sz, due->topic_size, 4));
    cr_expect(eq(u64, due->since_us, START));
}

Test(dispute, topic_that_has_to_wait_comes_later)
{
    cr_assert(zero(int, add(MSOCK__STAKE_OWN, 3)));

    msock__disputes_again(&disputes, START + 900 * MS);

    cr_expect(eq(u64, msock__disputes_deadline(&disputes), START + 900 * MS));
}

Test(dispute, nothing_is_due_at_first)
{
    cr_expect(eq(u64, msock__disputes_deadline(&disputes), UINT64_MAX));
    cr_expect(eq(ptr, (void *)msock__disputes_due(&disputes, START), NULL));
}

Test(dispute, there_are_so_many_at_most)
{
    for (int i = 0; i < MSOCK__DISPUTES_MAX; i++) {
        cr_assert(zero(int, add(MSOCK__STAKE_OTHER, 3)));
    }

    cr_expect(eq(int, add(MSOCK__STAKE_OWN, 3), MSOCK_ELIMIT));
}

Test(dispute, without_memory_nothing_is_added)
{
    for (long n = 1; n <= 2; n++) {
        test_alloc_fail_at(n);
        int code = add(MSOCK__STAKE_OWN, 3);
        cr_expect(test_alloc_failed());
        cr_expect(eq(int, code, MSOCK_ENOMEM));
        cr_expect(eq(u64, msock__disputes_deadline(&disputes), UINT64_MAX));
    }
}
