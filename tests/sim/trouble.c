/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a story while there are faults. */
#include "tests/sim/trouble.h"

#include <inttypes.h>

enum {
    CUT_MAX_MS = 12000,
    SLEEP_MAX_MS = 15000,
    DOWN_MAX_MS = 6000,
    WITHHELD_MAX_MS = 15000,
    AFTER_MAX_MS = 3000,
    PUBLICATIONS_MAX = 4000, /* so that a story stays short */
    ORDERS_MAX = 500,
    ORDER_MAX_MS = 5000,
    QUESTIONS_MAX = 500,
    QUESTION_MAX_MS = 3000,
    BYTES_MAX = 3 * 1000 * 1000
};

static struct msock__sim_random *dice(struct story *story)
{
    return &story->scenario.random;
}

/* Whether something that happens `rate` times a minute happens in this tick. */
static bool happens(struct story *story, unsigned rate)
{
    double per_cent = 100.0 * rate * WORLD_TICK_MS / 60000.0;
    return msock__sim_random_chance(dice(story), per_cent);
}

unsigned trouble_draw_node(struct story *story)
{
    return scenario_within(dice(story), 0, story->scenario.node_count - 1);
}

uint64_t trouble_draw_later(struct story *story, unsigned max_ms)
{
    return world_now(&story->world) +
           UINT64_C(1000) * scenario_within(dice(story), 1, max_ms);
}

bool trouble_draw_share(struct story *story, unsigned per_cent)
{
    return msock__sim_random_chance(dice(story), per_cent);
}

/* -- What befalls the network -- */

/* A node's name, or NULL, for all, in a fifth of cases. */
static const char *draw_name(struct story *story, char name[static 16])
{
    snprintf(name, 16, "n%u", trouble_draw_node(story));
    return msock__sim_random_chance(dice(story), 20) ? NULL : name;
}

static void change_link(struct story *story)
{
    char from_name[16];
    char to_name[16];
    const char *from = draw_name(story, from_name);
    const char *to = draw_name(story, to_name);
    msock_sim_faults faults = scenario_link(&story->scenario);
    report_note(&story->world.report,
                "link %s to %s: loss %.0f, dup %.0f, reorder %.0f, corrupt "
                "%.0f %%, delay %.0f + %.0f ms",
                from != NULL ? from : "all", to != NULL ? to : "all",
                faults.loss, faults.dup, faults.reorder, faults.corrupt,
                faults.delay_ms, faults.jitter_ms);
    msock_sim_link(story->world.sim, from, to, &faults);
}

static void change_host(struct story *story)
{
    char name[16];
    unsigned node = trouble_draw_node(story);
    msock_sim_host host = scenario_host(&story->scenario);
    host.drift_ppm = story->scenario.nodes[node].drift_ppm;
    host.wall_ms = story->scenario.nodes[node].wall_ms;
    snprintf(name, sizeof(name), "n%u", node);
    report_note(&story->world.report,
                "host %s: bursts %.0f %% of %.0f, %" PRIu64 " B/s in, %" PRIu64
                " B/s out, queue %" PRIu64,
                name, host.burst, host.burst_size, host.rate_in, host.rate_out,
                host.queue);
    msock_sim_condition(story->world.sim, name, &host);
}

static void cut(struct story *story)
{
    struct cut *cut =
        &story->cuts[scenario_within(dice(story), 0, STORY_CUTS_MAX - 1)];
    unsigned from = trouble_draw_node(story);
    unsigned to = trouble_draw_node(story);
    uint64_t until_us = trouble_draw_later(story, CUT_MAX_MS);
    if (cut->set) {
        return;
    }
    cut->set = true;
    cut->until_us = until_us;
    snprintf(cut->from, sizeof(cut->from), "n%u", from);
    snprintf(cut->to, sizeof(cut->to), "n%u", to);
    report_note(&story->world.report, "%s is cut from %s", cut->to, cut->from);
    msock_sim_partition(story->world.sim, cut->from, cut->to, true);
}

static void mend_cuts(struct story *story)
{
    for (size_t i = 0; i < STORY_CUTS_MAX; i++) {
        struct cut *cut = &story->cuts[i];
        if (cut->set && world_now(&story->world) >= cut->until_us) {
            cut->set = false;
            msock_sim_partition(story->world.sim, cut->from, cut->to, false);
        }
    }
}

/* -- What befalls nodes -- */

