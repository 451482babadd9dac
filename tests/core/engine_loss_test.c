/* SPDX-License-Identifier: Apache-2.0 */
/* How what is lost of a reliable stream is told. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(engine_loss, .fini = net_close);

enum { MS = 1000, WITHHELD = 10 };

static size_t hub, node;
static size_t told; /* losses, when "n" was heard last */

static bool lose_to_node(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return to == node;
}

static int note_told(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    told = net_event_count(node, MSOCK_EVENT_LOSS);
    return 0;
}

/* Frames 1 to 10 of the hub are withheld from the node, for as long as makes
 * them lost, and then given to it within one turn. */
static void withhold(void)
{
    hub = net_open("hub", "", NET_KEY);
    node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    net.lose = lose_to_node;
    for (int i = 1; i <= WITHHELD; i++) {
        net_publish_numbers(hub, i, i);
        net_run(MS);
    }
    net_run(20 * NET_SECOND_US);
    net.lose = NULL;
    net_replay(first, first + WITHHELD, node);
}

static void expect_one_loss(void)
{
    const struct net_event *loss = net_event_last(node, MSOCK_EVENT_LOSS);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
    cr_expect(eq(u64, loss->first, 1));
    cr_expect(eq(u64, loss->count, WITHHELD));
    cr_expect(eq(u64, net_counter(node, MSOCK_LOST), WITHHELD));
}

Test(engine_loss, what_is_lost_in_a_row_is_told_once)
{
    withhold();
    cr_assert(bench_idle(net_bench(node)) == false);

    net_run(0);

    expect_one_loss();
    cr_expect(bench_idle(net_bench(node)));
}

Test(engine_loss, loss_is_told_before_what_follows_it)
{
    withhold();
    msock_subscribe(net_channel(node), "n", note_told, NULL, NULL);
    size_t next = net.frame_count;
    net.nodes[node].alive = false;
    net_publish_numbers(hub, WITHHELD + 1, WITHHELD + 1);
    net_run(0);

    net_replay(next, next + 1, node);

    cr_expect(eq(sz, told, 1));
    expect_one_loss();
}

Test(engine_loss, loss_is_told_before_the_farewell)
{
    withhold();
    size_t next = net.frame_count;
    net.nodes[node].alive = false;
    (void)msock_close(net_channel(hub), NULL, NULL);
    net_run(0);

    net_replay(next, net.frame_count, node);

    expect_one_loss();
}
