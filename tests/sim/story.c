/* SPDX-License-Identifier: Apache-2.0 */
/* Stories: what happens in a world by a scenario. */
#include "tests/sim/story.h"

#include "tests/sim/states.h"
#include "tests/sim/trouble.h"

#include <string.h>

enum {
    SETTLE_MS = 25000,
    ARRIVE_MS = 12000,
    HELD_BACK_MS = 30000,
    HELLO_MS_MAX = 7000,
    DRIZZLE_LOSS = 5,
    DRIZZLE_MESSAGES = 60,
    DRIZZLE_GAP_MS = 15,
    IDLE_MS = 20000,
    PROBE_ORDER_MS = 5000
};

static void begin(struct story *story)
{
    struct scenario *scenario = &story->scenario;
    for (unsigned i = 0; i < scenario->node_count; i++) {
        struct world_node *node = &story->world.nodes[i];
        if (scenario->twins && i == scenario->node_count - 1) {
            node->called = story->world.nodes[0].name;
        }
        node->filter = scenario->nodes[i].filter;
        node->echo = scenario->nodes[i].echo;
        node->keeper = scenario->nodes[i].keeper;
        node->options = scenario->nodes[i].options;
        story->reopen_us[i] =
            trouble_draw_share(story, 50) ? 0 : trouble_draw_later(story, 2000);
        msock_sim_condition(
            story->world.sim, node->name,
            &(msock_sim_host){.drift_ppm = scenario->nodes[i].drift_ppm,
                              .wall_ms = scenario->nodes[i].wall_ms});
    }
}

static void suffer(struct story *story)
{
    uint64_t end_us = UINT64_C(1000) * story->scenario.faulty_ms;
    while (world_now(&story->world) < end_us) {
        trouble_tick(story);
        world_run(&story->world, WORLD_TICK_MS);
    }
}

static void heal(struct story *story)
{
    struct world *world = &story->world;
    report_note(&world->report, "all faults end");
    attacker_release(&world->attacker, true);
    msock_sim_partition(world->sim, NULL, NULL, false);
    msock_sim_link(world->sim, NULL, NULL, &story->scenario.calm);
    for (unsigned i = 0; i < world->node_count; i++) {
        struct world_node *node = &world->nodes[i];
        msock_sim_condition(
            world->sim, node->name,
            &(msock_sim_host){.drift_ppm = story->scenario.nodes[i].drift_ppm,
                              .wall_ms = story->scenario.nodes[i].wall_ms});
        if (node->life != NULL && node->life->asleep_us > world_now(world)) {
            world_suspend(world, i, 0);
        }
    }
    world_run(world, 3000); /* who is closing closes */
    trouble_reopen(story);
    uint64_t from_us = world_now(world);
    world_run(world, SETTLE_MS);
    shared_check(&world->shared, from_us);
    ledger_expect_conflicts(&world->ledger, from_us);
    states_check(world);
}

/* Who was refused was called again. */
static void check_writable(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        if (world_alive(world, i) && world->nodes[i].life->blocked) {
            report_fail(&world->report, "%s is not told that it may publish",
                        world->nodes[i].name);
        }
    }
}

/* Everybody publishes, and everybody must hear it. */
static void probe(struct story *story)
{
    struct world *world = &story->world;
    uint64_t from_us = world_now(world);
    report_note(&world->report, "probes");
    world_check_rosters(world);
    check_writable(story);
    for (unsigned i = 0; i < world->node_count; i++) {
        for (uint8_t topic = 0; topic < TOPICS && world_alive(world, i);
             topic++) {
            world_publish(world, i,
                          &(struct publication){.topic = topic,
                                                .flags = PUBLISHED_RELIABLE});
            world_publish(world, i, &(struct publication){.topic = topic});
        }
    }
    for (unsigned i = 0; i < world->node_count; i++) {
        if (world_alive(world, i) && story->scenario.nodes[i].state_ms > 0) {
            world_state(world, i, i % STATE_TOPICS, false);
        }
    }
    for (unsigned i = 0; i < world->node_count; i++) {
        if (world_alive(world, i) && story->scenario.nodes[i].order_ms > 0) {
            orders_publish(world, i, &(struct publication){.topic = i % TOPICS},
                           PROBE_ORDER_MS);
        }
    }
    for (unsigned i = 0; i < world->node_count; i++) {
        if (world_alive(world, i) && story->scenario.nodes[i].question_ms > 0) {
            questions_ask(world, i, &(struct publication){.topic = i % TOPICS},
                          PROBE_ORDER_MS, MSOCK_REPLIES_ALL);
        }
    }
    uint64_t until_us = world_now(world);
    world_run(world, ARRIVE_MS);
    ledger_expect(&world->ledger, from_us, until_us, false);
    states_check(world);
    orders_expect(&world->orders, from_us);
    questions_expect(&world->questions, from_us);
}

/* Whether a node's history outlives the longest time between two hellos, which
 * tell of a last frame if all three syncs behind it were lost. */
static bool keeps_long(const struct story *story, unsigned node)
{
    unsigned history_ms = story->scenario.nodes[node].options.history_ms;
    return history_ms == 0 || history_ms >= HELLO_MS_MAX;
}

