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

static size_t node;

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
