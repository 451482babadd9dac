/* SPDX-License-Identifier: Apache-2.0 */
/* The engine between two test benches: what is published, what arrives, and
 * what every kind of bad input leaves behind. */
#include "core/engine.h"

#include "codec/frame.h"
#include "tests/support/bench_channel.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 7, OTHER_KEY = 8, FRAME_ROOM = 2048 };

static struct bench hub, node;

static void open_pair(const char *options, int key)
{
    bench_open(&hub, "hub", options, key);
    bench_open(&node, "kitchen", options, key);
    cr_assert(gt(int, bench_record(&node, "#", false), 0));
}

static void open_sealed(void)
{
    open_pair("", KEY);
}

static void open_plain(void)
{
    open_pair("", 0);
}

static void close_pair(void)
{
    bench_close(&hub);
    bench_close(&node);
}

static uint64_t count(const struct bench *bench, enum msock_counter counter)
{
    return msock_counter_get(bench->channel, counter);
}

static void publish(struct bench *bench, const char *topic, const char *json)
{
    cr_assert(eq(int, msock_publish(bench->channel, topic, json, NULL), 0));
}

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

TestSuite(engine, .init = open_sealed, .fini = close_pair);
TestSuite(engine_open, .init = open_plain, .fini = close_pair);

Test(engine, message_reaches_a_subscription)
{
    publish(&hub, "home/lights", "{\"on\": false}");

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
    publish(&hub, "a", "1");
    publish(&hub, "b", "2");
    publish(&hub, "c", NULL);

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
        publish(&hub, topic, "1234567");
    }

    cr_expect(eq(sz, bench_move(&hub, &node, 0), 1));
    cr_expect(eq(sz, node.heard_count, fit));
}

Test(engine, publishing_wakes_the_driver_and_sets_the_deadline)
{
    cr_assert(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));

    publish(&hub, "a", "1");

    cr_expect(eq(sz, hub.wakes, 1));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), 0));
    cr_expect(not(msock__engine_drained(hub.engine)));
}

Test(engine, sealed_frame_shows_no_text)
{
    uint8_t frame[FRAME_ROOM];
    publish(&hub, "garage/door", "\"open sesame\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));

    cr_assert(gt(sz, size, 0));
    cr_expect(not(holds(frame, size, "garage")));
    cr_expect(not(holds(frame, size, "sesame")));
    cr_expect(not(holds(frame, size, "hub")));
}

Test(engine_open, open_frame_shows_its_text)
{
    uint8_t frame[FRAME_ROOM];
    publish(&hub, "garage/door", "\"open sesame\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));

    cr_expect(holds(frame, size, "sesame"));
}

Test(engine, frame_that_was_not_sent_is_shown_again_unchanged)
{
    struct msock__outgoing first, again;
    publish(&hub, "a", "1");

    cr_assert(eq(sz, msock__engine_output(hub.engine, 5000000, &first, 1), 1));
    uint8_t copy[FRAME_ROOM];
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
    publish(&hub, "after", "true");

    bench_move(&hub, &node, 0);

    cr_assert(eq(sz, node.heard_count, 2));
    cr_expect(eq(sz, node.heard[0].data_size, sizeof(bytes)));
    cr_expect(eq(uint, node.heard[0].flags,
                 MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_RAW));
    cr_expect(eq(str, node.heard[1].data, "true"));
}

/* -- Large messages -- */

static size_t publish_large(size_t size)
{
    char *bytes = malloc(size);
    memset(bytes, 'x', size);
    msock_publish_options options = {.raw = bytes, .raw_size = size};
    int code = msock_publish(hub.channel, "large", NULL, &options);
    free(bytes);
    cr_assert(eq(int, code, 0));
    return size;
}

Test(engine, large_message_arrives_in_pieces)
{
    size_t size = publish_large(1024 * 1024);
    publish(&hub, "small", "1");

    size_t frames = bench_move(&hub, &node, 5000000);

    cr_expect(gt(sz, frames, 700));
    cr_assert(eq(sz, node.heard_count, 2));
    cr_expect(eq(sz, node.heard[0].data_size, size));
    cr_expect(eq(str, node.heard[1].topic, "small"));
    cr_expect(eq(u64, bench_drops(&node), 0));
}

Test(engine, pieces_leave_at_the_pace)
{
    publish_large(1024 * 1024);
    uint64_t began_us = hub.now_us;

    size_t at_once = bench_move(&hub, NULL, 0);
    bench_move(&hub, NULL, 5000000);

    cr_expect(lt(sz, at_once, 32));
    cr_expect(ge(u64, hub.now_us - began_us, 90000));
    cr_expect(le(u64, hub.now_us - began_us, 110000));
}

Test(engine, lost_piece_gives_the_message_up_after_two_seconds)
{
    uint8_t frame[FRAME_ROOM];
    publish_large(4000);
    cr_assert(gt(sz, bench_take(&hub, frame, sizeof(frame)), 0));
    bench_move(&hub, &node, 1000000);

    node.now_us += 1900000;
    msock__engine_tick(node.engine, node.now_us);
    cr_expect(eq(u64, count(&node, MSOCK_DROP_PIECE_LATE), 0));
    node.now_us += 200000;
    msock__engine_tick(node.engine, node.now_us);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, count(&node, MSOCK_DROP_PIECE_LATE), 1));
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
    open_pair("queue_max=64K", 0);
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
    close_pair();
}

