/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that stand for what is finished later. */
#include "core/tickets.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct msock__tickets tickets;

static void teardown(void)
{
    msock__tickets_fini(&tickets);
}

TestSuite(tickets, .fini = teardown);

static uint64_t give(uint64_t counter)
{
    return msock__tickets_give(&tickets,
                               &(struct msock__ticket){.counter = counter});
}

Test(tickets, number_gives_back_what_it_stands_for)
{
    struct msock__ticket want = {.counter = 7, .reply = {8, 9}, .id = "x"};
    struct msock__ticket got;
    memset(want.session, 3, sizeof want.session);

    uint64_t token = msock__tickets_give(&tickets, &want);

    cr_assert(ne(u64, token, 0));
    cr_assert(msock__tickets_take(&tickets, token, &got));
    cr_expect(eq(u64, got.counter, 7));
    cr_expect(eq(u64, got.reply.session, 8));
    cr_expect(eq(u64, got.reply.number, 9));
    cr_expect(eq(str, got.id, "x"));
    cr_expect(zero(int, memcmp(got.session, want.session, sizeof got.session)));
}

Test(tickets, number_serves_once)
{
    struct msock__ticket got = {.counter = 99};
    uint64_t token = give(1);

    cr_assert(msock__tickets_take(&tickets, token, &got));
    cr_expect(not(msock__tickets_take(&tickets, token, &got)));
    cr_expect(ne(u64, give(2), token));
    cr_expect(not(msock__tickets_take(&tickets, token, &got)));
    cr_expect(eq(u64, got.counter, 1));
}

Test(tickets, number_may_be_looked_at_without_being_used_up)
{
    struct msock__ticket got;
    uint64_t token = give(7);

    cr_assert(ne(ptr, (void *)msock__tickets_find(&tickets, token), NULL));
    cr_expect(eq(u64, msock__tickets_find(&tickets, token)->counter, 7));
    cr_expect(msock__tickets_take(&tickets, token, &got));
    cr_expect(zero(ptr, (void *)msock__tickets_find(&tickets, token)));
}

static bool is_odd(const struct msock__ticket *ticket, void *user)
{
    *(size_t *)user += 1;
    return ticket->counter % 2 == 1;
}

Test(tickets, those_that_are_gone_make_room)
{
    uint64_t tokens[4];
    size_t looked_at = 0;
    for (size_t i = 0; i < 4; i++) {
        tokens[i] = give(i);
    }
    struct msock__ticket got;
    cr_assert(msock__tickets_take(&tickets, tokens[0], &got));

    msock__tickets_sweep(&tickets, is_odd, &looked_at);

    cr_expect(eq(sz, looked_at, 3));
    cr_expect(not(msock__tickets_take(&tickets, tokens[1], &got)));
    cr_expect(not(msock__tickets_take(&tickets, tokens[3], &got)));
    cr_expect(msock__tickets_take(&tickets, tokens[2], &got));
    for (size_t i = 0; i < MSOCK__TICKETS_MAX; i++) {
        cr_assert(ne(u64, give(i), 0));
    }
    cr_expect(zero(u64, give(1)));
}

Test(tickets, numbers_that_were_made_up_find_nothing)
{
    struct msock__ticket got;
    uint64_t token = give(1);

    for (int bit = 0; bit < 64; bit++) {
        cr_expect(not(
            msock__tickets_take(&tickets, token ^ UINT64_C(1) << bit, &got)));
    }
    cr_expect(not(msock__tickets_take(&tickets, 0, &got)));
}

Test(tickets, there_are_1024_at_a_time)
{
    static uint64_t tokens[MSOCK__TICKETS_MAX];
    struct msock__ticket got;
    for (size_t i = 0; i < MSOCK__TICKETS_MAX; i++) {
        tokens[i] = give(i);
        cr_assert(ne(u64, tokens[i], 0));
    }

    cr_expect(zero(u64, give(1)));
    cr_assert(msock__tickets_take(&tickets, tokens[500], &got));
    cr_expect(eq(u64, got.counter, 500));
    cr_expect(ne(u64, give(1), 0));
    cr_expect(zero(u64, give(1)));
}

Test(tickets, without_memory_none_is_given_and_others_stay)
{
    struct msock__ticket got;
    uint64_t first = give(1);
    for (uint64_t i = 2; i <= 16; i++) {
        cr_assert(ne(u64, give(i), 0));
    }

    test_alloc_fail_at(1);
    cr_expect(zero(u64, give(17)));
    cr_expect(test_alloc_failed());

    cr_expect(ne(u64, give(17), 0));
    cr_expect(msock__tickets_take(&tickets, first, &got));
}
