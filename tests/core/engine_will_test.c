/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills: told, and spoken by whoever sees their node go. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

TestSuite(engine_will, .fini = net_close);

enum { MS = 1000, SILENCE_US = 20 * NET_SECOND_US };

static const int keys[] = {0, NET_KEY};

static void will(size_t node, const char *topic, const char *json)
{
    cr_assert(zero(int, msock_will(net_channel(node), topic, json)));
}

static const struct bench_heard *heard(size_t node, size_t index)
{
    cr_assert(lt(sz, index, net_bench(node)->heard_count));
    return &net_bench(node)->heard[index];
}

Test(engine_will, is_heard_once_when_its_node_falls_silent)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t hub = net_open("hub", "", keys[i]);
        size_t porch = net_open("porch", "", keys[i]);
        size_t attic = net_open("attic", "", keys[i]);
        will(porch, "porch/state", "\"gone\"");
        net_run(NET_SECOND_US);

        net_crash(porch);
        net_run(10 * SILENCE_US);

        cr_expect(eq(sz, net_bench(attic)->heard_count, 1));
        cr_assert(eq(sz, net_bench(hub)->heard_count, 1));
        cr_expect(eq(str, (char *)heard(hub, 0)->topic, "porch/state"));
        cr_expect(eq(str, (char *)heard(hub, 0)->sender, "porch"));
        cr_expect(eq(str, (char *)heard(hub, 0)->data, "\"gone\""));
        cr_expect(
            eq(u32, heard(hub, 0)->flags,
               MSOCK_MESSAGE_WILL | (keys[i] ? MSOCK_MESSAGE_SEALED : 0)));
        net_close();
    }
}

Test(engine_will, of_who_says_bye_is_never_heard)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    will(porch, "porch/state", "\"gone\"");
    net_run(NET_SECOND_US);

    msock_close(net_channel(porch), NULL, NULL);
    net_run(2 * SILENCE_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(hub)->heard_count, 0));
}

Test(engine_will, set_at_open_is_known_at_once)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch =
        net_open("porch", "will_topic=porch/state&will={\"on\":null}", NET_KEY);
    net_run(NET_SECOND_US);

    net_crash(porch);
    net_run(SILENCE_US);

    cr_assert(eq(sz, net_bench(hub)->heard_count, 1));
    cr_expect(eq(str, (char *)heard(hub, 0)->data, "{\"on\":null}"));
}

Test(engine_will, changed_one_takes_the_place_of_the_first)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);

    will(porch, "b", NULL);
    net_run(100 * MS);
    net_crash(porch);
    net_run(SILENCE_US);

    cr_assert(eq(sz, net_bench(hub)->heard_count, 1));
    cr_expect(eq(str, (char *)heard(hub, 0)->topic, "b"));
    cr_expect(eq(str, (char *)heard(hub, 0)->data, "null"));
}

Test(engine_will, taken_back_is_not_heard)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);

    will(porch, NULL, NULL);
    net_run(100 * MS);
    net_crash(porch);
    net_run(SILENCE_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(hub)->heard_count, 0));
}

Test(engine_will, same_again_is_not_told_again)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);

    will(porch, "a", " 1 ");
    net_run(100 * MS);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_CHANGED), 1));
}

Test(engine_will, reaches_matching_subscriptions_alone)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=$private&will=1", NET_KEY);
    net_run(NET_SECOND_US);

    net_crash(porch);
    net_run(SILENCE_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(hub)->heard_count, 0));
}

/* -- Who is heard again -- */

static size_t deaf;
static bool cut;

static bool lose_while_cut(const struct net_frame *frame, size_t to)
{
    (void)frame;
    return cut && to == deaf;
}

Test(engine_will, of_who_was_only_cut_off_is_heard_each_time)
{
    deaf = net_open("hub", "", NET_KEY);
    (void)net_open("porch", "will_topic=a&will=1", NET_KEY);
    net.lose = lose_while_cut;
    net_run(NET_SECOND_US);

    for (size_t i = 1; i <= 2; i++) {
        cut = true;
        net_run(2 * SILENCE_US);
        cr_expect(eq(sz, net_bench(deaf)->heard_count, i));
        cut = false;
        net_run(SILENCE_US);
        cr_expect(eq(sz, net_event_count(deaf, MSOCK_EVENT_UP), i + 1));
    }
    cr_expect(eq(sz, net_bench(deaf)->heard_count, 2));
}

/* What the hub was told, in order: d(own), u(p), w(ill). */
static char order[16];

