/* SPDX-License-Identifier: Apache-2.0 */
/* The engine at its bounds: streams, sessions, slots, queues, sizes and time.
 */
#include "codec/frame.h"
#include "codec/transform.h"
#include "core/engine_state.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_pair.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(engine_bounds, .init = pair_open_plain, .fini = pair_close);
TestSuite(engine_bounds_sealed, .init = pair_open_sealed, .fini = pair_close);
TestSuite(engine_limits, .fini = pair_close);

/* An open frame of the hub's with another stream and counter. */
static void feed_as(uint8_t *frame, size_t size, unsigned stream,
                    uint64_t counter)
{
    struct msock__frame header;
    cr_assert(eq(int, msock__frame_decode(frame, size, &header), 0));
    header.stream = (uint8_t)stream;
    header.counter = counter;
    msock__frame_encode(&header, frame);
    bench_feed(&node, frame, size, NULL, false);
}

/* -- Streams -- */

Test(engine_bounds, reliable_stream_has_counters_of_its_own)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    feed_as(frame, size, MSOCK__RELIABLE, 1);
    feed_as(frame, size, MSOCK__BEST_EFFORT, 1);
    feed_as(frame, size, MSOCK__RELIABLE, 1);

    cr_assert(eq(sz, node.heard_count, 2));
    cr_expect(eq(uint, node.heard[0].flags, MSOCK_MESSAGE_RELIABLE));
    cr_expect(eq(uint, node.heard[1].flags, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_DUPLICATE), 1));
}

Test(engine_bounds, control_stream_has_a_window_of_its_own)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    feed_as(frame, size, MSOCK__CONTROL, 1);
    feed_as(frame, size, MSOCK__CONTROL, 1);
    feed_as(frame, size, MSOCK__BEST_EFFORT, 1);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_CONTROL), 1));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_DUPLICATE), 1));
    cr_expect(eq(sz, node.heard_count, 1));
}

Test(engine_bounds, own_session_with_a_higher_counter_is_told_apart)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    struct msock__frame header;
    size_t size = pair_frame(frame);
    cr_assert(eq(int, msock__frame_decode(frame, size, &header), 0));
    header.counter = 2;
    msock__frame_encode(&header, frame);

    bench_feed(&hub, frame, size, NULL, false);

    cr_expect(eq(u64, pair_count(&hub, MSOCK_DROP_OWN_AHEAD), 1));
    cr_expect(eq(u64, pair_count(&hub, MSOCK_DROP_OWN), 0));
}

Test(engine_bounds, used_up_counter_begins_a_new_session)
{
    uint64_t before = msock_session(hub.channel);
    hub.engine->counters[MSOCK__BEST_EFFORT] = MSOCK__COUNTER_MAX - 1;
    pair_publish(&hub, "a", "1");
    bench_move(&hub, &node, 0);
    pair_publish(&hub, "a", "2");

    bench_move(&hub, &node, 0);

    cr_expect(ne(u64, msock_session(hub.channel), before));
    cr_expect(eq(sz, node.heard_count, 2));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS), 2));
}

/* -- Sessions -- */

Test(engine_limits, session_heard_last_outlives_the_other)
{
    struct bench third;
    pair_open("sessions_max=2", 0);
    bench_open(&third, "porch", "", 0);
    uint8_t old[PAIR_FRAME_ROOM];
    size_t size = pair_frame(old);
    bench_feed(&node, old, size, NULL, false);
    pair_publish(&third, "a", "1");
    bench_move(&third, &node, 0);
    node.now_us += 1000;
    pair_publish(&hub, "a", "2");
    bench_move(&hub, &node, 0);

    struct bench fourth;
    bench_open(&fourth, "hall", "", 0);
    pair_publish(&fourth, "a", "3");
    bench_move(&fourth, &node, 0);
    bench_feed(&node, old, size, NULL, false);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_DUPLICATE), 1));
    cr_expect(eq(sz, node.heard_count, 4));
    bench_close(&third);
    bench_close(&fourth);
}

Test(engine_limits, pieces_of_a_forgotten_session_go_with_it)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    struct bench third;
    pair_open("sessions_max=1", 0);
    bench_open(&third, "porch", "", 0);
    pair_publish_large(&hub, 4000);
    bench_feed(&node, frame, bench_take(&hub, frame, sizeof(frame)), NULL,
               false);

    pair_publish(&third, "a", "1");
    bench_move(&third, &node, 0);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_PIECE_LATE), 1));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS_EVICTED), 1));
    cr_expect(eq(u64, msock__engine_deadline(node.engine), UINT64_MAX));
    bench_close(&third);
}

