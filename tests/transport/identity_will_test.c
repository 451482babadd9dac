/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills in a house whose nodes have identities: they may say what their
 * nodes might have said. */
#include "tests/support/id_home.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SECOND = 1000 };

static msock_sim *sim;
static struct sim_node hub, lamp, guest;

static void make_house(void)
{
    id_home_make();
    id_home_node("hub");
    id_home_node("lamp");
    id_home_node("other");
    id_home_trust("hub", "hub", "");
    id_home_trust("lamp", "lamp", "publish lamp/#");
    id_home_line("* - unsigned guests/#");
    cr_assert(zero(int, msock_sim_open(&sim, "house", NULL)));
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
}

static void leave_house(void)
{
    msock_close(hub.channel, NULL, NULL);
    msock_sim_close(sim);
    id_home_remove();
}

TestSuite(identity_will, .init = make_house, .fini = leave_house);

/* Opens a node with a will on `topic`, and lets it vanish. */
static void live_and_die(struct sim_node *node, const char *name,
                         const char *id, const char *topic)
{
    msock_options options = *id_home_options(id);
    options.will_topic = topic;
    options.will = "\"gone\"";
    sim_node_open(node, "house", name, &options);
    msock_sim_run(sim, 2 * SECOND);
    cr_assert(eq(int, msock_sim_crash(sim, name), 1));
    msock_sim_run(sim, 30 * SECOND);
}

static uint64_t count(enum msock_counter counter)
{
    return msock_counter_get(hub.channel, counter);
}

Test(identity_will, on_what_its_node_might_say_is_heard_signed)
{
    live_and_die(&lamp, "lamp", "lamp", "lamp/state");

    cr_assert(eq(sz, hub.heard, 1));
    cr_expect(eq(str, hub.sender, "lamp"));
    cr_expect(eq(str, hub.data, "\"gone\""));
    cr_expect(
        eq(u32, hub.flags,
           MSOCK_MESSAGE_WILL | MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_SIGNED));
}

Test(identity_will, on_what_its_node_might_not_say_is_dropped)
{
    live_and_die(&lamp, "lamp", "lamp", "alarm/off");

    cr_expect(eq(sz, hub.heard, 0));
    cr_expect(eq(u64, count(MSOCK_DROP_RIGHTS), 1));
}

Test(identity_will, of_who_has_no_entry_says_what_strangers_may)
{
    live_and_die(&guest, "guest", NULL, "guests/gone");
    cr_assert(eq(sz, hub.heard, 1));
    cr_expect(eq(u32, hub.flags, MSOCK_MESSAGE_WILL | MSOCK_MESSAGE_SEALED));

    live_and_die(&guest, "guest", NULL, "lamp/state");
    cr_expect(eq(sz, hub.heard, 1));
    cr_expect(eq(u64, count(MSOCK_DROP_RIGHTS), 1));
}

static size_t described;

static void count_described(msock_channel *channel, const msock_node *node,
                            void *user)
{
    (void)channel;
    (void)user;
    described += node->described;
}

Test(identity_will, of_a_key_that_is_trusted_no_more_is_not_heard)
{
    msock_options options = *id_home_options("lamp");
    options.will_topic = "lamp/state";
    sim_node_open(&lamp, "house", "lamp", &options);
    msock_sim_run(sim, 2 * SECOND);

    id_home_distrust();
    id_home_trust("hub", "hub", "");
    id_home_trust("lamp", "other", "publish lamp/#");
    cr_assert(eq(int, msock_keys_reload(hub.channel), 1));
    msock_nodes(hub.channel, count_described, NULL);
    cr_expect(zero(sz, described));
    msock_sim_run(sim, 60 * SECOND);

    cr_expect(eq(sz, hub.heard, 0));
    cr_assert(eq(int, msock_sim_crash(sim, "lamp"), 1));
    msock_sim_run(sim, 30 * SECOND);
    cr_expect(eq(sz, hub.heard, 0));
}
