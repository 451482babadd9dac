/* SPDX-License-Identifier: Apache-2.0 */
/* States that others than their owner tell: keepers, what they restore, and who
 * gives way to whom. */
#include "core/engine_values.h"
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static const uint8_t another_session[16] = {0xff, 0xed};

TestSuite(engine_keep, .fini = net_close);

Test(engine_keep, told_by_a_keeper_names_the_owner)
{
    size_t node = net_open("node", "", NET_KEY);
    size_t keeper = probe_keeper(NET_KEY);
    net_run(NET_SECOND_US);
    struct notes *heard = probe_listen(node, "lamp");
    probe_restore(keeper, "lamp", 7, "{\"on\":1}");

    probe_tell(keeper, "lamp");

    EXPECT_NOTES(heard, "lamp={\"on\":1}@7 ");
    EXPECT_FLAGS(heard, MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_SEALED |
                            MSOCK_MESSAGE_RELIABLE | MSOCK_MESSAGE_TOLD |
                            MSOCK_MESSAGE_OWNER_DOWN |
                            MSOCK_MESSAGE_AGE_UNKNOWN);
    cr_expect(eq(str, heard->sender, "hub"));
    cr_expect(eq(u64, heard->last.age_us, UINT64_MAX));
    cr_expect(eq(u64, heard->last.session, UINT64_C(0xffee000000000000)));
}

Test(engine_keep, owner_that_went_shows_and_the_age_counts_on)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t keeper = probe_keeper(NET_KEY);
    net_run(NET_SECOND_US);
    probe_set(hub, "lamp", "1");
    probe_run();
    cr_expect(probe_list(keeper, "lamp")->last_state.alive);
    net_crash(hub);
    net_run(30 * NET_SECOND_US);
    size_t node = net_open("node", "", NET_KEY);
    struct notes *heard = probe_listen(node, "lamp");
    net_run(NET_SECOND_US);

    probe_tell(keeper, "lamp");

    EXPECT_NOTES(heard, "lamp=1@1 ");
    cr_expect(probe_has(heard, MSOCK_MESSAGE_OWNER_DOWN));
    cr_expect(not(probe_has(heard, MSOCK_MESSAGE_AGE_UNKNOWN)));
    cr_expect(ge(u64, heard->last.age_us, 30 * NET_SECOND_US));
    cr_expect(lt(u64, heard->last.age_us, 32 * NET_SECOND_US));
    cr_expect(not(probe_list(keeper, "lamp")->last_state.alive));
    cr_expect(probe_list(node, "lamp")->last_state.told);
}

Test(engine_keep, older_one_is_dropped_and_counted)
{
    size_t node = net_open("node", "", 0);
    size_t keeper = probe_keeper(0);
    size_t other = probe_keeper(0);
    net_run(NET_SECOND_US);
    struct notes *heard = probe_listen(node, "lamp");
    probe_restore(keeper, "lamp", 7, "\"new\"");
    probe_restore(other, "lamp", 6, "\"old\"");

    probe_tell(keeper, "lamp");
    struct msock__engine *engine = net_bench(keeper)->engine;
    struct msock__value *value =
        msock__value_hold(msock__values_find(engine->values, "lamp", 4)->value);
    probe_restore(keeper, "lamp", 8, "\"newest\"");
    probe_tell(keeper, "lamp");
    cr_assert(
        zero(int, msock__engine_value_tell(engine, net.now_us, value, true)));
    msock__value_release(value);
    probe_run();

    EXPECT_NOTES(heard, "lamp=\"new\"@7 lamp=\"newest\"@8 ");
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_STATE_OLD), 1));
}

Test(engine_keep, restored_one_is_shown_here_too_in_the_next_turn)
{
    size_t keeper = probe_keeper(0);
    struct notes *before = probe_listen(keeper, "lamp");
    probe_restore(keeper, "lamp", 7, " 1 ");
    struct notes *after = probe_listen(keeper, "lamp");
    EXPECT_NOTES(before, "");
    probe_run();

    EXPECT_NOTES(before, "lamp=1@7 ");
    EXPECT_NOTES(after, "lamp=1@7 ");
    cr_expect(probe_has(before, MSOCK_MESSAGE_AGE_UNKNOWN));
    cr_expect(zero(int, msock_state_restore(net_channel(keeper), "lamp", 7,
                                            "hub", probe_session, "1")));
}

