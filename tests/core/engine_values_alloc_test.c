/* SPDX-License-Identifier: Apache-2.0 */
/* States when there is no memory: what a call refuses has not happened, and
 * what it took is there. */
#include "core/engine_values.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_channel.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct bench hub, node;

static void open_both(void)
{
    bench_open(&hub, "hub", "", 0);
    bench_open(&node, "node", "", 0);
    cr_assert(ge(int, bench_record(&node, "#", false), 1));
}

static void close_both(void)
{
    bench_close(&hub);
    bench_close(&node);
}

TestSuite(engine_values_alloc);

static int set(const char *topic, const char *json, bool conflate)
{
    const msock_publish_options how = {.state = true, .conflate = conflate};
    return msock_publish(hub.channel, topic, json, &how);
}

static bool holds(const struct bench *bench, const char *topic)
{
    return msock__values_find(bench->engine->values, topic, strlen(topic)) !=
           NULL;
}

/* Whether a call worked; if not, it had no memory. */
static bool took(int code)
{
    cr_expect(code >= 0 || code == MSOCK_ENOMEM, "%d", code);
    return code >= 0;
}

/* Publishes, with or without a state before, and hears it. */
static void publish_and_hear(bool before, long n)
{
    open_both();
    if (before) {
        cr_assert(zero(int, set("lamp", "0", false)));
    }
    test_alloc_fail_at(n);
    bool taken = took(set("lamp", "1", before));
    bool failed = test_alloc_failed();

    cr_expect(failed || taken);
    cr_expect(eq(int, holds(&hub, "lamp"), taken || before));
    (void)bench_move(&hub, &node, 0);
    cr_expect(eq(int, holds(&node, "lamp"), taken || before));
    close_both();
}

Test(engine_values_alloc, refused_state_has_no_version_and_is_not_sent)
{
    for (long n = 1; n < 20; n++) {
        publish_and_hear(false, n);
        publish_and_hear(true, n);
    }
}

Test(engine_values_alloc, what_is_heard_without_memory_is_counted)
{
    size_t dropped = 0;
    size_t heard = 0;
    for (long n = 1; n < 20; n++) {
        open_both();
        cr_assert(zero(int, set("lamp", "1", false)));
        uint8_t frame[2048];
        size_t size = bench_take(&hub, frame, sizeof frame);
        test_alloc_fail_at(n);
        bench_feed(&node, frame, size, NULL, false);
        (void)test_alloc_failed();
        dropped += bench_drops(&node) > 0;
        heard += node.heard_count;
        cr_expect(eq(int, holds(&node, "lamp"), node.heard_count == 1));
        close_both();
    }
    cr_expect(ge(sz, dropped, 1));
    cr_expect(ge(sz, heard, 1));
}

static int count_it(msock_channel *channel, const msock_message *message,
                    void *user)
{
    (void)channel;
    (void)message;
    ++*(int *)user;
    return 0;
}

static void count_state(msock_channel *channel, const msock_state *state,
                        void *user)
{
    (void)channel;
    (void)state;
    ++*(int *)user;
}

Test(engine_values_alloc, subscription_that_is_refused_is_not_there)
{
    int seen;
    bool failed;
    for (long n = 1; n < 20; n++) {
        seen = 0;
        open_both();
        cr_assert(zero(int, set("lamp", "1", false)));
        test_alloc_fail_at(n);
        bool taken =
            took(msock_subscribe(hub.channel, "lamp", count_it, &seen, NULL));
        failed = test_alloc_failed();
        msock__engine_tick(hub.engine, hub.now_us);
        cr_expect(eq(int, seen, taken));
        cr_expect(failed || taken);
        close_both();
    }
}

Test(engine_values_alloc, keeping_and_restoring_are_all_or_nothing)
{
    const uint8_t session[16] = {1};
    for (long n = 1; n < 20; n++) {
        int seen = 0;
        open_both();
        cr_assert(zero(int, set("lamp", "1", false)));
        test_alloc_fail_at(n);
        bool kept = took(msock_keep(hub.channel, "#", count_state, &seen));
        bool restored =
            kept && took(msock_state_restore(hub.channel, "door", 1, "porch",
                                             session, "1"));
        (void)test_alloc_failed();
        msock__engine_tick(hub.engine, hub.now_us);
        cr_expect(eq(int, seen, kept));
        cr_expect(eq(int, holds(&hub, "door"), restored));
        cr_expect(eq(int, msock_state_each(hub.channel, "+", NULL, NULL),
                     restored ? 2 : 1));
        close_both();
    }
}
