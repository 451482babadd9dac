/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a sealed channel believes: who lives, from what it said since one began
 * to listen, and nobody's recording. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(engine_admission, .fini = net_close);

enum { MS = 1000 };

static const uint64_t hour_us = UINT64_C(3600) * NET_SECOND_US;

static size_t heard(size_t node)
{
    return net_bench(node)->heard_count;
}

static size_t pending(size_t node)
{
    return msock__admission_count(net_bench(node)->engine->admission);
}

/* -- Who is new -- */

Test(engine_admission, nodes_new_to_each_other_hear_each_other_from_the_start)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(MS);
    net_publish(hub, "a", "1");
    net_publish_reliable(hub, "b", "2");
    net_publish(node, "c", "3");

    net_run(100 * MS);

    cr_expect(eq(sz, heard(hub), 1));
    cr_expect(eq(sz, heard(node), 2));
    cr_expect(eq(sz, pending(hub) + pending(node), 0));
    cr_expect(eq(u64, bench_drops(net_bench(node)), 0));
}

Test(engine_admission, latecomer_hears_nothing_of_before)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_publish(hub, "old", "1");
    net_publish_reliable(hub, "old", "2");
    net_run(NET_SECOND_US);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(MS);
    net_replay(0, net.frame_count, node);

    net_publish_reliable(hub, "new", "3");
    net_run(NET_SECOND_US);

    cr_assert(eq(sz, heard(node), 1));
    cr_expect(eq(str, net_bench(node)->heard[0].topic, "new"));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 0));
}

static bool lose_to_second(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return to == 1;
}

/* Who is busy with sending reads late what it is asked. */
Test(engine_admission, time_in_the_receive_buffer_loses_no_frame)
{
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(5 * MS);
    size_t hub = net_open("hub", "", NET_KEY);
    net.lose = lose_to_second;
    net_publish(hub, "a", "1");
    net_run(40 * MS);
    net.lose = NULL;

    const struct net_frame *challenge = &net.frames[net.frame_count - 1];
    cr_assert(eq(sz, challenge->from, node));
    net_bench(hub)->waited_us = net.now_us - challenge->at_us;
    cr_assert(gt(u64, net_bench(hub)->waited_us, 30 * MS));
    net_replay(net.frame_count - 1, net.frame_count, hub);
    net_bench(hub)->waited_us = 0;
    net_run(40 * MS);

    cr_expect(eq(sz, heard(node), 1));
}

static bool lose_to_hub(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return to == 0;
}

Test(engine_admission, who_is_not_answered_believes_nobody)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net.lose = lose_to_hub;
    net_publish(hub, "a", "1");

    net_run(NET_SECOND_US);
    cr_expect(eq(sz, msock_held(net_channel(node)), 1));
    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_PENDING), 1));
}

Test(engine_admission, one_shot_is_heard_by_who_is_new_to_it)
{
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t shot = net_open("shot", "", NET_KEY);
    net_publish(shot, "a", "1");
    msock_close(net_channel(shot), NULL, NULL);

    net_run(2100 * MS);

    cr_expect(eq(sz, heard(node), 1));
    cr_expect(not(net.nodes[shot].alive));
}

/* -- Replays -- */

Test(engine_admission, replay_to_a_rebooted_receiver_does_nothing)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    net_publish(hub, "unlock", "1");
    net_publish_reliable(hub, "unlock", "2");
    net_run(NET_SECOND_US);
    cr_assert(eq(sz, heard(node), 2));
    net_crash(node);

    size_t again = net_open("kitchen", "", NET_KEY);
    net_replay(0, net.frame_count, again);
    net_run(NET_SECOND_US);
    net_replay(0, net.frame_count, again);
    net_run(15 * NET_SECOND_US);

    cr_expect(eq(sz, heard(again), 0));
    cr_expect(eq(sz, net_event_count(again, MSOCK_EVENT_LOSS), 0));
    net_publish_reliable(hub, "unlock", "3");
    net_run(NET_SECOND_US);
    cr_expect(eq(sz, heard(again), 1));
}

Test(engine_admission, replay_of_a_dead_session_does_nothing)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    net_publish(hub, "unlock", "1");
    net_publish_reliable(hub, "unlock", "2");
    net_run(NET_SECOND_US);
    net_crash(hub);
    net_crash(node);
    size_t end = net.frame_count;

    size_t again = net_open("kitchen", "", NET_KEY);
    for (int i = 0; i < 20; i++) {
        net_replay(0, end, again);
        net_run(NET_SECOND_US);
    }

    cr_expect(eq(sz, heard(again), 0));
    cr_expect(eq(sz, net_event_count(again, MSOCK_EVENT_UP), 0));
    cr_expect(le(sz, net_sent(again, MSOCK__CONTROL, end), 33));
}

/* What nobody but the recorder gets: answers of the hub. */
static bool withhold_hub(const struct net_frame *frame, size_t to)
{
    (void)to;
    return frame->from == 0;
}

/* Lets the hub die after it answered a node that did not get it, and gives the
 * node all that it said `later_us` afterwards.  Returns the node. */