Test(engine_keep, writer_that_knew_nothing_insists_against_one_session)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t node = net_open("node", "", NET_KEY);
    size_t keeper = probe_keeper(NET_KEY);
    net_run(NET_SECOND_US);
    struct notes *own = probe_listen(hub, "lamp");
    struct notes *heard = probe_listen(node, "lamp");
    probe_restore(keeper, "lamp", 17, "\"old\"");
    probe_set(hub, "lamp", "\"new\"");
    probe_run();
    probe_tell(keeper, "lamp");

    EXPECT_NOTES(own, "lamp=\"new\"@1 ");
    EXPECT_NOTES(probe_list(hub, "#"), "lamp=\"new\"@18 ");
    EXPECT_NOTES(probe_list(node, "#"), "lamp=\"new\"@18 ");
    EXPECT_NOTES(probe_list(keeper, "#"), "lamp=\"new\"@18 ");
    EXPECT_NOTES(heard, "lamp=\"new\"@1 lamp=\"old\"@17 lamp=\"new\"@18 ");

    probe_restore(keeper, "lamp", 40, "\"older\"");
    probe_tell(keeper, "lamp");
    EXPECT_NOTES(probe_list(hub, "#"), "lamp=\"new\"@41 ");

    cr_assert(eq(int,
                 msock_state_restore(net_channel(keeper), "lamp", 50, "door",
                                     another_session, "\"other\""),
                 1));
    probe_tell(keeper, "lamp");
    EXPECT_NOTES(probe_list(hub, "#"), "lamp=\"other\"@50 ");
}

/* Who remembered less of the dead session was heard first. */
Test(engine_keep, writer_stays_above_all_that_a_dead_session_said)
{
    size_t hub = net_open("hub", "", 0);
    size_t keeper = probe_keeper(0);
    net_run(NET_SECOND_US);
    struct notes *own = probe_listen(hub, "lamp");
    probe_restore(keeper, "lamp", 9, "\"old\"");
    probe_tell(keeper, "lamp");
    probe_set(hub, "lamp", "\"new\"");
    probe_run();

    probe_restore(keeper, "lamp", 10, "\"later\"");
    probe_tell(keeper, "lamp");

    EXPECT_NOTES(own, "lamp=\"old\"@9 lamp=\"new\"@10 ");
    EXPECT_NOTES(probe_list(hub, "#"), "lamp=\"new\"@11 ");
    EXPECT_NOTES(probe_list(keeper, "#"), "lamp=\"new\"@11 ");
}

Test(engine_keep, writer_that_heard_of_another_takes_what_is_newer)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    probe_set(node, "lamp", "1");
    probe_run();
    probe_set(hub, "lamp", "2");
    probe_run();
    probe_set(node, "lamp", "3");
    probe_run();

    EXPECT_NOTES(probe_list(hub, "#"), "lamp=3@3 ");
    EXPECT_NOTES(probe_list(node, "#"), "lamp=3@3 ");
}

Test(engine_keep, keeper_is_shown_each_state_once_before_subscriptions)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    struct notes all = {.text = ""};
    probe_set(hub, "lamp", "1");
    probe_set(node, "own", "1");
    probe_run();
    cr_assert(
        zero(int, msock_keep(net_channel(node), "#", probe_note_state, &all)));
    cr_assert(ge(
        int, msock_subscribe(net_channel(node), "door", probe_note, &all, NULL),
        1));
    probe_run();
    EXPECT_NOTES(&all, "own=1@1 lamp=1@1 ");

    all.text[0] = '\0';
    probe_set(node, "own", NULL);
    probe_run();
    probe_set(hub, "door", "2");
    probe_run();

    EXPECT_NOTES(&all, "own=cleared@2 door=2@1 door=2@1 ");
    cr_expect(eq(str, all.owner, "hub"));
    cr_expect(zero(int, memcmp(all.last_state.session,
                               net_bench(hub)->engine->session, 16)));
}

static void unkeep_itself(msock_channel *channel, const msock_state *state,
                          void *user)
{
    (void)state;
    ++*(int *)user;
    cr_expect(zero(int, msock_unkeep(channel, "#", unkeep_itself, user)));
}

