/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of docs/protocol.md that only the engine as a whole holds, each at its
 * edge: the last value that passes, and the first that does not. */
#include "codec/frame.h"
#include "core/engine_state.h"
#include "tests/support/bench_pair.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static const uint64_t second = 1000000;

TestSuite(engine_edges, .init = pair_open_plain, .fini = pair_close);
TestSuite(engine_edges_sealed, .init = pair_open_sealed, .fini = pair_close);
TestSuite(engine_edges_small, .fini = pair_close);

/* Feeds an open frame of one session with one message, sent at a moment of that
 * session. */
static void feed(unsigned stream, uint64_t counter, uint64_t sent_us,
                 const char *text)
{
    uint8_t bytes[512];
    struct msock__frame frame = {
        .stream = (uint8_t)stream, .counter = counter, .session = {9}};
    struct msock__body body = {.sent_us = sent_us};

    msock__frame_encode(&frame, bytes);
    size_t size = MSOCK__HEADER_SIZE + msock__body_encode(&body, bytes + 32);
    memcpy(bytes + size, text, strlen(text));
    bench_feed(&node, bytes, size + strlen(text), NULL, false);
}

#define MESSAGE(more) "{\"topic\":\"a\",\"sender\":\"s\"" more "}\n"

/* The same, with a message as old as that when it arrives. */
static void feed_aged(uint64_t counter, uint64_t age_us, const char *text)
{
    static const uint64_t sent_us = 100 * UINT64_C(1000000);

    node.now_us = 2 * sent_us;
    feed(MSOCK__BEST_EFFORT, 1, sent_us, MESSAGE(""));
    node.heard_count = 0;
    feed(MSOCK__BEST_EFFORT, counter, sent_us - age_us, text);
}

/* Room for all that is missing. */
static const char roomy[] = "reorder_max=64M&reorder_all_max=64M";

Test(engine_edges_small, frame_is_kept_up_to_8191_beyond_the_next)
{
    pair_open(roomy, 0);
    feed(MSOCK__RELIABLE, 1, 1, MESSAGE(""));

    feed(MSOCK__RELIABLE, 2 + 8191, 1, MESSAGE(""));
    uint64_t within = pair_count(&node, MSOCK_DROP_REORDER);
    feed(MSOCK__RELIABLE, 2 + 8192, 1, MESSAGE(""));

    cr_expect(eq(u64, within, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_REORDER), 1));
}

/* Does and sends what is due. */
static void turn(void)
{
    uint8_t frame[PAIR_FRAME_ROOM];

    msock__engine_tick(node.engine, node.now_us);
    while (bench_take(&node, frame, sizeof(frame)) > 0) {
    }
}

Test(engine_edges_small, forty_nacks_leave_at_once_and_then_one_in_50_ms)
{
    pair_open(roomy, 0);
    for (uint64_t counter = 1; counter < 8192; counter += 2) {
        feed(MSOCK__RELIABLE, counter, 1, MESSAGE(""));
    }
    node.now_us += 45000;

    turn();
    uint64_t at_once = pair_count(&node, MSOCK_TX_NACKS);
    node.now_us += 49999;
    turn();
    uint64_t too_soon = pair_count(&node, MSOCK_TX_NACKS);
    node.now_us += 1;
    turn();

    cr_expect(eq(u64, at_once, 40));
    cr_expect(eq(u64, too_soon, 40));
    cr_expect(eq(u64, pair_count(&node, MSOCK_TX_NACKS), 41));
}

Test(engine_edges, message_expires_after_its_last_whole_millisecond)
{
    feed_aged(2, second + 999, MESSAGE(",\"expires\":1000"));
    size_t within = node.heard_count;
    feed_aged(3, second + 1000, MESSAGE(",\"expires\":1000"));

    cr_expect(eq(sz, within, 1));
    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_EXPIRED), 1));
}

Test(engine_edges, moment_of_10_s_ago_still_acts)
{
    feed_aged(2, 12 * second, MESSAGE(",\"after\":2000"));
    size_t within = node.heard_count;
    feed_aged(3, 12 * second + 1, MESSAGE(",\"after\":2000"));

    cr_expect(eq(sz, within, 1));
    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_LATE), 1));
}

/* The offset rises by 1500 us in that time (4.2). */
Test(engine_edges_sealed, best_effort_frame_of_3_s_is_the_oldest_taken)
{
    uint8_t first[PAIR_FRAME_ROOM], last[PAIR_FRAME_ROOM];
    uint8_t late[PAIR_FRAME_ROOM];
    size_t first_size = pair_frame(first);
    size_t last_size = pair_frame(last);
    size_t late_size = pair_frame(late);
    bench_feed(&node, first, first_size, NULL, false);

    node.now_us += 3 * second + 1500;
    bench_feed(&node, last, last_size, NULL, false);
    size_t within = node.heard_count;
    node.now_us += 1;
    bench_feed(&node, late, late_size, NULL, false);

    cr_expect(eq(sz, within, 2));
    cr_expect(eq(sz, node.heard_count, 2));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_LATE), 1));
}

/* A bare message of so many bytes. */
static void feed_sized(size_t size)
{
    static const char head[] = "{\"topic\":\"a\",\"sender\":\"s\",\"data\":\"";
    char text[2048];

    memset(text, 'x', sizeof text);
    memcpy(text, head, sizeof head - 1);
    memcpy(text + size - 3, "\"}\n", 3);
    bench_feed(&node, text, size, NULL, false);
}

Test(engine_edges_small, message_of_message_max_is_the_largest)
{
    pair_open("message_max=1K", 0);

    feed_sized(1024);
    size_t within = node.heard_count;
    feed_sized(1025);

    cr_expect(eq(sz, within, 1));
    cr_expect(eq(sz, node.heard_count, 1));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_TOO_BIG), 1));
}

Test(engine_edges_small, table_holds_sessions_max)
{
    pair_open("sessions_max=2", 0);
    struct bench third;
    bench_open(&third, "porch", "", 0);

    pair_publish(&hub, "a", "1");
    bench_move(&hub, &node, 0);
    pair_publish(&third, "a", "1");
    bench_move(&third, &node, 0);
    uint64_t within = pair_count(&node, MSOCK_SESSIONS_EVICTED);
    feed(MSOCK__BEST_EFFORT, 1, 1, MESSAGE(""));

    cr_expect(eq(u64, within, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS_EVICTED), 1));
    bench_close(&third);
}
