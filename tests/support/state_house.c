/* SPDX-License-Identifier: Apache-2.0 */
/* Houses with states. */
#include "tests/support/state_house.h"

#include "tests/support/sim_node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct house house;

static const char *topic_of(unsigned index)
{
    static const char *const topics[HOUSE_TOPICS] = {"s/lamp", "s/door",
                                                     "s/tap"};
    return topics[index];
}

static unsigned topic_number(const char *topic)
{
    unsigned index = 0;
    while (index < HOUSE_TOPICS && strcmp(topic_of(index), topic) != 0) {
        index++;
    }
    assert(index < HOUSE_TOPICS);
    return index;
}

static bool is_newer(const struct house_state *one,
                     const struct house_state *other)
{
    return one->version > other->version ||
           (one->version == other->version &&
            one->session_short > other->session_short);
}

static bool is_same(const struct house_state *one,
                    const struct house_state *other)
{
    return one->version == other->version &&
           one->session_short == other->session_short &&
           strcmp(one->data, other->data) == 0;
}

/* -- What nodes do -- */

static int on_state(msock_channel *channel, const msock_message *message,
                    void *user)
{
    struct house_node *node = user;
    struct house_state state = {.version = message->version,
                                .session_short = message->session};
    struct house_state *shown = &node->shown[topic_number(message->topic)];
    bool complete = true;

    (void)channel;
    snprintf(state.data, sizeof(state.data), "%s", message->data);
    node->went_back += !is_newer(&state, shown);
    *shown = state;
    for (unsigned i = 0; i < HOUSE_TOPICS; i++) {
        complete = complete && node->shown[i].version > 0;
    }
    if (complete && node->complete_us == 0) {
        node->complete_us = msock_sim_now_us(house.sim);
    }
    return 0;
}

static uint64_t short_of(const uint8_t session[static MSOCK_SESSION_SIZE])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | session[i];
    }
    return number;
}

static void write_down(msock_channel *channel, const msock_state *state,
                       void *user)
{
    struct house_state *states = user;
    struct house_state *at = &states[topic_number(state->topic)];

    (void)channel;
    at->version = state->version;
    at->session_short = short_of(state->session);
    memcpy(at->session, state->session, sizeof(at->session));
    snprintf(at->owner, sizeof(at->owner), "%s", state->owner);
    snprintf(at->data, sizeof(at->data), "%s", state->data);
}

static void restore(struct house_node *node)
{
    for (unsigned i = 0; i < HOUSE_TOPICS; i++) {
        const struct house_state *kept = &node->disk[i];
        if (kept->version > 0) {
            int code =
                msock_state_restore(node->channel, topic_of(i), kept->version,
                                    kept->owner, kept->session, kept->data);
            assert(code >= 0);
            (void)code;
        }
    }
}

/* -- In header order -- */

void house_make(uint64_t seed, bool sealed, double loss)
{
    const msock_sim_options options = {
        .seed = seed,
        .faults = {.loss = loss, .delay_ms = 0.2, .jitter_ms = 1}};

    house = (struct house){0};
    if (sealed) {
        sim_key_file(house.key_file);
    }
    int code = msock_sim_open(&house.sim, "house", &options);
    assert(code == 0);
    (void)code;
}

void house_leave(void)
{
    msock_sim_crash(house.sim, NULL);
    msock_sim_close(house.sim);
    if (house.key_file[0] != '\0') {
        unlink(house.key_file);
    }
}

void house_open(unsigned number, bool keeps)
{
    struct house_node *node = &house.nodes[number];
    const msock_options options = {
        .name = node->name,
        .key_file = house.key_file[0] != '\0' ? house.key_file : NULL};

    snprintf(node->name, sizeof(node->name), "node%u", number);
    memset(node->shown, 0, sizeof(node->shown));
    node->complete_us = 0;
    node->keeps = keeps;
    int code = msock_open(&node->channel, "sim://house", &options);
    assert(code == 0);
    if (keeps) {
        code = msock_keep(node->channel, "s/#", write_down, node->disk);
        assert(code == 0);
        restore(node);
    }
    code = msock_subscribe(node->channel, "s/#", on_state, node, NULL);
    assert(code > 0);
    (void)code;
}

void house_open_all(unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        house_open(i, false);
    }
}