static void note_event(msock_channel *channel, const msock_event *event,
                       void *user)
{
    (void)channel;
    (void)user;
    strcat(order, event->kind == MSOCK_EVENT_DOWN ? "d" : "");
    strcat(order, event->kind == MSOCK_EVENT_UP ? "u" : "");
}

static int note_will(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)channel;
    (void)user;
    strcat(order, message->flags & MSOCK_MESSAGE_WILL ? "w" : "m");
    return 0;
}

Test(engine_will, comes_before_its_node_is_down_and_its_next_session_up)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);
    order[0] = '\0';
    msock_watch(net_channel(hub), note_event, NULL);
    msock_subscribe(net_channel(hub), "#", note_will, NULL, NULL);

    net_crash(porch);
    porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_publish(porch, "a", "2");
    net_run(NET_SECOND_US);
    cr_expect(eq(str, order, "wdum"));

    net_run(2 * SILENCE_US);
    cr_expect(eq(str, order, "wdum"));
}

static uint64_t age_us;

static int note_age(msock_channel *channel, const msock_message *message,
                    void *user)
{
    (void)channel;
    (void)user;
    age_us = message->age_us;
    return 0;
}

Test(engine_will, tells_how_long_its_node_is_silent)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);
    msock_subscribe(net_channel(hub), "a", note_age, NULL, NULL);
    const struct msock__session *session =
        msock__sessions_newest(net_bench(hub)->engine->sessions);

    net_crash(porch);
    net_run(SILENCE_US);

    cr_expect(eq(u64, age_us, 3 * session->every_us));
}

/* -- Who is not seen to go -- */

Test(engine_will, of_who_is_forgotten_to_make_room_is_not_heard)
{
    size_t hub = net_open("hub", "sessions_max=1", 0);
    (void)net_open("porch", "will_topic=a&will=1", 0);
    net_run(NET_SECOND_US);
    cr_assert(eq(sz, net_event_count(hub, MSOCK_EVENT_CHANGED), 1));

    (void)net_open("attic", "", 0);
    net_run(NET_SECOND_US);

    cr_expect(ge(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(hub)->heard_count, 0));
}

static int close_it(msock_channel *channel, const msock_message *message,
                    void *user)
{
    (void)message;
    (void)user;
    msock_close(channel, NULL, NULL);
    return 0;
}

Test(engine_will, callback_may_close_the_channel)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "will_topic=a&will=1", NET_KEY);
    size_t attic = net_open("attic", "will_topic=a&will=1", NET_KEY);
    net_run(NET_SECOND_US);
    msock_subscribe(net_channel(hub), "a", close_it, NULL, NULL);

    net_crash(porch);
    net_crash(attic);
    net_run(2 * SILENCE_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 0));
}

/* -- What is no will -- */

Test(engine_will, raw_channel_has_none)
{
    struct bench bench;
    bench_open(&bench, "hub", "codec=raw", 0);

    cr_expect(eq(int, msock_will(bench.channel, "a", "1"), MSOCK_ENOTSUP));
    cr_expect(zero(int, msock_will(bench.channel, NULL, NULL)));
    bench_close(&bench);
}

enum { SMALL_FRAME = 548 }; /* what an MTU of 576 leaves */

/* A will of 406 bytes on topic "a". */
static const char *long_words(void)
{
    static char json[400];
    memset(json, '1', sizeof(json));
    json[0] = json[sizeof(json) - 2] = '"';
    json[sizeof(json) - 1] = '\0';
    return json;
}

Test(engine_will, that_no_frame_holds_is_refused)
{
    size_t hub = net_open("hub", "", NET_KEY);
    msock__engine_frame_size(net_bench(hub)->engine, SMALL_FRAME);

    cr_expect(eq(int, msock_will(net_channel(hub), "a", long_words()),
                 MSOCK_ETOOBIG));
    cr_expect(zero(int, msock_will(net_channel(hub), "a", "\"short\"")));
}

Test(engine_will, that_frames_do_not_hold_any_more_is_told_and_not_said)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    will(porch, "a", long_words());

    msock__engine_frame_size(net_bench(porch)->engine, SMALL_FRAME);
    cr_expect(ne(str, (char *)log_notes_find("does not fit a frame"), ""));
    net_run(NET_SECOND_US);
    net_crash(porch);
    net_run(SILENCE_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_DOWN), 1));
    cr_expect(eq(sz, net_bench(hub)->heard_count, 0));
}

Test(engine_will, closed_channel_takes_none)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);
    msock_close(net_channel(hub), NULL, NULL);

    cr_expect(eq(int, msock_will(net_channel(hub), "a", "1"), MSOCK_ECLOSED));
}