Test(engine_limits, session_without_memory_forgets_nobody)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    struct bench third;
    pair_open("sessions_max=1", 0);
    bench_open(&third, "porch", "", 0);
    pair_publish_large(&hub, 4000);
    bench_feed(&node, frame, bench_take(&hub, frame, sizeof(frame)), NULL,
               false);
    pair_publish(&third, "a", "1");
    size_t size = bench_take(&third, frame, sizeof(frame));

    test_alloc_fail_at(1);
    bench_feed(&node, frame, size, NULL, false);
    cr_assert(test_alloc_failed());
    bench_move(&hub, &node, 1000000);

    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS_EVICTED), 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_PIECE_LATE), 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_SESSION_LIMIT), 1));
    cr_expect(eq(sz, node.heard_count, 1));
    bench_close(&third);
}

/* -- Sending -- */

Test(engine_bounds, unsent_frames_are_never_overwritten)
{
    struct msock__outgoing frames[64];
    char data[1400];
    memset(data, '1', sizeof(data));
    data[0] = data[1300] = '"';
    data[1301] = '\0';
    for (int i = 0; i < 80; i++) {
        pair_publish(&hub, "a", data);
    }

    size_t count = msock__engine_output(hub.engine, hub.now_us, frames, 64);
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        struct msock__frame header;
        cr_assert(eq(
            int, msock__frame_decode(frames[i].bytes, frames[i].size, &header),
            0));
        cr_assert(eq(u64, header.counter, last + 1));
        last = header.counter;
    }

    cr_expect(eq(sz, count, MSOCK__SLOTS_MAX));
}

Test(engine_bounds, sent_counts_from_the_beginning_of_the_session)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    struct msock__body body;
    hub.now_us += 1234567;

    size_t size = pair_frame(frame);
    int drop = msock__body_decode(frame + MSOCK__HEADER_SIZE,
                                  size - MSOCK__HEADER_SIZE, 0, &body);

    cr_assert(eq(int, drop, 0));
    cr_expect(eq(u64, body.sent_us, 1234567));
}

Test(engine_bounds, lack_of_memory_for_frames_is_no_busy_loop)
{
    struct msock__outgoing frame;
    pair_publish(&hub, "a", "1");

    test_alloc_fail_at(1);
    size_t shown = msock__engine_output(hub.engine, hub.now_us, &frame, 1);
    cr_assert(test_alloc_failed());

    cr_expect(eq(sz, shown, 0));
    cr_expect(gt(u64, msock__engine_deadline(hub.engine), hub.now_us));
    bench_move(&hub, &node, 1000000);
    cr_expect(eq(sz, node.heard_count, 1));
}

static char heard_type[MSOCK_TYPE_MAX + 1];

static int note_type(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)channel;
    (void)user;
    strcpy(heard_type, message->type ? message->type : "none");
    return 0;
}

Test(engine_bounds, media_type_goes_along_up_to_127_bytes)
{
    char type[MSOCK_TYPE_MAX + 2];
    memset(type, 't', sizeof(type));
    type[MSOCK_TYPE_MAX + 1] = '\0';
    msock_publish_options options = {.raw = "x", .raw_size = 1, .type = type};
    msock_subscribe(node.channel, "cam", note_type, NULL, NULL);

    cr_expect(eq(int, msock_publish(hub.channel, "cam", NULL, &options),
                 MSOCK_EINVAL));
    type[MSOCK_TYPE_MAX] = '\0';
    cr_assert(eq(int, msock_publish(hub.channel, "cam", NULL, &options), 0));
    bench_move(&hub, &node, 0);

    cr_expect(eq(str, heard_type, type));
}

Test(engine_limits, message_over_the_limit_is_too_big_however_full_the_queue)
{
    static char bytes[70000];
    pair_open("message_max=1K&queue_max=64K", 0);
    msock_publish_options options = {.raw = bytes, .raw_size = 1025};
    msock_publish_options absurd = {.raw = bytes, .raw_size = SIZE_MAX};
    memset(bytes, ' ', 1030);
    bytes[1030] = '1';

    cr_expect(eq(int, msock_publish(hub.channel, "a", NULL, &options),
                 MSOCK_ETOOBIG));
    cr_expect(
        eq(int, msock_publish(hub.channel, "a", NULL, &absurd), MSOCK_ETOOBIG));
    cr_expect(eq(int, msock_publish(hub.channel, "a", bytes, NULL), 0));
    cr_expect(
        eq(int, msock_post(hub.channel, "a", NULL, &absurd), MSOCK_ETOOBIG));
}

