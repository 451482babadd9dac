/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for replies. */
#include "core/requests.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { SESSION = 77 };

static struct msock__requests requests;

static void teardown(void)
{
    msock__requests_fini(&requests);
}

TestSuite(requests, .fini = teardown);

static struct msock__request *add(uint64_t number)
{
    return msock__requests_add(
        &requests, &(struct msock__reply){.session = SESSION, .number = number},
        "lamp");
}

static struct msock__request *find(uint64_t session, uint64_t number)
{
    return msock__requests_find(
        &requests,
        &(struct msock__reply){.session = session, .number = number});
}

/* Takes one out.  Returns its id, 0: there was none. */
static int ended(struct msock__request *request)
{
    int id = request != NULL ? request->id : 0;

    free(request);
    return id;
}

Test(requests, reply_finds_its_own)
{
    struct msock__request *first = add(5);
    struct msock__request *second = add(6);

    cr_expect(eq(ptr, find(SESSION, 5), first));
    cr_expect(eq(ptr, find(SESSION, 6), second));
    cr_expect(eq(str, first->topic, "lamp"));
    cr_expect(eq(int, first->id, 1));
    cr_expect(eq(int, second->id, 2));
}

Test(requests, reply_to_another_number_or_session_finds_none)
{
    (void)add(5);

    cr_expect(zero(ptr, find(SESSION, 4)));
    cr_expect(zero(ptr, find(SESSION + 1, 5)));
}

Test(requests, number_in_use_is_not_given_twice)
{
    cr_assert(eq(u64, add(5)->reply.number, 5));

    cr_expect(eq(u64, add(5)->reply.number, 6));
    cr_expect(eq(u64, add(5)->reply.number, 7));
}

Test(requests, numbers_are_integers_of_the_protocol)
{
    const uint64_t most = (UINT64_C(1) << 53) - 1;

    cr_expect(eq(u64, add(UINT64_MAX)->reply.number, most));
    cr_expect(eq(u64, add(most)->reply.number, 0));
}

Test(requests, one_reply_ends_it)
{
    cr_expect(msock__request_count(add(1)));
}

Test(requests, so_many_replies_end_it)
{
    struct msock__request *request = add(1);
    request->replies_max = 3;

    cr_expect(not(msock__request_count(request)));
    cr_expect(not(msock__request_count(request)));
    cr_expect(msock__request_count(request));
    cr_expect(eq(u32, request->replies, 3));
}

Test(requests, no_number_of_replies_ends_one_for_all)
{
    struct msock__request *request = add(1);
    request->replies_max = MSOCK_REPLIES_ALL;
    request->replies = UINT32_MAX - 1;

    cr_expect(not(msock__request_count(request)));
    cr_expect(not(msock__request_count(request)));
    cr_expect(eq(u32, request->replies, UINT32_MAX));
}

Test(requests, deadline_is_the_earliest_one)
{
    cr_expect(eq(u64, msock__requests_deadline(&requests), UINT64_MAX));

    add(1)->deadline_us = 30;
    add(2)->deadline_us = 10;
    add(3)->deadline_us = 20;

    cr_expect(eq(u64, msock__requests_deadline(&requests), 10));
}

Test(requests, those_whose_deadline_is_over_are_taken_eldest_first)
{
    add(1)->deadline_us = 20;
    add(2)->deadline_us = 30;
    add(3)->deadline_us = 10;

    cr_expect(zero(int, ended(msock__requests_take_over(&requests, 9))));
    cr_expect(eq(int, ended(msock__requests_take_over(&requests, 20)), 1));
    cr_expect(eq(int, ended(msock__requests_take_over(&requests, 20)), 3));
    cr_expect(zero(int, ended(msock__requests_take_over(&requests, 20))));
    cr_expect(eq(sz, requests.count, 1));
}

Test(requests, taken_ones_are_found_no_more)
{
    for (uint64_t i = 1; i <= 3; i++) {
        (void)add(i);
    }

    cr_expect(eq(int, ended(msock__requests_take(&requests, 3)), 3));
    cr_expect(eq(int, ended(msock__requests_take(&requests, 1)), 1));
    cr_expect(zero(int, ended(msock__requests_take(&requests, 1))));
    cr_expect(zero(ptr, find(SESSION, 1)));
    cr_expect(eq(ptr, find(SESSION, 2), requests.first));
    cr_expect(eq(ptr, requests.last, requests.first));
}

Test(requests, emptied_list_takes_new_ones)
{
    (void)add(1);
    cr_assert(eq(int, ended(msock__requests_take(&requests, 1)), 1));

    struct msock__request *request = add(2);

    cr_expect(eq(int, request->id, 2));
    cr_expect(eq(ptr, requests.first, request));
    cr_expect(eq(ptr, requests.last, request));
}

Test(requests, there_are_1024_at_a_time)
{
    for (uint64_t i = 0; i < MSOCK__REQUESTS_MAX; i++) {
        cr_assert(ne(ptr, add(i), NULL));
    }

    cr_expect(zero(ptr, add(9999)));
    cr_assert(eq(int, ended(msock__requests_take(&requests, 7)), 7));
    cr_expect(ne(ptr, add(9999), NULL));
}

Test(requests, without_memory_there_is_none_more)
{
    struct msock__request *first = add(1);

    test_alloc_fail_at(1);
    cr_expect(zero(ptr, add(2)));
    cr_expect(test_alloc_failed());

    cr_expect(eq(ptr, requests.last, first));
    cr_expect(eq(sz, requests.count, 1));
    cr_expect(eq(int, add(2)->id, 2));
}
