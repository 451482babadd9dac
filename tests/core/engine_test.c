/* SPDX-License-Identifier: Apache-2.0 */
/* The engine between two test benches: what is published arrives, large and
 * small, at others and at oneself, and callbacks may do what they like. */
#include "core/engine.h"

#include "tests/support/bench_pair.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static bool holds(const uint8_t *bytes, size_t size, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= size; i++) {
        if (memcmp(bytes + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}
/* -- The way of a message -- */

TestSuite(engine, .init = pair_open_sealed, .fini = pair_close);
TestSuite(engine_open, .init = pair_open_plain, .fini = pair_close);

Test(engine, message_reaches_a_subscription)
{
    pair_publish(&hub, "home/lights", "{\"on\": false}");

    bench_move(&hub, &node, 0);

    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].topic, "home/lights"));
    cr_expect(eq(str, node.heard[0].sender, "hub"));
    cr_expect(eq(str, node.heard[0].data, "{\"on\":false}"));
    cr_expect(eq(uint, node.heard[0].flags, MSOCK_MESSAGE_SEALED));
    cr_expect(eq(u64, bench_drops(&node), 0));
}

Test(engine, messages_of_one_turn_share_a_frame_in_order)
{
    pair_publish(&hub, "a", "1");
    pair_publish(&hub, "b", "2");
    pair_publish(&hub, "c", NULL);

    size_t frames = bench_move(&hub, &node, 0);

    cr_expect(eq(sz, frames, 1));
    cr_assert(eq(sz, node.heard_count, 3));
    cr_expect(eq(str, node.heard[0].topic, "a"));
    cr_expect(eq(str, node.heard[1].topic, "b"));
    cr_expect(eq(str, node.heard[2].data, "null"));
    cr_expect(eq(uint, node.heard[2].flags,
                 MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_EMPTY));
}

Test(engine, frame_takes_as_many_messages_as_fit)
{
    static const char topic[] =
        "a/rather/long/topic/of/forty-five/bytes/in/all";
    /* Header, sent and tag take 56 bytes; a message 43 besides its topic. */
    size_t fit = (1472 - 56) / (sizeof(topic) - 1 + 43);

    for (size_t i = 0; i < fit; i++) {
        pair_publish(&hub, topic, "1234567");
    }

    cr_expect(eq(sz, bench_move(&hub, &node, 0), 1));
    cr_expect(eq(sz, node.heard_count, fit));
}

Test(engine, publishing_wakes_the_driver_and_sets_the_deadline)
{
    cr_assert(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));

    pair_publish(&hub, "a", "1");

    cr_expect(eq(sz, hub.wakes, 1));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
    cr_expect(not(msock__engine_drained(hub.engine)));
}

Test(engine, sealed_frame_shows_no_text)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    pair_publish(&hub, "garage/door", "\"open sesame\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));

    cr_assert(ge(sz, size, 1));
    cr_expect(not(holds(frame, size, "garage")));
    cr_expect(not(holds(frame, size, "sesame")));
    cr_expect(not(holds(frame, size, "hub")));
}

Test(engine_open, open_frame_shows_its_text)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    pair_publish(&hub, "garage/door", "\"open sesame\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));

    cr_expect(holds(frame, size, "sesame"));
}

Test(engine, frame_that_was_not_sent_is_shown_again_unchanged)
{
    struct msock__outgoing first, again;
    pair_publish(&hub, "a", "1");

    cr_assert(eq(sz, msock__engine_output(hub.engine, 5000000, &first, 1), 1));
    uint8_t copy[PAIR_FRAME_ROOM];
    memcpy(copy, first.bytes, first.size);
    cr_assert(eq(sz, msock__engine_output(hub.engine, 6000000, &again, 1), 1));

    cr_expect(eq(sz, again.size, first.size));
    cr_expect(eq(int, memcmp(copy, again.bytes, first.size), 0));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));
}

Test(engine, raw_payload_arrives_whole)
{
    static const char bytes[] = "\0\1\2{\"";
    msock_publish_options options = {
        .raw = bytes, .raw_size = sizeof(bytes), .type = "image/png"};
    cr_assert(eq(int, msock_publish(hub.channel, "cam", NULL, &options), 0));
    pair_publish(&hub, "after", "true");

    bench_move(&hub, &node, 0);

    cr_assert(eq(sz, node.heard_count, 2));
    cr_expect(eq(sz, node.heard[0].data_size, sizeof(bytes)));
    cr_expect(eq(uint, node.heard[0].flags,
                 MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_RAW));
    cr_expect(eq(str, node.heard[1].data, "true"));
}
/* -- Large messages -- */

