/* SPDX-License-Identifier: Apache-2.0 */
/* Copies, expires, after and late, at others and at oneself. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(engine_times, .fini = net_close);

enum { MS = 1000 };

static size_t hub, node;

static void publish(const char *json, const msock_publish_options *options)
{
    cr_assert(eq(int, msock_publish(net_channel(hub), "a", json, options), 0));
}

static size_t heard(size_t at)
{
    return net_bench(at)->heard_count;
}

static bool cut;

static bool lose_data_while_cut(const struct net_frame *frame, size_t to)
{
    (void)to;
    return cut && frame->header.stream != MSOCK__CONTROL;
}

/* Publishes what is withheld from the node.  Returns the frame's number. */
static size_t withhold(const char *json, const msock_publish_options *options)
{
    net.lose = lose_data_while_cut;
    cut = true;
    publish(json, options);
    size_t frame = net.frame_count;
    net_run(0);
    cut = false;
    return frame;
}

static void release(size_t frame)
{
    net_replay(frame, frame + 1, node);
}

/* What a subscription of one's own is told. */
struct local {
    size_t count;
    uint64_t age_us;
    unsigned flags;
};

static int note_local(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct local *local = user;
    (void)channel;
    local->count++;
    local->age_us = message->age_us;
    local->flags = message->flags;
    return 0;
}

static void listen_to(size_t at, struct local *local)
{
    int code = msock_subscribe(net_channel(at), "#", note_local, local, NULL);
    cr_assert(ge(int, code, 1));
}

/* -- Copies -- */

Test(engine_times, copies_are_identical_and_heard_once)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    size_t since = net.frame_count;

    publish("1", &(msock_publish_options){.copies = 3});
    net_run(80 * MS);

    cr_expect(eq(sz, net_sent(hub, MSOCK__BEST_EFFORT, since), 3));
    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_COPIES), 2));
    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_DUPLICATE), 2));
    const struct net_frame *first = &net.frames[since];
    const struct net_frame *last = &net.frames[net.frame_count - 1];
    cr_assert(eq(sz, first->size, last->size));
    cr_expect(eq(int, memcmp(first->bytes, last->bytes, first->size), 0));
}

Test(engine_times, one_copy_that_arrives_is_enough)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    (void)withhold("1", &(msock_publish_options){.copies = 2});
    cr_assert(eq(sz, heard(node), 0));

    net_run(30 * MS);

    cr_expect(eq(sz, heard(node), 1));
}

Test(engine_times, copies_end_with_the_channel)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    publish("1", &(msock_publish_options){.copies = 10});

    msock_close(net_channel(hub), NULL, NULL);
    net_run(2 * NET_SECOND_US);

    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_COPIES), 9));
    cr_expect(not(net.nodes[hub].alive));
}

/* -- Expires -- */

Test(engine_times, message_older_than_its_expires_is_not_delivered)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    size_t frame = withhold("1", &(msock_publish_options){.expires_ms = 100});
    size_t other = withhold("2", &(msock_publish_options){.expires_ms = 100});

    net_run(99 * MS);
    release(frame);
    cr_expect(eq(sz, heard(node), 1));
    net_run(20 * MS);
    release(other);

    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_EXPIRED), 1));
}

Test(engine_times, message_that_waits_for_a_gap_expires)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    const msock_publish_options plain = {.reliable = true};
    const msock_publish_options brief = {.reliable = true, .expires_ms = 50};
    size_t frame = withhold("1", &plain);
    publish("2", &brief);
    net_run(0);
    publish("3", &plain);
    net_run(0);
    net_bench(hub)->forked = true; /* nothing is repaired */
    net_run(60 * MS);
    cr_assert(eq(sz, heard(node), 0));

    release(frame);

    cr_expect(eq(sz, heard(node), 2));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_EXPIRED), 1));
}

/* -- After -- */

