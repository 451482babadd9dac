/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are pushed while each allocation fails in turn: the call says so, or the
 * node keeps the keys it has; what it has is one ring or the other. */
#include "tests/support/alloc.h"
#include "tests/support/push_house.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(push_alloc, .init = push_house_make, .fini = push_house_leave);

/* Pushes once, the `n`-th allocation failing.  Returns whether one failed. */
static bool push_failing(const msock_ring *ring, long n)
{
    const char *names[] = {"lamp"};

    test_alloc_fail_at(n);
    int code = msock_keys_push(push_hub.channel, ring, names, 1);
    msock_sim_run(push_sim, PUSH_SECOND);
    bool failed = test_alloc_failed();
    test_alloc_fail_at(0);
    cr_assert(code == 0 || code == MSOCK_ENOMEM, "%d", code);
    return failed;
}

Test(push_alloc, every_failed_allocation_is_survived)
{
    msock_ring *rings[] = {push_ring("ab"), push_ring("ba")};
    long n = 0;
    push_house_open();
    push_hub_keys("ab"); /* whatever the lamp seals with is heard */

    bool failed = true;
    while (failed) {
        n++;
        failed = push_failing(rings[n % 2], n);
        const char *shown = push_shown("lamp");
        cr_assert(strcmp(shown, "a") == 0 || strcmp(shown, "ab") == 0 ||
                      strcmp(shown, "ba") == 0,
                  "%ld: '%s'", n, shown);
        cr_assert(ne(str, (char *)push_filed("lamp"), (char *)""));
    }

    /* A hello that could not be kept is asked for when the next one comes. */
    msock_sim_run(push_sim, 20 * PUSH_SECOND);
    cr_expect(ge(long, n, 6));
    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)push_shown("lamp")));
    cr_expect(ne(str, (char *)push_filed("lamp"), (char *)"a"));
    msock_ring_free(rings[0]);
    msock_ring_free(rings[1]);
}
