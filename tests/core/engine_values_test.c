/* SPDX-License-Identifier: Apache-2.0 */
/* States as they are published: versions, who is shown which, and what is
 * refused. */
#include "core/engine_values.h"
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(engine_values, .fini = net_close);

Test(engine_values, states_come_with_versions_in_order)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", NET_KEY);
    struct notes *heard = probe_listen(node, "lamp");

    probe_set(hub, "lamp", " { \"on\" : true } ");
    probe_set(hub, "lamp", "2");
    probe_run();

    EXPECT_NOTES(heard, "lamp={\"on\":true}@1 lamp=2@2 ");
    EXPECT_FLAGS(heard, MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_SEALED |
                            MSOCK_MESSAGE_RELIABLE);
    cr_expect(eq(str, heard->sender, "hub"));
    cr_expect(eq(u64, heard->last.session, msock_session(net_channel(hub))));
    cr_expect(lt(u64, heard->last.age_us, 20 * PROBE_MS));
}

Test(engine_values, events_have_no_version_and_are_not_held)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *heard = probe_listen(node, "lamp");

    net_publish_reliable(hub, "lamp", "1");
    probe_run();

    EXPECT_NOTES(heard, "lamp=1@0 ");
    EXPECT_FLAGS(heard, MSOCK_MESSAGE_RELIABLE);
    EXPECT_NOTES(probe_list(node, "#"), "");
    EXPECT_NOTES(probe_list(hub, "#"), "");
}

Test(engine_values, new_subscription_is_shown_what_is_held_once)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", NET_KEY);
    probe_set(hub, "lamp", "1");
    net_run(NET_SECOND_US);

    struct notes *heard = probe_listen(node, "+");
    EXPECT_NOTES(heard, "");
    probe_run();

    EXPECT_NOTES(heard, "lamp=1@1 ");
    EXPECT_FLAGS(heard, MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_SEALED |
                            MSOCK_MESSAGE_TOLD);
    cr_expect(eq(str, heard->sender, "hub"));
    cr_expect(ge(u64, heard->last.age_us, NET_SECOND_US - 10 * PROBE_MS));
    probe_run();
    EXPECT_NOTES(heard, "lamp=1@1 ");
}

Test(engine_values, own_subscriptions_see_each_state_once)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *first = probe_listen(hub, "lamp");
    probe_set(hub, "lamp", "1");
    struct notes *second = probe_listen(hub, "lamp");
    probe_set(hub, "lamp", "2");
    probe_run();
    struct notes *late = probe_listen(hub, "lamp");
    probe_run();

    EXPECT_NOTES(first, "lamp=1@1 lamp=2@2 ");
    EXPECT_NOTES(second, "lamp=2@2 ");
    EXPECT_NOTES(late, "lamp=2@2 ");
    EXPECT_FLAGS(late, MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_LOCAL |
                           MSOCK_MESSAGE_TOLD);
}

Test(engine_values, no_local_is_not_shown_own_states)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    const msock_subscribe_options others = {.no_local = true};
    struct notes notes = {.text = ""};
    probe_set(hub, "lamp", "1");
    cr_assert(ge(
        int,
        msock_subscribe(net_channel(hub), "lamp", probe_note, &notes, &others),
        1));
    probe_run();

    EXPECT_NOTES(&notes, "");
}

Test(engine_values, clearing_of_what_was_never_shown_is_not_shown)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    probe_set(hub, "lamp", "1");
    probe_set(hub, "lamp", NULL);
    probe_run();

    size_t late = net_open("late", "", 0);
    struct notes *heard = probe_listen(late, "lamp");
    net_run(2 * NET_SECOND_US);

    EXPECT_NOTES(heard, "");
    EXPECT_NOTES(probe_list(late, "lamp"), "lamp=cleared@2 ");

    probe_set(hub, "lamp", "3");
    probe_set(hub, "lamp", NULL);
    probe_run();
    EXPECT_NOTES(heard, "lamp=3@3 lamp=null@4 ");
}

Test(engine_values, cleared_is_said_and_remembered)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    probe_set(hub, "lamp", "1");
    probe_set(hub, "lamp", NULL);
    probe_run();
    struct notes *late = probe_listen(node, "lamp");
    probe_run();

    EXPECT_NOTES(heard, "lamp=1@1 lamp=null@2 ");
    EXPECT_FLAGS(heard, MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_EMPTY |
                            MSOCK_MESSAGE_RELIABLE);
    EXPECT_NOTES(late, "");
    EXPECT_NOTES(probe_list(node, "lamp"), "lamp=cleared@2 ");
    net_run(MSOCK__CLEARED_US + NET_SECOND_US);
    EXPECT_NOTES(probe_list(node, "lamp"), "");
    EXPECT_NOTES(probe_list(hub, "lamp"), "lamp=cleared@2 ");
}

static bool lose_all(const struct net_frame *frame, size_t to)
{
    (void)frame;
    (void)to;
    return true;
}

