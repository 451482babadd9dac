/* SPDX-License-Identifier: Apache-2.0 */
/* The core's modules with every allocation failing once, one by one: the call
 * says so, nothing leaks, and what was there before is there after. */
#include "tests/support/alloc.h"

#include "core/dispatch.h"
#include "core/fragment.h"
#include "core/session.h"
#include "core/timer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t key[16] = {1};

/* -- dispatch -- */

static size_t called;

static int count_call(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    called++;
    return 0;
}

static size_t run(struct msock__dispatch *dispatch, const char *topic)
{
    const msock_message message = {.topic = topic, .topic_size = strlen(topic)};
    return msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX).called;
}

Test(alloc, dispatch_new_fails_cleanly)
{
    struct msock__dispatch *dispatch = NULL;
    for (long n = 1; n <= 2; n++) {
        test_alloc_fail_at(n);
        cr_expect(eq(int, msock__dispatch_new(&dispatch, key), MSOCK_ENOMEM));
        cr_expect(test_alloc_failed());
        cr_expect(eq(ptr, dispatch, NULL));
    }

    test_alloc_fail_at(3);
    cr_expect(eq(int, msock__dispatch_new(&dispatch, key), 0));
    cr_expect(not(test_alloc_failed()));
    msock__dispatch_free(dispatch);
}

/* Adds filters with new levels of every kind; each failure must leave the trie
 * as it was, and the next attempt succeed. */
Test(alloc, dispatch_add_fails_without_a_trace)
{
    static const char *const filters[] = {"a/b/c", "a/+/#", "#", "a/b/c/d/e"};
    struct msock__dispatch *dispatch;
    cr_assert(eq(int, msock__dispatch_new(&dispatch, key), 0));

    for (size_t i = 0; i < 400; i++) {
        char filter[32] = "x/";
        strcat(filter, filters[i % 4]);
        filter[0] = (char)('0' + i % 63);
        size_t count = msock__dispatch_count(dispatch);
        size_t nodes = msock__dispatch_nodes(dispatch);
        bool failed = true;
        for (long n = 1; failed; n++) {
            test_alloc_fail_at(n);
            int id =
                msock__dispatch_add(dispatch, filter, count_call, NULL, false);
            failed = test_alloc_failed();
            cr_assert(eq(int, id < 0, failed));
            cr_assert(eq(sz, msock__dispatch_count(dispatch), count + !failed));
            bool same = msock__dispatch_nodes(dispatch) == nodes;
            cr_assert(same || !failed);
        }
    }

    cr_expect(eq(sz, run(dispatch, "0/a/b/c"), 5));
    msock__dispatch_free(dispatch);
}

Test(alloc, dispatch_run_and_remove_allocate_nothing)
{
    struct msock__dispatch *dispatch;
    cr_assert(eq(int, msock__dispatch_new(&dispatch, key), 0));
    int id = msock__dispatch_add(dispatch, "a/+", count_call, NULL, false);

    test_alloc_fail_at(1);
    cr_expect(eq(sz, run(dispatch, "a/b"), 1));
    cr_expect(msock__dispatch_any(dispatch, "a/b", 3, false));
    cr_expect(eq(int, msock__dispatch_remove(dispatch, id), 0));

    cr_expect(not(test_alloc_failed()));
    msock__dispatch_free(dispatch);
}

/* -- session -- */

static void session_id(uint32_t number, uint8_t id[MSOCK__SESSION_SIZE])
{
    memset(id, 0, MSOCK__SESSION_SIZE);
    memcpy(id, &number, sizeof(number));
}