/* Some loss is nothing that a reliable message may not survive. */
static void drizzle(struct story *story)
{
    struct world *world = &story->world;
    msock_sim_faults faults = story->scenario.calm;
    uint64_t from_us = world_now(world);
    report_note(&world->report, "drizzle");
    faults.loss = DRIZZLE_LOSS;
    msock_sim_link(world->sim, NULL, NULL, &faults);
    for (unsigned i = 0; i < DRIZZLE_MESSAGES; i++) {
        unsigned node = trouble_draw_node(story);
        struct publication publication = {.topic = (uint8_t)(i % TOPICS),
                                          .flags = PUBLISHED_RELIABLE};
        if (world_alive(world, node) && keeps_long(story, node)) {
            world_publish(world, node, &publication);
        }
        world_run(world, DRIZZLE_GAP_MS);
    }
    uint64_t until_us = world_now(world);
    msock_sim_link(world->sim, NULL, NULL, &story->scenario.calm);
    world_run(world, ARRIVE_MS);
    ledger_expect(&world->ledger, from_us, until_us, true);
}

/* What one node says to another is kept back for so long that nothing of it may
 * act any more, and let go then. */
static void hold_back(struct story *story)
{
    struct world *world = &story->world;
    unsigned from = trouble_draw_node(story);
    unsigned to = trouble_draw_node(story);
    bool wanted = trouble_draw_share(story, 40) && story->scenario.sealed;
    if (!wanted || !world_alive(world, from) || !world_alive(world, to)) {
        return;
    }
    attacker_withhold(&world->attacker, from, to, UINT64_MAX);
    for (uint8_t topic = 0; topic < TOPICS; topic++) {
        world_publish(world, from, &(struct publication){.topic = topic});
        world_publish(
            world, from,
            &(struct publication){.topic = topic, .flags = PUBLISHED_RELIABLE});
    }
    world_run(world, HELD_BACK_MS);
    attacker_release(&world->attacker, true);
    world_run(world, SETTLE_MS);
}

/* Nodes with small tables forget each other all the time, and ask again. */
static bool anybody_forgetful(const struct story *story)
{
    const struct world *world = &story->world;
    bool found = false;
    for (unsigned i = 0; i < world->node_count; i++) {
        found = found || (world->nodes[i].life != NULL &&
                          world->nodes[i].life->forgetful);
    }
    return found;
}

static void rest(struct story *story)
{
    struct world *world = &story->world;
    struct traffic_count before[SCENARIO_NODES_MAX];
    report_note(&world->report, "idle");
    for (unsigned i = 0; i < world->node_count; i++) {
        before[i] = traffic_total(&world->traffic, (int)i);
    }
    world_run(world, IDLE_MS);
    for (unsigned i = 0; i < world->node_count && !anybody_forgetful(story);
         i++) {
        traffic_check_idle(&world->traffic, i, &before[i], 1000 * IDLE_MS);
    }
    if (story->scenario.quiet_ms > 0) {
        world_run(world, story->scenario.quiet_ms);
        probe(story);
    }
}

static void summarize(const struct story *story, struct story_result *result)
{
    const struct world *world = &story->world;
    msock_sim_stats stats;
    msock_sim_stats_get(world->sim, &stats, sizeof(stats));
    *result = (struct story_result){
        .seed = story->scenario.seed,
        .failed = world->report.failed,
        .failed_us = world->report.failed_us,
        .digest = world->digest,
        .virtual_us = world_now(world),
        .datagrams = stats.sent,
        .copies_lost = stats.lost + stats.cut + stats.congested,
        .published = world->ledger.published,
        .delivered = world->ledger.delivered,
        .lives = world->ledger.life_count,
        .losses = world->ledger.losses,
        .repairs = story->repairs + world_counter(world, -1, MSOCK_TX_REPAIRS),
        .nacks = story->nacks + world_counter(world, -1, MSOCK_TX_NACKS),
        .injected = stats.injected,
        .orders = world->orders.count,
        .acted = world->orders.acted,
        .refused = world->orders.refused,
        .silent = world->orders.silent,
        .questions = world->questions.count,
        .replies = world->questions.replies,
        .in_vain = world->questions.in_vain,
    };
    memcpy(result->why, world->report.why, sizeof(result->why));
}

void story_play(uint64_t seed, FILE *transcript, struct story_result *result)
{
    static struct story story;
    story = (struct story){0};
    scenario_draw(&story.scenario, seed);
    if (transcript != NULL) {
        scenario_print(&story.scenario, transcript);
    }
    world_init(&story.world,
               &(struct world_config){.seed = seed,
                                      .sealed = story.scenario.sealed,
                                      .node_count = story.scenario.node_count,
                                      .faults = story.scenario.calm,
                                      .transcript = transcript});
    msock__sim_random_init(&story.order_dice, seed ^ UINT64_C(0x6F72646572));
    msock__sim_random_init(&story.question_dice,
                           ~seed ^ UINT64_C(0x6F72646572));
    begin(&story);
    suffer(&story);
    heal(&story);
    probe(&story);
    hold_back(&story);
    drizzle(&story);
    world_run(&story.world, ARRIVE_MS);
    rest(&story);
    world_check_rosters(&story.world);
    summarize(&story, result);
    world_fini(&story.world);
}