Test(engine_keep, keeper_that_ended_is_shown_nothing_more)
{
    size_t hub, node;
    int shown = 0;
    struct notes late = {.text = ""};
    net_open_pair(&hub, &node, "", 0);
    msock_channel *channel = net_channel(node);
    cr_assert(zero(int, msock_keep(channel, "#", unkeep_itself, &shown)));
    cr_assert(zero(int, msock_keep(channel, "#", probe_note_state, &late)));
    cr_assert(zero(int, msock_keep(channel, "a", NULL, NULL)));
    probe_run();
    cr_expect(eq(int, msock_unkeep(channel, "#", NULL, NULL), MSOCK_ENOENT));
    cr_expect(eq(int, msock_unkeep(channel, "a#", NULL, NULL), MSOCK_EFILTER));

    probe_set(hub, "a", "1");
    probe_run();
    probe_set(hub, "b", "1");
    probe_run();
    cr_expect(zero(int, msock_unkeep(channel, "#", probe_note_state, &late)));
    probe_set(hub, "a", "2");
    probe_run();
    probe_set(hub, "c", "1");
    probe_run();

    cr_expect(eq(int, shown, 1));
    EXPECT_NOTES(&late, "a=1@1 b=1@1 ");
    probe_restore(node, "a", 3, "3");
    cr_expect(
        eq(int, msock_state_restore(channel, "c", 3, "hub", probe_session, "3"),
           MSOCK_ENOENT));
    cr_expect(eq(int, msock_unkeep(channel, "#", probe_note_state, &late),
                 MSOCK_ENOENT));
}

Test(engine_keep, keeper_that_ends_at_once_is_shown_nothing)
{
    size_t hub, node;
    struct notes all = {.text = ""};
    struct notes other = {.text = ""};
    net_open_pair(&hub, &node, "", 0);
    msock_channel *channel = net_channel(hub);
    probe_set(hub, "a", "1");
    probe_run();

    cr_assert(zero(int, msock_keep(channel, "#", probe_note_state, &other)));
    cr_assert(zero(int, msock_keep(channel, "#", probe_note_state, &all)));
    cr_expect(zero(int, msock_unkeep(channel, "#", probe_note_state, &all)));
    probe_run();

    EXPECT_NOTES(&all, "");
    EXPECT_NOTES(&other, "a=1@1 ");
}

/* What a newcomer has heard of a lamp 150 ms after it subscribed. */
static struct notes *heard_soon(void)
{
    size_t node = net_open("node", "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    net_run(150 * PROBE_MS);
    return heard;
}

Test(engine_keep, what_a_gone_owner_said_is_told_in_its_place)
{
    size_t hub = net_open("hub", "", 0);
    (void)probe_keeper(0);
    net_run(NET_SECOND_US);
    probe_set(hub, "lamp", "1");
    probe_run();
    net_crash(hub);
    net_run(30 * NET_SECOND_US);

    EXPECT_NOTES(heard_soon(), "lamp=1@1 ");
}

Test(engine_keep, owner_that_may_live_has_its_time_to_tell)
{
    size_t hub = net_open("hub", "", 0);
    (void)probe_keeper(0);
    net_run(NET_SECOND_US);
    probe_set(hub, "lamp", "1");
    probe_run();
    net_crash(hub);

    struct notes *heard = heard_soon();

    EXPECT_NOTES(heard, "");
    net_run(2 * NET_SECOND_US);
    EXPECT_NOTES(heard, "lamp=1@1 ");
}

Test(engine_keep, keeper_that_just_began_takes_no_stranger_for_gone)
{
    size_t keeper = probe_keeper(0);
    probe_restore(keeper, "lamp", 7, "1");
    net_run(NET_SECOND_US);
    struct notes *heard = heard_soon();
    EXPECT_NOTES(heard, "");
    net_run(20 * NET_SECOND_US);
    EXPECT_NOTES(heard, "lamp=1@7 ");

    EXPECT_NOTES(heard_soon(), "lamp=1@7 ");
}

static void note_keeper(msock_channel *channel, const msock_node *node,
                        void *user)
{
    (void)channel;
    *(int *)user += node->keeper;
}

Test(engine_keep, keeper_says_of_itself_that_it_keeps)
{
    int keepers = 0;
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    (void)msock_nodes(net_channel(node), note_keeper, &keepers);
    cr_expect(eq(int, keepers, 0));

    cr_assert(zero(int, msock_keep(net_channel(hub), "lamp", NULL, NULL)));
    net_run(NET_SECOND_US);

    (void)msock_nodes(net_channel(node), note_keeper, &keepers);
    cr_expect(eq(int, keepers, 1));

    cr_assert(zero(int, msock_unkeep(net_channel(hub), "lamp", NULL, NULL)));
    net_run(NET_SECOND_US);
    keepers = 0;
    (void)msock_nodes(net_channel(node), note_keeper, &keepers);
    cr_expect(eq(int, keepers, 0));
}

Test(engine_keep, session_drawn_anew_keeps_its_states_newest)
{
    size_t hub, node;
    net_open_pair(&hub, &node, "", 0);
    probe_set(hub, "lamp", "1");
    probe_run();
    struct msock__engine *engine = net_bench(hub)->engine;

    msock__engine_redraw(engine, net.now_us, true);
    net_run(NET_SECOND_US);
    probe_tell(hub, "lamp");

    EXPECT_NOTES(probe_list(node, "#"), "lamp=1@2 ");
    cr_expect(zero(int, memcmp(probe_list(node, "#")->last_state.session,
                               engine->session, 16)));
    cr_expect(probe_list(node, "#")->last_state.alive);
}

/* The hub and the last node do not hear each other. */
static bool lose_between_ends(const struct net_frame *frame, size_t to)
{
    return (frame->from == 0 && to == 2) || (frame->from == 2 && to == 0);
}

/* Three nodes of which the last one never hears the first. Returns it. */
static size_t open_apart(void)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t between = net_open("between", "", NET_KEY);
    size_t node = net_open("node", "", NET_KEY);

