/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on virtual time: their driver, and how they open. */
#include "transport/sim_virtual.h"

#include "codec/error.h"
#include "transport/process.h"
#include "transport/sim.h"
#include "transport/sim_step.h"

#include <assert.h>
#include <stdlib.h>

/* How long a closing channel may go on sending. */
enum { DRAIN_US = 40000000, WORK_MIN_US = 100, WORK_MORE_US = 4000 };

static struct msock__sim_node *from_driver(const struct msock__driver *driver)
{
    return (struct msock__sim_node *)(void *)((char *)(uintptr_t)driver -
                                              offsetof(struct msock__sim_node,
                                                       driver));
}

static void on_model_wake(void *owner)
{
    struct msock__sim_node *node = owner;
    msock__sim_node_hasten(node, msock__sim_due(node->endpoint));
}

/* -- The driver -- */

static uint64_t driver_now(struct msock__driver *driver)
{
    return msock__sim_node_now(from_driver(driver));
}

/* It began in 2026, where its host has no other; never before 1970. */
static uint64_t driver_wall(struct msock__driver *driver)
{
    const struct msock__sim_node *node = from_driver(driver);
    int64_t wall_ms = INT64_C(1767225600000) +
                      (int64_t)(node->net->now_us / 1000) +
                      msock__sim_wall(node->endpoint);

    return wall_ms > 0 ? (uint64_t)wall_ms : 0;
}

static void driver_wake(struct msock__driver *driver)
{
    msock__sim_node_hasten(from_driver(driver), 0);
}

/* It takes some time, as it would elsewhere, and what it brings comes then. */
static void driver_work(struct msock__driver *driver, void (*work)(void *arg),
                        void *arg)
{
    struct msock__sim_node *node = from_driver(driver);
    struct msock__sim_net *net = node->net;

    assert(node->worked_us == MSOCK__SIM_NEVER);
    work(arg);
    node->worked_us = net->now_us + WORK_MIN_US +
                      msock__sim_random_next(&net->random) % WORK_MORE_US;
    msock__sim_node_hasten(node, node->worked_us);
}

static bool driver_forked(const struct msock__driver *driver)
{
    return from_driver(driver)->generation != msock__process_generation();
}

/* Lets things happen until `end_us` or until the channel is stopped or gone. */
static int run_until(struct msock__sim_node *node, uint64_t end_us)
{
    struct msock__sim_net *net = node->net;
    bool gone = false;
    if (net->running) {
        return msock__fail(MSOCK_EBUSY, "the network is running already");
    }
    msock__sim_enter(net);
    node->gone = &gone;
    while (!gone && !atomic_exchange(&node->stopped, false)) {
        if (!msock__sim_advance(net, end_us)) {
            break;
        }
    }
    if (!gone) {
        node->gone = NULL;
    }
    msock__sim_leave(net);
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
    struct msock__sim_node *node = from_driver(driver);
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
    struct msock__sim_node *node = from_driver(driver);
    struct msock__sim_net *net = node->net;
    assert(!node->closing);

    node->closing = true;
    node->give_up_us = net->now_us + DRAIN_US;
    node->closed = closed;
    node->closed_user = user;
    msock__sim_node_hasten(node, 0);
    if (!net->running) {
        bool gone = false;
        msock__sim_enter(net);
        node->gone = &gone;
        while (!gone) {
            msock__sim_advance(net, UINT64_MAX);
        }
        msock__sim_leave(net);
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
    .wall = driver_wall,
    .random = driver_random,
    .wake = driver_wake,
    .work = driver_work,
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

static int attach(struct msock__sim_node *node,
                  const struct msock__config *config)
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

static int node_new(struct msock__sim_node **node, struct msock__sim_net *net,
                    const struct msock__config *config)
{
    struct msock__sim_node *made = calloc(1, sizeof(*made));
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
    made->worked_us = MSOCK__SIM_NEVER;
    atomic_init(&made->stopped, false);
    msock__sim_clock_init(&made->clock);
    if (attach(made, config) < 0) {
        free(made);
        return MSOCK_ENOMEM;
    }
    msock__sim_clock_drift(&made->clock, net->now_us,
                           msock__sim_drift(made->endpoint));
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
    struct msock__sim_node *node;
    if (node_new(&node, net, config) < 0) {
        msock__sim_net_release(net);
        return msock__fail(MSOCK_ENOMEM, "no memory for a node");
    }
    result = msock__channel_new(&node->channel, &node->driver, config, pipeline,
                                msock__sim_frame_size(config), logger);
    if (result < 0) {
        msock__sim_node_free(node);
        return result;
    }
    *channel = node->channel;
    return 0;
}
