/* SPDX-License-Identifier: Apache-2.0 */
/* Who is up, and which session of a name it is. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(engine_presence, .fini = net_close);

enum { MS = 1000 };

/* -- Open channels: frames that anybody can write -- */

/* An open control frame of a session that is one byte, repeated. */
static void feed_control(size_t to, uint8_t session, uint64_t counter,
                         uint64_t sent_us, const char *text)
{
    uint8_t bytes[1024];
    struct msock__frame header = {.stream = MSOCK__CONTROL, .counter = counter};
    struct msock__body body = {.sent_us = sent_us};
    memset(header.session, session, sizeof(header.session));
    msock__frame_encode(&header, bytes);
    size_t size = MSOCK__HEADER_SIZE;
    size += msock__body_encode(&body, bytes + size);
    memcpy(bytes + size, text, strlen(text));
    bench_feed(net_bench(to), bytes, size + strlen(text), NULL, false);
}

#define HELLO                                                                  \
    "{\"topic\":\"$ms/hello\",\"sender\":\"twin\",\"data\":{\"age\":0,"        \
    "\"every\":1000,\"be\":0,\"rel\":[1,0],\"rev\":0}}\n"
#define ANSWER                                                                 \
    "{\"topic\":\"$ms/answer\",\"sender\":\"twin\",\"data\":{\"age\":0,"       \
    "\"rel\":[1,0],\"floors\":[[1,1,\"0123456789abcdef\"]]}}\n"
#define SYNC                                                                   \
    "{\"topic\":\"$ms/sync\",\"sender\":\"twin\",\"data\":{\"rel\":[1,0]}}\n"
#define UNKNOWN "{\"topic\":\"$ms/other\",\"sender\":\"twin\",\"data\":{}}\n"

static const char *const nameless[] = {ANSWER, UNKNOWN};

Test(engine_presence, name_without_a_hello_settles_with_its_namesake)
{
    size_t node = net_open("node", "", 0);
    for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++) {
        uint8_t session = (uint8_t)(2 + i);
        feed_control(node, 1, 1 + i, 0, HELLO);
        feed_control(node, session, 1, 5, nameless[i]);
        feed_control(node, session, 2, 6, HELLO);
    }

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 3));
}

Test(engine_presence, open_session_is_up_at_its_first_hello)
{
    size_t node = net_open("node", "", 0);
    feed_control(node, 1, 1, 0, SYNC);
    feed_control(node, 1, 2, 0, SYNC);
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 0));

    feed_control(node, 1, 3, 0, HELLO);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
    cr_expect(
        eq(str, (char *)net_event_last(node, MSOCK_EVENT_UP)->node, "twin"));
}

/* -- Up and down -- */

Test(engine_presence, both_are_up_once_and_down_after_silence)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(60 * NET_SECOND_US);
    cr_assert(eq(sz, net_event_count(hub, MSOCK_EVENT_UP), 1));
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));

    net_crash(hub);
    net_run(12 * NET_SECOND_US);
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 0));
    net_run(8 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 0));
}

static bool cut;

static bool lose_while_cut(const struct net_frame *frame, size_t to)
{
    (void)frame;
    (void)to;
    return cut;
}

Test(engine_presence, who_fell_silent_is_up_again_when_heard)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net.lose = lose_while_cut;
    net_run(NET_SECOND_US);
    cut = true;
    net_run(30 * NET_SECOND_US);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));

    cut = false;
    net_run(8 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 2));
    net_publish(hub, "a", "1");
    net_run(10 * MS);
    cr_expect(eq(sz, net_bench(node)->heard_count, 1));
}

static void note_heard(msock_channel *channel, const msock_node *node,
                       void *user)
{
    (void)channel;
    *(uint64_t *)user = node->heard_ms;
}

Test(engine_presence, who_was_not_heard_for_long_is_asked)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    uint64_t heard_ms = UINT64_MAX;
    net.lose = lose_while_cut;
    net_run(60 * NET_SECOND_US);
    cut = true;
    /* Two of the gaps of 6.25 s that hellos promise, whenever the last one was:
     * up to three. */
    net_run(12400 * MS);

    cut = false;
    net_run(2 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 0));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 0));
    (void)msock_nodes(net_channel(node), note_heard, &heard_ms);
    cr_expect(lt(u64, heard_ms, 2000));
}

Test(engine_presence, bye_is_down_at_once)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net_run(NET_SECOND_US);

    msock_close(net_channel(hub), NULL, NULL);
    net_run(5 * MS);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    net_run(60 * NET_SECOND_US);
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
    cr_expect(not(net.nodes[hub].alive));
}

static bool lose_byes_and_first_answers(const struct net_frame *frame,
                                        size_t to)
{
    (void)to;
    return frame->from == 0 && frame->at_us < NET_SECOND_US + 60 * MS;
}

Test(engine_presence, who_is_admitted_after_its_bye_says_it_again)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    net.lose = lose_byes_and_first_answers;
    net_run(MS);
    net_publish(hub, "a", "1");
    net_run(MS);
    msock_close(net_channel(hub), NULL, NULL);
    net_run(60 * MS);
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 0));

    net_replay(0, net.frame_count, node);
    net_run(1500 * MS);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 1));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(node)->heard_count, 1));
}

