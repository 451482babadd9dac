/* SPDX-License-Identifier: Apache-2.0 */
/* The reliable stream between engines: in order, once, repaired, or reported as
 * lost. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(engine_stream, .fini = net_close);

enum { MS = 1000 };

static size_t hub, node;

/* -- What the network loses -- */

static uint64_t lose_first, lose_last;
static bool lose_forever;
static bool lost[65536];
static bool lose_range(const struct net_frame *frame, size_t to)
{
    const struct msock__frame *header = &frame->header;
    if (to != node || header->stream != MSOCK__RELIABLE ||
        header->counter < lose_first || header->counter > lose_last) {
        return false;
    }
    bool again = lost[header->counter];
    lost[header->counter] = true;
    return lose_forever || !again;
}

/* The frames first..last do not come, their repairs do. */
static void lose_once(uint64_t first, uint64_t last)
{
    lose_first = first;
    lose_last = last;
    net.lose = lose_range;
}

/* -- Repairs -- */

Test(engine_stream, lost_frame_is_asked_for_and_fills_its_place)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(2, 2);

    net_publish_apart(hub, 1, 3);
    net_run(40 * MS);

    cr_expect(net_heard_numbers(node, 1, 3));
    cr_expect(eq(u64, net_counter(node, MSOCK_TX_NACKS), 1));
    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_REPAIRS), 1));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
}

Test(engine_stream, lost_tail_is_noticed)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(1, 1);

    net_publish_numbers(hub, 1, 1);
    net_run(50 * MS);

    cr_expect(net_heard_numbers(node, 1, 1));
}

Test(engine_stream, repair_is_the_identical_frame)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(1, 1);
    size_t first = net.frame_count;
    net_publish_apart(hub, 1, 2);
    net_run(50 * MS);

    const struct net_frame *repair = &net.frames[net.frame_count - 1];
    while (repair->header.stream != MSOCK__RELIABLE) {
        repair--;
    }

    const struct net_frame *frame = &net.frames[first];
    cr_assert(ne(ptr, (void *)frame, (void *)repair));
    cr_assert(eq(u64, repair->header.counter, 1));
    cr_assert(eq(sz, repair->size, frame->size));
    cr_expect(eq(int, memcmp(repair->bytes, frame->bytes, frame->size), 0));
}

Test(engine_stream, hole_of_10000_frames_is_filled)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(2, 10001);

    net_publish_apart(hub, 1, 10002);
    net_run(5 * NET_SECOND_US);

    cr_expect(net_heard_numbers(node, 1, 10002));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
    cr_expect(le(u64, net_counter(node, MSOCK_TX_NACKS), 60));
}

Test(engine_stream, loss_of_30_percent_both_ways_loses_nothing)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    net.lose_percent = 30;
    net.lose = net_lose_some;

    net_publish_apart(hub, 1, 1000);
    net_run(8 * NET_SECOND_US);

    cr_expect(net_heard_numbers(node, 1, 1000));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
}

/* An open frame of a session that begins as others do. */
static void feed_alike(uint8_t last, uint64_t counter)
{
    static const char text[] = "{\"topic\":\"a\",\"sender\":\"x\"}\n";
    uint8_t bytes[256] = {0};
    struct msock__frame header = {.stream = MSOCK__RELIABLE,
                                  .counter = counter};
    struct msock__body body = {.sent_us = 60 * NET_SECOND_US};
    header.session[MSOCK__SESSION_SIZE - 1] = last;
    msock__frame_encode(&header, bytes);
    size_t size = MSOCK__HEADER_SIZE;
    size += msock__body_encode(&body, bytes + size);
    memcpy(bytes + size, text, sizeof(text) - 1);
    bench_feed(net_bench(node), bytes, size + sizeof(text) - 1, NULL, false);
}

Test(engine_stream, sessions_alike_in_8_bytes_are_kept_apart)
{
    node = net_open("kitchen", "", 0);
    for (uint8_t last = 1; last <= 3; last++) {
        feed_alike(last, 1000 * last + 1);
        feed_alike(last, 1000 * last + 3);
        net_run(5 * MS);
    }

    net_run(NET_SECOND_US);

    cr_expect(ge(u64, net_counter(node, MSOCK_TX_NACKS), 9));
    cr_expect(eq(sz, net_bench(node)->heard_count, 3));
}

/* Someone whose stream has holes without end must not keep a node from asking
 * others: NACKs are few. */
