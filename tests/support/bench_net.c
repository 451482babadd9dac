/* SPDX-License-Identifier: Apache-2.0 */
/* Bench channels on one network. */
#include "tests/support/bench_net.h"

#include "core/engine_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_SIZE = 64 * 1024 * 1024, ROUNDS_MAX = 100000 };

enum { SEED = 4711 };

struct net net = {.now_us = NET_SECOND_US, .dice = {SEED}};

/* No allocation of its own: tests count those of the engine. */
static uint8_t arena[ARENA_SIZE];
static size_t arena_used;

/* -- Nodes -- */

struct bench *net_bench(size_t node)
{
    assert(node < net.count);
    return &net.nodes[node].bench;
}

msock_channel *net_channel(size_t node)
{
    return net_bench(node)->channel;
}

uint64_t net_counter(size_t node, enum msock_counter counter)
{
    return msock_counter_get(net_channel(node), counter);
}

static void note_event(msock_channel *channel, const msock_event *event,
                       void *user)
{
    struct net_node *node = user;
    (void)channel;
    if (node->event_count < NET_EVENTS_MAX) {
        struct net_event *noted = &node->events[node->event_count++];
        *noted = (struct net_event){.kind = event->kind,
                                    .session = event->session,
                                    .first = event->first,
                                    .count = event->count};
        snprintf(noted->node, sizeof(noted->node), "%s", event->node);
    }
}

static int note_number(msock_channel *channel, const msock_message *message,
                       void *user)
{
    struct net_node *node = user;
    int number = atoi(message->data);
    (void)channel;
    if (node->first_number == 0) {
        node->first_number = number;
    } else if (number != node->last_number + 1) {
        node->disorder++;
    }
    node->last_number = number;
    return 0;
}

static size_t open_node(const char *name, const char *options, int key,
                        uint8_t group)
{
    assert(net.count < NET_NODES_MAX);
    struct net_node *node = &net.nodes[net.count];
    const struct bench_life life = {net.now_us, &net.dice, group};
    *node = (struct net_node){.alive = true};
    bench_open_life(&node->bench, name, options, key, &life);
    int code = bench_record(&node->bench, "#", true);
    assert(code > 0);
    const msock_subscribe_options others = {.no_local = true};
    code =
        msock_subscribe(node->bench.channel, "n", note_number, node, &others);
    assert(code > 0);
    code = msock_watch(node->bench.channel, note_event, node);
    assert(code == 0);
    return net.count++;
}

size_t net_open(const char *name, const char *options, int key)
{
    return open_node(name, options, key, 1);
}

size_t net_open_elsewhere(const char *name, int key)
{
    return open_node(name, "", key, 2);
}

void net_crash(size_t node)
{
    assert(net.nodes[node].alive);
    net.nodes[node].alive = false;
}

void net_close(void)
{
    for (size_t i = 0; i < net.count; i++) {
        bench_close(&net.nodes[i].bench);
    }
    net.count = 0;
    net.now_us = NET_SECOND_US;
    net.dice = (struct msock__dice){SEED};
    net.lose = NULL;
    net.frame_count = 0;
    arena_used = 0;
}

/* -- Frames -- */

/* A copy of a frame; when there is no room left, the last one's is used again.
 */
static const struct net_frame *record(size_t from,
                                      const struct msock__outgoing *frame)
{
    if (net.frame_count == NET_FRAMES_MAX ||
        frame->size > ARENA_SIZE - arena_used) {
        net.frame_count--;
        arena_used = (size_t)(net.frames[net.frame_count].bytes - arena);
    }
    assert(frame->size <= ARENA_SIZE - arena_used);
    struct net_frame *noted = &net.frames[net.frame_count++];
    uint8_t *bytes = arena + arena_used;
    arena_used += frame->size;
    memcpy(bytes, frame->bytes, frame->size);
    *noted = (struct net_frame){
        .from = from, .at_us = net.now_us, .bytes = bytes, .size = frame->size};
    int wrong = msock__frame_decode(bytes, frame->size, &noted->header);
    assert(wrong == 0);
    return noted;
}

static void give(const struct net_frame *frame, size_t to)
{
    struct net_node *node = &net.nodes[to];
    if (node->alive && !(net.lose && net.lose(frame, to))) {
        bench_feed(&node->bench, frame->bytes, frame->size, NULL, false);
    }
}

void net_replay(size_t first, size_t last, size_t to)
{
    for (size_t i = first; i < last; i++) {
        bench_feed(net_bench(to), net.frames[i].bytes, net.frames[i].size, NULL,
                   false);
    }
}

/* -- Time -- */

static size_t send_all(size_t from)
{
    struct bench *bench = net_bench(from);
    struct msock__outgoing frame;
    size_t sent = 0;
    while (msock__engine_output(bench->engine, net.now_us, &frame, 1) > 0) {
        const struct net_frame *noted = record(from, &frame);
        msock__engine_sent(bench->engine, 1);
        for (size_t to = 0; to < net.count; to++) {
            if (to != from) {
                give(noted, to);
            }
        }
        sent++;
    }
    return sent;
}

