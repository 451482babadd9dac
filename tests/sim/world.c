/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds: nodes, their callbacks, and the passing of time. */
#include "tests/sim/world.h"

#include "tests/sim/bounds.h"
#include "tests/sim/disguise.h"
#include "tests/sim/states.h"
#include "tests/sim/wills.h"
#include "tests/sim/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t world_now(const struct world *world)
{
    return msock_sim_now_us(world->sim);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* -- What is seen of the network -- */

static void digest(struct world *world, uint64_t value)
{
    world->digest = (world->digest ^ value) * UINT64_C(0x100000001B3);
    world->digest ^= world->digest >> 29;
}

/* "n12" -> 12; -1 for strangers. */
static int node_number(const char *name)
{
    return name != NULL && name[0] == 'n' ? atoi(name + 1) : -1;
}

static void describe(struct world *world, const msock_sim_event *event,
                     const struct wire_view *view)
{
    static const char *const verbs[] = {"sends", "is cut off from", "loses",
                                        "has no room for", "gets"};
    const char *who = event->to != NULL ? event->to : event->from;
    report_note(&world->report, "%s %s %s %" PRIu64 " of %s, %zu bytes",
                who != NULL ? who : "attacker", verbs[event->kind],
                wire_name(view->kind), view->counter,
                event->from != NULL ? event->from : "attacker", event->size);
}

static void on_datagram(const msock_sim_event *event, void *user)
{
    struct world *world = user;
    int from = node_number(event->from);
    bool sent = event->kind == MSOCK_SIM_SENT && from >= 0;
    digest(world, event->now_us ^ (uint64_t)event->kind << 60);
    digest(world, event->size ^ (uint64_t)(unsigned)from << 32);
    if (!sent && world->report.transcript == NULL) {
        return;
    }
    struct wire_view view = {0};
    wire_read(&world->wire, event->bytes, event->size, &view);
    if (sent) {
        traffic_sent(&world->traffic, (unsigned)from, &view, event->now_us);
        orders_asked(&world->orders, world->nodes[from].life, &view);
        unsigned as =
            shared_sender(&world->shared, (unsigned)from, view.session);
        if (!nonces_note(&world->nonces, as, event->bytes, event->size)) {
            report_fail(&world->report, "%s sent two frames as %s %" PRIu64,
                        event->from, wire_name(view.kind), view.counter);
        }
        attacker_record(&world->attacker, (unsigned)from, &view, event->bytes,
                        event->size, event->now_us);
    }
    if (world->report.transcript != NULL) {
        describe(world, event, &view);
    }
}

/* -- Making -- */

static void write_key(struct world *world)
{
    snprintf(world->key_path, sizeof(world->key_path),
             "/tmp/multisock-sim-XXXXXX");
    int file = mkstemp(world->key_path); /* mode 0600, as it must be */
    assert(file >= 0);
    ssize_t written = write(file, WIRE_KEY, strlen(WIRE_KEY));
    assert(written == (ssize_t)strlen(WIRE_KEY));
    (void)written;
    close(file);
}

static void init_nodes(struct world *world)
{
    world->nodes = calloc(world->node_count, sizeof(*world->nodes));
    assert(world->nodes != NULL);
    for (unsigned i = 0; i < world->node_count; i++) {
        struct world_node *node = &world->nodes[i];
        node->world = world;
        node->number = i;
        node->filter = "#";
        snprintf(node->name, sizeof(node->name), "n%u", i);
        node->called = node->name;
    }
}

void world_init(struct world *world, const struct world_config *config)
{
    assert(config->node_count <= WORLD_NODES_MAX);
    *world = (struct world){.sealed = config->sealed,
                            .node_count = config->node_count};
    /* 0 would be a seed of the network's own choice. */
    msock_sim_options options = {.seed = config->seed != 0 ? config->seed
                                                           : UINT64_MAX,
                                 .faults = config->faults};
    snprintf(world->network, sizeof(world->network), "world");
    int result = msock_sim_open(&world->sim, world->network, &options);
    assert(result == 0);
    (void)result;
    world->report.sim = world->sim;
    world->report.transcript = config->transcript;
    world->payload = malloc(PAYLOAD_MAX);
    assert(world->payload != NULL);
    if (config->sealed) {
        write_key(world);
    }
    wire_init(&world->wire, world->network, config->sealed);
    world->ledger = (struct ledger){.report = &world->report,
                                    .sealed = config->sealed,
                                    .late_us = 3000000,
                                    .late_reliable_us = 15000000,
                                    .shared = &world->shared};
    world->shared = (struct shared){.report = &world->report};
    traffic_init(&world->traffic, &world->report);
    orders_init(&world->orders, &world->ledger, config->seed);
    questions_init(&world->questions, &world->ledger, config->seed);
    attacker_init(&world->attacker, &world->report, world->sim);
    msock__sim_random_init(&world->random, ~config->seed);
    init_nodes(world);
    msock_sim_tap(world->sim, on_datagram, world);
}

void world_fini(struct world *world)
{
    msock_sim_tap(world->sim, NULL, NULL);
    msock_sim_crash(world->sim, NULL);
    msock_sim_close(world->sim);
    orders_fini(&world->orders);
    questions_fini(&world->questions);
    ledger_fini(&world->ledger);
    traffic_fini(&world->traffic);
    attacker_fini(&world->attacker);
    nonces_fini(&world->nonces);
    wire_fini(&world->wire);
    if (world->key_path[0] != '\0') {
        unlink(world->key_path);
    }
    free(world->payload);
    free(world->nodes);
}

/* -- Nodes -- */

bool world_alive(const struct world *world, unsigned node)
{
    const struct life *life = world->nodes[node].life;
    return life != NULL && !life->closing;
}

static int publish_in(struct world_node *node,
                      const struct publication *publication)
{
    struct world *world = node->world;
    struct life *life = node->life;
    bool raw = (publication->flags & PUBLISHED_RAW) != 0;
    size_t number =
        ledger_publish(&world->ledger, life, publication, world_now(world));
    size_t size = ledger_payload(life, number, world->payload);
    msock_publish_options options = {
        .reliable = (publication->flags & PUBLISHED_RELIABLE) != 0,
        .copies = publication->copies,
        .expires_ms = publication->expires_ms,
        .after_ms = publication->after_ms,
        .raw = raw ? world->payload : NULL,
        .raw_size = raw ? size : 0};
    int result = msock_publish(life->channel, ledger_topic(publication->topic),
                               raw ? NULL : world->payload, &options);
    if (result < 0) {
        ledger_retract(&world->ledger, life);
    }
    if (result == MSOCK_EAGAIN) {
        ledger_refuse(life);
    }
    report_note(&world->report, "%s publishes %u.%zu%s, %zu bytes: %s",
                node->name, life->number, number,
                options.reliable ? " reliably" : "", size,
                result < 0 ? msock_error_name(result) : "taken");
    return result;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct world_node *node = user;
    struct world *world = node->world;
    (void)channel;
    digest(world, message->data_size);
    if ((message->flags & MSOCK_MESSAGE_STATE) != 0) {
        states_hear(&world->ledger, node->life, message);
        return 0;
    }
    ledger_hear(&world->ledger, node->life, message, world_now(world));
    int code =
        orders_hear(&world->orders, node->life, message, world_now(world));
    questions_hear(&world->questions, node->life, message, world_now(world));
    bool answers = node->echo > 0 &&
                   (message->flags & MSOCK_MESSAGE_LOCAL) == 0 &&
                   strcmp(message->topic, "b/c") == 0 &&
                   msock__sim_random_chance(&world->random, node->echo);
    if (answers && world_alive(world, node->number)) {
        publish_in(node, &(struct publication){.flags = PUBLISHED_ECHO |
                                                        PUBLISHED_RELIABLE});
    }
    return code;
}

static int on_will(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct world_node *node = user;
    (void)channel;
    wills_hear(&node->world->ledger, node->life, message);
    return 0;
}

static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    struct world_node *node = user;
    (void)channel;
    ledger_event(&node->world->ledger, node->life, event);
}