Test(engine_stream, one_with_many_gaps_leaves_room_for_others)
{
    net_open_pair(&hub, &node, "", 0);
    lose_once(2, 2);
    net_publish_apart(hub, 1, 1);
    net_publish_apart(hub, 2, 3);
    for (uint64_t i = 0; i < 4000; i++) {
        feed_alike(1, 1 + 2 * i);
    }

    for (uint64_t i = 0; i < 100; i++) {
        feed_alike(1, 9000 + 2 * i);
        net_run(10 * MS);
    }

    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_REPAIRS), 1));
    cr_expect(net_heard_numbers(node, 1, 3));
}

/* -- Losses -- */

Test(engine_stream, loss_is_reported_once_and_the_stream_goes_on)
{
    net_open_pair(&hub, &node, "history_ms=500", NET_KEY);
    lose_forever = true;
    lose_once(5, 8);

    net_publish_apart(hub, 1, 10);
    net_run(3 * NET_SECOND_US);

    const struct net_event *loss = net_event_last(node, MSOCK_EVENT_LOSS);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
    cr_expect(eq(u64, loss->first, 5));
    cr_expect(eq(u64, loss->count, 4));
    cr_expect(eq(str, (char *)loss->node, "hub"));
    cr_expect(eq(u64, loss->session, msock_session(net_channel(hub))));
    cr_expect(eq(u64, net_counter(node, MSOCK_LOST), 4));
    cr_expect(eq(sz, net_bench(node)->heard_count, 6));
}

Test(engine_stream, sender_that_dies_leaves_a_loss)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(2, 2);
    net_publish_apart(hub, 1, 3);
    net_crash(hub);

    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, net_bench(node)->heard_count, 2));
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
    cr_expect(eq(u64, net_event_last(node, MSOCK_EVENT_LOSS)->first, 2));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
}

Test(engine_stream, session_that_is_forgotten_leaves_a_loss)
{
    hub = net_open("hub", "", NET_KEY);
    node = net_open("kitchen", "sessions_max=1", NET_KEY);
    net_run(NET_SECOND_US);
    lose_forever = true;
    lose_once(2, 2);
    net_publish_apart(hub, 1, 3);

    (void)net_open("other", "", NET_KEY);
    net_run(20 * MS);

    cr_expect(eq(sz, net_bench(node)->heard_count, 2));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
}

Test(engine_stream, session_that_is_forgotten_after_its_bye_leaves_a_loss)
{
    hub = net_open("hub", "", NET_KEY);
    node = net_open("kitchen", "sessions_max=1", NET_KEY);
    net_run(NET_SECOND_US);
    lose_forever = true;
    lose_once(2, 2);
    net_publish_apart(hub, 1, 3);
    msock_close(net_channel(hub), NULL, NULL);
    net_run(0);
    net_crash(hub);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));

    (void)net_open("other", "", NET_KEY);
    net_run(100 * MS);

    cr_expect(eq(sz, net_bench(node)->heard_count, 2));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
}

/* -- Joining late -- */

/* A third node opens while another asks for frame 1, so that it hears the
 * repair before anything else.  Returns it. */
static size_t join_at_repair(int key)
{
    net_open_pair(&hub, &node, "", key);
    net_run(20 * NET_SECOND_US);
    lose_once(1, 1);
    net_publish_apart(hub, 1, 2);
    size_t late = net_open("porch", "", key);
    net_run(30 * MS);
    cr_assert(ge(u64, net_counter(hub, MSOCK_TX_REPAIRS), 1));
    net_publish_apart(hub, 3, 4);
    net_run(NET_SECOND_US);
    cr_expect(eq(sz, net_event_count(late, MSOCK_EVENT_LOSS), 0));
    return late;
}

Test(engine_stream, sealed_late_joiner_hears_no_repair_of_before)
{
    size_t late = join_at_repair(NET_KEY);

    cr_expect(net_heard_numbers(node, 1, 4));
    cr_expect(net_heard_numbers(late, 3, 4));
}

Test(engine_stream, open_late_joiner_begins_with_the_repair_it_hears)
{
    size_t late = join_at_repair(0);

    cr_expect(net_heard_numbers(node, 1, 4));
    cr_expect(net_heard_numbers(late, 1, 4));
}

/* -- Sizes -- */

Test(engine_stream, message_of_1_mib_arrives)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(100, 120);

    cr_assert(eq(int, net_publish_raw(hub, "large", 1 << 20, true), 0));
    net_run(2 * NET_SECOND_US);

    cr_assert(eq(sz, net_bench(node)->heard_count, 1));
    cr_expect(eq(sz, net_bench(node)->heard[0].data_size, 1 << 20));
}