void house_crash(unsigned number)
{
    int code = msock_sim_crash(house.sim, house.nodes[number].name);
    assert(code == 1);
    (void)code;
    house.nodes[number].channel = NULL;
}

void house_publish(unsigned number, unsigned value)
{
    const msock_publish_options state = {.state = true};
    char json[HOUSE_DATA_MAX];

    snprintf(json, sizeof(json), "%u", value);
    for (unsigned i = 0; i < HOUSE_TOPICS; i++) {
        int code = msock_publish(house.nodes[number].channel, topic_of(i), json,
                                 &state);
        assert(code >= 0);
        (void)code;
    }
}

void house_cut(unsigned one, unsigned other, bool cut)
{
    const char *a = house.nodes[one].name;
    const char *b = house.nodes[other].name;

    msock_sim_partition(house.sim, a, b, cut);
    msock_sim_partition(house.sim, b, a, cut);
}

void house_run(uint64_t ms)
{
    msock_sim_run(house.sim, ms);
}

/* Whether a node holds `newest`, which is what the first one holds, and was
 * shown it: an owner maybe under a version of before, which it went above. */
static bool agrees(const struct house_node *node, struct house_state *newest)
{
    struct house_state held[HOUSE_TOPICS] = {{0}};
    bool same = true;

    msock_state_each(node->channel, "s/#", write_down, held);
    for (unsigned i = 0; i < HOUSE_TOPICS; i++) {
        if (newest[i].version == 0) {
            newest[i] = held[i];
        }
        same = same && held[i].version > 0 && is_same(&held[i], &newest[i]) &&
               strcmp(held[i].data, node->shown[i].data) == 0;
    }
    return same;
}

bool house_agrees(void)
{
    struct house_state newest[HOUSE_TOPICS] = {{0}};
    bool all = true;

    for (unsigned i = 0; i < HOUSE_NODES_MAX; i++) {
        const struct house_node *node = &house.nodes[i];
        all = all && (node->channel == NULL || agrees(node, newest));
    }
    return all;
}

bool house_shows(unsigned value)
{
    char json[HOUSE_DATA_MAX];
    bool all = true;

    snprintf(json, sizeof(json), "%u", value);
    for (unsigned i = 0; i < HOUSE_NODES_MAX; i++) {
        const struct house_node *node = &house.nodes[i];
        for (unsigned j = 0; j < HOUSE_TOPICS; j++) {
            all = all && (node->channel == NULL ||
                          strcmp(node->shown[j].data, json) == 0);
        }
    }
    return all;
}

uint64_t house_settle(uint64_t most_ms)
{
    enum { STEP_MS = 5, STAYS_MS = 500 };
    uint64_t from_us = msock_sim_now_us(house.sim);
    uint64_t since_us = UINT64_MAX; /* they have agreed */
    uint64_t now_us = from_us;

    while (now_us < from_us + 1000 * (most_ms + STAYS_MS) &&
           (since_us == UINT64_MAX || now_us < since_us + 1000 * STAYS_MS)) {
        bool agree = house_agrees();
        since_us =
            !agree ? UINT64_MAX : (since_us < now_us ? since_us : now_us);
        house_run(STEP_MS);
        now_us = msock_sim_now_us(house.sim);
    }
    return since_us == UINT64_MAX ? 1000 * most_ms : since_us - from_us;
}

uint64_t house_complete(unsigned number, uint64_t from_us, uint64_t most_ms)
{
    const struct house_node *node = &house.nodes[number];

    while (node->complete_us == 0 &&
           msock_sim_now_us(house.sim) < from_us + 1000 * most_ms) {
        house_run(1);
    }
    return node->complete_us > 0 ? node->complete_us - from_us : 1000 * most_ms;
}

unsigned house_went_back(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < HOUSE_NODES_MAX; i++) {
        sum += house.nodes[i].went_back;
    }
    return sum;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

uint64_t house_figures(const char *what, uint64_t *times, size_t count,
                       unsigned per_cent)
{
    qsort(times, count, sizeof(*times), by_time);
    printf("%s: %.1f ms (median), %.1f ms (99 %%), %.1f ms (worst of %zu)\n",
           what, (double)times[count / 2] / 1000.0,
           (double)times[count * 99 / 100] / 1000.0,
           (double)times[count - 1] / 1000.0, count);
    return times[count * per_cent / 100];
}