static void note_end(struct story *story, unsigned node)
{
    struct world *world = &story->world;
    story->nacks += world_counter(world, (int)node, MSOCK_TX_NACKS);
    story->repairs += world_counter(world, (int)node, MSOCK_TX_REPAIRS);
    story->reopen_us[node] = trouble_draw_later(story, DOWN_MAX_MS) + 50000;
}

static void trouble_node(struct story *story)
{
    const struct scenario_rates *rates = &story->scenario.rates;
    struct world *world = &story->world;
    unsigned node = trouble_draw_node(story);
    if (!world_alive(world, node)) {
        return;
    }
    if (happens(story, rates->suspend)) {
        world_suspend(world, node,
                      scenario_within(dice(story), 10, SLEEP_MAX_MS));
    } else if (happens(story, rates->crash)) {
        note_end(story, node);
        world_crash(world, node);
    } else if (happens(story, rates->listen)) {
        world_listen(world, node);
    } else if (happens(story, rates->close)) {
        note_end(story, node);
        world_close(world, node);
    }
}

/* Now and then what opens is a copy of a machine that runs. */
static void open_one(struct story *story, unsigned node)
{
    struct world *world = &story->world;
    bool faulty = world_now(world) < UINT64_C(1000) * story->scenario.faulty_ms;
    bool copied = trouble_draw_share(story, story->scenario.rates.copy);
    unsigned of = trouble_draw_node(story);
    bool late = trouble_draw_share(story, 50);
    if (faulty && copied && world_alive(world, of) &&
        shared_room(&world->shared)) {
        world_copy(world, node, of, late);
    } else {
        world_open(world, node);
    }
}

void trouble_reopen(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        bool room = world->ledger.life_count < LIVES_MAX;
        if (world->nodes[i].life == NULL && room &&
            world_now(world) >= story->reopen_us[i]) {
            open_one(story, i);
        }
    }
}

/* -- The attacker -- */

static void attack(struct story *story)
{
    const struct scenario_rates *rates = &story->scenario.rates;
    struct attacker *attacker = &story->world.attacker;
    unsigned nodes = story->scenario.node_count;
    attacker_release(attacker, false);
    if (happens(story, rates->replay)) {
        attacker_replay(attacker, dice(story), nodes);
    }
    if (happens(story, rates->forge)) {
        attacker_forge(attacker, dice(story), nodes);
    }
    if (happens(story, rates->withhold)) {
        unsigned from = trouble_draw_node(story);
        unsigned to = trouble_draw_node(story);
        attacker_withhold(attacker, from, to,
                          trouble_draw_later(story, WITHHELD_MAX_MS));
    }
}

/* -- Publishing -- */

static struct publication draw_publication(struct story *story,
                                           const struct scenario_node *node)
{
    struct publication publication = {0};
    publication.topic = (uint8_t)scenario_within(dice(story), 0, TOPICS - 1);
    publication.padding = scenario_within(dice(story), 0, node->size_max);
    if (trouble_draw_share(story, node->reliable)) {
        publication.flags |= PUBLISHED_RELIABLE;
    } else if (trouble_draw_share(story, node->copies)) {
        publication.copies = (uint8_t)scenario_within(dice(story), 2, 4);
    }
    if (trouble_draw_share(story, node->raw)) {
        publication.flags |= PUBLISHED_RAW;
    }
    if (trouble_draw_share(story, node->after)) {
        publication.after_ms = scenario_within(dice(story), 1, AFTER_MAX_MS);
    }
    if (trouble_draw_share(story, node->expires)) {
        publication.expires_ms =
            publication.after_ms + scenario_within(dice(story), 1, 5000);
    }
    return publication;
}

static void publish_one(struct story *story, unsigned number)
{
    const struct scenario_node *node = &story->scenario.nodes[number];
    struct publication publication = draw_publication(story, node);
    uint64_t wait_ms = scenario_within(dice(story), 0, 2 * node->interval_ms);
    story->publish_us[number] = world_now(&story->world) + 1000 * wait_ms;
    if (story->published < PUBLICATIONS_MAX &&
        story->bytes + publication.padding < BYTES_MAX) {
        story->published++;
        story->bytes += publication.padding + 100;
        world_publish(&story->world, number, &publication);
    }
}