Test(engine_stream, message_above_half_of_the_history_is_refused)
{
    net_open_pair(&hub, &node, "history_max=128K", NET_KEY);

    cr_expect(
        eq(int, net_publish_raw(hub, "a", 66 * 1024, true), MSOCK_ETOOBIG));
    cr_expect(eq(int, net_publish_raw(hub, "a", 66 * 1024, false), 0));
    cr_expect(eq(int, net_publish_raw(hub, "a", 60 * 1024, true), 0));
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, net_bench(node)->heard_count, 2));
}

Test(engine_stream, lost_piece_of_a_message_is_repaired)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(7, 7);

    cr_assert(eq(int, net_publish_raw(hub, "a", 64 * 1024, true), 0));
    net_publish_numbers(hub, 1, 1);
    net_run(100 * MS);

    cr_assert(eq(sz, net_bench(node)->heard_count, 2));
    cr_expect(eq(sz, net_bench(node)->heard[0].data_size, 64 * 1024));
    cr_expect(net_heard_numbers(node, 1, 1));
    cr_expect(eq(u64, bench_drops(net_bench(node)), 0));
}

Test(engine_stream, message_with_a_piece_lost_for_good_is_one_loss)
{
    net_open_pair(&hub, &node, "history_ms=500", NET_KEY);
    lose_forever = true;
    lose_once(7, 7);

    cr_assert(eq(int, net_publish_raw(hub, "a", 20 * 1024, true), 0));
    net_publish_numbers(hub, 1, 1);
    net_run(3 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
    cr_expect(eq(sz, net_bench(node)->heard_count, 1));
    cr_expect(net_heard_numbers(node, 1, 1));
}

/* -- Two streams -- */

Test(engine_stream, streams_keep_their_own_orders_and_take_turns)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    size_t since = net.frame_count;

    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int, net_publish_raw(hub, "large", 5000, false), 0));
        cr_assert(eq(int, net_publish_raw(hub, "sure", 5000, true), 0));
    }
    net_run(100 * MS);

    cr_expect(eq(sz, net_bench(node)->heard_count, 6));
    unsigned changes = 0;
    for (size_t i = since + 1; i < since + 20; i++) {
        changes +=
            net.frames[i].header.stream != net.frames[i - 1].header.stream ? 1
                                                                           : 0;
    }
    cr_expect(ge(uint, changes, 18));
}

/* -- Leaving -- */

Test(engine_stream, who_said_bye_still_repairs)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(1, 3);
    net_publish_numbers(hub, 1, 1);

    msock_close(net_channel(hub), NULL, NULL);
    net_run(3 * NET_SECOND_US);

    cr_expect(net_heard_numbers(node, 1, 1));
    cr_expect(not(net.nodes[hub].alive));
}

static const char *const histories[] = {"", "history_ms=100",
                                        "history_ms=100&history_max=64K"};

Test(engine_stream, closing_ends_in_time_whoever_asks)
{
    for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
        net_open_pair(&hub, &node, histories[i], NET_KEY);
        lose_forever = true;
        lose_once(1, 1);
        net_publish_apart(hub, 1, 2);
        msock_close(net_channel(hub), NULL, NULL);

        net_run(2100 * MS);

        cr_expect(not(net.nodes[hub].alive), "%s", histories[i]);
        net_run(3 * NET_SECOND_US);
        cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
        net_close();
    }
}

/* -- Forks -- */

Test(engine_stream, forked_child_sends_nothing)
{
    struct msock__outgoing frame;
    net_open_pair(&hub, &node, "", NET_KEY);
    lose_once(1, 1);
    net_publish_apart(hub, 1, 2);
    size_t hello = net_open("porch", "", NET_KEY);
    net_run(2 * MS);
    cr_assert(ne(sz, net.frame_count, 0));
    net_publish_numbers(hub, 3, 3);
    net_bench(hub)->forked = true;
    net_run(20 * MS);

    size_t shown = 0;
    for (int i = 0; i < 100; i++) {
        net_run(100 * MS);
        struct bench *bench = net_bench(hub);
        msock__engine_tick(bench->engine, net.now_us);
        shown += msock__engine_output(bench->engine, net.now_us, &frame, 1);
    }

    cr_expect(eq(sz, shown, 0));
    cr_expect(
        eq(int, msock_publish(net_channel(hub), "a", "1", NULL), MSOCK_EFORK));
    cr_expect(eq(sz, net_event_count(hello, MSOCK_EVENT_UP), 1));
}
