/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on virtual time: their driver, and the clock that steps them. */
#include "transport/sim_virtual.h"

#include "codec/error.h"
#include "transport/process.h"
#include "transport/sim.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH = 32,
    DRAIN_US = 2000000, /* how long a closing channel may go on sending */
};

/* A node's clock against the network's: like any host, it was up before the
 * network was. Drift of a node's own clock belongs into local_us() and
 * network_us(). */
static const uint64_t UPTIME_US = UINT64_C(3600000000);

struct node {
    struct msock__sim_entry entry; /* first: the heap knows only this */
    struct msock__driver driver;
    struct msock__sim_net *net;
    struct msock__sim_endpoint *endpoint;
    msock_channel *channel;
    unsigned generation; /* of the process that opened it */
    bool raw;
    atomic_bool stopped; /* the one thing that other threads touch */
    bool closing;
    uint64_t give_up_us; /* closing: sends until then */
    uint64_t stepped_us; /* last step */
    msock_closed *closed;
    void *closed_user;
    bool *gone; /* set when the node ends; of the call that waits for it */
};

static struct node *from_driver(const struct msock__driver *driver)
{
    return (struct node *)(void *)((char *)(uintptr_t)driver -
                                   offsetof(struct node, driver));
}

static struct node *from_entry(struct msock__sim_entry *entry)
{
    return (struct node *)(void *)entry;
}

static struct msock__engine *engine_of(const struct node *node)
{
    return msock__channel_engine(node->channel);
}

static uint64_t local_us(const struct node *node)
{
    return node->net->now_us + UPTIME_US;
}

