/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was stopped, or was busy with something else, finds in its
 * receive buffer what came meanwhile: that was not withheld. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(engine_sleep, .fini = net_close);

enum { MS = 1000 };

static const uint64_t long_us = UINT64_C(40) * NET_SECOND_US;

static void stop(size_t node)
{
    net.nodes[node].alive = false;
}

static void read_frame(size_t node, size_t frame)
{
    bool own = net.frames[frame].from == node;
    net_bench(node)->waited_us = net.now_us - net.frames[frame].at_us;
    net_replay(frame, own ? frame : frame + 1, node);
    net_bench(node)->waited_us = 0;
}

/* Lets it go on, and read frames from `first` on. */
static void go_on(size_t node, size_t first)
{
    size_t last = net.frame_count;
    net.nodes[node].alive = true;
    for (size_t i = first; i < last; i++) {
        read_frame(node, i);
    }
    net_run(MS);
}

static size_t heard(size_t node)
{
    return net_bench(node)->heard_count;
}

Test(engine_sleep, what_waited_in_the_receive_buffer_was_not_withheld)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    net_publish(hub, "a", "1");
    net_publish_reliable(hub, "b", "2");
    net_run(long_us);

    go_on(node, first);

    cr_expect(eq(sz, heard(node), 2));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_LOST), 0));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 0));
}

static bool lose_to_second(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return to == 1;
}

Test(engine_sleep, who_was_stopped_still_knows_what_is_withheld)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    net_run(long_us);
    go_on(node, first);
    net.lose = lose_to_second;
    size_t withheld = net.frame_count;
    net_publish(hub, "a", "1");
    net_run(4 * NET_SECOND_US);
    net.lose = NULL;

    net_replay(withheld, withheld + 1, node);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 1));
}

Test(engine_sleep, old_control_frames_are_those_that_were_withheld)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    (void)msock_close(net_channel(hub), NULL, NULL);
    net_run(long_us);

    go_on(node, first);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(u64, net_bench(node)->engine->up_count, 0));
}

/* Between two turns only so much is read. */
Test(engine_sleep, nobody_is_silent_before_all_is_read)
{
    (void)net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    net_run(long_us);

    read_frame(node, first);
    msock__engine_tick(net_bench(node)->engine, net.now_us);
    uint64_t wanted_us = msock__engine_deadline(net_bench(node)->engine);
    go_on(node, first + 1);

    cr_expect(le(u64, wanted_us, net.now_us));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 0));
}

Test(engine_sleep, who_ended_meanwhile_is_down)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    net_run(NET_SECOND_US);
    net_publish(hub, "a", "1");
    net_run(NET_SECOND_US);
    net_crash(hub);
    net_run(long_us);

    go_on(node, first);

    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
}

Test(engine_sleep, who_was_replaced_meanwhile_is_no_second_node)
{
    size_t old = net_open("hub", "", 0);
    size_t node = net_open("kitchen", "", 0);
    net_run(NET_SECOND_US);
    size_t first = net.frame_count;
    stop(node);
    net_publish(old, "a", "1");
    net_run(NET_SECOND_US);
    net_crash(old);
    (void)net_open("hub", "", 0);
    net_run(NET_SECOND_US);

    go_on(node, first);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_CONFLICT), 0));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 2));
}

Test(engine_sleep, answer_that_waited_admits)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t node = net_open("kitchen", "", NET_KEY);
    while (msock__answers_deadline(net_bench(hub)->engine->answers) ==
           UINT64_MAX) {
        net_run(100); /* until it has asked */
    }
    net_publish(hub, "a", "1");
    net_publish_reliable(hub, "b", "2");
    net_run(100);
    size_t first = net.frame_count;
    stop(node);
    net_run(long_us);

    go_on(node, first);

    cr_expect(eq(sz, heard(node), 2));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_PENDING), 0));
}

Test(engine_sleep, stream_from_before_the_channel_is_not_wanted)
{
    size_t hub = net_open("hub", "", 0);
    net_publish_numbers(hub, 1, 3);
    net_run(20 * NET_SECOND_US);
    size_t node = net_open("kitchen", "", 0);
    net_run(MS);
    size_t first = net.frame_count;
    stop(node);
    net_publish_numbers(hub, 4, 4);
    net_run(long_us);

    go_on(node, first);

    cr_expect(net_heard_numbers(node, 4, 4));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
}