/* -- One's own messages -- */

Test(engine, own_subscription_hears_own_message_directly)
{
    bench_record(&hub, "a", false);
    publish(&hub, "a", "[1, 2]");
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
    publish(&hub, "a", "1");
    publish(&node, "a", "2");

    msock__engine_tick(hub.engine, hub.now_us);
    bench_move(&node, &hub, 0);

    cr_assert(eq(sz, hub.heard_count, 1));
    cr_expect(eq(str, hub.heard[0].data, "2"));
}

Test(engine, own_frame_is_dropped_by_its_header)
{
    bench_record(&hub, "a", false);
    publish(&hub, "a", "1");

    bench_move(&hub, &hub, 0);

    cr_expect(eq(sz, hub.heard_count, 1));
    cr_expect(eq(u64, count(&hub, MSOCK_DROP_OWN), 1));
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
    cr_assert(gt(int, msock_subscribe(hub.channel, "a", echo, NULL, NULL), 0));
    publish(&hub, "a", "1");

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
    publish(&hub, "a", "1");
    publish(&hub, "b", "2");

    bench_move(&hub, &node, 0);
    bench_record(&hub, "last", false);
    bench_move(&node, &hub, 0);

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
    publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(u64, count(&node, MSOCK_DELIVERED), 2));
    cr_expect(eq(u64, count(&node, MSOCK_REFUSED), 1));
}

/* -- Bad input from the network -- */

static size_t one_frame(uint8_t frame[static FRAME_ROOM])
{
    publish(&hub, "home/lights", "{\"on\":true}");
    size_t size = bench_take(&hub, frame, FRAME_ROOM);
    cr_assert(gt(sz, size, 0));
    return size;
}

Test(engine, every_flipped_bit_is_one_drop_and_changes_nothing)
{
    uint8_t frame[FRAME_ROOM];
    size_t size = one_frame(frame);

    for (size_t bit = 0; bit < size * 8; bit++) {
        uint64_t before = bench_drops(&node);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench_feed(&node, frame, size, NULL, false);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(eq(u64, bench_drops(&node), before + 1), "bit %zu", bit);
    }
    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, count(&node, MSOCK_SESSIONS), 0));

    bench_feed(&node, frame, size, NULL, false);
    cr_expect(eq(sz, node.heard_count, 1));
}

Test(engine, every_truncation_is_one_drop)
{
    uint8_t frame[FRAME_ROOM];
    size_t size = one_frame(frame);

    for (size_t cut = 0; cut < size; cut++) {
        bench_feed(&node, frame, cut, NULL, false);
        cr_assert(eq(u64, bench_drops(&node), cut + 1), "cut at %zu", cut);
    }

    cr_expect(eq(sz, node.heard_count, 0));
}

