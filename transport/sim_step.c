/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of virtual networks: who steps next, and what a step is. */
#include "transport/sim_step.h"

#include "transport/sim_virtual.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32 };

static struct msock__sim_node *from_entry(struct msock__sim_entry *entry)
{
    return (struct msock__sim_node *)(void *)entry;
}

static struct msock__engine *engine_of(const struct msock__sim_node *node)
{
    return msock__channel_engine(node->channel);
}

uint64_t msock__sim_node_now(const struct msock__sim_node *node)
{
    return msock__sim_clock_local(&node->clock, node->net->now_us);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The earliest moment for a node's next step. */
static uint64_t earliest_us(const struct msock__sim_node *node)
{
    uint64_t now_us = node->net->now_us;
    bool stepped_now = node->net->running && node->stepped_us == now_us;
    return larger(stepped_now ? now_us + 1 : now_us, node->asleep_us);
}

void msock__sim_node_hasten(struct msock__sim_node *node, uint64_t due_us)
{
    uint64_t at_us = larger(due_us, earliest_us(node));
    if (at_us < node->entry.due_us) {
        msock__sim_heap_move(&node->net->nodes, &node->entry, at_us);
    }
}

/* -- A step -- */

/* For how long a copy lay before the node, on its own clock. */
static uint64_t waited_us(const struct msock__sim_node *node, uint64_t due_us)
{
    /* Further back this clock does not reach. */
    uint64_t since_us = larger(due_us, node->clock.network_us);
    return msock__sim_node_now(node) -
           msock__sim_clock_local(&node->clock, since_us);
}

static void take_arrivals(struct msock__sim_node *node)
{
    struct msock__sim_net *net = node->net;
    struct msock__sim_arrival arrival;
    char from[MSOCK_NAME_MAX + sizeof(":0")];
    /* Who closes still listens: he may be asked for what he sent. */
    for (;;) {
        msock__sim_net_lock(net);
        bool taken = msock__sim_take(node->endpoint, net->now_us, net->scratch,
                                     &arrival);
        msock__sim_net_unlock(net);
        if (!taken) {
            break;
        }
        if (node->raw) {
            snprintf(from, sizeof(from), "%s:0", arrival.from);
        }
        struct msock__datagram datagram = {.bytes = arrival.bytes,
                                           .size = arrival.size,
                                           .from = node->raw ? from : NULL,
                                           .waited_us =
                                               waited_us(node, arrival.due_us),
                                           .own = arrival.own};
        msock__engine_input(engine_of(node), msock__sim_node_now(node),
                            &datagram);
    }
}

static void report_overflow(struct msock__sim_node *node)
{
    uint64_t count = msock__sim_overflowed(node->endpoint);
    if (count > 0) {
        msock__engine_count(engine_of(node), msock__sim_node_now(node),
                            MSOCK_DROP_KERNEL, count);
    }
}

static void flush(struct msock__sim_node *node)
{
    struct msock__sim_net *net = node->net;
    struct msock__outgoing frames[BATCH];
    for (;;) {
        size_t count = msock__engine_output(
            engine_of(node), msock__sim_node_now(node), frames, BATCH);
        if (count == 0) {
            break;
        }
        msock__sim_net_lock(net);
        for (size_t i = 0; i < count; i++) {
            msock__sim_send(node->endpoint, net->now_us, frames[i].bytes,
                            frames[i].size);
        }
        msock__sim_net_unlock(net);
        msock__engine_sent(engine_of(node), count);
    }
}

/* When the node wants its next step. */
static uint64_t wanted_us(const struct msock__sim_node *node)
{
    uint64_t due_us = msock__sim_clock_network(
        &node->clock, msock__engine_deadline(engine_of(node)));
    uint64_t arrival_us = msock__sim_due(node->endpoint);
    uint64_t end_us = node->closing ? node->give_up_us : MSOCK__SIM_NEVER;
    due_us = smaller(due_us, node->worked_us);
    return smaller(smaller(due_us, arrival_us), end_us);
}

static void step(struct msock__sim_node *node)
{
    node->stepped_us = node->net->now_us;
    if (node->worked_us <= node->net->now_us) {
        node->worked_us = MSOCK__SIM_NEVER;
        msock__engine_worked(engine_of(node), msock__sim_node_now(node));
    }
    take_arrivals(node);
    report_overflow(node);
    msock__engine_tick(engine_of(node), msock__sim_node_now(node));
    flush(node);
    /* This replaces what wake() asked for meanwhile: the flush did it. */
    uint64_t next_us = larger(wanted_us(node), earliest_us(node));
    msock__sim_heap_move(&node->net->nodes, &node->entry, next_us);
}

void msock__sim_node_free(struct msock__sim_node *node)
{
    msock__sim_heap_remove(&node->net->nodes, &node->entry);
    msock__sim_net_lock(node->net);
    msock__sim_detach(node->endpoint);
    msock__sim_net_unlock(node->net);
    msock__sim_net_release(node->net);
    free(node);
}

/* The end of a node; what its `closed` does finds it gone. */
static void finish(struct msock__sim_node *node)
{
    msock_closed *closed = node->closed;
    void *user = node->closed_user;
    if (node->gone != NULL) {
        *node->gone = true;
    }
    msock__channel_free(node->channel);
    msock__sim_node_free(node);
    if (closed != NULL) {
        closed(user);
    }
}

bool msock__sim_advance(struct msock__sim_net *net, uint64_t end_us)
{
    struct msock__sim_entry *entry = msock__sim_heap_first(&net->nodes);
    if (entry == NULL || entry->due_us == MSOCK__SIM_NEVER ||
        entry->due_us > end_us) {
        return false;
    }
    assert(entry->due_us >= net->now_us);
    net->now_us = entry->due_us;

    struct msock__sim_node *node = from_entry(entry);
    step(node);
    if (node->closing && (msock__engine_drained(engine_of(node)) ||
                          net->now_us >= node->give_up_us)) {
        finish(node);
    }
    return true;
}

void msock__sim_enter(struct msock__sim_net *net)
{
    assert(!net->running);
    msock__sim_net_hold(net);
    net->running = true;
}

void msock__sim_leave(struct msock__sim_net *net)
{
    net->running = false;
    msock__sim_net_release(net);
}

void msock__sim_virtual_run(struct msock__sim_net *net, uint64_t end_us)
{
    msock__sim_enter(net);
    while (msock__sim_advance(net, end_us)) {
    }
    if (net->now_us < end_us) {
        net->now_us = end_us;
    }
    msock__sim_leave(net);
}

static bool is_closing(const struct msock__sim_net *net)
{
    for (size_t i = 0; i < net->nodes.count; i++) {
        if (from_entry(net->nodes.entries[i])->closing) {
            return true;
        }
    }
    return false;
}

void msock__sim_virtual_settle(struct msock__sim_net *net)
{
    msock__sim_enter(net);
    while (is_closing(net) && msock__sim_advance(net, UINT64_MAX)) {
    }
    msock__sim_leave(net);
}

/* -- What befalls nodes -- */

/* The node of that name with the lowest order from `order` on, or NULL: the
 * heap's own order depends on what happened before. */
static struct msock__sim_node *next_named(const struct msock__sim_net *net,
                                          const char *name, uint64_t order)
{
    struct msock__sim_node *found = NULL;
    for (size_t i = 0; i < net->nodes.count; i++) {
        struct msock__sim_node *node = from_entry(net->nodes.entries[i]);
        bool named =
            name == NULL || strcmp(msock_name(node->channel), name) == 0;
        if (named && node->entry.order >= order &&
            (found == NULL || node->entry.order < found->entry.order)) {
            found = node;
        }
    }
    return found;
}

int msock__sim_virtual_crash(struct msock__sim_net *net, const char *name)
{
    assert(!net->running);
    int count = 0;
    struct msock__sim_node *node;
    while ((node = next_named(net, name, 0)) != NULL) {
        msock__channel_free(node->channel);
        msock__sim_node_free(node);
        count++;
    }
    return count;
}

static void suspend(struct msock__sim_node *node, uint64_t until_us)
{
    struct msock__sim_net *net = node->net;
    node->asleep_us = until_us;
    msock__sim_net_lock(net);
    msock__sim_deafen(node->endpoint, until_us);
    msock__sim_net_unlock(net);
    /* It wakes then, whatever it waits for. */
    msock__sim_heap_move(&net->nodes, &node->entry, earliest_us(node));
}

int msock__sim_virtual_suspend(struct msock__sim_net *net, const char *name,
                               uint64_t until_us)
{
    int count = 0;
    struct msock__sim_node *node;
    for (uint64_t order = 0; (node = next_named(net, name, order)) != NULL;
         order = node->entry.order + 1) {
        suspend(node, until_us);
        count++;
    }
    return count;
}

void msock__sim_virtual_drift(struct msock__sim_net *net)
{
    for (size_t i = 0; i < net->nodes.count; i++) {
        struct msock__sim_node *node = from_entry(net->nodes.entries[i]);
        int64_t drift_ppb = msock__sim_drift(node->endpoint);
        if (drift_ppb != node->clock.drift_ppb) {
            msock__sim_clock_drift(&node->clock, net->now_us, drift_ppb);
            /* What it waits for comes at another time now. */
            msock__sim_node_hasten(node, 0);
        }
    }
}