Test(engine, large_message_arrives_in_pieces)
{
    const size_t size = 1024 * 1024;
    pair_publish_large(&hub, size);
    pair_publish(&hub, "small", "1");

    size_t frames = bench_move(&hub, &node, 5000000);

    cr_expect(gt(sz, frames, 700));
    cr_assert(eq(sz, node.heard_count, 2));
    cr_expect(eq(sz, node.heard[0].data_size, size));
    cr_expect(eq(str, node.heard[1].topic, "small"));
    cr_expect(eq(u64, bench_drops(&node), 0));
}

Test(engine, pieces_leave_at_the_pace)
{
    pair_publish_large(&hub, 1024 * 1024);
    uint64_t began_us = hub.now_us;

    size_t at_once = bench_move(&hub, NULL, 0);
    bench_move(&hub, NULL, 5000000);

    cr_expect(lt(sz, at_once, 32));
    cr_expect(ge(u64, hub.now_us - began_us, 90000));
    cr_expect(le(u64, hub.now_us - began_us, 110000));
}

/* Receive buffers are no larger there. */
Test(engine, pieces_are_no_faster_within_one_host)
{
    msock__engine_near(hub.engine, true);
    pair_publish_large(&hub, 1024 * 1024);
    uint64_t began_us = hub.now_us;

    bench_move(&hub, NULL, 5000000);

    cr_expect(ge(u64, hub.now_us - began_us, 90000));
}

Test(engine, lost_piece_gives_the_message_up_after_two_seconds)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    pair_publish_large(&hub, 4000);
    cr_assert(ge(sz, bench_take(&hub, frame, sizeof(frame)), 1));
    bench_move(&hub, &node, 1000000);

    node.now_us += 1900000;
    msock__engine_tick(node.engine, node.now_us);
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_PIECE_LATE), 0));
    node.now_us += 200000;
    msock__engine_tick(node.engine, node.now_us);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_PIECE_LATE), 1));
    cr_expect(eq(u64, msock__engine_deadline(node.engine), UINT64_MAX));
}

Test(engine, message_over_1024_pieces_is_refused)
{
    size_t size = 1024 * 1472;
    char *bytes = calloc(1, size);
    msock_publish_options options = {.raw = bytes, .raw_size = size};

    int code = msock_publish(hub.channel, "a", NULL, &options);

    cr_expect(eq(int, code, MSOCK_ETOOBIG));
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
    free(bytes);
}

Test(engine_limits, full_queue_takes_nothing_and_says_so)
{
    pair_open("queue_max=64K", 0);
    char text[1002];
    memset(text, '1', sizeof(text));
    text[0] = text[1000] = '"';
    text[1001] = '\0';
    int code = 0;
    size_t queued = 0;
    for (int i = 0; i < 100 && code == 0; i++) {
        queued = msock_queued(hub.channel);
        code = msock_publish(hub.channel, "a", text, NULL);
    }

    cr_expect(eq(int, code, MSOCK_EAGAIN));
    cr_expect(eq(sz, msock_queued(hub.channel), queued));
    bench_move(&hub, NULL, 0);
    cr_expect(eq(int, msock_publish(hub.channel, "a", text, NULL), 0));
    pair_close();
}
/* -- One's own messages -- */

Test(engine, own_subscription_hears_own_message_directly)
{
    bench_record(&hub, "a", false);
    pair_publish(&hub, "a", "[1, 2]");
    cr_assert(eq(sz, hub.heard_count, 0));

    msock__engine_tick(hub.engine, hub.now_us);

    cr_assert(eq(sz, hub.heard_count, 1));
    cr_expect(eq(str, hub.heard[0].data, "[1,2]"));
    cr_expect(eq(str, hub.heard[0].sender, "hub"));
    cr_expect(eq(uint, hub.heard[0].flags, MSOCK_MESSAGE_LOCAL));
}

