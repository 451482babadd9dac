/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed states on a bad network, of which some nodes are told by others
 * before the owner's frame comes: nobody who acted is called silent. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/state.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 9, ROUNDS = 40, DEADLINE_MS = 10000, CODE = -5 };

struct actor {
    char name[16];
    msock_channel *channel;
    bool refuses, defers;
    int extra;            /* a subscription that asks for values */
    uint64_t token;       /* of the state that it has yet to finish; 0: none */
    unsigned ran[ROUNDS]; /* by the number in the state */
};

static struct actor actors[NODES];
static msock_channel *hub, *keeper;
static msock_sim *sim;
static msock_confirm end;
static size_t acted, refused; /* nodes that were told of as that */

static int on_lamp(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct actor *actor = user;

    actor->ran[strtoul(message->data, NULL, 10)]++;
    if (actor->defers) {
        cr_assert(zero(int, msock_defer(channel, &actor->token)));
    }
    return actor->refuses ? CODE : 0;
}

static int ignore(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return 0;
}

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    (void)channel;
    (void)user;
    acted += confirm->node && confirm->state == MSOCK_CONFIRM_ACTED;
    refused += confirm->node && confirm->code == CODE;
    end = *confirm;
}

static void open_actor(size_t i)
{
    struct actor *actor = &actors[i];
    const msock_options named = {.name = actor->name};

    snprintf(actor->name, sizeof actor->name, "node%zu", i);
    actor->refuses = i % 5 == 1;
    actor->defers = i % 5 == 2;
    cr_assert(zero(int, msock_open(&actor->channel, "sim://told", &named)));
    cr_assert(ge(
        int, msock_subscribe(actor->channel, "lamp", on_lamp, actor, NULL), 1));
}

static void open_all(void)
{
    const msock_sim_options options = {
        .seed = 7, .faults = {.loss = 5, .delay_ms = 0.2, .jitter_ms = 1}};

    cr_assert(zero(int, msock_sim_open(&sim, "told", &options)));
    cr_assert(zero(
        int, msock_open(&hub, "sim://told", &(msock_options){.name = "hub"})));
    cr_assert(zero(int, msock_open(&keeper, "sim://told",
                                   &(msock_options){.name = "keeper"})));
    cr_assert(zero(int, msock_keep(keeper, "lamp", NULL, NULL)));
    for (size_t i = 0; i < NODES; i++) {
        open_actor(i);
    }
    msock_sim_run(sim, 20000);
}

/* A third of the nodes, another one each time, is out of the hub's reach. */
static struct actor *deaf_one(size_t number, size_t i)
{
    return &actors[(number + 3 * i) % NODES];
}

static void cut_off(size_t number, bool cut)
{
    for (size_t i = 0; i < NODES / 3; i++) {
        const char *name = deaf_one(number, i)->name;
        cr_assert(zero(int, msock_sim_partition(sim, "hub", name, cut)));
        cr_assert(zero(int, msock_sim_partition(sim, name, "hub", cut)));
    }
}

/* Has them ask for what they do not hear; only others can tell it. */
static void ask(size_t number)
{
    for (size_t i = 0; i < NODES / 3; i++) {
        struct actor *actor = deaf_one(number, i);
        actor->extra =
            msock_subscribe(actor->channel, "lamp", ignore, NULL, NULL);
        cr_assert(ge(int, actor->extra, 1));
    }
}

static void ask_no_more(size_t number)
{
    for (size_t i = 0; i < NODES / 3; i++) {
        struct actor *actor = deaf_one(number, i);
        cr_expect(eq(u32, actor->ran[number], 1), "%s was not told",
                  actor->name);
        cr_assert(zero(int, msock_unsubscribe(actor->channel, actor->extra)));
    }
}

/* Those that say later what they did say it. */
static void finish(void)
{
    for (size_t i = 2; i < NODES; i += 5) {
        cr_assert(zero(int, msock_done(actors[i].channel, actors[i].token, 0)));
    }
}

static void expect_truth(size_t number)
{
    cr_expect(eq(ptr, (void *)end.node, NULL));
    cr_expect(eq(sz, end.expected, NODES));
    cr_expect(eq(sz, refused, 2));
    cr_expect(eq(sz, acted, NODES - 2), "round %zu", number);
    for (size_t i = 0; i < NODES; i++) {
        cr_expect(eq(u32, actors[i].ran[number], 1));
    }
}

Test(sim_confirm_state, nobody_who_was_told_first_is_silent, .timeout = 120)
{
    const msock_publish_options how = {.state = true};
    const msock_confirm_options options = {.deadline_ms = DEADLINE_MS,
                                           .publish = &how};
    char json[16];
    open_all();

    for (size_t number = 0; number < ROUNDS; number++) {
        acted = refused = 0;
        cut_off(number, true);
        snprintf(json, sizeof json, "%zu", number);
        cr_assert(ge(int,
                     msock_publish_confirmed(hub, "lamp", json, &options,
                                             on_confirm, NULL),
                     1));
        msock_sim_run(sim, 10);
        ask(number);
        msock_sim_run(sim, 3000);
        ask_no_more(number);
        cut_off(number, false);
        msock_sim_run(sim, 1000 * (number % 2));
        finish();
        msock_sim_run(sim, DEADLINE_MS);
        expect_truth(number);
    }

    msock_sim_crash(sim, NULL);
    msock_sim_close(sim);
}