static void on_closed(void *user)
{
    struct world_node *node = user;
    report_note(&node->world->report, "%s has closed", node->name);
    ledger_end(node->life, world_now(node->world));
    node->life = NULL;
}

/* Opens a node (of `of`: as its copy). */
static void open_as(struct world *world, unsigned number, const char *called,
                    const struct life *of, bool late)
{
    static const msock_subscribe_options observing = {.observe = true};
    struct world_node *node = &world->nodes[number];
    assert(node->life == NULL);
    char url[64];
    char will[WILLS_TEXT_SIZE];
    msock_options options = node->options;
    snprintf(url, sizeof(url), "sim://%s", world->network);
    options.name = node->name;
    options.key_file = world->sealed ? world->key_path : NULL;
    options.will_topic = WILLS_TOPIC;
    options.will = will;
    report_note(&world->report, "%s opens", node->name);
    traffic_opened(&world->traffic, number);
    node->life = ledger_open(&world->ledger, number, node->name, node->filter,
                             world_now(world));
    wills_write(node->life, will);
    node->life->called = called;
    node->life->forgetful = options.sessions_max > 0 || options.pending_max > 0;
    msock_channel *channel;
    int result = msock_open(&channel, url, &options);
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", url, msock_error_detail());
    }
    assert(result == 0);
    node->life->channel = channel;
    disguise_name(channel, called);
    if (of != NULL) {
        disguise_session(channel, of->channel, late);
        shared_add(&world->shared, node->life, of);
        ledger_blur(&world->ledger, of);
    }
    result = msock_subscribe(channel, node->filter, on_message, node, NULL);
    assert(result > 0);
    /* Nobody is told of this one: world_check_rosters() would find out. */
    result = msock_subscribe(channel, WILLS_TOPIC, on_will, node, &observing);
    assert(result > 0);
    result = node->keeper ? msock_keep(channel, "#", NULL, NULL) : 0;
    assert(result == 0);
    result = msock_watch(channel, on_event, node);
    assert(result == 0);
    (void)result;
    ledger_refresh(node->life, world_now(world));
}

