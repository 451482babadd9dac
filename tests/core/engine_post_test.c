/* SPDX-License-Identifier: Apache-2.0 */
/* msock_post() on a test bench: what was posted, by whichever thread, is
 * published in order when the engine has its turn and room. */
#include "core/engine_state.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_channel.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 1000, PATIENCE_US = 3000000 };

static struct bench hub;
static unsigned posted, in_order; /* numbered messages, out and in */

static void open_with(const char *options)
{
    bench_open(&hub, "hub", options, 0);
    cr_assert(ge(int, bench_record(&hub, "#", false), 1));
}

static void open_plain(void)
{
    open_with("");
}

static void close_hub(void)
{
    bench_close(&hub);
}

TestSuite(engine_post, .init = open_plain, .fini = close_hub);
TestSuite(engine_post_limits, .fini = close_hub);

static int post(const char *topic, const char *json)
{
    return msock_post(hub.channel, topic, json, NULL);
}

static void tick(void)
{
    msock__engine_tick(hub.engine, hub.now_us);
}

/* Posts LARGE bytes of text that end in the next number. */
static int post_large(void)
{
    char text[LARGE + 1];
    snprintf(text, sizeof(text), "\"%0*u\"", LARGE - 2, posted);
    int code = post("a", text);
    posted += code == 0;
    return code;
}

/* Posts until there is no room. */
static void fill(void)
{
    while (post_large() == 0) {
    }
}

static int on_large(msock_channel *channel, const msock_message *message,
                    void *user)
{
    (void)channel, (void)user;
    in_order += strtoul(message->data + 1, NULL, 10) == in_order;
    return 0;
}

Test(engine_post, message_is_published_in_the_next_turn)
{
    cr_assert(eq(int, post("home/lights", " {\"on\": true}"), 0));
    cr_expect(eq(sz, hub.notes, 1));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
    cr_expect(ge(sz, msock_queued(hub.channel), 1));
    cr_expect(not(msock__engine_drained(hub.engine)));

    tick();

    cr_assert(eq(sz, hub.heard_count, 1));
    cr_expect(eq(str, hub.heard[0].topic, "home/lights"));
    cr_expect(eq(str, hub.heard[0].data, "{\"on\":true}"));
    cr_expect(eq(str, hub.heard[0].sender, "hub"));
    cr_expect(eq(uint, hub.heard[0].flags, MSOCK_MESSAGE_LOCAL));
    cr_expect(eq(sz, bench_move(&hub, NULL, 0), 1));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
    cr_expect(msock__engine_sent_all(hub.engine));
}

Test(engine_post, arguments_are_checked_as_in_publish)
{
    msock_publish_options type = {.type = "text/plain"};
    msock_publish_options size = {.struct_size = 1};

    cr_expect(eq(int, post(NULL, "1"), MSOCK_ETOPIC));
    cr_expect(eq(int, post("a/+", "1"), MSOCK_ETOPIC));
    cr_expect(eq(int, post("$ms/hello", "1"), MSOCK_ETOPIC));
    cr_expect(eq(int, post("a", "{\"a\":01}"), MSOCK_EJSON));
    cr_expect(eq(int, msock_post(hub.channel, "a", NULL, &type), MSOCK_EINVAL));
    cr_expect(eq(int, msock_post(hub.channel, "a", NULL, &size), MSOCK_EINVAL));
    cr_expect(eq(sz, hub.notes, 0));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
}

Test(engine_post, raw_bytes_are_copied)
{
    char bytes[] = "abc";
    msock_publish_options options = {
        .raw = bytes, .raw_size = 3, .type = "text/plain"};
    cr_assert(eq(int, msock_post(hub.channel, "a", NULL, &options), 0));
    memset(bytes, 'x', sizeof(bytes));

    tick();

    cr_assert(eq(sz, hub.heard_count, 1));
    cr_expect(eq(str, hub.heard[0].data, "abc"));
}

Test(engine_post, child_of_a_fork_is_refused)
{
    hub.forked = true;

    cr_expect(eq(int, post("a", "1"), MSOCK_EFORK));
    hub.forked = false;
}

static int post_again(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)message, (void)user;
    return msock_post(channel, "again", NULL, NULL);
}

Test(engine_post, callback_may_post_and_is_heard_in_the_next_turn)
{
    cr_assert(ge(
        int, msock_subscribe(hub.channel, "once", post_again, NULL, NULL), 1));
    cr_assert(eq(int, post("once", NULL), 0));

    tick();
    cr_expect(eq(sz, hub.heard_count, 1));
    tick();

    cr_assert(eq(sz, hub.heard_count, 2));
    cr_expect(eq(str, hub.heard[1].topic, "again"));
}

Test(engine_post, closing_publishes_what_was_posted_and_refuses_more)
{
    cr_assert(eq(int, post("a", "1"), 0));

    msock_close(hub.channel, NULL, NULL);

    cr_expect(eq(int, post("a", "2"), MSOCK_ECLOSED));
    cr_expect(not(msock__engine_drained(hub.engine)));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
    cr_expect(eq(sz, bench_move(&hub, NULL, 3000000), 1));
    cr_expect(msock__engine_drained(hub.engine));
    cr_expect(eq(u64, msock_counter_get(hub.channel, MSOCK_TX_MESSAGES), 1));
}