Test(engine_open, every_flip_and_truncation_is_survived)
{
    uint8_t frame[FRAME_ROOM];
    size_t size = one_frame(frame);

    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            frame[at] ^= (uint8_t)(1 << bit);
            bench_feed(&node, frame, size, NULL, false);
            frame[at] ^= (uint8_t)(1 << bit);
        }
        bench_feed(&node, frame, at, NULL, false);
    }

    uint64_t taken = count(&node, MSOCK_RX_MESSAGES) + bench_drops(&node);
    cr_expect(ge(u64, taken, size));
}

Test(engine, repeated_frame_is_delivered_once)
{
    uint8_t frame[FRAME_ROOM];
    size_t size = one_frame(frame);

    bench_feed(&node, frame, size, NULL, false);
    bench_feed(&node, frame, size, NULL, false);

    cr_expect(eq(sz, node.heard_count, 1));
    cr_expect(eq(u64, count(&node, MSOCK_DROP_DUPLICATE), 1));
}

Test(engine, frame_below_the_window_is_old)
{
    uint8_t first[FRAME_ROOM];
    size_t size = one_frame(first);
    uint8_t frame[FRAME_ROOM];
    for (int i = 0; i < 4096; i++) {
        size_t next = one_frame(frame);
        bench_feed(&node, frame, next, NULL, false);
    }

    bench_feed(&node, first, size, NULL, false);

    cr_expect(eq(u64, count(&node, MSOCK_DROP_OLD), 1));
    cr_expect(eq(sz, node.heard_count, 4096));
}

Test(engine_mixed, wrong_key_is_counted_and_nothing_else)
{
    bench_open(&hub, "hub", "", OTHER_KEY);
    bench_open(&node, "kitchen", "", KEY);
    bench_record(&node, "#", false);
    publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, count(&node, MSOCK_DROP_KEY_ID), 1));
    cr_expect(eq(u64, count(&node, MSOCK_SESSIONS), 0));
    cr_expect(eq(sz, log_notes_count(), 1));
    close_pair();
}

Test(engine_mixed, open_frame_on_a_sealed_channel_is_dropped)
{
    bench_open(&hub, "hub", "", 0);
    bench_open(&node, "kitchen", "", KEY);
    bench_record(&node, "#", false);
    publish(&hub, "a", "1");
    static const char bare[] = "{\"topic\":\"a\",\"sender\":\"b\"}";

    bench_move(&hub, &node, 0);
    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, count(&node, MSOCK_DROP_OPEN), 2));
    close_pair();
}

Test(engine_mixed, sealed_frame_on_an_open_channel_is_dropped)
{
    bench_open(&hub, "hub", "", KEY);
    bench_open(&node, "kitchen", "", 0);
    bench_record(&node, "#", false);
    publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, count(&node, MSOCK_DROP_SEALED), 1));
    close_pair();
}

Test(engine_limits, full_session_table_forgets_the_least_recent)
{
    open_pair("sessions_max=1", 0);
    struct bench third;
    bench_open(&third, "porch", "", 0);
    publish(&hub, "a", "1");
    publish(&third, "a", "2");

    bench_move(&hub, &node, 0);
    bench_move(&third, &node, 0);

    cr_expect(eq(sz, node.heard_count, 2));
    cr_expect(eq(u64, count(&node, MSOCK_SESSIONS_EVICTED), 1));
    bench_close(&third);
    close_pair();
}

/* -- Datagrams without a frame -- */

Test(engine_open, bare_datagram_is_a_message)
{
    static const char bare[] =
        "{\"topic\":\"lights\",\"sender\":\"py\",\"data\":1}";

    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].sender, "py"));
    cr_expect(eq(uint, node.heard[0].flags, MSOCK_MESSAGE_BARE));
}

Test(engine_open, bare_datagram_with_more_behind_it_is_dropped)
{
    static const char bare[] = "{\"topic\":\"a\",\"sender\":\"b\"}\n{}";

    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, bench_drops(&node), 1));
}

Test(engine_raw, json_string_travels_as_its_text)
{
    uint8_t frame[FRAME_ROOM];
    open_pair("codec=raw", 0);
    publish(&hub, "anything", "\"Hello \\u0057orld\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));
    bench_feed(&node, frame, size, "10.1.2.3:99", false);

    cr_expect(eq(sz, size, 11));
    cr_expect(eq(int, memcmp(frame, "Hello World", 11), 0));
    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].topic, "raw"));
    cr_expect(eq(str, node.heard[0].sender, "10.1.2.3:99"));
    cr_expect(eq(str, node.heard[0].data, "Hello World"));
    close_pair();
}

