/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with every allocation failing once, one by one: nothing leaks,
 * crashes or is half done, and the channel works on afterwards. */
#include "core/engine_state.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_channel.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct bench hub, node;

static void open_pair(void)
{
    bench_open(&hub, "hub", "", 7);
    bench_open(&node, "kitchen", "", 7);
    bench_believe(&node, hub.engine->session);
    bench_record(&node, "#", false);
    bench_record(&hub, "large", false);
}

static void close_pair(void)
{
    bench_close(&hub);
    bench_close(&node);
}

Test(engine_alloc, opening_fails_cleanly)
{
    long n = 0;
    do {
        struct msock__pipeline pipeline = {0};
        test_alloc_fail_at(++n);
        int code = bench_open_with(&hub, "hub", "", &pipeline);
        cr_assert(code == 0 || code == MSOCK_ENOMEM, "allocation %ld", n);
        bench_close(&hub);
    } while (test_alloc_failed());

    cr_expect(gt(int, (int)n, 4));
}

/* A large message and a small one, from the call to the callback. */
static int publish_both(void)
{
    static char bytes[5000];
    msock_publish_options options = {.raw = bytes, .raw_size = sizeof(bytes)};
    int code = msock_publish(hub.channel, "large", NULL, &options);
    return code < 0 ? code : msock_publish(hub.channel, "small", "1", NULL);
}

Test(engine_alloc, publishing_fails_whole_or_works)
{
    open_pair();
    long n = 0;
    do {
        size_t heard = node.heard_count + hub.heard_count;
        test_alloc_fail_at(++n);
        int code = publish_both();
        bench_move(&hub, &node, 3000000);
        bool failed = test_alloc_failed();
        bench_move(&hub, &node, 3000000);
        if (code < 0) {
            cr_assert(eq(int, code, MSOCK_ENOMEM));
        }
        cr_assert(le(sz, node.heard_count + hub.heard_count, heard + 3));
        if (!failed) {
            cr_assert(eq(int, code, 0));
            cr_assert(eq(sz, node.heard_count + hub.heard_count, heard + 3));
            break;
        }
    } while (true);

    cr_expect(gt(int, (int)n, 4));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
    close_pair();
}

Test(engine_alloc, new_session_without_memory_is_a_counted_drop)
{
    uint8_t frame[2048];
    bench_open(&hub, "hub", "", 0);
    bench_open(&node, "kitchen", "", 0);
    bench_record(&node, "#", false);
    cr_assert(eq(int, msock_publish(hub.channel, "a", "1", NULL), 0));
    size_t size = bench_take(&hub, frame, sizeof(frame));

    test_alloc_fail_at(1);
    bench_feed(&node, frame, size, NULL, false);
    cr_assert(test_alloc_failed());
    cr_expect(eq(sz, node.heard_count, 0));
    bench_feed(&node, frame, size, NULL, false);

    cr_expect(eq(sz, node.heard_count, 1));
    close_pair();
}
