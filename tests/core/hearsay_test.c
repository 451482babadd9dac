/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers did with states that somebody else told first. */
#include "core/hearsay.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>

static struct msock__hearsay hearsay;

static void teardown(void)
{
    msock__hearsay_fini(&hearsay);
}

TestSuite(hearsay, .fini = teardown);

static struct msock__hearing *add(uint64_t key)
{
    struct msock__hearing *hearing = msock__hearsay_add(&hearsay, key);

    cr_assert(ne(ptr, (void *)hearing, NULL));
    return hearing;
}

Test(hearsay, nothing_is_known_at_first)
{
    cr_expect(eq(ptr, (void *)msock__hearsay_find(&hearsay, 0), NULL));
    cr_expect(eq(ptr, (void *)msock__hearsay_get(&hearsay, 1), NULL));
    add(7);
    cr_expect(eq(ptr, (void *)msock__hearsay_find(&hearsay, 0), NULL));
    cr_expect(eq(ptr, (void *)msock__hearsay_get(&hearsay, 0), NULL));
}

Test(hearsay, one_state_is_kept_once)
{
    struct msock__hearing *first = add(7);

    add(8);
    cr_expect(eq(ptr, (void *)add(7), (void *)first));
    cr_expect(eq(ptr, (void *)msock__hearsay_find(&hearsay, 7), (void *)first));
    cr_expect(eq(ptr, (void *)msock__hearsay_get(&hearsay, first->number),
                 (void *)first));
}

Test(hearsay, the_oldest_makes_room)
{
    uint64_t number = add(1)->number;

    for (uint64_t key = 2; key <= MSOCK__HEARSAY_KEPT; key++) {
        add(key);
    }
    cr_expect(ne(ptr, (void *)msock__hearsay_find(&hearsay, 1), NULL));
    add(MSOCK__HEARSAY_KEPT + 1);
    cr_expect(eq(ptr, (void *)msock__hearsay_find(&hearsay, 1), NULL));
    cr_expect(eq(ptr, (void *)msock__hearsay_get(&hearsay, number), NULL));
    cr_expect(ne(ptr, (void *)msock__hearsay_find(&hearsay, 2), NULL));
}

Test(hearsay, it_is_settled_when_the_frame_is_there_and_all_have_ended)
{
    struct msock__hearing *hearing = add(7);

    hearing->waits = 1;
    msock__hearing_did(hearing, 0);
    cr_expect(not(msock__hearing_settled(hearing)));
    hearing->counter = 3;
    cr_expect(not(msock__hearing_settled(hearing)));
    hearing->waits = 0;
    cr_expect(msock__hearing_settled(hearing));
}

Test(hearsay, the_first_refusal_counts)
{
    struct msock__hearing *hearing = add(7);

    msock__hearing_did(hearing, 0);
    msock__hearing_did(hearing, MSOCK_EINVAL);
    msock__hearing_did(hearing, MSOCK_ENOMEM);
    cr_expect(eq(int, hearing->code, MSOCK_EINVAL));
}

Test(hearsay, without_memory_nothing_is_kept)
{
    test_alloc_fail_at(1);
    cr_expect(eq(ptr, (void *)msock__hearsay_add(&hearsay, 7), NULL));
    cr_expect(eq(ptr, (void *)msock__hearsay_find(&hearsay, 7), NULL));
}