Test(engine, no_local_subscription_hears_only_others)
{
    bench_record(&hub, "a", true);
    pair_publish(&hub, "a", "1");
    pair_publish(&node, "a", "2");

    msock__engine_tick(hub.engine, hub.now_us);
    bench_move(&node, &hub, 0);

    cr_assert(eq(sz, hub.heard_count, 1));
    cr_expect(eq(str, hub.heard[0].data, "2"));
}

Test(engine, own_frame_is_dropped_by_its_header)
{
    bench_record(&hub, "a", false);
    pair_publish(&hub, "a", "1");

    bench_move(&hub, &hub, 0);

    cr_expect(eq(sz, hub.heard_count, 1));
    cr_expect(eq(u64, pair_count(&hub, MSOCK_DROP_OWN), 1));
    cr_expect(eq(u64, bench_drops(&hub), 1));
    cr_expect(eq(sz, log_notes_count(), 0));
}
/* -- Callbacks that do things -- */

static int echoes;

static int echo(msock_channel *channel, const msock_message *message,
                void *user)
{
    (void)message;
    (void)user;
    echoes++;
    return msock_publish(channel, "a", "1", NULL);
}

Test(engine, echo_to_oneself_lets_every_turn_end)
{
    cr_assert(ge(int, msock_subscribe(hub.channel, "a", echo, NULL, NULL), 1));
    pair_publish(&hub, "a", "1");

    msock__engine_tick(hub.engine, hub.now_us);
    cr_expect(eq(int, echoes, 1));
    msock__engine_tick(hub.engine, hub.now_us);

    cr_expect(eq(int, echoes, 2));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
}

static int close_inside(msock_channel *channel, const msock_message *message,
                        void *user)
{
    (void)message;
    (void)user;
    echoes++;
    cr_expect(eq(int, msock_publish(channel, "last", "1", NULL), 0));
    msock_close(channel, NULL, NULL);
    cr_expect(
        eq(int, msock_publish(channel, "late", "1", NULL), MSOCK_ECLOSED));
    return 0;
}

Test(engine, close_in_a_callback_ends_deliveries_and_drains)
{
    msock_subscribe(node.channel, "#", close_inside, NULL, NULL);
    pair_publish(&hub, "a", "1");
    pair_publish(&hub, "b", "2");

    bench_move(&hub, &node, 0);
    bench_record(&hub, "last", false);
    bench_move(&node, &hub, 3000000);

    cr_expect(eq(int, echoes, 1));
    cr_expect(node.closed);
    cr_expect(eq(sz, node.heard_count, 1));
    cr_expect(eq(sz, hub.heard_count, 1));
    cr_expect(msock__engine_drained(node.engine));
}

static int refuse(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return MSOCK_EINVAL;
}

Test(engine, refusals_are_counted)
{
    msock_subscribe(node.channel, "a", refuse, NULL, NULL);
    pair_publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DELIVERED), 2));
    cr_expect(eq(u64, pair_count(&node, MSOCK_REFUSED), 1));
}
/* -- Timers -- */

static int ticks;

static void tick(msock_channel *channel, void *user)
{
    (void)channel;
    (void)user;
    ticks++;
}

Test(engine, timer_runs_when_due)
{
    cr_assert(ge(int, msock_timer_start(hub.channel, 20, 0, tick, NULL), 1));

    cr_expect(eq(u64, msock__engine_deadline(hub.engine), hub.now_us + 20000));
    msock__engine_tick(hub.engine, hub.now_us + 19999);
    cr_expect(eq(int, ticks, 0));
    msock__engine_tick(hub.engine, hub.now_us + 20000);

    cr_expect(eq(int, ticks, 1));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));
}

Test(engine, close_gives_up_when_nothing_leaves_for_four_seconds)
{
    pair_publish(&hub, "a", "1");

    msock_close(hub.channel, NULL, NULL);
    cr_expect(not(msock__engine_drained(hub.engine)));
    msock__engine_tick(hub.engine, hub.now_us + 3999999);
    cr_expect(not(msock__engine_drained(hub.engine)));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
    msock__engine_tick(hub.engine, hub.now_us + 4000000);

    cr_expect(msock__engine_drained(hub.engine));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));
}

Test(engine, close_gives_nothing_up_to_a_turn_that_began_before_it)
{
    pair_publish(&hub, "a", "1");

    hub.ahead_us = 30;
    msock_close(hub.channel, NULL, NULL);
    msock__engine_tick(hub.engine, hub.now_us);

    cr_expect(not(msock__engine_drained(hub.engine)));
}
