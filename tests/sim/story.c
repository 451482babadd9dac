/* SPDX-License-Identifier: Apache-2.0 */
/* Stories: what happens in a world by a scenario. */
#include "tests/sim/story.h"

#include "tests/sim/scenario.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <string.h>

enum {
    CUTS_MAX = 8,
    CUT_MAX_MS = 12000,
    SLEEP_MAX_MS = 15000,
    DOWN_MAX_MS = 6000,
    WITHHELD_MAX_MS = 15000,
    AFTER_MAX_MS = 3000,
    PUBLICATIONS_MAX = 4000, /* so that a story stays short */
    BYTES_MAX = 3 * 1000 * 1000,
    SETTLE_MS = 25000,
    ARRIVE_MS = 12000,
    HELD_BACK_MS = 30000,
    HELLO_MS_MAX = 7000,
    DRIZZLE_LOSS = 5,
    DRIZZLE_MESSAGES = 60,
    DRIZZLE_GAP_MS = 15,
    IDLE_MS = 20000
};

/* A direction that is cut for a while. */
struct cut {
    bool set;
    char from[16], to[16];
    uint64_t until_us;
};

struct story {
    struct scenario scenario;
    struct world world;
    struct cut cuts[CUTS_MAX];
    uint64_t publish_us[SCENARIO_NODES_MAX]; /* the next message */
    uint64_t reopen_us[SCENARIO_NODES_MAX];  /* of a node without a life */
    uint64_t published;
    uint64_t bytes;
    uint64_t nacks, repairs; /* of lives that ended */
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

static unsigned draw_node(struct story *story)
{
    return scenario_within(dice(story), 0, story->scenario.node_count - 1);
}

static uint64_t draw_later(struct story *story, unsigned max_ms)
{
    return world_now(&story->world) +
           UINT64_C(1000) * scenario_within(dice(story), 1, max_ms);
}

/* -- What befalls the network -- */

/* A node's name, or NULL, for all, in a fifth of cases. */
static const char *draw_name(struct story *story, char name[static 16])
{
    snprintf(name, 16, "n%u", draw_node(story));
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
    unsigned node = draw_node(story);
    msock_sim_host host = scenario_host(&story->scenario);
    host.drift_ppm = story->scenario.nodes[node].drift_ppm;
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
        &story->cuts[scenario_within(dice(story), 0, CUTS_MAX - 1)];
    unsigned from = draw_node(story);
    unsigned to = draw_node(story);
    uint64_t until_us = draw_later(story, CUT_MAX_MS);
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
    for (size_t i = 0; i < CUTS_MAX; i++) {
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
    story->reopen_us[node] = draw_later(story, DOWN_MAX_MS) + 50000;
}

static void trouble_node(struct story *story)
{
    const struct scenario_rates *rates = &story->scenario.rates;
    struct world *world = &story->world;
    unsigned node = draw_node(story);
    if (!world_alive(world, node)) {
        return;
    }
    if (happens(story, rates->suspend)) {
        world_suspend(world, node,
                      scenario_within(dice(story), 10, SLEEP_MAX_MS));
    } else if (happens(story, rates->crash)) {
        note_end(story, node);
        world_crash(world, node);
    } else if (happens(story, rates->close)) {
        note_end(story, node);
        world_close(world, node);
    }
}

static void reopen(struct story *story)
{
    struct world *world = &story->world;
    for (unsigned i = 0; i < world->node_count; i++) {
        bool room = world->ledger.life_count < LIVES_MAX;
        if (world->nodes[i].life == NULL && room &&
            world_now(world) >= story->reopen_us[i]) {
            world_open(world, i);
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
        unsigned from = draw_node(story);
        unsigned to = draw_node(story);
        attacker_withhold(attacker, from, to,
                          draw_later(story, WITHHELD_MAX_MS));
    }
}

/* -- Publishing -- */

static bool draw_share(struct story *story, unsigned per_cent)
{
    return msock__sim_random_chance(dice(story), per_cent);
}

static struct publication draw_publication(struct story *story,
                                           const struct scenario_node *node)
{
    struct publication publication = {0};
    publication.topic = (uint8_t)scenario_within(dice(story), 0, TOPICS - 1);
    publication.padding = scenario_within(dice(story), 0, node->size_max);
    if (draw_share(story, node->reliable)) {
        publication.flags |= PUBLISHED_RELIABLE;
    } else if (draw_share(story, node->copies)) {
        publication.copies = (uint8_t)scenario_within(dice(story), 2, 4);
    }
    if (draw_share(story, node->raw)) {
        publication.flags |= PUBLISHED_RAW;
    }
    if (draw_share(story, node->after)) {
        publication.after_ms = scenario_within(dice(story), 1, AFTER_MAX_MS);
    }
    if (draw_share(story, node->expires)) {
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

/* -- Phases -- */

static void begin(struct story *story)
{
    struct scenario *scenario = &story->scenario;
    for (unsigned i = 0; i < scenario->node_count; i++) {
        struct world_node *node = &story->world.nodes[i];
        node->filter = scenario->nodes[i].filter;
        node->echo = scenario->nodes[i].echo;
        node->options = scenario->nodes[i].options;
        story->reopen_us[i] =
            draw_share(story, 50) ? 0 : draw_later(story, 2000);
        msock_sim_condition(
            story->world.sim, node->name,
            &(msock_sim_host){.drift_ppm = scenario->nodes[i].drift_ppm});
    }
}

static void suffer(struct story *story)
{
    const struct scenario_rates *rates = &story->scenario.rates;
    unsigned nodes = story->scenario.node_count;
    uint64_t end_us = UINT64_C(1000) * story->scenario.faulty_ms;
    while (world_now(&story->world) < end_us) {
        reopen(story);
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
        for (unsigned i = 0; i < nodes; i++) {
            trouble_node(story);
        }
        attack(story);
        publish(story);
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
            &(msock_sim_host){.drift_ppm = story->scenario.nodes[i].drift_ppm});
        if (node->life != NULL && node->life->asleep_us > world_now(world)) {
            msock_sim_suspend(world->sim, node->name, 0);
            node->life->asleep_us = world_now(world);
        }
    }
    world_run(world, 3000); /* who is closing closes */
    reopen(story);
    world_run(world, SETTLE_MS);
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
    uint64_t until_us = world_now(world);
    world_run(world, ARRIVE_MS);
    ledger_expect(&world->ledger, from_us, until_us, false);
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
        unsigned node = draw_node(story);
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
    unsigned from = draw_node(story);
    unsigned to = draw_node(story);
    bool wanted = draw_share(story, 40) && story->scenario.sealed;
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
    begin(&story);
    suffer(&story);
    heal(&story);
    probe(&story);
    hold_back(&story);
    drizzle(&story);
    world_run(&story.world, ARRIVE_MS);
    rest(&story);
    summarize(&story, result);
    world_fini(&story.world);
}
