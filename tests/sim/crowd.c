/* SPDX-License-Identifier: Apache-2.0 */
/* Crowds: many channels, their events counted, their datagrams weighed. */
#include "tests/sim/crowd.h"

#include "tests/sim/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SECOND_MS = 1000,
    /* So long after the last one opened, openings are on their way. */
    OPENINGS_S = 2,
    GROUP_RATE = 8000 /* bytes/s of hellos and queries, by 7.6 */
};

/* What one node knows of another. */
enum { HEARD_UP = 1, HEARD_ALL = 2 };

struct crowd_node {
    struct crowd *crowd;
    uint8_t *knows; /* of each other node */
    char name[16];
};

struct crowd {
    const struct crowd_config *config;
    struct crowd_result *result;
    struct report report;
    struct wire wire;
    struct traffic traffic;
    struct crowd_node *nodes;
    uint8_t *knows;
    char key_path[64]; /* "": the channels are open */
    uint64_t pairs_up;
    uint64_t pairs_known;
    struct traffic_count before; /* totals a second ago */
};

static uint64_t pairs_of(const struct crowd *crowd)
{
    uint64_t count = crowd->config->node_count;
    return count * (count - 1);
}

/* -- What happens -- */

static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    struct crowd_node *node = user;
    struct crowd *crowd = node->crowd;
    unsigned long number = strtoul(event->node + 1, NULL, 10);
    (void)channel;
    if (event->node[0] != 'n' || number >= crowd->config->node_count) {
        return;
    }
    uint8_t *knows = &node->knows[number];
    if (event->kind == MSOCK_EVENT_UP && (*knows & HEARD_UP) == 0) {
        *knows |= HEARD_UP;
        crowd->pairs_up++;
    } else if (event->kind == MSOCK_EVENT_CHANGED &&
               (*knows & HEARD_ALL) == 0) {
        *knows |= HEARD_ALL;
        crowd->pairs_known++;
    } else if (event->kind == MSOCK_EVENT_DOWN) {
        crowd->result->downs++;
    }
}

static void on_datagram(const msock_sim_event *event, void *user)
{
    struct crowd *crowd = user;
    if (event->kind == MSOCK_SIM_SENT) {
        struct wire_view view = {0};
        wire_read(&crowd->wire, event->bytes, event->size, &view);
        traffic_sent(&crowd->traffic,
                     (unsigned)strtoul(event->from + 1, NULL, 10), &view,
                     event->now_us);
    }
}

/* -- Making -- */

static void write_key(struct crowd *crowd)
{
    snprintf(crowd->key_path, sizeof(crowd->key_path),
             "/tmp/multisock-crowd-XXXXXX");
    int file = mkstemp(crowd->key_path); /* mode 0600, as it must be */
    assert(file >= 0);
    ssize_t written = write(file, WIRE_KEY, strlen(WIRE_KEY));
    assert(written == (ssize_t)strlen(WIRE_KEY));
    (void)written;
    close(file);
}

static void init(struct crowd *crowd, const struct crowd_config *config,
                 struct crowd_result *result)
{
    size_t count = config->node_count;
    assert(count >= 2 && count <= CROWD_MAX && config->stop_s <= CROWD_SECONDS);
    *result = (struct crowd_result){0};
    *crowd = (struct crowd){.config = config, .result = result};
    crowd->nodes = calloc(count, sizeof(*crowd->nodes));
    crowd->knows = calloc(count, count);
    assert(crowd->nodes != NULL && crowd->knows != NULL);
    traffic_init(&crowd->traffic, &crowd->report);
    wire_init(&crowd->wire, "crowd", config->sealed);
    if (config->sealed) {
        write_key(crowd);
    }
}

static void fini(struct crowd *crowd)
{
    traffic_fini(&crowd->traffic);
    wire_fini(&crowd->wire);
    if (crowd->key_path[0] != '\0') {
        unlink(crowd->key_path);
    }
    free(crowd->knows);
    free(crowd->nodes);
}

static msock_sim *open_network(const struct crowd *crowd)
{
    msock_sim *sim;
    const struct crowd_config *config = crowd->config;
    int result =
        msock_sim_open(&sim, "crowd",
                       &(msock_sim_options){.seed = config->seed,
                                            .faults = {.loss = config->loss,
                                                       .delay_ms = 0.2,
                                                       .jitter_ms = 0.3}});
    assert(result == 0);
    (void)result;
    return sim;
}

static void open_node(struct crowd *crowd, unsigned number)
{
    struct crowd_node *node = &crowd->nodes[number];
    node->crowd = crowd;
    node->knows = crowd->knows + (size_t)number * crowd->config->node_count;
    snprintf(node->name, sizeof(node->name), "n%u", number);
    msock_options options = {.name = node->name,
                             .pending_max = crowd->config->pending_max,
                             .key_file = crowd->config->sealed ? crowd->key_path
                                                               : NULL};
    msock_channel *channel;
    int result = msock_open(&channel, "sim://crowd", &options);
    assert(result == 0);
    result = msock_watch(channel, on_event, node);
    assert(result == 0);
    (void)result;
}

/* -- The passing of time -- */

static uint64_t announced(const struct traffic_count *count)
{
    return count->bytes[WIRE_HELLO] + count->bytes[WIRE_QUERY];
}