Test(engine_raw, own_datagram_and_empty_payload)
{
    open_pair("codec=raw&topic=old/style", 0);
    msock_publish_options empty = {.raw = "", .raw_size = 0};

    bench_feed(&node, "own", 3, "10.1.2.3:99", true);
    cr_assert(eq(int, msock_publish(hub.channel, "a", NULL, &empty), 0));
    bench_move(&hub, &node, 0);

    cr_expect(eq(u64, count(&node, MSOCK_DROP_OWN), 1));
    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].topic, "old/style"));
    cr_expect(eq(sz, node.heard[0].data_size, 0));
    close_pair();
}

/* -- The caller's mistakes -- */

Test(engine, invalid_arguments_are_named)
{
    static const struct {
        const char *topic, *json;
        int code;
    } table[] = {
        {NULL, "1", MSOCK_ETOPIC},
        {"", "1", MSOCK_ETOPIC},
        {"a/+", "1", MSOCK_ETOPIC},
        {"a\x01", "1", MSOCK_ETOPIC},
        {"\xff", "1", MSOCK_ETOPIC},
        {"$ms/hello", "1", MSOCK_ETOPIC},
        {"a", "", MSOCK_EJSON},
        {"a", "{", MSOCK_EJSON},
        {"a", "1 2", MSOCK_EJSON},
        {"a", "01", MSOCK_EJSON},
        {"a", "\"\\u0000\"", MSOCK_EJSON},
        {"a", "nul", MSOCK_EJSON},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int code =
            msock_publish(hub.channel, table[i].topic, table[i].json, NULL);
        cr_expect(eq(int, code, table[i].code), "row %zu", i);
        cr_expect(ne(str, (char *)msock_error_detail(), ""));
    }
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
}

Test(engine, raw_options_that_disagree_are_refused)
{
    msock_publish_options both = {.raw = "x", .raw_size = 1};
    msock_publish_options type_only = {.type = "text/plain"};
    msock_publish_options size_only = {.raw_size = 1};
    msock_publish_options newer = {.struct_size = 4096};

    cr_expect(
        eq(int, msock_publish(hub.channel, "a", "1", &both), MSOCK_EINVAL));
    cr_expect(eq(int, msock_publish(hub.channel, "a", "1", &type_only),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_publish(hub.channel, "a", NULL, &size_only),
                 MSOCK_EINVAL));
    cr_expect(
        eq(int, msock_publish(hub.channel, "a", NULL, &newer), MSOCK_EINVAL));
}

Test(engine, invalid_filters_and_ids_are_refused)
{
    cr_expect(eq(int, msock_subscribe(hub.channel, "a/#/b", refuse, NULL, NULL),
                 MSOCK_EFILTER));
    cr_expect(eq(int, msock_subscribe(hub.channel, "a", NULL, NULL, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_unsubscribe(hub.channel, 99), MSOCK_ENOENT));
    cr_expect(eq(int, msock_timer_stop(hub.channel, 99), MSOCK_ENOENT));
}

Test(engine, forked_child_may_not_send)
{
    struct msock__outgoing frame;
    publish(&hub, "a", "1");
    hub.forked = true;

    size_t shown = msock__engine_output(hub.engine, hub.now_us, &frame, 1);

    cr_expect(eq(sz, shown, 0));
    cr_expect(eq(int, msock_publish(hub.channel, "a", "1", NULL), MSOCK_EFORK));
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
    cr_assert(gt(int, msock_timer_start(hub.channel, 20, 0, tick, NULL), 0));

    cr_expect(eq(u64, msock__engine_deadline(hub.engine), hub.now_us + 20000));
    msock__engine_tick(hub.engine, hub.now_us + 19999);
    cr_expect(eq(int, ticks, 0));
    msock__engine_tick(hub.engine, hub.now_us + 20000);

    cr_expect(eq(int, ticks, 1));
    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));
}