Test(engine_values, two_owners_of_one_version_agree)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", NET_KEY);
    net.lose = lose_all;
    probe_set(hub, "lamp", "\"hub\"");
    probe_set(node, "lamp", "\"node\"");
    probe_run();
    net.lose = NULL;
    net_run(5 * NET_SECOND_US);

    struct notes one = *probe_list(hub, "#");
    EXPECT_NOTES(probe_list(node, "#"), one.text);
    cr_expect(eq(u64, one.last_state.version, 1));
}

Test(engine_values, what_nobody_wants_any_more_is_forgotten)
{
    static struct bench hub, node;
    struct notes notes = {.text = ""};
    bench_open(&hub, "hub", "", 0);
    bench_open(&node, "node", "", 0);
    int id = msock_subscribe(node.channel, "lamp", probe_note, &notes, NULL);
    int second =
        msock_subscribe(node.channel, "lamp", probe_note, &notes, NULL);
    (void)msock_publish(hub.channel, "lamp", "1", &probe_state);
    (void)msock_publish(hub.channel, "door", "1", &probe_state);
    (void)bench_move(&hub, &node, 0);
    cr_assert(eq(int, msock_state_each(node.channel, "#", NULL, NULL), 1));

    (void)msock_unsubscribe(node.channel, id);
    msock__engine_tick(node.engine, node.now_us);
    cr_expect(eq(int, msock_state_each(node.channel, "#", NULL, NULL), 1));
    (void)msock_unsubscribe(node.channel, second);
    msock__engine_tick(node.engine, node.now_us);
    cr_expect(zero(int, msock_state_each(node.channel, "#", NULL, NULL)));
    cr_expect(eq(int, msock_state_each(hub.channel, "#", NULL, NULL), 2));
    bench_close(&hub);
    bench_close(&node);
}

/* Sends a state as it must not be, and an event behind it. */
static void send_wrong(size_t node, struct msock__envelope envelope)
{
    envelope.keys |= MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_STATE;
    envelope.topic = "lamp";
    envelope.topic_size = 4;
    envelope.sender = "hub";
    envelope.sender_size = 3;
    cr_assert(
        zero(int, msock__engine_queue(net_bench(node)->engine, &envelope, 0)));
    net_publish_reliable(node, "event", "1");
    probe_run();
}

Test(engine_values, what_is_no_state_is_dropped_alone)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *heard = probe_listen(node, "#");

    send_wrong(hub, (struct msock__envelope){.state = 0});
    send_wrong(hub, (struct msock__envelope){.state = 1,
                                             .keys = MSOCK__KEY_EXPIRES,
                                             .expires_ms = 1000});
    send_wrong(hub, (struct msock__envelope){
                        .state = 1, .keys = MSOCK__KEY_AFTER, .after_ms = 1});
    send_wrong(hub, (struct msock__envelope){
                        .state = 1, .keys = MSOCK__KEY_LEN, .data = ""});
    send_wrong(hub, (struct msock__envelope){.state = 1,
                                             .keys = MSOCK__KEY_ORIGIN,
                                             .origin = "[1]",
                                             .origin_size = 3});

    EXPECT_NOTES(heard, "event=1@0 event=1@0 event=1@0 event=1@0 event=1@0 ");
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_ENVELOPE), 5));
}

Test(engine_values, posted_states_get_versions_too)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    struct notes *own = probe_listen(hub, "lamp");
    probe_set(hub, "lamp", "1");
    (void)msock_post(net_channel(hub), "lamp", "{ \"a\" : 2 }", &probe_state);
    (void)msock_post(net_channel(hub), "lamp", NULL, &probe_state);
    probe_run();

    EXPECT_NOTES(heard, "lamp=1@1 lamp={\"a\":2}@2 lamp=null@3 ");
    EXPECT_NOTES(own, "lamp=1@1 lamp={\"a\":2}@2 lamp=null@3 ");
}

Test(engine_values, limit_of_states_is_told_and_nothing_is_queued)
{
    size_t hub, node;
    char topic[16];
    net_open_pair(&hub, &node, "state_count_max=16", 0);
    for (int i = 0; i < 16; i++) {
        snprintf(topic, sizeof topic, "t%d", i);
        probe_set(hub, topic, "1");
    }
    probe_run();

    cr_expect(eq(int,
                 msock_publish(net_channel(hub), "more", "1", &probe_state),
                 MSOCK_ELIMIT));
    cr_expect(zero(sz, msock_queued(net_channel(hub))));
    cr_expect(
        eq(int, msock_state_each(net_channel(node), "#", NULL, NULL), 16));
    probe_set(hub, "t1", NULL);
    probe_set(hub, "more", "1");
}

