/* SPDX-License-Identifier: Apache-2.0 */
/* What a member of the group comes to that writes frames of somebody else's
 * session: the house of its nodes hears them as before. */
#include "core/engine_state.h"
#include "tests/support/id_home.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND };

static msock_sim *sim;
static struct sim_node hub, lamp, thief;

static void make_house(void)
{
    id_home_make();
    id_home_node("hub");
    id_home_node("lamp");
    id_home_node("bulb7");
    id_home_trust("hub", "hub", "publish lights/#");
    id_home_trust("lamp", "lamp", "");
    id_home_trust("bulb7", "bulb7", "publish sensors/#");
    id_home_line("* - unsigned hello/+");
    cr_assert(zero(int, msock_sim_open(&sim, "house", NULL)));
}

static void leave_house(void)
{
    msock_close(hub.channel, NULL, NULL);
    msock_close(lamp.channel, NULL, NULL);
    msock_close(thief.channel, NULL, NULL);
    msock_sim_close(sim);
    id_home_remove();
}

TestSuite(identity_thief, .init = make_house, .fini = leave_house);

static uint64_t count(const struct sim_node *node, enum msock_counter counter)
{
    return msock_counter_get(node->channel, counter);
}

static uint64_t now_of(const struct sim_node *node)
{
    struct msock__driver *driver = node->channel->engine.driver;

    return driver->ops->now(driver);
}

static void publish(const struct sim_node *node, const char *topic,
                    bool reliable)
{
    const msock_publish_options options = {.reliable = reliable};

    cr_assert(zero(int, msock_publish(node->channel, topic, "1", &options)));
    msock_sim_run(sim, 20 * SECOND);
}

/* Lets the thief, who goes by `name`, answer for the hub's new session before
 * the hub does, and leave. */
static void open_taken(const char *name, const char *id)
{
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_options options = *id_home_options(id);
    options.trust_file = NULL;
    sim_node_open(&thief, "house", name, &options);
    msock_sim_run(sim, 3 * SECOND);
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    msock_sim_partition(sim, "hub", "lamp", true);
    msock_sim_partition(sim, "hub", name, true);
    memcpy(thief.channel->engine.session, hub.channel->engine.session,
           MSOCK__SESSION_SIZE);
    msock_sim_run(sim, 8 * SECOND);

    msock_sim_partition(sim, NULL, NULL, false);
    msock_sim_partition(sim, "hub", name, true);
    sim_node_close(&thief);
}

static void speak(void)
{
    msock_sim_run(sim, MINUTE);
    publish(&hub, "lights/all/off", false);
    publish(&hub, "lights/all/off", true);
}

static void take_session(const char *name, const char *id)
{
    open_taken(name, id);
    speak();
}

Test(identity_thief, nobody_takes_a_session_of_who_has_an_entry)
{
    take_session("zzz", NULL);

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_UNSIGNED), 1));
}

Test(identity_thief, nor_does_an_identity_without_an_entry)
{
    id_home_node("own");

    take_session("zzz", "own");

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_SIGNATURE), 1));
}

Test(identity_thief, nor_does_another_entry)
{
    take_session("bulb7", "bulb7");

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_SIGNATURE), 1));
}

Test(identity_thief, a_session_that_is_drawn_again_is_its_keys_too)
{
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_sim_run(sim, 3 * SECOND);
    uint64_t before = msock_session(hub.channel);

    msock__engine_redraw(&hub.channel->engine, now_of(&hub), true);
    msock_sim_run(sim, 3 * SECOND);
    publish(&hub, "lights/all/off", false);

    cr_expect(ne(u64, msock_session(hub.channel), before));
    cr_expect(eq(sz, lamp.heard, 1));
}

Test(identity_thief, who_has_a_key_may_be_nobody_under_another_name)
{
    sim_node_open(&hub, "house", "guest", id_home_options("hub"));
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_sim_run(sim, 3 * SECOND);

    publish(&hub, "hello/world", true);
    publish(&hub, "lights/all/off", true);

    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
}

Test(identity_thief, a_session_taken_before_its_key_was_entered_comes_back)
{
    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    open_taken("zzz", NULL);
    id_home_trust("hub", "hub", "publish lights/#");

    cr_assert(eq(int, msock_keys_reload(lamp.channel), 1));
    speak();

    cr_expect(eq(sz, lamp.heard, 2));
}

/* Uses up what a lamp spends on answers, as a flood of junk would. */
static void exhaust(struct msock__rate *rate)
{
    rate->spent_us = now_of(&lamp) + 60 * 60 * UINT64_C(1000000);
}

Test(identity_thief, junk_answers_leave_each_session_an_allowance)
{
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_sim_run(sim, 3 * SECOND);
    exhaust(&lamp.channel->engine.answer_rate);
    exhaust(&lamp.channel->engine.owner_rate);

    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    msock_sim_run(sim, 3 * SECOND);
    publish(&hub, "lights/all/off", false);

    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(zero(u64, count(&lamp, MSOCK_DROP_VERIFY)));
}