    cr_assert(zero(sz, hub));
    cr_assert(eq(sz, node, 2));
    net.lose = lose_between_ends;
    (void)probe_listen(between, "#");
    (void)probe_listen(node, "#");
    net_run(5 * NET_SECOND_US);
    return node;
}

Test(engine_keep, who_leaves_is_spoken_for_by_who_heard_it)
{
    size_t node = open_apart();
    probe_set(0, "lamp", "1");
    net_run(NET_SECOND_US);
    EXPECT_NOTES(probe_list(node, "#"), "");

    msock_close(net_channel(0), NULL, NULL);
    net_run(2 * NET_SECOND_US);

    EXPECT_NOTES(probe_list(node, "#"), "lamp=1@1 ");
    cr_expect(not(probe_list(node, "#")->last_state.alive));
}

/* The one in the middle has to ask for what is published last. */
static bool lose_first_original(const struct net_frame *frame, size_t to)
{
    static bool lost;
    bool original = !lost && to == 1 && frame->from == 0 &&
                    frame->header.stream == MSOCK__RELIABLE;

    lost = lost || original;
    return original || lose_between_ends(frame, to);
}

Test(engine_keep, what_is_repaired_after_a_bye_is_told_too)
{
    size_t node = open_apart();
    net.lose = lose_first_original;
    probe_set(0, "lamp", "1");

    msock_close(net_channel(0), NULL, NULL);
    net_run(2 * NET_SECOND_US);

    EXPECT_NOTES(probe_list(1, "#"), "lamp=1@1 ");
    EXPECT_NOTES(probe_list(node, "#"), "lamp=1@1 ");
}

Test(engine_keep, age_at_its_limit_is_told_on)
{
    static const char origin[] =
        "[\"door\",\"000102030405060708090a0b0c0d0e0f\",9007199254740991]";
    const struct msock__envelope envelope = {
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_STATE |
                MSOCK__KEY_ORIGIN | MSOCK__KEY_DATA,
        .topic = "lamp",
        .topic_size = 4,
        .sender = "hub",
        .sender_size = 3,
        .state = 5,
        .origin = origin,
        .origin_size = sizeof origin - 1,
        .data = "1",
        .data_size = 1};
    size_t hub = net_open("hub", "", 0);
    size_t keeper = probe_keeper(0);
    net_run(NET_SECOND_US);
    cr_assert(
        zero(int, msock__engine_queue(net_bench(hub)->engine, &envelope, 0)));
    probe_run();
    net_crash(hub);

    size_t node = net_open("node", "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    net_run(2 * NET_SECOND_US);
    probe_tell(keeper, "lamp");

    EXPECT_NOTES(heard, "lamp=1@5 ");
    cr_expect(zero(u64, net_counter(node, MSOCK_DROP_ENVELOPE)));
}

/* Publishes another state when it is shown that one was cleared. */
static void publish_more(msock_channel *channel, const msock_state *state,
                         void *user)
{
    int *code = user;

    if (!state->data && *code > 0) {
        *code = msock_publish(channel, "more", "1", &probe_state);
    }
}

Test(engine_keep, callback_may_publish_what_takes_the_place_of_its_state)
{
    char topic[16];
    int code = 1;
    size_t hub = net_open("hub", "state_count_max=16", 0);
    cr_assert(
        zero(int, msock_keep(net_channel(hub), "#", publish_more, &code)));
    for (int i = 0; i < 16; i++) {
        snprintf(topic, sizeof topic, "t%d", i);
        probe_set(hub, topic, "1");
    }
    probe_run();

    probe_set(hub, "t0", NULL);
    probe_run();

    cr_expect(zero(int, code));
    EXPECT_NOTES(probe_list(hub, "t0"), "");
    EXPECT_NOTES(probe_list(hub, "more"), "more=1@1 ");
}