/* -- Bounds -- */

Test(engine_post_limits, full_posting_takes_nothing_and_says_so)
{
    open_with("post_max=64K");
    fill();
    size_t queued = msock_queued(hub.channel);

    cr_expect(eq(int, post_large(), MSOCK_EAGAIN));

    cr_expect(gt(uint, posted, 50));
    cr_expect(le(sz, queued, 65536));
    cr_expect(eq(sz, msock_queued(hub.channel), queued));
    tick();
    cr_expect(eq(int, post_large(), 0));
}

Test(engine_post_limits, what_the_queue_does_not_take_waits_in_order)
{
    open_with("post_max=64K&queue_max=64K");
    msock_subscribe(hub.channel, "a", on_large, NULL, NULL);
    fill();
    tick();
    unsigned sent = in_order;
    fill();
    tick();
    unsigned waiting = posted - in_order;

    bench_move(&hub, NULL, 0);

    cr_expect(ge(uint, sent, 1));
    cr_expect(gt(uint, waiting, 50));
    cr_expect(eq(uint, in_order, posted));
    cr_expect(eq(sz, hub.heard_count, posted));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
}

Test(engine_post_limits, without_room_nothing_is_due)
{
    open_with("post_max=64K&queue_max=64K");
    struct msock__outgoing frame;
    fill();
    /* The driver was shown a frame, and cannot send it at present. */
    tick();
    msock__engine_output(hub.engine, hub.now_us, &frame, 1);
    tick();

    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));

    cr_expect(lt(sz, hub.heard_count, posted));
    bench_move(&hub, NULL, 0);
    cr_expect(eq(sz, hub.heard_count, posted));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
}

Test(engine_post_limits, larger_than_can_be_sent_is_too_big_at_once)
{
    open_with("message_max=1K");
    char text[2048];
    memset(text, '1', sizeof(text));
    msock_publish_options options = {.raw = text, .raw_size = sizeof(text)};

    cr_expect(
        eq(int, msock_post(hub.channel, "a", NULL, &options), MSOCK_ETOOBIG));

    cr_expect(eq(sz, msock_queued(hub.channel), 0));
    cr_expect(eq(int, post("a", "1"), 0));
}

Test(engine_post_limits, frames_that_shrank_since_are_a_counted_drop)
{
    static char bytes[1000000];
    open_with("");
    msock_publish_options options = {.raw = bytes, .raw_size = sizeof(bytes)};
    cr_assert(eq(int, msock_post(hub.channel, "a", NULL, &options), 0));
    cr_assert(eq(int, post("a", "1"), 0));

    msock__engine_frame_size(hub.engine, 548);
    tick();

    cr_expect(eq(u64, msock_counter_get(hub.channel, MSOCK_DROP_TOO_BIG), 1));
    cr_expect(eq(sz, hub.heard_count, 1));
    cr_expect(
        eq(int, msock_post(hub.channel, "a", NULL, &options), MSOCK_ETOOBIG));
}

Test(engine_post_limits, payload_of_a_raw_channel_goes_alone)
{
    open_with("codec=raw&topic=screen");
    uint8_t datagram[64];
    cr_assert(eq(int, post("a", "\"Hello\""), 0));
    cr_assert(eq(int, post("a", NULL), 0));

    tick();

    cr_expect(eq(sz, bench_take(&hub, datagram, sizeof(datagram)), 5));
    cr_expect(eq(int, memcmp(datagram, "Hello", 5), 0));
    cr_assert(eq(sz, hub.heard_count, 2));
    cr_expect(eq(str, hub.heard[0].topic, "screen"));
}

/* -- Memory -- */

Test(engine_post, failing_allocations_lose_nothing_that_was_taken)
{
    long n = 0;
    bool failed = true;
    while (failed) {
        size_t heard = hub.heard_count;
        test_alloc_fail_at(++n);
        int code = post("a", "1");
        bench_move(&hub, NULL, 0);
        failed = test_alloc_failed();
        bench_move(&hub, NULL, PATIENCE_US);
        cr_assert(code == 0 || code == MSOCK_ENOMEM, "allocation %ld", n);
        cr_assert(eq(sz, hub.heard_count, heard + (code == 0)));
        cr_assert(eq(sz, msock_queued(hub.channel), 0));
    }

    cr_expect(gt(int, (int)n, 4));
}

Test(engine_post, without_memory_it_tries_again_later_not_at_once)
{
    cr_assert(eq(int, post("a", "1"), 0));

    test_alloc_fail_at(1);
    tick();

    cr_expect(test_alloc_failed());
    cr_expect(eq(sz, hub.heard_count, 0));
    cr_expect(gt(u64, msock__engine_deadline(hub.engine), hub.now_us));
    bench_move(&hub, NULL, PATIENCE_US);
    cr_expect(eq(sz, hub.heard_count, 1));
}