Test(engine_times, after_acts_in_the_same_moment_everywhere)
{
    struct local here = {0}, there = {0};
    net_open_pair(&hub, &node, "", NET_KEY);
    listen_to(hub, &here);
    listen_to(node, &there);

    publish("1", &(msock_publish_options){.after_ms = 300});
    net_run(300 * MS - 1);
    cr_expect(eq(sz, here.count, 0));
    cr_expect(eq(sz, there.count, 0));
    net_run(1);

    cr_expect(eq(sz, here.count, 1));
    cr_expect(eq(sz, there.count, 1));
    cr_expect(eq(u64, there.age_us, 300 * MS));
    cr_expect(eq(uint, here.flags, MSOCK_MESSAGE_LOCAL));
    cr_expect(eq(uint, there.flags, MSOCK_MESSAGE_SEALED));
}

Test(engine_times, those_behind_do_not_wait)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    publish("1", &(msock_publish_options){.after_ms = 50, .reliable = true});
    publish("2", &(msock_publish_options){.after_ms = 50, .reliable = true});
    publish("3", &(msock_publish_options){.reliable = true});

    net_run(100 * MS);

    const struct bench *bench = net_bench(node);
    cr_assert(eq(sz, bench->heard_count, 3));
    cr_expect(eq(str, (char *)bench->heard[0].data, "3"));
    cr_expect(eq(str, (char *)bench->heard[1].data, "1"));
    cr_expect(eq(str, (char *)bench->heard[2].data, "2"));
}

Test(engine_times, after_that_comes_late_acts_at_once)
{
    net_open_pair(&hub, &node, "late_ms=600000", NET_KEY);
    size_t late = withhold("1", &(msock_publish_options){.after_ms = 100});
    size_t gone = withhold("2", &(msock_publish_options){.after_ms = 100});
    size_t brief = withhold(
        "3", &(msock_publish_options){.after_ms = 100, .expires_ms = 5000});
    net_run(9 * NET_SECOND_US);

    release(late);
    release(brief);
    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_EXPIRED), 1));
    net_run(2 * NET_SECOND_US);
    release(gone);

    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 1));
}

Test(engine_times, after_outlives_the_bye)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    publish("1", &(msock_publish_options){.after_ms = 5000});
    msock_close(net_channel(hub), NULL, NULL);

    net_run(4 * NET_SECOND_US);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, heard(node), 1));
}

Test(engine_times, after_ends_with_a_session_that_another_replaces)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    publish("1", &(msock_publish_options){.after_ms = 5000});
    net_run(MS);
    net_crash(hub);
    net_run(NET_SECOND_US);
    (void)net_open("hub", "", NET_KEY);

    net_run(6 * NET_SECOND_US);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_SCHEDULED), 1));
}

Test(engine_times, what_waits_for_its_moment_is_bounded)
{
    net_open_pair(&hub, &node, "scheduled_max=4K", NET_KEY);
    for (int i = 0; i < 100; i++) {
        publish("1", &(msock_publish_options){.after_ms = 100});
    }

    net_run(200 * MS);

    cr_expect(ge(sz, heard(node), 10));
    cr_expect(
        eq(u64, net_counter(node, MSOCK_DROP_SCHEDULED), 100 - heard(node)));
}

/* -- Late -- */

Test(engine_times, late_frame_is_dropped_on_a_sealed_channel)
{
    net_open_pair(&hub, &node, "", NET_KEY);
    size_t frame = withhold("1", NULL);
    size_t later = withhold("2", NULL);

    net_run(3 * NET_SECOND_US);
    release(frame);
    net_run(100 * MS);
    release(later);

    cr_expect(eq(sz, heard(node), 1));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 1));
}

Test(engine_times, late_frame_is_taken_on_an_open_channel)
{
    net_open_pair(&hub, &node, "", 0);
    size_t frame = withhold("1", NULL);

    net_run(60 * NET_SECOND_US);
    release(frame);

    cr_expect(eq(sz, heard(node), 1));
}

/* -- Age -- */

Test(engine_times, age_is_the_time_since_it_was_sent)
{
    struct local there = {0};
    net_open_pair(&hub, &node, "", NET_KEY);
    listen_to(node, &there);
    size_t frame = withhold("1", NULL);

    net_run(2 * NET_SECOND_US);
    release(frame);

    /* The offset may rise by 500 ppm meanwhile. */
    cr_expect(le(u64, there.age_us, 2 * NET_SECOND_US));
    cr_expect(ge(u64, there.age_us, 2 * NET_SECOND_US - 2 * MS));
}
