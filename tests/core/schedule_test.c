/* SPDX-License-Identifier: Apache-2.0 */
#include "core/schedule.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 20 };

static struct msock__schedule schedule;

static void init(void)
{
    msock__schedule_init(&schedule, LIMIT);
}

static void fini(void)
{
    msock__schedule_fini(&schedule);
}

TestSuite(schedule, .init = init, .fini = fini);

/* A message of one letter, from the session that is that letter too. */
static int add(uint64_t due_us, char letter)
{
    struct msock__scheduled_origin origin = {.newest = UINT64_MAX};
    memset(origin.session, letter, sizeof(origin.session));
    return msock__schedule_add(&schedule, due_us, &origin, (uint8_t *)&letter,
                               1);
}

/* Takes all that is due, as letters. */
static const char *take_all(uint64_t now_us)
{
    static char letters[MSOCK__SCHEDULED_MAX + 1];
    struct msock__scheduled *message;
    size_t count = 0;
    while ((message = msock__schedule_take(&schedule, now_us)) != NULL) {
        cr_assert(lt(sz, count, MSOCK__SCHEDULED_MAX));
        letters[count++] = (char)message->bytes[0];
        free(message);
    }
    letters[count] = '\0';
    return letters;
}

Test(schedule, empty_one_has_no_deadline)
{
    cr_expect(eq(u64, msock__schedule_deadline(&schedule), UINT64_MAX));
    cr_expect(eq(ptr, msock__schedule_take(&schedule, UINT64_MAX), NULL));
}

Test(schedule, message_comes_back_as_it_went_in)
{
    static const uint8_t bytes[] = "{\"topic\":\"a\"}\n";
    struct msock__scheduled_origin origin = {
        .sent_us = 123,
        .newest = 456,
        .flags = MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_RELIABLE,
    };
    memset(origin.session, 9, sizeof(origin.session));
    msock__schedule_add(&schedule, 1000, &origin, bytes, sizeof(bytes) - 1);

    struct msock__scheduled *message = msock__schedule_take(&schedule, 1000);

    cr_assert(ne(ptr, message, NULL));
    cr_expect(eq(u64, message->node.due_us, 1000));
    cr_expect(eq(u64, message->origin.sent_us, 123));
    cr_expect(eq(u64, message->origin.newest, 456));
    cr_expect(eq(uint, message->origin.flags, origin.flags));
    cr_expect(eq(int, message->origin.session[15], 9));
    cr_assert(eq(sz, message->size, sizeof(bytes) - 1));
    message->bytes[message->size] = '\0'; /* the spare byte */
    cr_expect(eq(str, (char *)message->bytes, (char *)bytes));
    free(message);
}

Test(schedule, nothing_comes_before_its_time)
{
    add(1000, 'a');

    cr_expect(eq(str, (char *)take_all(999), ""));
    cr_expect(eq(str, (char *)take_all(1000), "a"));
}

Test(schedule, order_is_by_due_time_and_then_by_arrival)
{
    static const uint64_t due[] = {30, 10, 20, 10, 30, 20, 10};
    for (size_t i = 0; i < 7; i++) {
        add(due[i], (char)('a' + i));
    }

    cr_expect(eq(str, (char *)take_all(30), "bdgcfae"));
}

/* A loop that sleeps until each deadline wakes once for each due time, and
 * never finds nothing to do. */
Test(schedule, deadline_is_exact_and_never_busy)
{
    struct msock__dice dice = {5};
    size_t taken = 0;
    size_t wakes = 0;
    for (int i = 0; i < 500; i++) {
        add(1000 * (1 + msock__dice_below(&dice, 100)), 'x');
    }

    while (msock__schedule_deadline(&schedule) < UINT64_MAX) {
        uint64_t now_us = msock__schedule_deadline(&schedule);
        size_t count = strlen(take_all(now_us));
        cr_assert(ge(sz, count, 1));
        cr_assert(gt(u64, msock__schedule_deadline(&schedule), now_us));
        taken += count;
        wakes++;
    }

    cr_expect(eq(sz, taken, 500));
    cr_expect(le(sz, wakes, 100));
}

Test(schedule, messages_number_at_most_1024)
{
    for (int i = 0; i < MSOCK__SCHEDULED_MAX; i++) {
        cr_assert(eq(int, add(1, 'a'), 0));
    }

    cr_expect(eq(int, add(1, 'a'), -MSOCK_DROP_SCHEDULED));
    free(msock__schedule_take(&schedule, 1));
    cr_expect(eq(int, add(1, 'a'), 0));
}

Test(schedule, memory_stays_within_the_limit)
{
    static const uint8_t bytes[5000];
    static const struct msock__scheduled_origin origin;
    int code = 0;
    while (code == 0) {
        cr_assert(le(sz, schedule.bytes, LIMIT));
        code = msock__schedule_add(&schedule, 1, &origin, bytes, sizeof(bytes));
    }

    cr_expect(eq(int, code, -MSOCK_DROP_SCHEDULED));
    cr_expect(le(sz, schedule.bytes, LIMIT));
    cr_expect(gt(sz, schedule.bytes, LIMIT - 2 * sizeof(bytes)));
    take_all(1);
    cr_expect(eq(sz, schedule.bytes, 0));
}

Test(schedule, message_of_any_size_is_refused_at_worst)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 64, LIMIT, LIMIT - 1};
    static const struct msock__scheduled_origin origin;
    for (size_t i = 0; i < 4; i++) {
        cr_expect(eq(int,
                     msock__schedule_add(&schedule, 1, &origin,
                                         (const uint8_t *)"", sizes[i]),
                     -MSOCK_DROP_SCHEDULED));
    }

    cr_expect(eq(sz, schedule.bytes, 0));
}

Test(schedule, session_that_ends_takes_its_messages_along)
{
    uint8_t session[MSOCK__SESSION_SIZE];
    memset(session, 'a', sizeof(session));
    add(3, 'a');
    add(1, 'b');
    add(2, 'a');
    add(5, 'c');
    add(4, 'b');

    cr_expect(eq(sz, msock__schedule_forget(&schedule, session), 2));
    cr_expect(eq(sz, msock__schedule_forget(&schedule, session), 0));

    cr_expect(eq(str, (char *)take_all(9), "bbc"));
    cr_expect(eq(sz, schedule.bytes, 0));
}

Test(schedule, last_of_the_session_leaves_no_deadline)
{
    uint8_t session[MSOCK__SESSION_SIZE];
    memset(session, 'a', sizeof(session));
    add(3, 'a');

    msock__schedule_forget(&schedule, session);

    cr_expect(eq(u64, msock__schedule_deadline(&schedule), UINT64_MAX));
    cr_expect(eq(sz, schedule.bytes, 0));
}

Test(schedule, lack_of_memory_changes_nothing)
{
    size_t failures = 0;
    for (size_t i = 0; i < 100; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            size_t bytes = schedule.bytes;
            test_alloc_fail_at(n);
            int code = add(100 - i, 'a');
            failed = test_alloc_failed();
            cr_assert(eq(int, code, failed ? -MSOCK_DROP_MEMORY : 0));
            cr_assert(eq(int, schedule.bytes == bytes, failed));
            failures += failed;
        }
    }

    cr_expect(gt(sz, failures, 100));
    cr_expect(eq(sz, strlen(take_all(100)), 100));
}
