/* SPDX-License-Identifier: Apache-2.0 */
/* A house whose nodes have identities: whose word is taken about a state that
 * somebody else published. */
#include "core/engine_values.h"
#include "tests/support/id_home.h"
#include "tests/support/log_notes.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { NODES = 3, SECOND = 1000 };

static const uint8_t old_session[16] = {0xff, 0xee};
static msock_sim *sim;
static struct sim_node hub, bulb, lamp;
static struct sim_node *const all[NODES] = {&hub, &bulb, &lamp};

/* A hub that keeps, a bulb that publishes, and a lamp that may do neither. */
static void make_house(void)
{
    static const char *const names[NODES] = {"hub", "bulb", "lamp"};
    static const char *const rights[NODES] = {
        "publish lights/# unsigned count/# keep", "publish bulb/#", ""};

    id_home_make();
    for (int i = 0; i < NODES; i++) {
        id_home_node(names[i]);
        id_home_trust(names[i], names[i], rights[i]);
    }
    cr_assert(zero(int, msock_sim_open(&sim, "house", NULL)));
}

static void leave_house(void)
{
    for (int i = 0; i < NODES; i++) {
        msock_close(all[i]->channel, NULL, NULL);
    }
    msock_sim_close(sim);
    id_home_remove();
}

TestSuite(state_rights, .init = make_house, .fini = leave_house);

static void open_all(const char *sign)
{
    static const char *const names[NODES] = {"hub", "bulb", "lamp"};
    for (int i = 0; i < NODES; i++) {
        msock_options options = *id_home_options(names[i]);
        options.sign = sign;
        sim_node_open(all[i], "house", names[i], &options);
    }
    msock_sim_run(sim, 3 * SECOND);
}

static uint64_t count(const struct sim_node *node, enum msock_counter counter)
{
    return msock_counter_get(node->channel, counter);
}

/* Has a node tell what it restored of an owner. */
static void tell(struct sim_node *node, const char *owner, const char *topic)
{
    struct msock__engine *engine = &node->channel->engine;
    cr_assert(zero(int, msock_keep(node->channel, topic, NULL, NULL)));
    cr_assert(eq(
        int,
        msock_state_restore(node->channel, topic, 7, owner, old_session, "1"),
        1));
    const struct msock__state *state =
        msock__values_find(engine->values, topic, strlen(topic));
    cr_assert(zero(int, msock__engine_value_tell(
                            engine, engine->driver->ops->now(engine->driver),
                            state->value, true)));
    msock_sim_run(sim, SECOND);
}

Test(state_rights, keeper_tells_what_the_owner_may_say)
{
    open_all("all");

    tell(&hub, "bulb", "bulb/on");

    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(str, lamp.sender, (char *)"bulb"));
    cr_expect(
        eq(uint, lamp.flags,
           (unsigned)(MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_RELIABLE |
                      MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_TOLD |
                      MSOCK_MESSAGE_OWNER_DOWN | MSOCK_MESSAGE_AGE_UNKNOWN)));
}

Test(state_rights, keeper_gives_no_rights_to_the_owner)
{
    open_all("all");

    tell(&hub, "bulb", "lights/on");
    tell(&hub, "nobody", "bulb/on");

    /* The lamp asks for them, too, and is told what it then refuses. */
    cr_expect(zero(sz, lamp.heard));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_RIGHTS), 2));
}

Test(state_rights, who_may_not_keep_tells_nothing_of_others)
{
    open_all("all");

    tell(&lamp, "bulb", "bulb/on");
    tell(&bulb, "bulb", "bulb/two");

    cr_expect(zero(sz, hub.heard));
    cr_expect(eq(u64, count(&hub, MSOCK_DROP_RIGHTS), 2));
}

/* Opens the hub, noting what it logs, and a guest without identity. */
static void open_guest(struct sim_node *guest)
{
    msock_options options = *id_home_options("hub");
    options.logger = log_notes_logger();
    sim_node_open(&hub, "house", "hub", &options);
    sim_node_open(guest, "house", "guest",
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);
    log_notes_reset();
}

Test(state_rights, what_a_guest_tells_of_others_is_refused_in_silence)
{
    open_guest(&bulb);

    tell(&bulb, "lamp", "bulb/on");

    cr_expect(ge(u64, count(&hub, MSOCK_DROP_RIGHTS), 1));
    cr_expect(zero(sz, log_notes_count()));
}

Test(state_rights, what_a_guest_publishes_itself_is_refused_aloud)
{
    const msock_publish_options state = {.state = true};
    open_guest(&bulb);

    cr_assert(zero(int, msock_publish(bulb.channel, "bulb/on", "1", &state)));
    msock_sim_run(sim, SECOND);

    cr_expect(ne(str, (char *)log_notes_find("drop_rights"), (char *)""));
}

Test(state_rights, keeper_signs_what_it_tells_whatever_the_topic_is)
{
    open_all("commands");

    tell(&hub, "bulb", "bulb/on");
    tell(&hub, "hub", "count/one");

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(zero(u64, count(&lamp, MSOCK_DROP_UNSIGNED)));
}

Test(state_rights, owner_tells_its_own_with_the_rights_of_an_event)
{
    const msock_publish_options state = {.state = true};
    open_all("all");
    cr_assert(zero(int, msock_publish(bulb.channel, "bulb/on", "1", &state)));
    cr_assert(zero(int, msock_publish(bulb.channel, "lights/on", "1", &state)));
    msock_sim_run(sim, SECOND);
    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
    uint64_t refused = count(&lamp, MSOCK_DROP_RIGHTS);

    struct msock__engine *engine = &bulb.channel->engine;
    (void)msock__engine_value_tell(
        engine, engine->driver->ops->now(engine->driver),
        msock__values_find(engine->values, "bulb/on", 7)->value, true);
    msock_sim_run(sim, SECOND);

    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), refused));
}
