/* SPDX-License-Identifier: Apache-2.0 */
/* A node's transport on a simulated network in real time. Whoever sends runs
 * the model, on his own thread, and wakes the receivers' loops; each takes what
 * is due on its own. */
#include "transport/sim.h"

#include "codec/error.h"
#include "transport/sim_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    /* taken in one turn of the loop, so that others get theirs */
    TURN_MAX = 256,
    HANDLE_COUNT = 2
};

struct sim_transport {
    struct msock__transport base; /* first */
    struct msock__transport_events events;
    struct msock__sim_net *net;
    struct msock__sim_endpoint *endpoint; /* under the network's lock */
    size_t frame_size;
    bool raw;
    bool started; /* under the network's lock */
    bool closing;
    unsigned closed_handles;
    uv_async_t arrival; /* something is due earlier than the timer knows */
    uv_timer_t timer;   /* at the next due time */
    uint8_t *scratch;   /* MSOCK__SIM_SCRATCH bytes */
};

static struct sim_transport *from_base(struct msock__transport *transport)
{
    return (struct sim_transport *)(void *)transport;
}

/* On the sender's thread, under the lock: the handle cannot be closed, since
 * closing detaches the endpoint first. */
static void on_model_wake(void *owner)
{
    struct sim_transport *sim = owner;
    if (sim->started) {
        uv_async_send(&sim->arrival);
    }
}

static bool take(struct sim_transport *sim, struct msock__sim_arrival *arrival)
{
    msock__sim_net_lock(sim->net);
    bool taken = msock__sim_take(sim->endpoint, msock__sim_net_now(sim->net),
                                 sim->scratch, arrival);
    msock__sim_net_unlock(sim->net);
    return taken;
}

static void deliver(struct sim_transport *sim,
                    const struct msock__sim_arrival *arrival)
{
    char from[MSOCK_NAME_MAX + sizeof(":0")];
    struct msock__datagram datagram = {
        .bytes = arrival->bytes,
        .size = arrival->size,
        .waited_us = msock__sim_net_now(sim->net) - arrival->due_us,
        .own = arrival->own};
    if (sim->raw) {
        snprintf(from, sizeof(from), "%s:0", arrival->from);
        datagram.from = from;
    }
    sim->events.received(sim->events.owner, &datagram, 1);
}

static void report_overflow(struct sim_transport *sim)
{
    msock__sim_net_lock(sim->net);
    uint64_t count = msock__sim_overflowed(sim->endpoint);
    msock__sim_net_unlock(sim->net);
    if (count > 0) {
        sim->events.counted(sim->events.owner, MSOCK_DROP_KERNEL, count);
    }
}

static void on_timer(uv_timer_t *timer);

/* Sleeps until the next copy is due; one that is due now waits for the loop's
 * next turn. */
static void sleep_until_due(struct sim_transport *sim)
{
    msock__sim_net_lock(sim->net);
    uint64_t due_us = msock__sim_due(sim->endpoint);
    msock__sim_net_unlock(sim->net);
    uint64_t now_us = msock__sim_net_now(sim->net);
    if (due_us == MSOCK__SIM_NEVER) {
        uv_timer_stop(&sim->timer);
    } else if (due_us <= now_us) {
        uv_async_send(&sim->arrival);
    } else {
        uv_update_time(sim->timer.loop);
        uv_timer_start(&sim->timer, on_timer, (due_us - now_us + 999) / 1000,
                       0);
    }
}

static void poll_network(struct sim_transport *sim)
{
    struct msock__sim_arrival arrival;
    for (int i = 0; i < TURN_MAX && !sim->closing; i++) {
        if (!take(sim, &arrival)) {
            break;
        }
        deliver(sim, &arrival);
    }
    if (!sim->closing) {
        report_overflow(sim);
    }
    if (!sim->closing) {
        sleep_until_due(sim);
    }
}

static void on_timer(uv_timer_t *timer)
{
    poll_network(timer->data);
}

static void on_arrival(uv_async_t *arrival)
{
    struct sim_transport *sim = arrival->data;
    if (!sim->closing) {
        poll_network(sim);
    }
}