/* What callbacks were called for and did: the next turn takes it up. */
static uint64_t done_by_callbacks(size_t node)
{
    return net_counter(node, MSOCK_DELIVERED) +
           net_counter(node, MSOCK_TX_MESSAGES) +
           net_bench(node)->engine->closing;
}

/* A turn of one node's loop. */
static void turn(size_t node)
{
    struct bench *bench = net_bench(node);
    uint64_t before = done_by_callbacks(node);
    bool left = !msock__engine_sent_all(bench->engine);
    msock__engine_tick(bench->engine, net.now_us);
    bool moved = send_all(node) > 0;
    /* Copies that come too late go unsent: one that closes is then done. */
    bool emptied = left && msock__engine_sent_all(bench->engine);
    assert(moved || emptied || bench_idle(bench) ||
           before != done_by_callbacks(node));
    if (msock__engine_drained(bench->engine)) {
        net.nodes[node].alive = false;
    }
}

/* Gives everybody turns until nobody wants one at this time. */
static void settle(void)
{
    bool busy = true;
    for (size_t round = 0; busy; round++) {
        assert(round < ROUNDS_MAX);
        busy = false;
        for (size_t i = 0; i < net.count; i++) {
            if (net.nodes[i].alive) {
                turn(i);
            }
        }
        for (size_t i = 0; i < net.count; i++) {
            busy |= net.nodes[i].alive && !bench_idle(net_bench(i));
        }
    }
}

static void set_clocks(uint64_t now_us)
{
    net.now_us = now_us;
    for (size_t i = 0; i < net.count; i++) {
        net.nodes[i].bench.now_us = now_us;
    }
}

static uint64_t next_deadline(void)
{
    uint64_t due_us = UINT64_MAX;
    for (size_t i = 0; i < net.count; i++) {
        const struct net_node *node = &net.nodes[i];
        if (node->alive && !node->bench.forked) {
            uint64_t own_us = msock__engine_deadline(node->bench.engine);
            due_us = own_us < due_us ? own_us : due_us;
        }
    }
    return due_us;
}

void net_run(uint64_t for_us)
{
    uint64_t until_us = net.now_us + for_us;
    settle();
    for (uint64_t due_us = next_deadline(); due_us <= until_us;
         due_us = next_deadline()) {
        set_clocks(due_us > net.now_us ? due_us : net.now_us);
        settle();
    }
    set_clocks(until_us);
}

/* -- What is said and heard -- */

void net_publish(size_t node, const char *topic, const char *json)
{
    int code = msock_publish(net_channel(node), topic, json, NULL);
    assert(code == 0);
}

void net_publish_reliable(size_t node, const char *topic, const char *json)
{
    const msock_publish_options options = {.reliable = true};
    int code = msock_publish(net_channel(node), topic, json, &options);
    assert(code == 0);
}

void net_publish_numbers(size_t node, int first, int last)
{
    for (int i = first; i <= last; i++) {
        char json[16];
        snprintf(json, sizeof(json), "%d", i);
        net_publish_reliable(node, "n", json);
    }
}

void net_publish_apart(size_t node, int first, int last)
{
    for (int i = first; i <= last; i++) {
        net_publish_numbers(node, i, i);
        net_run(50);
    }
}

int net_publish_raw(size_t node, const char *topic, size_t size, bool reliable)
{
    char *bytes = calloc(1, size);
    assert(bytes != NULL);
    const msock_publish_options options = {
        .raw = bytes, .raw_size = size, .reliable = reliable};
    int code = msock_publish(net_channel(node), topic, NULL, &options);
    free(bytes);
    return code;
}

void net_open_pair(size_t *hub, size_t *node, const char *options, int key)
{
    *hub = net_open("hub", options, key);
    *node = net_open("kitchen", options, key);
    net_run(NET_SECOND_US);
}

bool net_lose_some(const struct net_frame *frame, size_t to)
{
    (void)frame;
    (void)to;
    return msock__dice_below(&net.dice, 100) < net.lose_percent;
}

bool net_heard_numbers(size_t node, int first, int last)
{
    const struct net_node *own = &net.nodes[node];
    return own->disorder == 0 && own->first_number == first &&
           own->last_number == last;
}

size_t net_event_count(size_t node, enum msock_event_kind kind)
{
    const struct net_node *own = &net.nodes[node];
    size_t count = 0;
    for (size_t i = 0; i < own->event_count; i++) {
        count += own->events[i].kind == kind ? 1 : 0;
    }
    return count;
}

const struct net_event *net_event_last(size_t node, enum msock_event_kind kind)
{
    const struct net_node *own = &net.nodes[node];
    const struct net_event *last = NULL;
    for (size_t i = 0; i < own->event_count; i++) {
        last = own->events[i].kind == kind ? &own->events[i] : last;
    }
    return last;
}

size_t net_sent(size_t node, unsigned stream, size_t since)
{
    size_t count = 0;
    for (size_t i = since; i < net.frame_count; i++) {
        const struct net_frame *frame = &net.frames[i];
        count += frame->from == node && frame->header.stream == stream ? 1 : 0;
    }
    return count;
}