static uint64_t network_us(uint64_t node_us)
{
    if (node_us == UINT64_MAX) {
        return MSOCK__SIM_NEVER;
    }
    return node_us > UPTIME_US ? node_us - UPTIME_US : 0;
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
static uint64_t earliest_us(const struct node *node)
{
    uint64_t now_us = node->net->now_us;
    bool stepped_now = node->net->running && node->stepped_us == now_us;
    return stepped_now ? now_us + 1 : now_us;
}

/* Lets a node step at `due_us` or as soon as it can after that, if it is not
 * going to earlier. */
static void hasten(struct node *node, uint64_t due_us)
{
    uint64_t at_us = larger(due_us, earliest_us(node));
    if (at_us < node->entry.due_us) {
        msock__sim_heap_move(&node->net->nodes, &node->entry, at_us);
    }
}

static void on_model_wake(void *owner)
{
    struct node *node = owner;
    if (!node->closing) {
        hasten(node, msock__sim_due(node->endpoint));
    }
}

/* -- A step -- */

static void take_arrivals(struct node *node)
{
    struct msock__sim_net *net = node->net;
    struct msock__sim_arrival arrival;
    char from[MSOCK_NAME_MAX + sizeof(":0")];
    while (!node->closing) {
        msock__sim_net_lock(net);
        bool taken = msock__sim_take(node->endpoint, net->now_us, net->scratch,
                                     &arrival);
        msock__sim_net_unlock(net);
        if (!taken) {
            break;
        }
        snprintf(from, sizeof(from), "%s:0", arrival.from);
        struct msock__datagram datagram = {.bytes = arrival.bytes,
                                           .size = arrival.size,
                                           .from = node->raw ? from : NULL,
                                           .own = arrival.own};
        msock__engine_input(engine_of(node), local_us(node), &datagram);
    }
}

static void report_overflow(struct node *node)
{
    uint64_t count = msock__sim_overflowed(node->endpoint);
    if (count > 0) {
        msock__engine_count(engine_of(node), local_us(node), MSOCK_DROP_KERNEL,
                            count);
    }
}

static void flush(struct node *node)
{
    struct msock__sim_net *net = node->net;
    struct msock__outgoing frames[BATCH];
    for (;;) {
        size_t count = msock__engine_output(engine_of(node), local_us(node),
                                            frames, BATCH);
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
static uint64_t wanted_us(const struct node *node)
{
    uint64_t due_us = network_us(msock__engine_deadline(engine_of(node)));
    uint64_t other_us =
        node->closing ? node->give_up_us : msock__sim_due(node->endpoint);
    return smaller(due_us, other_us);
}

static void step(struct node *node)
{
    node->stepped_us = node->net->now_us;
    take_arrivals(node);
    report_overflow(node);
    msock__engine_tick(engine_of(node), local_us(node));
    flush(node);
    /* This replaces what wake() asked for meanwhile: the flush did it. */
    uint64_t next_us = larger(wanted_us(node), earliest_us(node));
    msock__sim_heap_move(&node->net->nodes, &node->entry, next_us);
}

static void node_free(struct node *node)
{
    msock__sim_heap_remove(&node->net->nodes, &node->entry);
    msock__sim_net_lock(node->net);
    msock__sim_detach(node->endpoint);
    msock__sim_net_unlock(node->net);
    msock__sim_net_release(node->net);
    free(node);
}

/* The end of a node; what its `closed` does finds it gone. */
static void finish(struct node *node)
{
    msock_closed *closed = node->closed;
    void *user = node->closed_user;
    if (node->gone != NULL) {
        *node->gone = true;
    }
    msock__channel_free(node->channel);
    node_free(node);
    if (closed != NULL) {
        closed(user);
    }
}

/* Lets the first thing happen that is due until `end_us`.  Returns false if
 * there is none. */
static bool advance(struct msock__sim_net *net, uint64_t end_us)
{
    struct msock__sim_entry *entry = msock__sim_heap_first(&net->nodes);
    if (entry == NULL || entry->due_us == MSOCK__SIM_NEVER ||
        entry->due_us > end_us) {
        return false;
    }
    assert(entry->due_us >= net->now_us);
    net->now_us = entry->due_us;

    struct node *node = from_entry(entry);
    step(node);
    if (node->closing && (msock__engine_drained(engine_of(node)) ||
                          net->now_us >= node->give_up_us)) {
        finish(node);
    }
    return true;
}

/* The network may lose its last holder while it runs. */
static void enter(struct msock__sim_net *net)
{
    assert(!net->running);
    msock__sim_net_hold(net);
    net->running = true;
}

static void leave(struct msock__sim_net *net)
{
    net->running = false;
    msock__sim_net_release(net);
}

void msock__sim_virtual_run(struct msock__sim_net *net, uint64_t end_us)
{
    enter(net);
    while (advance(net, end_us)) {
    }
    if (net->now_us < end_us) {
        net->now_us = end_us;
    }
    leave(net);
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
    enter(net);
    while (is_closing(net) && advance(net, UINT64_MAX)) {
    }
    leave(net);
}

/* -- The driver -- */

static uint64_t driver_now(struct msock__driver *driver)
{
    return local_us(from_driver(driver));
}

static void driver_wake(struct msock__driver *driver)
{
    hasten(from_driver(driver), 0);
}

static bool driver_forked(const struct msock__driver *driver)
{
    return from_driver(driver)->generation != msock__process_generation();
}

/* Lets things happen until `end_us` or until the channel is stopped or gone. */
static int run_until(struct node *node, uint64_t end_us)
{
    struct msock__sim_net *net = node->net;
    bool gone = false;
    if (net->running) {
        return msock__fail(MSOCK_EBUSY, "the network is running already");
    }
    enter(net);
    node->gone = &gone;
    while (!gone && !atomic_exchange(&node->stopped, false)) {
        if (!advance(net, end_us)) {
            break;
        }
    }
    if (!gone) {
        node->gone = NULL;
    }
    leave(net);
    return gone ? msock__fail(MSOCK_ECLOSED, "the channel was closed") : 0;
}

static int driver_run(struct msock__driver *driver)
{
    return run_until(from_driver(driver), UINT64_MAX);
}

static void driver_stop(struct msock__driver *driver)
{
    atomic_store(&from_driver(driver)->stopped, true);
}

static int driver_fd(const struct msock__driver *driver)
{
    (void)driver;
    return msock__fail(MSOCK_ENOTSUP,
                       "virtual time has no descriptor to wait for; use "
                       "msock_sim_run()");
}

static int driver_timeout(const struct msock__driver *driver)
{
    const struct msock__sim_net *net = from_driver(driver)->net;
    uint64_t due_us = msock__sim_heap_due(&net->nodes);
    if (due_us == MSOCK__SIM_NEVER) {
        return -1;
    }
    uint64_t wait_ms = (due_us - net->now_us + 999) / 1000;
    return wait_ms < INT32_MAX ? (int)wait_ms : INT32_MAX;
}

static int driver_dispatch(struct msock__driver *driver)
{
    struct node *node = from_driver(driver);
    return run_until(node, node->net->now_us);
}

static int driver_joined(const struct msock__driver *driver)
{
    (void)driver;
    return 1;
}

static void driver_close(struct msock__driver *driver, msock_closed *closed,
                         void *user)
{
    struct node *node = from_driver(driver);
    struct msock__sim_net *net = node->net;
    assert(!node->closing);

    node->closing = true;
    node->give_up_us = net->now_us + DRAIN_US;
    node->closed = closed;
    node->closed_user = user;
    hasten(node, 0);
    if (!net->running) {
        bool gone = false;
        enter(net);
        node->gone = &gone;
        while (!gone) {
            advance(net, UINT64_MAX);
        }
        leave(net);
    }
}

/* Sessions too come from the seed, so that a run repeats to the byte. */
static void driver_random(struct msock__driver *driver, void *bytes,
                          size_t size)
{
    struct msock__sim_random *random = &from_driver(driver)->net->random;
    uint8_t *out = bytes;

    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(msock__sim_random_next(random) >> 56);
    }
}

static const struct msock__driver_ops ops = {
    .now = driver_now,
    .random = driver_random,
    .wake = driver_wake,
    .forked = driver_forked,
    .run = driver_run,
    .stop = driver_stop,
    .fd = driver_fd,
    .timeout = driver_timeout,
    .dispatch = driver_dispatch,
    .joined = driver_joined,
    .close = driver_close,
};

/* -- Opening -- */

static int attach(struct node *node, const struct msock__config *config)
{
    struct msock__sim_net *net = node->net;
    msock__sim_net_lock(net);
    int result = msock__sim_attach(&net->model, &node->endpoint,
                                   &(struct msock__sim_endpoint_config){
                                       .name = config->name,
                                       .buffer_max = (size_t)config->rcvbuf,
                                       .wake = on_model_wake,
                                       .owner = node,
                                   });
    msock__sim_net_unlock(net);
    return result;
}

static int node_new(struct node **node, struct msock__sim_net *net,
                    const struct msock__config *config)
{
    struct node *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->entry.due_us = net->now_us;
    made->entry.order = net->node_count;
    made->driver.ops = &ops;
    made->net = net;
    made->generation = msock__process_generation();
    made->raw = config->raw;
    made->stepped_us = MSOCK__SIM_NEVER;
    atomic_init(&made->stopped, false);
    if (attach(made, config) < 0) {
        free(made);
        return MSOCK_ENOMEM;
    }
    if (msock__sim_heap_add(&net->nodes, &made->entry) < 0) {
        msock__sim_detach(made->endpoint);
        free(made);
        return MSOCK_ENOMEM;
    }
    net->node_count++;
    *node = made;
    return 0;
}

int msock__sim_open_virtual(msock_channel **channel,
                            const struct msock__config *config,
                            struct msock__pipeline *pipeline,
                            msock_logger *logger)
{
    struct msock__sim_net *net;
    int result = msock__sim_net_join(&net, config, false);
    if (result < 0) {
        return result;
    }
    struct node *node;
    if (node_new(&node, net, config) < 0) {
        msock__sim_net_release(net);
        return msock__fail(MSOCK_ENOMEM, "no memory for a node");
    }
    result = msock__channel_new(&node->channel, &node->driver, config, pipeline,
                                msock__sim_frame_size(config), logger);
    if (result < 0) {
        node_free(node);
        return result;
    }
    *channel = node->channel;
    return 0;
}