static int start(struct msock__transport *transport, uv_loop_t *loop,
                 const struct msock__transport_events *events)
{
    struct sim_transport *sim = from_base(transport);
    assert(!sim->started && !sim->closing);

    int result = uv_async_init(loop, &sim->arrival, on_arrival);
    if (result < 0) {
        return msock__fail(MSOCK_ESYSTEM, "the loop takes no more handles: %s",
                           uv_strerror(result));
    }
    uv_timer_init(loop, &sim->timer); /* cannot fail */
    sim->arrival.data = sim;
    sim->timer.data = sim;
    sim->events = *events;

    msock__sim_net_lock(sim->net);
    sim->started = true;
    msock__sim_net_unlock(sim->net);
    /* For what came since the transport was made. */
    uv_async_send(&sim->arrival);
    return 0;
}

static size_t send_frames(struct msock__transport *transport,
                          const struct msock__outgoing *frames, size_t count)
{
    struct sim_transport *sim = from_base(transport);
    assert(!sim->closing);

    msock__sim_net_lock(sim->net);
    uint64_t now_us = msock__sim_net_now(sim->net);
    for (size_t i = 0; i < count; i++) {
        msock__sim_send(sim->endpoint, now_us, frames[i].bytes, frames[i].size);
    }
    msock__sim_net_unlock(sim->net);
    return count;
}

static size_t frame_size(const struct msock__transport *transport)
{
    const struct sim_transport *sim = (const void *)transport;
    return sim->frame_size;
}

static int joined(const struct msock__transport *transport)
{
    (void)transport;
    return 1;
}

static void transport_free(struct sim_transport *sim)
{
    msock__sim_net_release(sim->net);
    free(sim->scratch);
    free(sim);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct sim_transport *sim = handle->data;
    sim->closed_handles++;
    if (sim->closed_handles == HANDLE_COUNT) {
        struct msock__transport_events events = sim->events;
        transport_free(sim);
        events.closed(events.owner);
    }
}

static void close_transport(struct msock__transport *transport)
{
    struct sim_transport *sim = from_base(transport);
    assert(!sim->closing);

    sim->closing = true;
    msock__sim_net_lock(sim->net);
    msock__sim_detach(sim->endpoint);
    msock__sim_net_unlock(sim->net);
    sim->endpoint = NULL;
    if (!sim->started) {
        transport_free(sim);
        return;
    }
    uv_close((uv_handle_t *)&sim->arrival, on_handle_closed);
    uv_close((uv_handle_t *)&sim->timer, on_handle_closed);
}

static const struct msock__transport_ops ops = {
    .start = start,
    .send = send_frames,
    .frame_size = frame_size,
    .joined = joined,
    .close = close_transport,
};

static int attach(struct sim_transport *sim, const struct msock__config *config)
{
    msock__sim_net_lock(sim->net);
    int result = msock__sim_attach(&sim->net->model, &sim->endpoint,
                                   &(struct msock__sim_endpoint_config){
                                       .name = config->name,
                                       .buffer_max = (size_t)config->rcvbuf,
                                       .wake = on_model_wake,
                                       .owner = sim,
                                   });
    msock__sim_net_unlock(sim->net);
    return result;
}

/* Fills a transport of zeros; what it acquires, the caller frees. */
static int transport_init(struct sim_transport *sim,
                          const struct msock__config *config)
{
    sim->base.ops = &ops;
    sim->frame_size = msock__sim_frame_size(config);
    sim->raw = config->raw;
    sim->scratch = malloc(MSOCK__SIM_SCRATCH);
    if (sim->scratch == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a node");
    }
    int result = msock__sim_net_join(&sim->net, config, true);
    if (result < 0) {
        return result;
    }
    if (!sim->net->real_time) {
        return msock__fail(MSOCK_ENOTSUP,
                           "the network \"%s\" runs in virtual time",
                           config->host);
    }
    if (attach(sim, config) < 0) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a node");
    }
    return 0;
}

int msock__sim_new(struct msock__transport **transport,
                   const struct msock__config *config)
{
    struct sim_transport *sim = calloc(1, sizeof(*sim));
    if (sim == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a node");
    }
    int result = transport_init(sim, config);
    if (result < 0) {
        if (sim->net != NULL) {
            msock__sim_net_release(sim->net);
        }
        free(sim->scratch);
        free(sim);
        return result;
    }
    *transport = &sim->base;
    return 0;
}