static void add_session(struct msock__sessions *sessions, uint32_t number)
{
    uint8_t id[MSOCK__SESSION_SIZE];
    bool failed = true;
    session_id(number, id);
    for (long n = 1; failed; n++) {
        size_t count = msock__sessions_count(sessions);
        struct msock__session *victim = msock__sessions_victim(sessions);
        test_alloc_fail_at(n);
        struct msock__session *made = msock__sessions_add(sessions, id);
        failed = test_alloc_failed();
        cr_assert(eq(int, made == NULL, failed));
        cr_assert(eq(ptr, msock__sessions_find(sessions, id), made));
        bool same = msock__sessions_count(sessions) == count &&
                    msock__sessions_victim(sessions) == victim;
        cr_assert(same || !failed);
    }
}

Test(alloc, sessions_add_fails_without_a_trace)
{
    static const size_t maxima[] = {1, 2, 700};
    for (size_t i = 0; i < 3; i++) {
        struct msock__sessions *sessions = NULL;
        test_alloc_fail_at(1);
        cr_expect(eq(int, msock__sessions_new(&sessions, maxima[i], key),
                     MSOCK_ENOMEM));
        cr_assert(eq(int, msock__sessions_new(&sessions, maxima[i], key), 0));

        for (uint32_t number = 0; number < 1000; number++) {
            add_session(sessions, number);
        }

        cr_expect(eq(sz, msock__sessions_count(sessions), maxima[i]));
        msock__sessions_free(sessions);
    }
}

/* -- timer -- */

static void count_run(msock_channel *channel, void *user)
{
    (void)channel;
    (void)user;
    called++;
}

Test(alloc, timers_start_fails_without_a_trace)
{
    struct msock__timers *timers = NULL;
    size_t failures = 0;
    test_alloc_fail_at(1);
    cr_expect(eq(int, msock__timers_new(&timers), MSOCK_ENOMEM));
    cr_assert(eq(int, msock__timers_new(&timers), 0));

    for (size_t i = 0; i < 100; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            test_alloc_fail_at(n);
            int id = msock__timers_start(timers, 0, 1, 0, count_run, NULL);
            failed = test_alloc_failed();
            cr_assert(eq(int, id, failed ? MSOCK_ENOMEM : (int)i + 1));
            failures += failed;
        }
    }
    cr_expect(gt(sz, failures, 3));

    test_alloc_fail_at(1);
    called = 0;
    msock__timers_run(timers, 1000, NULL);
    cr_expect(not(test_alloc_failed()));
    cr_expect(eq(sz, called, 100));
    msock__timers_free(timers);
}

/* -- fragment -- */

/* Gives pieces until all were given, or one of them failed.  Returns what the
 * last of them returned. */
static int give_pieces(struct msock__fragments *fragments, uint32_t count,
                       struct msock__assembled *message)
{
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        struct msock__body body = {
            .index = i, .count = count, .bytes = (uint8_t *)"ab", .size = 2};
        result =
            msock__fragments_add(fragments, 0, 5, 1 + i, &body, message, NULL);
    }
    return result;
}

Test(alloc, fragments_drop_the_assembly_that_lacks_memory)
{
    static const struct msock__fragments_limits limits = {4, 1 << 20, 1 << 20};
    struct msock__fragments *fragments = NULL;
    struct msock__assembled message = {.bytes = NULL};
    bool failed = true;
    long n = 0;
    test_alloc_fail_at(1);
    cr_expect(eq(int, msock__fragments_new(&fragments, &limits), MSOCK_ENOMEM));

    while (failed) {
        cr_assert(eq(int, msock__fragments_new(&fragments, &limits), 0));
        test_alloc_fail_at(++n);
        int result = give_pieces(fragments, 20, &message);
        failed = test_alloc_failed();
        cr_assert(eq(int, result, failed ? -MSOCK_DROP_MEMORY : 1));
        cr_assert(eq(sz, msock__fragments_bytes(fragments), 0));
        cr_assert(eq(int, message.bytes == NULL, failed));
        msock__fragments_free(fragments);
    }

    cr_expect(gt(long, n, 20));
    cr_expect(eq(sz, message.size, 40));
    free(message.bytes);
}
