/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes faster than others can take it is held back, and told when
 * there is room; who takes too little is reported and holds nobody back. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(engine_pressure, .fini = net_close);

enum { MS = 1000 };

static size_t hub, node;

/* -- Back-pressure -- */

Test(engine_pressure, refused_publisher_is_told_once_and_soon)
{
    net_open_pair(&hub, &node, "queue_max=64K", NET_KEY);
    while (net_publish_raw(hub, "a", 1000, true) == 0) {
    }
    cr_assert(eq(int, net_publish_raw(hub, "a", 1000, true), MSOCK_EAGAIN));
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_WRITABLE), 0));

    net_run(20 * MS);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_WRITABLE), 1));
    net_run(NET_SECOND_US);
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_WRITABLE), 1));
    cr_expect(eq(int, net_publish_raw(hub, "a", 1000, true), 0));
}

Test(engine_pressure, queue_that_empties_in_one_turn_is_writable_at_once)
{
    net_open_pair(&hub, &node, "queue_max=64K", NET_KEY);
    while (net_publish_raw(hub, "a", 1000, false) == 0) {
    }

    net_run(0);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_WRITABLE), 1));
}

static void publish_again(msock_channel *channel, const msock_event *event,
                          void *user)
{
    static const char bytes[50 * 1024];
    const msock_publish_options options = {
        .raw = bytes, .raw_size = sizeof(bytes), .reliable = true};
    size_t *calls = user;
    *calls += event->kind == MSOCK_EVENT_WRITABLE ? 1 : 0;
    (void)msock_publish(channel, "a", NULL, &options);
}

/* It is larger than what is free when half of the queue is. */
Test(engine_pressure, large_message_is_writable_when_it_fits)
{
    size_t calls = 0;
    net_open_pair(&hub, &node, "queue_max=64K&pace=100000", NET_KEY);
    cr_assert(eq(int, msock_watch(net_channel(hub), publish_again, &calls), 0));
    cr_assert(eq(int, net_publish_raw(hub, "a", 30000, true), 0));
    cr_assert(
        eq(int, net_publish_raw(hub, "a", 50 * 1024, true), MSOCK_EAGAIN));

    net_run(200 * MS);
    cr_expect(eq(sz, calls, 0));
    net_run(400 * MS);

    cr_expect(eq(sz, calls, 1));
}

Test(engine_pressure, full_history_holds_the_publisher_back_and_loses_nothing)
{
    net_open_pair(&hub, &node, "history_max=64K&queue_max=1M", NET_KEY);
    net.lose_percent = 10;
    net.lose = net_lose_some;

    for (int i = 0; i < 300; i++) {
        cr_assert(eq(int, net_publish_raw(hub, "a", 1000, true), 0));
    }
    net_run(20 * NET_SECOND_US);

    cr_expect(eq(sz, net_bench(node)->heard_count, 300));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
}

/* -- Slow nodes -- */

static size_t deaf;

static bool deaf_misses_half(const struct net_frame *frame, size_t to)
{
    return to == deaf && frame->header.stream == MSOCK__RELIABLE &&
           msock__dice_below(&net.dice, 2) == 0;
}

Test(engine_pressure, slow_node_is_reported_and_slows_nobody_any_more)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    deaf = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);
    net.lose = deaf_misses_half;
    struct msock__pace *pace = &net_bench(hub)->engine->pace;

    for (int i = 1; i <= 8 * 50; i++) {
        net_publish_apart(hub, i, i);
        net_run(20 * MS);
    }
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_SLOW), 0));
    cr_expect(lt(u64, msock__pace_rate(pace, net.now_us), pace->ceiling));
    for (int i = 401; i <= 15 * 50; i++) {
        net_publish_apart(hub, i, i);
        net_run(20 * MS);
    }

    cr_assert(eq(sz, net_event_count(hub, MSOCK_EVENT_SLOW), 1));
    cr_expect(
        eq(str, (char *)net_event_last(hub, MSOCK_EVENT_SLOW)->node, "porch"));
    cr_expect(eq(u64, msock__pace_rate(pace, net.now_us), pace->ceiling));
    net.lose = NULL;
    net_run(NET_SECOND_US);
    cr_expect(net_heard_numbers(node, 1, 750));
    cr_expect(net_heard_numbers(deaf, 1, 750));
}
