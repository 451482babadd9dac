/* SPDX-License-Identifier: Apache-2.0 */
/* Flow control between channels (docs/protocol.md 5.8): whom a sender of
 * reliable frames waits for, and what hostile members may say of it. */
#include "core/engine_flow.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MS = 1000 };

static size_t hub, node;

TestSuite(engine_flow, .fini = net_close);

/* Gives a channel an open frame of a session that is no node's. */
static void feed(size_t to, uint8_t stream, uint64_t counter, const char *line)
{
    uint8_t bytes[512] = {0};
    struct msock__frame header = {.stream = stream, .counter = counter};
    struct msock__body body = {.sent_us = 60 * NET_SECOND_US};
    memset(header.session, 0x55, sizeof(header.session));
    msock__frame_encode(&header, bytes);
    size_t size = MSOCK__HEADER_SIZE;
    size += msock__body_encode(&body, bytes + size);
    memcpy(bytes + size, line, strlen(line));
    bench_feed(net_bench(to), bytes, size + strlen(line), NULL, false);
}

static void feed_reliable(uint64_t counter)
{
    feed(node, MSOCK__RELIABLE, counter,
         "{\"topic\":\"a\",\"sender\":\"x\"}\n");
}

/* -- As a listener -- */

Test(engine_flow, stream_that_reached_its_last_counter_is_not_spoken_of)
{
    node = net_open("kitchen", "", 0);
    feed_reliable(MSOCK__COUNTER_MAX - 2);
    feed_reliable(MSOCK__COUNTER_MAX);
    net_run(50 * MS);
    cr_assert(ge(u64, net_counter(node, MSOCK_TX_NACKS), 1));

    feed_reliable(MSOCK__COUNTER_MAX - 1);
    net_run(3 * NET_SECOND_US);

    cr_expect(eq(sz, net_bench(node)->heard_count, 3));
    cr_expect(eq(u64, msock__engine_flow_deadline(net_bench(node)->engine),
                 UINT64_MAX));
}

/* -- As a sender -- */

/* Has a stranger say to the hub what it can take of its stream. */
static void say(uint64_t counter, uint64_t next, uint64_t until)
{
    char line[256];
    snprintf(line, sizeof(line),
             "{\"topic\":\"$ms/take\",\"sender\":\"x\",\"data\":{\"session\":"
             "\"%016" PRIx64 "\",\"take\":[%" PRIu64 ",%" PRIu64 "]}}\n",
             msock_session(net_channel(hub)), next, until);
    feed(hub, MSOCK__CONTROL, counter, line);
}

static void bid_farewell(uint64_t counter)
{
    feed(hub, MSOCK__CONTROL, counter,
         "{\"topic\":\"$ms/bye\",\"sender\":\"x\",\"data\":{\"be\":0,"
         "\"rel\":[1,0]}}\n");
}

/* Opens a hub whose first three frames have left. */
static void open_hub(void)
{
    net_open_pair(&hub, &node, "", 0);
    net_publish_apart(hub, 1, 3);
    net_run(10 * MS);
    cr_assert(net_heard_numbers(node, 1, 3));
}

Test(engine_flow, no_frame_leaves_that_one_has_no_room_for)
{
    open_hub();

    say(1, 4, 4);
    net_publish_apart(hub, 4, 6);
    net_run(10 * MS);
    cr_expect(net_heard_numbers(node, 1, 4));

    say(2, 5, MSOCK__COUNTER_MAX);
    net_run(10 * MS);
    cr_expect(net_heard_numbers(node, 1, 6));
}

Test(engine_flow, nobody_waits_for_who_said_bye)
{
    open_hub();
    say(1, 4, 4);
    bid_farewell(2);

    net_publish_apart(hub, 4, 6);
    net_run(10 * MS);
    cr_expect(net_heard_numbers(node, 1, 6));

    say(3, 5, 4);
    net_publish_apart(hub, 7, 9);
    net_run(10 * MS);
    cr_expect(net_heard_numbers(node, 1, 9), "its word was overtaken");
    cr_expect(zero(u64, net_counter(hub, MSOCK_TX_GIVEN_UP)));
}

Test(engine_flow, who_claims_what_was_not_sent_is_not_believed)
{
    open_hub();

    say(1, 1000, 999);
    say(2, 4, 4);
    net_publish_apart(hub, 4, 6);
    net_run(10 * MS);

    cr_expect(net_heard_numbers(node, 1, 4));
}

/* Has a stranger miss a frame, and say that it has no trouble. */
static void miss(uint64_t counter, uint64_t missed)
{
    char line[256];
    snprintf(line, sizeof(line),
             "{\"topic\":\"$ms/nack\",\"sender\":\"x\",\"data\":{\"session\":"
             "\"%016" PRIx64 "\",\"take\":[%" PRIu64 ",9007199254740991],"
             "\"ranges\":[[%" PRIu64 ",%" PRIu64 "]]}}\n",
             msock_session(net_channel(hub)), missed, missed, missed);
    feed(hub, MSOCK__CONTROL, counter, line);
}

Test(engine_flow, who_misses_much_and_denies_it_is_found_out)
{
    open_hub();
    for (uint64_t i = 1; i <= 120; i++) {
        net_publish_apart(hub, (int)i + 3, (int)i + 3);
        miss(i, i + 3);
        net_run(100 * MS);
    }

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_SLOW), 1));
    cr_expect(net_heard_numbers(node, 1, 123));
}