void world_open(struct world *world, unsigned number)
{
    open_as(world, number, world->nodes[number].called, NULL, false);
}

void world_copy(struct world *world, unsigned number, unsigned of, bool late)
{
    const struct life *life = world->nodes[of].life;
    assert(world->sealed && life != NULL);
    report_note(&world->report, "%s is a copy of %s", world->nodes[number].name,
                life->name);
    open_as(world, number, life->called, life, late);
}

void world_open_all(struct world *world)
{
    for (unsigned i = 0; i < world->node_count; i++) {
        world_open(world, i);
    }
}

/* From a callback, where closing does not let time pass. */
static void close_now(msock_channel *channel, void *user)
{
    msock_close(channel, on_closed, user);
}

void world_close(struct world *world, unsigned number)
{
    struct world_node *node = &world->nodes[number];
    assert(world_alive(world, number));
    report_note(&world->report, "%s closes", node->name);
    node->life->closing = true;
    node->life->closing_us = world_now(world);
    int result = msock_timer_start(node->life->channel, 0, 0, close_now, node);
    assert(result > 0);
    (void)result;
}

/* The network lets sleep and crash by what nodes are called: they show who they
 * are for that. */
static void unmask(struct world *world, bool unmasked)
{
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        if (life != NULL) {
            disguise_name(life->channel,
                          unmasked ? world->nodes[i].name : life->called);
        }
    }
}