static void publish(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        bool awake = life != NULL && life->asleep_us <= world_now(world);
        if (story->scenario.nodes[i].interval_ms > 0 && awake &&
            world_alive(world, i) && world_now(world) >= story->publish_us[i]) {
            publish_one(story, i);
        }
    }
}

static void publish_state(struct story *story, unsigned number)
{
    unsigned state_ms = story->scenario.nodes[number].state_ms;
    unsigned topic = scenario_within(dice(story), 0, STATE_TOPICS - 1);
    bool clear = trouble_draw_share(story, 10);
    story->state_us[number] = trouble_draw_later(story, 2 * state_ms);
    world_state(&story->world, number, topic, clear);
}

static void publish_states(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        bool awake = life != NULL && life->asleep_us <= world_now(world);
        if (story->scenario.nodes[i].state_ms > 0 && awake &&
            world_alive(world, i) && world_now(world) >= story->state_us[i]) {
            publish_state(story, i);
        }
    }
}

/* An order by the dice that they have of their own. */
static void publish_order(struct story *story, unsigned number)
{
    struct msock__sim_random *random = &story->order_dice;
    unsigned order_ms = story->scenario.nodes[number].order_ms;
    unsigned deadline_ms = scenario_within(random, 20, ORDER_MAX_MS);
    struct publication order = {0};
    order.topic = (uint8_t)scenario_within(random, 0, TOPICS - 1);
    order.padding = scenario_within(random, 0, 100);
    if (msock__sim_random_chance(random, 10)) {
        order.padding *= 100; /* in pieces */
    }
    if (msock__sim_random_chance(random, 20)) {
        order.after_ms = scenario_within(random, 1, deadline_ms - 1);
    }
    if (msock__sim_random_chance(random, 50)) {
        order.expires_ms = deadline_ms;
    }
    story->order_us[number] =
        world_now(&story->world) +
        UINT64_C(1000) * scenario_within(random, 1, 2 * order_ms);
    if (story->ordered < ORDERS_MAX) {
        story->ordered++;
        orders_publish(&story->world, number, &order, deadline_ms);
    }
}

static void publish_orders(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        bool awake = life != NULL && life->asleep_us <= world_now(world);
        if (story->scenario.nodes[i].order_ms > 0 && awake &&
            world_alive(world, i) && world_now(world) >= story->order_us[i]) {
            publish_order(story, i);
        }
    }
}

/* A question, by dice of their own as well. */
static void ask(struct story *story, unsigned number)
{
    static const uint32_t wanted[] = {1, 1, 2, MSOCK_REPLIES_ALL};
    struct msock__sim_random *random = &story->question_dice;
    unsigned question_ms = story->scenario.nodes[number].question_ms;
    unsigned deadline_ms = scenario_within(random, 20, QUESTION_MAX_MS);
    uint32_t replies_max = wanted[scenario_within(random, 0, 3)];
    struct publication question = {0};
    question.topic = (uint8_t)scenario_within(random, 0, TOPICS - 1);
    question.padding = scenario_within(random, 0, 100);
    if (msock__sim_random_chance(random, 20)) {
        question.after_ms = scenario_within(random, 1, deadline_ms - 1);
    }
    if (msock__sim_random_chance(random, 20)) {
        question.copies = (uint8_t)scenario_within(random, 1, 3);
    }
    story->question_us[number] =
        world_now(&story->world) +
        UINT64_C(1000) * scenario_within(random, 1, 2 * question_ms);
    if (story->asked < QUESTIONS_MAX) {
        story->asked++;
        questions_ask(&story->world, number, &question, deadline_ms,
                      replies_max);
    }
}

static void ask_all(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        bool awake = life != NULL && life->asleep_us <= world_now(world);
        if (story->scenario.nodes[i].question_ms > 0 && awake &&
            world_alive(world, i) &&
            world_now(world) >= story->question_us[i]) {
            ask(story, i);
        }
    }
}

void trouble_tick(struct story *story)
{
    const struct scenario_rates *rates = &story->scenario.rates;
    trouble_reopen(story);
    mend_cuts(story);
    if (happens(story, rates->link)) {
        change_link(story);
    }
    if (happens(story, rates->host)) {
        change_host(story);
    }
    if (happens(story, rates->cut)) {
        cut(story);
    }
    for (unsigned i = 0; i < story->scenario.node_count; i++) {
        trouble_node(story);
    }
    attack(story);
    publish(story);
    publish_states(story);
    publish_orders(story);
    ask_all(story);
}
