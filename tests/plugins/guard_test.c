/* SPDX-License-Identifier: Apache-2.0 */
/* The books about a plugin's calls. */
#include "plugins/guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <multisock/error.h>

enum { SLOW_MS = 50 };

static const struct {
    int result;
    enum msock__verdict verdict;
} results[] = {
    {0, MSOCK__ACTED},
    {MSOCK_EINVAL, MSOCK__REFUSED},
    {MSOCK_EJSON, MSOCK__REFUSED},
    {MSOCK_EAGAIN, MSOCK__REFUSED},
    {MSOCK_ETOOBIG, MSOCK__REFUSED},
    {MSOCK_EBUSY, MSOCK__REFUSED},
    {MSOCK_ENOMEM, MSOCK__FAILED},
    {MSOCK_ESYSTEM, MSOCK__FAILED},
    {MSOCK_ELIMIT, MSOCK__FAILED},
    {MSOCK_EPLUGIN, MSOCK__FAILED},
    {1, MSOCK__GARBAGE},
    {INT_MAX, MSOCK__GARBAGE},
    {INT_MIN, MSOCK__GARBAGE},
    {-1000, MSOCK__GARBAGE},
};

Test(guard, tells_refusals_from_failures_and_garbage)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        cr_expect(
            eq(int, msock__guard_judge(results[i].result), results[i].verdict),
            "%d", results[i].result);
    }
}

Test(guard, knows_every_code_of_the_table)
{
    static const int codes[] = {
#define MSOCK__XX(name, number, text) MSOCK_##name,
        MSOCK_ERROR_MAP(MSOCK__XX)
#undef MSOCK__XX
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_expect(ne(int, msock__guard_judge(codes[i]), MSOCK__GARBAGE), "%d",
                  codes[i]);
    }
}

Test(guard, counts_calls_beyond_the_bound_as_slow)
{
    struct msock__guard guard = {0};

    cr_expect(not(msock__guard_time(&guard, 0, SLOW_MS)));
    cr_expect(not(msock__guard_time(&guard, SLOW_MS, SLOW_MS)));
    cr_expect(msock__guard_time(&guard, SLOW_MS + 1, SLOW_MS));
    cr_expect(msock__guard_time(&guard, 90, SLOW_MS));

    cr_expect(eq(u64, guard.calls, 4));
    cr_expect(eq(u64, guard.slow, 2));
    cr_expect(eq(uint, guard.slow_calls, 2));
    cr_expect(eq(u64, guard.slowest_ms, 90));
}

Test(guard, a_fast_call_ends_a_row_of_slow_ones)
{
    struct msock__guard guard = {0};
    msock__guard_time(&guard, 60, SLOW_MS);

    msock__guard_time(&guard, 1, SLOW_MS);

    cr_expect(eq(uint, guard.slow_calls, 0));
    cr_expect(eq(u64, guard.slow, 1));
    cr_expect(eq(u64, guard.slowest_ms, 60));
}

Test(guard, counts_failures_in_a_row)
{
    struct msock__guard guard = {0};

    msock__guard_result(&guard, MSOCK__FAILED);
    msock__guard_result(&guard, MSOCK__GARBAGE);

    cr_expect(eq(uint, guard.failures, 2));
    cr_expect(eq(u64, guard.failed, 2));
    cr_expect(eq(u64, guard.garbage, 1));
}

Test(guard, what_acted_or_refused_ends_a_row_of_failures)
{
    static const enum msock__verdict ends[] = {MSOCK__ACTED, MSOCK__REFUSED};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct msock__guard guard = {0};
        msock__guard_result(&guard, MSOCK__FAILED);
        msock__guard_result(&guard, ends[i]);
        cr_expect(eq(uint, guard.failures, 0));
        cr_expect(eq(u64, guard.failed, 1));
        cr_expect(eq(u64, guard.refused, ends[i] == MSOCK__REFUSED));
    }
}

Test(guard, a_line_is_due_at_once_and_then_rarely)
{
    struct msock__quiet quiet = {0};
    uint64_t held = 99;

    cr_expect(msock__quiet_over(&quiet, 5, &held));
    cr_expect(eq(u64, held, 0));
    cr_expect(not(msock__quiet_over(&quiet, 6, &held)));
    cr_expect(not(msock__quiet_over(&quiet, 4 + MSOCK__QUIET_MS, &held)));
    cr_expect(msock__quiet_over(&quiet, 5 + MSOCK__QUIET_MS, &held));
    cr_expect(eq(u64, held, 2));
    cr_expect(not(msock__quiet_over(&quiet, 6 + MSOCK__QUIET_MS, &held)));
}