static void print_second(const struct crowd *crowd, uint64_t second,
                         const struct traffic_count *now, FILE *out)
{
    const double pairs = (double)pairs_of(crowd);
    fprintf(out, "%4" PRIu64 " s  up %6.2f %%  known %6.2f %%  KB/s:", second,
            100.0 * (double)crowd->pairs_up / pairs,
            100.0 * (double)crowd->pairs_known / pairs);
    static const enum wire_kind kinds[] = {WIRE_HELLO, WIRE_QUERY,
                                           WIRE_CHALLENGE, WIRE_ANSWER};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t bytes = now->bytes[kinds[i]] - crowd->before.bytes[kinds[i]];
        fprintf(out, "  %s %.1f", wire_name(kinds[i]), (double)bytes / 1000.0);
    }
    fputc('\n', out);
    fflush(out);
}

/* A second is over. */
static void tick(struct crowd *crowd, uint64_t second)
{
    const struct crowd_config *config = crowd->config;
    struct crowd_result *result = crowd->result;
    struct traffic_count now = traffic_total(&crowd->traffic, -1);
    uint64_t said = announced(&now) - announced(&crowd->before);
    for (unsigned i = 0; i < config->node_count; i++) {
        traffic_check(&crowd->traffic, i, config->node_count,
                      second * SECOND_MS * 1000);
    }
    if (second > OPENINGS_S && said > result->hello_worst) {
        result->hello_worst = said;
    }
    result->total = now;
    result->hello_average = announced(&now) / second;
    if (config->out != NULL) {
        print_second(crowd, second, &now, config->out);
    }
    crowd->before = now;
}

static void note_progress(const struct crowd *crowd, uint64_t now_ms)
{
    struct crowd_result *result = crowd->result;
    uint64_t pairs = pairs_of(crowd);
    if (result->up_ms == 0 && crowd->pairs_up == pairs) {
        result->up_ms = now_ms;
    }
    if (result->known_ms == 0 && crowd->pairs_known == pairs) {
        result->known_ms = now_ms;
    }
}

static bool is_over(const struct crowd *crowd, uint64_t now_ms)
{
    const struct crowd_config *config = crowd->config;
    uint64_t known_ms = crowd->result->known_ms;
    return now_ms >= (uint64_t)config->stop_s * SECOND_MS ||
           (known_ms > 0 &&
            now_ms >= known_ms + (uint64_t)config->after_s * SECOND_MS);
}

void crowd_play(const struct crowd_config *config, struct crowd_result *result)
{
    enum { TICK_MS = 10 };
    struct crowd crowd;
    init(&crowd, config, result);
    msock_sim *sim = open_network(&crowd);
    crowd.report.sim = sim;
    msock_sim_tap(sim, on_datagram, &crowd);
    unsigned opened = 0;
    uint64_t now_ms = 0;
    for (; !is_over(&crowd, now_ms); now_ms += TICK_MS) {
        uint64_t due = config->node_count * (now_ms + TICK_MS) / SECOND_MS;
        for (; opened < config->node_count && opened < due; opened++) {
            open_node(&crowd, opened);
        }
        msock_sim_run(sim, TICK_MS);
        note_progress(&crowd, now_ms + TICK_MS);
        if ((now_ms + TICK_MS) % SECOND_MS == 0) {
            tick(&crowd, (now_ms + TICK_MS) / SECOND_MS);
        }
    }
    result->ran_ms = now_ms;
    result->failed = crowd.report.failed;
    memcpy(result->why, crowd.report.why, sizeof(result->why) - 1);
    msock_sim_tap(sim, NULL, NULL);
    msock_sim_crash(sim, NULL);
    msock_sim_close(sim);
    fini(&crowd);
}

static void print_kind(const struct traffic_count *total, enum wire_kind kind,
                       FILE *out)
{
    fprintf(out, "%-15s %" PRIu64 " frames, %.1f KB\n", wire_name(kind),
            total->frames[kind], (double)total->bytes[kind] / 1000.0);
}

static void print_time(const char *what, uint64_t ms, FILE *out)
{
    if (ms > 0) {
        fprintf(out, "%-15s after %.2f s\n", what, (double)ms / SECOND_MS);
    } else {
        fprintf(out, "%-15s never\n", what);
    }
}

void crowd_print(const struct crowd_config *config,
                 const struct crowd_result *result, FILE *out)
{
    fprintf(out, "%u nodes, %s, %g %% loss, seed %" PRIu64 "\n",
            config->node_count, config->sealed ? "sealed" : "open",
            config->loss, config->seed);
    print_time("all up", result->up_ms, out);
    print_time("all known", result->known_ms, out);
    print_kind(&result->total, WIRE_HELLO, out);
    print_kind(&result->total, WIRE_QUERY, out);
    print_kind(&result->total, WIRE_CHALLENGE, out);
    print_kind(&result->total, WIRE_ANSWER, out);
    fprintf(out,
            "hellos, queries %.1f KB/s in the worst second after the "
            "openings\n"
            "downs           %" PRIu64 "\n",
            (double)result->hello_worst / 1000.0, result->downs);
    if (result->failed) {
        fprintf(out, "failed: %s\n", result->why);
    }
}
