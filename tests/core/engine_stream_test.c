/* SPDX-License-Identifier: Apache-2.0 */
/* The reliable stream between engines: in order, once, repaired, or reported as
 * lost. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(engine_stream, .fini = net_close);

enum { MS = 1000 };

static size_t hub, node;

static void open_two(const char *options, int key)
{
    hub = net_open("hub", options, key);
    node = net_open("kitchen", options, key);
    net_run(NET_SECOND_US);
}

/* -- Loss -- */

static uint64_t lose_first, lose_last;
static size_t lost_count;

static bool lose_range_once(const struct net_frame *frame, size_t to)
{
    const struct msock__frame *header = &frame->header;
    bool first = lost_count <= lose_last - lose_first;
    bool gone = to == node && first && header->stream == MSOCK__RELIABLE &&
                header->counter >= lose_first && header->counter <= lose_last;
    lost_count += gone ? 1 : 0;
    return gone;
}

static void lose_once(uint64_t first, uint64_t last)
{
    lose_first = first;
    lose_last = last;
    lost_count = 0;
    net.lose = lose_range_once;
}

Test(engine_stream, lost_frame_is_asked_for_and_fills_its_place)
{
    open_two("", NET_KEY);
    lose_once(2, 2);

    for (int i = 1; i <= 3; i++) {
        net_publish_numbers(hub, i, i);
        net_run(MS);
    }
    net_run(40 * MS);

    cr_expect(net_heard_numbers(node, 1, 3));
    cr_expect(eq(u64, net_counter(node, MSOCK_TX_NACKS), 1));
    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_REPAIRS), 1));
}