static size_t answer_late(uint64_t later_us)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(500 * MS);
    size_t hello = net.frame_count;
    net_publish(hub, "a", "1");
    net_run(MS);
    size_t node = net_open("kitchen", "", NET_KEY);
    net.lose = withhold_hub;
    net_replay(0, hello, node);
    net_run(20 * MS);
    net_crash(hub);
    net_run(later_us);
    net_replay(hello, net.frame_count, node);
    net_run(MS);
    return node;
}

Test(engine_admission, answer_is_believed_within_its_epoch)
{
    size_t node = answer_late(1000 * MS);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
    cr_expect(eq(sz, heard(node), 0));
}

Test(engine_admission, answer_is_not_believed_after_its_epoch)
{
    size_t node = answer_late(4100 * MS);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 0));
    cr_expect(eq(sz, heard(node), 0));
}

Test(engine_admission, answer_to_another_admits_nobody)
{
    (void)net_open("hub", "", NET_KEY);
    (void)net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    net_crash(0);
    net_crash(1);
    size_t end = net.frame_count;
    size_t third = net_open("porch", "", NET_KEY);

    net_replay(0, end, third);
    net_run(10 * MS);
    net_replay(0, end, third);

    cr_expect(eq(sz, net_event_count(third, MSOCK_EVENT_UP), 0));
}

Test(engine_admission, answer_played_again_is_a_duplicate)
{
    (void)net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    struct msock__engine *engine = net_bench(node)->engine;
    struct msock__age age = msock__sessions_newest(engine->sessions)->age;

    net_replay(0, net.frame_count, node);

    struct msock__age after = msock__sessions_newest(engine->sessions)->age;
    cr_expect(eq(i64, after.offset_us, age.offset_us));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
    cr_expect(eq(sz, pending(node), 0));
}

Test(engine_admission, challenges_played_again_are_answered_within_the_rates)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    net_crash(node);
    size_t end = net.frame_count;

    for (int i = 0; i < 1000; i++) {
        net_replay(0, end, hub);
        net_run(MS);
    }

    /* One nonce, three answers; and each of those pulls a hello at most. */
    cr_expect(le(sz, net_sent(hub, MSOCK__CONTROL, end), 10));
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_UP), 1));
}

/* -- Forgetting -- */

Test(engine_admission, replay_after_eviction_does_nothing)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "sessions_max=1", NET_KEY);
    net_run(NET_SECOND_US);
    net_publish(hub, "unlock", "1");
    net_publish_reliable(hub, "unlock", "2");
    net_run(10 * MS);
    size_t end = net.frame_count;
    cr_assert(eq(sz, heard(node), 2));

    (void)net_open("other", "", NET_KEY);
    net_run(20 * MS);
    cr_assert(ge(u64, net_counter(node, MSOCK_SESSIONS_EVICTED), 1));
    for (int i = 0; i < 100; i++) {
        net_replay(0, end, node);
        net_run(100 * MS);
    }

    cr_expect(eq(sz, heard(node), 2));
}

/* A table of two, and three who speak: everybody is forgotten again and again,
 * and nothing is heard twice. */
Test(engine_admission, crowded_table_hears_nothing_twice)
{
    size_t node = net_open("kitchen", "sessions_max=2", NET_KEY);
    for (size_t i = 1; i <= 3; i++) {
        (void)net_open(i == 1 ? "one" : i == 2 ? "two" : "three", "", NET_KEY);
    }
    size_t published = 0;
    for (int turn = 0; turn < 40; turn++) {
        size_t since = net.frame_count;
        net_publish(1 + (size_t)turn % 3, "a", "1");
        published++;
        net_run(200 * MS);
        net_replay(since, net.frame_count, node);
        net_replay(0, since / 2, node);
        net_run(200 * MS);
    }

    cr_expect(ge(u64, net_counter(node, MSOCK_SESSIONS_EVICTED), 1));
    cr_expect(le(sz, heard(node), published));
    cr_expect(ge(sz, heard(node), 1));
}

/* -- What was withheld -- */

static bool withholding;

static bool withhold_data(const struct net_frame *frame, size_t to)
{
    (void)to;
    return withholding && frame->header.stream != MSOCK__CONTROL;
}

/* Publishes what does not arrive.  Returns the frame's number. */
static size_t withhold(size_t from, bool reliable)
{
    net.lose = withhold_data;
    withholding = true;
    (reliable ? net_publish_reliable : net_publish)(from, "unlock", "1");
    size_t frame = net.frame_count;
    net_run(0);
    while (net.frames[frame].header.stream == MSOCK__CONTROL) {
        frame++;
    }
    withholding = false;
    return frame;
}

Test(engine_admission, frame_withheld_for_an_hour_does_not_act)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t frame = withhold(hub, false);

    net_run(hour_us);
    net_replay(frame, frame + 1, node);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 1));
}

Test(engine_admission, frame_of_a_session_that_died_an_hour_ago_does_not_act)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t frame = withhold(hub, false);
    net_crash(hub);

    net_run(hour_us);
    net_replay(frame, frame + 1, node);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_LATE), 1));
}