void world_crash(struct world *world, unsigned number)
{
    struct world_node *node = &world->nodes[number];
    report_note(&world->report, "%s crashes", node->name);
    unmask(world, true);
    int result = msock_sim_crash(world->sim, node->name);
    assert(result == 1);
    (void)result;
    ledger_end(node->life, world_now(world));
    node->life = NULL;
    unmask(world, false);
}

void world_listen(struct world *world, unsigned number)
{
    struct world_node *node = &world->nodes[number];
    struct life *life = node->life;
    if (life->extra > 0) {
        int code = msock_unsubscribe(life->channel, life->extra);
        assert(code == 0);
        (void)code;
        life->extra = 0;
    } else {
        life->extra =
            msock_subscribe(life->channel, WORLD_EXTRA, on_message, node, NULL);
        assert(life->extra > 0);
    }
}

void world_suspend(struct world *world, unsigned number, unsigned duration_ms)
{
    struct life *life = world->nodes[number].life;
    report_note(&world->report, "%s sleeps for %u ms", life->name, duration_ms);
    unmask(world, true);
    int result = msock_sim_suspend(world->sim, life->name, duration_ms);
    unmask(world, false);
    assert(result == 1);
    (void)result;
    life->slept_us += UINT64_C(1000) * duration_ms;
    life->asleep_us = world_now(world) + UINT64_C(1000) * duration_ms;
}

int world_publish(struct world *world, unsigned node,
                  const struct publication *publication)
{
    assert(world_alive(world, node));
    return publish_in(&world->nodes[node], publication);
}

int world_state(struct world *world, unsigned node, unsigned topic, bool clear)
{
    struct life *life = world->nodes[node].life;
    assert(world_alive(world, node));
    int result = states_publish(life, topic, clear);
    report_note(&world->report, "%s %s the state of %s: %s", life->name,
                clear ? "clears" : "publishes", states_topic(topic),
                result < 0 ? msock_error_name(result) : "taken");
    return result;
}

/* -- Time -- */

/* A channel that closes sends what it has for 30 s at most, and answers for 2 s
 * more. */
static void check_closing(struct world *world, const struct life *life)
{
    uint64_t since_us = larger(life->closing_us, life->asleep_us);
    if (life->closing && world_now(world) > since_us + 32100000) {
        report_fail(&world->report, "%s does not close", life->name);
    }
}

static void check_budgets(struct world *world)
{
    uint64_t second = world_now(world) / 1000000;
    if (second == world->checked_s) {
        return;
    }
    world->checked_s = second;
    for (unsigned i = 0; i < world->node_count; i++) {
        traffic_check(&world->traffic, i, world->node_count, world_now(world));
    }
}

static void tick(struct world *world)
{
    uint64_t now_us = world_now(world);
    for (unsigned i = 0; i < world->node_count; i++) {
        struct world_node *node = &world->nodes[i];
        if (node->life != NULL && node->life->channel != NULL) {
            ledger_refresh(node->life, now_us);
            bounds_check(&world->report, node->life->channel);
            check_closing(world, node->life);
        }
    }
    orders_tick(&world->orders, now_us);
    questions_tick(&world->questions, now_us);
    check_budgets(world);
}

void world_run(struct world *world, uint64_t duration_ms)
{
    uint64_t tick_ms = duration_ms < 120000 ? WORLD_TICK_MS : 1000;
    while (duration_ms > 0) {
        uint64_t step_ms = duration_ms < tick_ms ? duration_ms : tick_ms;
        msock_sim_run(world->sim, step_ms);
        duration_ms -= step_ms;
        tick(world);
    }
}

bool world_heard(const struct world *world, unsigned node, unsigned sender,
                 size_t number)
{
    const struct hearing *hearing =
        &world->nodes[node].life->hearings[world->nodes[sender].life->number];
    return number < hearing->seen_count && hearing->seen[number] != 0;
}

uint64_t world_counter(const struct world *world, int node,
                       enum msock_counter counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        if (life != NULL && (node < 0 || (unsigned)node == i)) {
            sum += msock_counter_get(life->channel, counter);
        }
    }
    return sum;
}