Test(engine_presence, who_was_heard_by_nobody_is_gone_soon)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(MS);

    msock_close(net_channel(hub), NULL, NULL);
    net_run(25 * MS);

    cr_expect(not(net.nodes[hub].alive));
}

/* -- Two sessions of one name -- */

Test(engine_presence, second_session_of_a_name_ends_the_first)
{
    size_t node = net_open("node", "", NET_KEY);
    size_t first = net_open("twin", "", NET_KEY);
    net_run(NET_SECOND_US);
    uint64_t gone = msock_session(net_channel(first));
    net_crash(first);
    net_run(2 * NET_SECOND_US);

    (void)net_open("twin", "", NET_KEY);
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP), 2));
    cr_assert(eq(sz, net_event_count(node, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(u64, net_event_last(node, MSOCK_EVENT_DOWN)->session, gone));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_CONFLICT), 0));
}

Test(engine_presence, two_living_sessions_of_a_name_are_a_conflict)
{
    size_t node = net_open("node", "", NET_KEY);
    (void)net_open("twin", "", NET_KEY);
    net_run(NET_SECOND_US);

    size_t second = net_open("twin", "", NET_KEY);
    net_run(100 * MS);
    net_publish(second - 1, "a", "1");
    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_CONFLICT), 1));
    cr_expect(eq(sz, net_bench(node)->heard_count, 1));
}

Test(engine_presence, name_of_ones_own_that_another_has_is_a_conflict)
{
    size_t first = net_open("twin", "", NET_KEY);
    net_run(NET_SECOND_US);

    size_t second = net_open("twin", "", NET_KEY);
    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(first, MSOCK_EVENT_CONFLICT), 1));
    cr_expect(eq(sz, net_event_count(second, MSOCK_EVENT_CONFLICT), 1));
    cr_expect(eq(u64, net_event_last(first, MSOCK_EVENT_CONFLICT)->session,
                 msock_session(net_channel(second))));
}

/* -- What is too old to be acted on (docs/protocol.md 6.3) -- */

static size_t deaf_node;

static bool lose_to_deaf(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return to == deaf_node;
}

/* Sets a session's clock so that what was sent at `stamp_us` is `age_us` old.
 */
static void make_old(struct msock__session *session, uint64_t now_us,
                     uint64_t stamp_us, uint64_t age_us)
{
    uint64_t back_us = age_us;
    for (int i = 0; i < 10; i++) {
        msock__age_set(&session->age, now_us - back_us, stamp_us);
        back_us += age_us - msock__age_of(&session->age, now_us, stamp_us);
    }
    cr_assert(eq(u64, msock__age_of(&session->age, now_us, stamp_us), age_us));
}

/* Gives a node a bye of this age.  Returns how many sessions are down then. */
static size_t hear_bye(uint64_t age_us)
{
    size_t hub = net_open("hub", "", NET_KEY);
    deaf_node = net_open("kitchen", "", NET_KEY);
    struct bench *node = net_bench(deaf_node);
    net_run(10 * NET_SECOND_US);
    uint64_t began_us = net_bench(hub)->engine->began_us;
    struct msock__session *session = msock__sessions_find(
        node->engine->sessions, net_bench(hub)->engine->session);
    net.lose = lose_to_deaf;
    size_t bye = net.frame_count;
    msock_close(net_channel(hub), NULL, NULL);
    net_run(10 * MS);

    struct net_frame frame = net.frames[bye];
    make_old(session, node->now_us, frame.at_us - began_us, age_us);
    bench_feed(node, frame.bytes, frame.size, NULL, false);

    return net_event_count(deaf_node, MSOCK_EVENT_DOWN);
}

Test(engine_presence, bye_that_is_5_s_old_is_acted_on)
{
    cr_expect(eq(sz, hear_bye(5 * NET_SECOND_US), 1));
}

Test(engine_presence, bye_that_is_older_than_5_s_is_not)
{
    cr_expect(eq(sz, hear_bye(5 * NET_SECOND_US + 1), 0));
}

/* -- Clones -- */

/* The machine of `from` is copied to that of `to`. */
static void clone_session(size_t from, size_t to)
{
    struct msock__engine *old = net_bench(from)->engine;
    struct msock__engine *twin = net_bench(to)->engine;
    memcpy(twin->session, old->session, sizeof(twin->session));
    memcpy(twin->counters, old->counters, sizeof(twin->counters));
    twin->began_us = old->began_us;
}