Test(engine_values, calls_say_what_is_wrong)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    msock_channel *channel = net_channel(hub);
    const msock_publish_options wrong[] = {
        {.state = true, .copies = 2},
        {.state = true, .expires_ms = 1},
        {.state = true, .after_ms = 1},
        {.state = true, .raw = "x"},
        {.conflate = true},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect(eq(int, msock_publish(channel, "t", NULL, &wrong[i]),
                     MSOCK_EINVAL));
    }
    cr_expect(eq(int, msock_keep(channel, "a#", NULL, NULL), MSOCK_EFILTER));
    cr_expect(
        eq(int, msock_state_each(channel, NULL, NULL, NULL), MSOCK_EFILTER));
    cr_expect(
        eq(int, msock_state_restore(channel, "t", 1, "hub", probe_session, "1"),
           MSOCK_ENOENT));
    cr_assert(zero(int, msock_keep(channel, "+", NULL, NULL)));
    cr_expect(
        eq(int, msock_state_restore(channel, "+", 1, "hub", probe_session, "1"),
           MSOCK_ETOPIC));
    cr_expect(
        eq(int, msock_state_restore(channel, "t", 0, "hub", probe_session, "1"),
           MSOCK_EINVAL));
    cr_expect(eq(int,
                 msock_state_restore(channel, "t", 1, "", probe_session, "1"),
                 MSOCK_ENAME));
    cr_expect(
        eq(int, msock_state_restore(channel, "t", 1, "hub", probe_session, "x"),
           MSOCK_EJSON));
    for (int i = 1; i < 64; i++) {
        cr_assert(zero(int, msock_keep(channel, "+", NULL, NULL)));
    }
    cr_expect(eq(int, msock_keep(channel, "+", NULL, NULL), MSOCK_ELIMIT));
    msock_close(channel, NULL, NULL);
    cr_expect(eq(int, msock_keep(channel, "+", NULL, NULL), MSOCK_ECLOSED));
}

static int close_it(msock_channel *channel, const msock_message *message,
                    void *user)
{
    ++*(int *)user;
    cr_expect(eq(str, (char *)message->topic, "a"));
    msock_close(channel, NULL, NULL);
    return 0;
}

Test(engine_values, callback_that_is_shown_one_may_close)
{
    int count = 0;
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    probe_set(hub, "a", "1");
    probe_set(hub, "b", "1");
    probe_run();
    cr_assert(
        ge(int, msock_subscribe(net_channel(node), "+", close_it, &count, NULL),
           1));
    probe_run();

    cr_expect(eq(int, count, 1));
}

static int clear_it(msock_channel *channel, const msock_message *message,
                    void *user)
{
    char before[64];
    ++*(int *)user;
    snprintf(before, sizeof before, "%s", message->data);
    (void)msock_publish(channel, message->topic, NULL, &probe_state);
    (void)msock_publish(channel, message->topic, "\"again\"", &probe_state);
    cr_expect(eq(str, (char *)message->data, before));
    return 0;
}

Test(engine_values, callback_may_replace_the_very_state_it_is_shown)
{
    int count = 0;
    size_t hub, node;
    const msock_subscribe_options others = {.no_local = true};
    net_open_pair(&hub, &node, "", 0);
    probe_set(hub, "lamp", "\"first\"");
    probe_run();
    cr_assert(ge(
        int,
        msock_subscribe(net_channel(node), "lamp", clear_it, &count, &others),
        1));
    probe_run();

    cr_expect(eq(int, count, 1));
    EXPECT_NOTES(probe_list(hub, "#"), "lamp=\"again\"@3 ");
}

static const msock_publish_options latest = {.state = true, .conflate = true};

static void set_latest(size_t node, const char *topic, const char *json)
{
    cr_assert(
        zero(int, msock_publish(net_channel(node), topic, json, &latest)));
}

Test(engine_values, latest_wins_before_it_is_sent)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", NET_KEY);
    struct notes *heard = probe_listen(node, "#");
    struct notes *own = probe_listen(hub, "lamp");
    probe_set(hub, "lamp", "1");
    set_latest(hub, "door", "1");
    net_publish_reliable(hub, "event", "1");
    set_latest(hub, "lamp", "[2,\"longer\"]");
    set_latest(hub, "door", NULL);
    set_latest(hub, "lamp", "3");
    probe_run();

    EXPECT_NOTES(heard, "lamp=3@3 door=null@2 event=1@0 ");
    EXPECT_NOTES(own, "lamp=1@1 lamp=[2,\"longer\"]@2 lamp=3@3 ");

    set_latest(hub, "lamp", "4");
    probe_run();
    EXPECT_NOTES(heard, "lamp=3@3 door=null@2 event=1@0 lamp=4@4 ");
}

Test(engine_values, without_conflate_all_are_sent)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes *heard = probe_listen(node, "#");
    set_latest(hub, "lamp", "1");
    probe_set(hub, "lamp", "2");
    set_latest(hub, "lamp", "3");
    probe_run();

    EXPECT_NOTES(heard, "lamp=1@1 lamp=3@3 ");
}

Test(engine_values, full_queue_takes_the_latest)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "queue_max=64K", 0);
    const msock_publish_options reliable = {.reliable = true};
    struct notes *heard = probe_listen(node, "lamp");
    set_latest(hub, "lamp", "1");
    int code;
    do {
        code = msock_publish(net_channel(hub), "event", "[1,2,3,4]", &reliable);
    } while (code == 0);
    cr_assert(eq(int, code, MSOCK_EAGAIN));

    set_latest(hub, "lamp", "2");

    net_run(NET_SECOND_US);
    EXPECT_NOTES(heard, "lamp=2@2 ");
}
