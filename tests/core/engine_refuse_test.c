/* SPDX-License-Identifier: Apache-2.0 */
/* The engine and bad input: every kind is one drop under its reason and changes
 * nothing else. */
#include "core/engine.h"

#include "tests/support/bench_pair.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(engine_refuse, .init = pair_open_sealed, .fini = pair_close);
TestSuite(engine_refuse_open, .init = pair_open_plain, .fini = pair_close);

/* -- Bad input from the network -- */

Test(engine_refuse, every_flipped_bit_is_one_drop_and_changes_nothing)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    for (size_t bit = 0; bit < size * 8; bit++) {
        uint64_t before = bench_drops(&node);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench_feed(&node, frame, size, NULL, false);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(eq(u64, bench_drops(&node), before + 1), "bit %zu", bit);
    }
    cr_expect(eq(sz, node.heard_count, 0));

    bench_feed(&node, frame, size, NULL, false);
    cr_expect(eq(sz, node.heard_count, 1));
}

Test(engine_refuse, every_truncation_is_one_drop)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    for (size_t cut = 0; cut < size; cut++) {
        bench_feed(&node, frame, cut, NULL, false);
        cr_assert(eq(u64, bench_drops(&node), cut + 1), "cut at %zu", cut);
    }

    cr_expect(eq(sz, node.heard_count, 0));
}

Test(engine_refuse_open, every_flip_and_truncation_is_survived)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            frame[at] ^= (uint8_t)(1 << bit);
            bench_feed(&node, frame, size, NULL, false);
            frame[at] ^= (uint8_t)(1 << bit);
        }
        bench_feed(&node, frame, at, NULL, false);
    }

    uint64_t taken = pair_count(&node, MSOCK_RX_MESSAGES) + bench_drops(&node);
    cr_expect(ge(u64, taken, size));
}

Test(engine_refuse, repeated_frame_is_delivered_once)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    size_t size = pair_frame(frame);

    bench_feed(&node, frame, size, NULL, false);
    bench_feed(&node, frame, size, NULL, false);

    cr_expect(eq(sz, node.heard_count, 1));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_DUPLICATE), 1));
}

Test(engine_refuse, frame_below_the_window_is_old)
{
    uint8_t first[PAIR_FRAME_ROOM];
    size_t size = pair_frame(first);
    uint8_t frame[PAIR_FRAME_ROOM];
    for (int i = 0; i < 4096; i++) {
        size_t next = pair_frame(frame);
        bench_feed(&node, frame, next, NULL, false);
    }

    bench_feed(&node, first, size, NULL, false);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_OLD), 1));
    cr_expect(eq(sz, node.heard_count, 4096));
}

Test(engine_mixed, wrong_key_is_counted_and_nothing_else)
{
    bench_open(&hub, "hub", "", PAIR_OTHER_KEY);
    bench_open(&node, "kitchen", "", PAIR_KEY);
    bench_record(&node, "#", false);
    pair_publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_KEY_ID), 1));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS), 0));
    cr_expect(eq(sz, log_notes_count(), 1));
    pair_close();
}

Test(engine_mixed, open_frame_on_a_sealed_channel_is_dropped)
{
    bench_open(&hub, "hub", "", 0);
    bench_open(&node, "kitchen", "", PAIR_KEY);
    bench_record(&node, "#", false);
    pair_publish(&hub, "a", "1");
    static const char bare[] = "{\"topic\":\"a\",\"sender\":\"b\"}";

    bench_move(&hub, &node, 0);
    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_OPEN), 2));
    pair_close();
}

Test(engine_mixed, sealed_frame_on_an_open_channel_is_dropped)
{
    bench_open(&hub, "hub", "", PAIR_KEY);
    bench_open(&node, "kitchen", "", 0);
    bench_record(&node, "#", false);
    pair_publish(&hub, "a", "1");

    bench_move(&hub, &node, 0);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_SEALED), 1));
    pair_close();
}

Test(engine_limits, full_session_table_forgets_the_least_recent)
{
    pair_open("sessions_max=1", 0);
    struct bench third;
    bench_open(&third, "porch", "", 0);
    pair_publish(&hub, "a", "1");
    pair_publish(&third, "a", "2");

    bench_move(&hub, &node, 0);
    bench_move(&third, &node, 0);

    cr_expect(eq(sz, node.heard_count, 2));
    cr_expect(eq(u64, pair_count(&node, MSOCK_SESSIONS_EVICTED), 1));
    bench_close(&third);
    pair_close();
}
/* -- Datagrams without a frame -- */

Test(engine_refuse_open, bare_datagram_is_a_message)
{
    static const char bare[] =
        "{\"topic\":\"lights\",\"sender\":\"py\",\"data\":1}";

    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].sender, "py"));
    cr_expect(eq(uint, node.heard[0].flags, MSOCK_MESSAGE_BARE));
}

Test(engine_refuse_open, bare_datagram_with_more_behind_it_is_dropped)
{
    static const char bare[] = "{\"topic\":\"a\",\"sender\":\"b\"}\n{}";

    bench_feed(&node, bare, sizeof(bare) - 1, NULL, false);

    cr_expect(eq(sz, node.heard_count, 0));
    cr_expect(eq(u64, bench_drops(&node), 1));
}

Test(engine_raw, json_string_travels_as_its_text)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    pair_open("codec=raw", 0);
    pair_publish(&hub, "anything", "\"Hello \\u0057orld\"");

    size_t size = bench_take(&hub, frame, sizeof(frame));
    bench_feed(&node, frame, size, "10.1.2.3:99", false);

    cr_expect(eq(sz, size, 11));
    cr_expect(eq(int, memcmp(frame, "Hello World", 11), 0));
    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].topic, "raw"));
    cr_expect(eq(str, node.heard[0].sender, "10.1.2.3:99"));
    cr_expect(eq(str, node.heard[0].data, "Hello World"));
    pair_close();
}

Test(engine_raw, own_datagram_and_empty_payload)
{
    pair_open("codec=raw&topic=old/style", 0);
    msock_publish_options empty = {.raw = "", .raw_size = 0};

    bench_feed(&node, "own", 3, "10.1.2.3:99", true);
    cr_assert(eq(int, msock_publish(hub.channel, "a", NULL, &empty), 0));
    bench_move(&hub, &node, 0);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_OWN), 1));
    cr_assert(eq(sz, node.heard_count, 1));
    cr_expect(eq(str, node.heard[0].topic, "old/style"));
    cr_expect(eq(sz, node.heard[0].data_size, 0));
    pair_close();
}