Test(engine_presence, clones_part_and_both_live_on)
{
    size_t node = net_open("node", "", NET_KEY);
    size_t twins[] = {net_open("twin", "", NET_KEY),
                      net_open("twin", "", NET_KEY)};
    clone_session(twins[0], twins[1]);
    uint64_t shared = msock_session(net_channel(twins[0]));
    net_run(2 * NET_SECOND_US);

    cr_expect(ne(u64, msock_session(net_channel(twins[0])),
                 msock_session(net_channel(twins[1]))));
    size_t told = net_event_count(twins[0], MSOCK_EVENT_CLONE) +
                  net_event_count(twins[1], MSOCK_EVENT_CLONE);
    cr_assert(ge(sz, told, 1));
    size_t who = net_event_count(twins[0], MSOCK_EVENT_CLONE) ? 0 : 1;
    cr_expect(eq(u64, net_event_last(twins[who], MSOCK_EVENT_CLONE)->session,
                 shared));
    cr_expect(eq(
        sz, net_bench(twins[0])->forgets + net_bench(twins[1])->forgets, told));
    net_publish(twins[0], "a", "1");
    net_publish_reliable(twins[1], "b", "2");
    net_run(NET_SECOND_US);
    cr_expect(eq(sz, net_bench(node)->heard_count, 2));
}

Test(engine_presence, what_was_finished_when_a_clone_showed_does_not_leave)
{
    enum { FRAMES = 8 };
    struct msock__outgoing frames[FRAMES];
    size_t hub = net_open("hub", "", NET_KEY);
    struct msock__engine *engine = net_bench(hub)->engine;
    net_run(NET_SECOND_US);
    net_publish(hub, "a", "1");
    size_t count = msock__engine_output(engine, net.now_us, frames, FRAMES);
    cr_assert(ge(sz, count, 1));
    cr_assert(eq(sz, engine->slots.used, count));

    msock__engine_redraw(engine, net.now_us, true);

    cr_expect(eq(sz, engine->slots.used, 0));
    count = msock__engine_output(engine, net.now_us, frames, FRAMES);
    cr_assert(ge(sz, count, 1)); /* a hello */
    for (size_t i = 0; i < count; i++) {
        cr_expect(zero(int, memcmp(frames[i].bytes + 8, engine->session,
                                   sizeof(engine->session))));
    }
}

Test(engine_presence, forged_clone_changes_nothing)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(MS);
    uint64_t session = msock_session(net_channel(hub));
    uint8_t bytes[256];
    struct net_frame own = net.frames[0];
    cr_assert(le(sz, own.size, sizeof(bytes)));
    memcpy(bytes, own.bytes, own.size);
    own.header.counter += 100;
    msock__frame_encode(&own.header, bytes);

    bench_feed(net_bench(hub), bytes, own.size, NULL, false);

    cr_expect(eq(u64, msock_session(net_channel(hub)), session));
    cr_expect(eq(u64, net_counter(hub, MSOCK_DROP_AUTH), 1));
}

/* -- What event callbacks may do -- */

static void close_it(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)event;
    (void)user;
    cr_expect(eq(int, msock_publish(channel, "last", "1", NULL), 0));
    cr_expect(eq(int, msock_watch(channel, NULL, NULL), 0));
    msock_close(channel, NULL, NULL);
}

Test(engine_presence, watcher_may_close_the_channel)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    cr_assert(eq(int, msock_watch(net_channel(node), close_it, NULL), 0));
    net_publish(hub, "a", "1");

    net_run(5 * NET_SECOND_US);

    cr_expect(not(net.nodes[node].alive));
    cr_assert(eq(sz, net_bench(hub)->heard_count, 1));
    cr_expect(eq(str, net_bench(hub)->heard[0].topic, "last"));
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
}

static void watch_other(msock_channel *channel, const msock_event *event,
                        void *user)
{
    (void)event;
    cr_expect(eq(int, msock_unsubscribe(channel, 1), 0));
    cr_expect(eq(int, msock_watch(channel, NULL, NULL), 0));
    *(size_t *)user += 1;
}

Test(engine_presence, watcher_may_unsubscribe_and_go)
{
    size_t calls = 0;
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("kitchen", "", NET_KEY);
    cr_assert(eq(int, msock_watch(net_channel(node), watch_other, &calls), 0));
    net_publish(hub, "a", "1");
    net_run(NET_SECOND_US);
    msock_close(net_channel(hub), NULL, NULL);

    net_run(5 * NET_SECOND_US);

    cr_expect(eq(sz, calls, 1));
    cr_expect(eq(sz, net_bench(node)->heard_count, 0));
}

/* -- A full table -- */

static bool lose_to_first(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return cut && to == 0;
}

/* All answers come in one turn, whose time is that of its beginning. */
Test(engine_presence, clock_that_goes_on_while_a_session_goes_is_harmless)
{
    size_t node = net_open("node", "sessions_max=1", NET_KEY);
    net_bench(node)->ahead_us = 50;
    (void)net_open("one", "", NET_KEY);
    (void)net_open("two", "", NET_KEY);
    net_run(MS);
    net.lose = lose_to_first;
    cut = true;
    net_run(300 * MS);
    cut = false;

    net_replay(0, net.frame_count, node);
    net_run(NET_SECOND_US);

    cr_expect(ge(u64, net_counter(node, MSOCK_SESSIONS_EVICTED), 1));
    cr_expect(eq(sz, net_event_count(node, MSOCK_EVENT_UP),
                 net_event_count(node, MSOCK_EVENT_DOWN) + 1));
}