Test(identity_thief, too_many_strangers_wait)
{
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_sim_run(sim, 3 * SECOND);
    exhaust(&lamp.channel->engine.owner_rate);

    sim_node_open(&hub, "house", "guest", id_home_options(NULL));
    msock_sim_run(sim, 3 * SECOND);
    cr_expect(zero(u64, count(&lamp, MSOCK_SESSIONS)));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_VERIFY), 1));
    lamp.channel->engine.owner_rate.spent_us = 0;
    msock_sim_run(sim, 20 * SECOND);

    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS), 1));
}

static struct sim_node guests[3];

static void open_guest(int number)
{
    static const char *const names[] = {"guest1", "guest2", "guest3"};

    sim_node_open(&guests[number], "house", names[number],
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);
}

/* Lets a lamp that remembers two sessions meet the hub and one guest. */
static void fill_table(void)
{
    msock_options options = *id_home_options("lamp");
    options.sessions_max = 2;
    sim_node_open(&lamp, "house", "lamp", &options);
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    msock_sim_run(sim, 3 * SECOND);
    open_guest(0);
    cr_assert(eq(u64, count(&lamp, MSOCK_SESSIONS), 2));
}

static void close_guests(void)
{
    for (int i = 0; i < 3; i++) {
        msock_close(guests[i].channel, NULL, NULL);
    }
}

Test(identity_thief, strangers_push_out_nobody_who_was_heard_lately)
{
    fill_table();

    open_guest(1);
    open_guest(2);
    msock_sim_run(sim, MINUTE);

    cr_expect(zero(u64, count(&lamp, MSOCK_SESSIONS_EVICTED)));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_SESSION_LIMIT), 2));
    publish(&hub, "lights/all/off", false);
    cr_expect(eq(sz, lamp.heard, 1));
    close_guests();
}

Test(identity_thief, an_entry_takes_the_place_of_a_stranger)
{
    fill_table();

    sim_node_open(&thief, "house", "bulb7", id_home_options("bulb7"));
    msock_sim_run(sim, 3 * SECOND);
    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS_EVICTED), 1));
    open_guest(1);
    msock_sim_run(sim, MINUTE);

    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS_EVICTED), 1));
    publish(&hub, "lights/all/off", false);
    publish(&thief, "sensors/bulb7", false);
    cr_expect(eq(sz, lamp.heard, 2));
    close_guests();
}

Test(identity_thief, a_stranger_takes_the_place_of_one_that_fell_silent)
{
    fill_table();
    msock_sim_partition(sim, "guest1", "lamp", true);
    msock_sim_run(sim, 30 * SECOND);

    open_guest(1);

    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS_EVICTED), 1));
    publish(&guests[1], "hello/world", false);
    cr_expect(eq(sz, lamp.heard, 1));
    close_guests();
}

/* Lets somebody without an identity continue the session of the hub, which has
 * these options, at a far counter.  Returns whether it ended by that. */
static bool forge_clone(const msock_options *options)
{
    sim_node_open(&hub, "house", "hub", options);
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    sim_node_open(&thief, "house", "zzz",
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);
    uint64_t before = msock_session(hub.channel);

    memcpy(thief.channel->engine.session, hub.channel->engine.session,
           MSOCK__SESSION_SIZE);
    thief.channel->engine.counters[MSOCK__CONTROL] = 100000;
    msock_sim_run(sim, 8 * SECOND);
    return msock_session(hub.channel) != before;
}

Test(identity_thief, no_forged_clone_ends_who_signs_commands)
{
    msock_options options = *id_home_options("hub");
    options.sign = "commands";

    cr_expect(not(forge_clone(&options)));
    cr_expect(ge(u64, count(&hub, MSOCK_DROP_SIGNATURE), 1));
    cr_expect(zero(u64, count(&hub, MSOCK_DROP_OWN_AHEAD)));
}

Test(identity_thief, nor_who_signs_all_without_a_trust_file)
{
    msock_options options = *id_home_options("hub");
    options.trust_file = NULL;

    cr_expect(not(forge_clone(&options)));
    cr_expect(ge(u64, count(&hub, MSOCK_DROP_SIGNATURE), 1));
    cr_expect(zero(u64, count(&hub, MSOCK_DROP_OWN_AHEAD)));
}

Test(identity_thief, a_clone_with_the_key_is_noticed_without_a_trust_file)
{
    msock_options options = *id_home_options("hub");
    options.trust_file = NULL;
    options.sign = "commands";
    sim_node_open(&hub, "house", "hub", &options);
    sim_node_open(&thief, "house", "copy", &options);
    msock_sim_run(sim, 3 * SECOND);
    uint64_t before = msock_session(hub.channel);

    memcpy(thief.channel->engine.session, hub.channel->engine.session,
           MSOCK__SESSION_SIZE);
    thief.channel->engine.counters[MSOCK__CONTROL] = 100000;
    msock_sim_run(sim, 8 * SECOND);

    cr_expect(ne(u64, msock_session(hub.channel), before));
    cr_expect(eq(u64, count(&hub, MSOCK_DROP_OWN_AHEAD), 1));
}