Test(engine_admission, reliable_frame_withheld_is_a_loss)
{
    size_t hub = net_open("hub", "history_ms=100", NET_KEY);
    size_t node = net_open("kitchen", "history_ms=100", NET_KEY);
    net_run(NET_SECOND_US);
    net.lose = withhold_data;
    size_t frame = withhold(hub, true);
    net_crash(hub);
    net_run(6 * NET_SECOND_US);

    net_replay(frame, frame + 1, node);
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, heard(node), 0));
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_LOSS), 1));
    cr_expect(eq(u64, net_event_last(node, MSOCK_EVENT_LOSS)->first, 1));
    cr_expect(eq(u64, net_event_last(node, MSOCK_EVENT_LOSS)->count, 1));
}

Test(engine_admission, offset_is_renewed_by_an_answer_every_hour)
{
    (void)net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);
    struct msock__engine *engine = net_bench(node)->engine;
    uint64_t set_us = msock__sessions_newest(engine->sessions)->age.set_us;

    net_run(hour_us + 30 * NET_SECOND_US);

    struct msock__session *session = msock__sessions_newest(engine->sessions);
    cr_expect(ge(u64, session->age.set_us, set_us + hour_us));
    cr_expect(eq(sz, pending(node), 0));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
}

/* -- Another channel -- */

Test(engine_admission, frames_of_another_channel_with_the_same_key_are_not_ours)
{
    size_t node = net_open("kitchen", "", NET_KEY);
    size_t other = net_open_elsewhere("hub", NET_KEY);
    net_publish(other, "unlock", "1");

    net_run(20 * NET_SECOND_US);

    cr_expect(eq(sz, heard(node), 0));
    cr_expect(eq(sz, pending(node), 0));
    cr_expect(eq(u64, net_counter(node, MSOCK_RX_FRAMES),
                 net_counter(node, MSOCK_DROP_AUTH)));
}

/* -- Window edges -- */

struct edge {
    uint64_t counter;
    int drop;
};

enum { TOP = MSOCK__WINDOW_SIZE + 1 };

static const struct edge edges[] = {
    {1, 0},
    {1, MSOCK_DROP_DUPLICATE},
    {9, 0},
    {8, 0},
    {7, 0},
    {7, MSOCK_DROP_DUPLICATE},
    {MSOCK__WINDOW_SIZE, 0},
    {MSOCK__WINDOW_SIZE - 1, 0},
    {MSOCK__WINDOW_SIZE - 1, MSOCK_DROP_DUPLICATE},
    {2, 0},
    {TOP, 0},
    {1, MSOCK_DROP_OLD},
    {2, MSOCK_DROP_DUPLICATE},
    {3, 0},
    {TOP + 16, 0},
    {17, MSOCK_DROP_OLD},
    {18, 0},
    {18, MSOCK_DROP_DUPLICATE},
    {TOP + 17 + MSOCK__WINDOW_SIZE, 0},
    {TOP + 16, MSOCK_DROP_OLD},
    {TOP + 17, MSOCK_DROP_OLD},
    {TOP + 18, 0},
    {TOP + 18, MSOCK_DROP_DUPLICATE},
    {MSOCK__COUNTER_MAX - 1, 0},
    {MSOCK__COUNTER_MAX, 0},
    {MSOCK__COUNTER_MAX, MSOCK_DROP_DUPLICATE},
    {MSOCK__COUNTER_MAX - 1, MSOCK_DROP_DUPLICATE},
    {MSOCK__COUNTER_MAX - 2, 0},
    {MSOCK__COUNTER_MAX - MSOCK__WINDOW_SIZE, MSOCK_DROP_OLD},
    {MSOCK__COUNTER_MAX - MSOCK__WINDOW_SIZE + 1, 0},
    {0, MSOCK_DROP_SEQUENCE},
    {MSOCK__COUNTER_MAX + 1, MSOCK_DROP_SEQUENCE},
    {1, MSOCK_DROP_OLD},
};

static void write_counter(uint8_t *frame, uint64_t counter)
{
    for (int i = 0; i < 8; i++) {
        frame[24 + i] = (uint8_t)(counter >> (56 - 8 * i));
    }
}

Test(engine_admission, window_has_exact_edges)
{
    uint8_t bytes[512];
    size_t hub = net_open("hub", "", 0);
    size_t node = net_open("kitchen", "", 0);
    net_run(MS);
    size_t frame = withhold(hub, false);
    size_t size = net.frames[frame].size;
    cr_assert(le(sz, size, sizeof(bytes)));
    size_t passed = 0;

    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        uint64_t before = net_counter(node, edges[i].drop);
        memcpy(bytes, net.frames[frame].bytes, size);
        write_counter(bytes, edges[i].counter);
        bench_feed(net_bench(node), bytes, size, NULL, false);
        passed += edges[i].drop == 0 ? 1 : 0;
        cr_expect(eq(sz, heard(node), passed), "edge %zu", i);
        uint64_t counted = edges[i].drop == 0 ? 0 : 1;
        uint64_t after =
            edges[i].drop == 0 ? before : net_counter(node, edges[i].drop);
        cr_expect(eq(u64, after, before + counted), "edge %zu", i);
    }
}