/* -- Receiving -- */

Test(engine_limits, message_over_the_limit_is_dropped)
{
    pair_open("", 0);
    bench_close(&node);
    bench_open(&node, "kitchen", "message_max=1K", 0);
    bench_record(&node, "#", false);
    pair_publish_large(&hub, 1200);
    pair_publish(&hub, "small", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_TOO_BIG), 1));
    cr_expect(eq(sz, node.heard_count, 0));
}

Test(engine_limits, raw_payload_over_the_limit_is_dropped)
{
    static const char bytes[1025];
    pair_open("codec=raw&message_max=1K", 0);

    bench_feed(&node, bytes, 1025, "10.0.0.1:1", false);
    bench_feed(&node, bytes, 1024, "10.0.0.1:1", false);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_TOO_BIG), 1));
    cr_expect(eq(sz, node.heard_count, 1));
}

Test(engine_bounds, assembly_sets_the_deadline)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    pair_publish_large(&hub, 4000);

    bench_feed(&node, frame, bench_take(&hub, frame, sizeof(frame)), NULL,
               false);

    cr_expect(
        eq(u64, msock__engine_deadline(node.engine), node.now_us + 2000000));
}

Test(engine_bounds_sealed, work_done_is_counted)
{
    pair_publish(&hub, "a", "1");
    pair_publish(&hub, "b", "2");
    pair_publish_large(&hub, 4000);

    size_t frames = bench_move(&hub, &node, 1000000);

    cr_expect(eq(u64, pair_count(&hub, MSOCK_TX_MESSAGES), 3));
    cr_expect(eq(u64, pair_count(&hub, MSOCK_TX_FRAMES), frames));
    cr_expect(eq(u64, pair_count(&node, MSOCK_RX_FRAMES), frames));
    cr_expect(eq(u64, pair_count(&node, MSOCK_RX_BYTES),
                 pair_count(&hub, MSOCK_TX_BYTES)));
    cr_expect(eq(u64, pair_count(&node, MSOCK_RX_MESSAGES), 3));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DELIVERED), 3));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS), 1));
    cr_expect(eq(u64, msock_counter_get(node.channel, MSOCK_COUNTER_COUNT), 0));
}

/* -- One's own messages -- */

Test(engine_bounds, subscription_made_after_publishing_hears_the_next)
{
    bench_record(&hub, "a", false);
    pair_publish(&hub, "a", "1");
    bench_record(&hub, "#", false);

    msock__engine_tick(hub.engine, hub.now_us);

    cr_expect(eq(sz, hub.heard_count, 1));
}

static int twice(msock_channel *channel, const msock_message *message,
                 void *user)
{
    int *calls = user;
    (*calls)++;
    return msock_publish(channel, message->topic, "0", NULL);
}

Test(engine_bounds, one_turn_delivers_what_was_there_when_it_began)
{
    int calls = 0;
    msock_subscribe(hub.channel, "a", twice, &calls, NULL);
    pair_publish(&hub, "a", "1");
    pair_publish(&hub, "a", "2");

    msock__engine_tick(hub.engine, hub.now_us);

    cr_expect(eq(int, calls, 2));
}

Test(engine_limits, own_messages_that_wait_are_bounded)
{
    pair_open("queue_max=64K", 0);
    bench_record(&hub, "a", false);
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t taken = 0;
    int code;

    /* The frames leave, and no turn takes the local copies. */
    while ((code = msock_publish(hub.channel, "a", "1", NULL)) == 0) {
        taken += bench_take(&hub, frame, sizeof(frame)) > 0;
        cr_assert(le(sz, hub.engine->local_bytes, 65536));
    }

    cr_expect(eq(int, code, MSOCK_EAGAIN));
    cr_expect(gt(sz, taken, 100));
    cr_expect(msock__engine_sent_all(hub.engine));
}

static void never(msock_channel *channel, void *user)
{
    (void)channel;
    (void)user;
    cr_assert(false, "a timer ran after the close");
}

Test(engine_bounds, close_ends_timers)
{
    msock_timer_start(hub.channel, 1, 0, never, NULL);

    msock_close(hub.channel, NULL, NULL);
    bench_move(&hub, NULL, 3000000);

    cr_expect(eq(u64, msock__engine_deadline(hub.engine), UINT64_MAX));
}
