/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast as a transport: its life, and what it sends. */
#include "transport/multicast.h"

#include "codec/error.h"
#include "transport/multicast_advice.h"
#include "transport/multicast_state.h"

#include <stdlib.h>
#include <string.h>

enum { RECHECK_MS = 1000 /* from a silence that is noticed to its remedy */ };

void msock__multicast_tell(const struct msock__multicast *self,
                           enum msock_counter counter, size_t count)
{
    if (count > 0) {
        self->events.counted(self->events.owner, counter, count);
    }
}

struct msock__sender *
msock__multicast_sender(const struct msock__multicast *self, unsigned index)
{
    for (size_t i = 0; i < self->sender_count; i++) {
        if (self->senders[i]->index == index) {
            return self->senders[i];
        }
    }
    return NULL;
}

/* -- Sending -- */

static void on_patience(uv_timer_t *timer);

/* Waits for an outlet that takes nothing, but only so long. */
static void await(struct msock__multicast *self, uint64_t now_ms)
{
    uint64_t due_ms = msock__fanout_deadline(&self->fanout);

    if (due_ms == UINT64_MAX) {
        uv_timer_stop(&self->patience);
    } else if (!uv_is_active((uv_handle_t *)&self->patience)) {
        uv_timer_start(&self->patience, on_patience,
                       due_ms > now_ms ? due_ms - now_ms : 0, 0);
    }
}

static void on_patience(uv_timer_t *timer)
{
    struct msock__multicast *self = timer->data;
    uint64_t now_ms = uv_now(self->loop);

    if (msock__fanout_expire(&self->fanout, now_ms)) {
        self->events.writable(self->events.owner);
    }
    await(self, now_ms);
}

static void on_writable(void *owner)
{
    struct msock__multicast *self = owner;

    self->events.writable(self->events.owner);
}

/* Silence shows, and matters, when something is sent; what came meanwhile may
 * wait in the socket, so that it is looked at once more. */
static void listen_for_silence(struct msock__multicast *self, uint64_t now_ms)
{
    for (size_t i = 0; i < self->sender_count; i++) {
        if (msock__silence_check(&self->senders[i]->silence, now_ms) !=
            MSOCK__SILENCE_FINE) {
            msock__multicast_look(self, RECHECK_MS);
            return;
        }
    }
}

static size_t multicast_send(struct msock__transport *transport,
                             const struct msock__outgoing *frames, size_t count)
{
    struct msock__multicast *self = (struct msock__multicast *)transport;
    uint64_t now_ms = uv_now(self->loop);
    struct msock__fanout_result result =
        msock__fanout_send(&self->fanout, now_ms, frames, count);

    msock__multicast_tell(self, MSOCK_TX_ERRORS, result.errors);
    msock__multicast_tell(self, MSOCK_TX_SKIPPED, result.skipped);
    await(self, now_ms);
    listen_for_silence(self, now_ms);
    return result.done;
}

static void multicast_forget(struct msock__transport *transport)
{
    msock__fanout_forget(&((struct msock__multicast *)transport)->fanout);
}

/* -- Life -- */

static void release(struct msock__multicast *self)
{
    struct msock__transport_events events = self->events;

    msock__receiver_fini(&self->receiver);
    free(self);
    if (events.closed != NULL) {
        events.closed(events.owner);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct msock__multicast *self = handle->data;

    self->handle_count--;
    if (self->handle_count == 0 && self->closed) {
        release(self);
    }
}

static void on_sender_closed(void *owner)
{
    struct msock__multicast *self = owner;

    self->handle_count--;
    if (self->handle_count == 0 && self->closed) {
        release(self);
    }
}

struct msock__sender_events
msock__multicast_sender_events(struct msock__multicast *self)
{
    return (struct msock__sender_events){
        .owner = self, .writable = on_writable, .closed = on_sender_closed};
}

static void stop_handle(struct msock__multicast *self, uv_handle_t *handle)
{
    /* Those that were never initialised have no loop. */
    if (handle->data == self) {
        uv_close(handle, on_handle_closed);
    }
}

static void stop_senders(struct msock__multicast *self)
{
    for (size_t i = 0; i < self->sender_count; i++) {
        msock__sender_close(self->senders[i]);
    }
    if (self->unicast != NULL) {
        msock__sender_close(self->unicast);
    }
    self->sender_count = self->fanout.count = 0;
    self->unicast = NULL;
}

/* Gives everything back but the handles, which close in the loop, and the
 * datagrams, which the owner may be looking at. */
static void stop(struct msock__multicast *self)
{
    if (self->stopped) {
        return;
    }
    self->stopped = true;
    stop_handle(self, (uv_handle_t *)&self->receive);
    stop_handle(self, (uv_handle_t *)&self->watch);
    stop_handle(self, (uv_handle_t *)&self->settle);
    stop_handle(self, (uv_handle_t *)&self->patience);
    stop_senders(self);
    /* Memberships end with the socket; to leave one by one would, in a forked
     * child, take them from the parent. */
    msock__guard_fini(&self->guard);
    msock__socket_close(&self->receive_fd);
    msock__socket_close(&self->watch_fd);
    msock__netifs_fini(&self->netifs);
    self->memberships.count = 0;
}

static void multicast_close(struct msock__transport *transport)
{
    struct msock__multicast *self = (struct msock__multicast *)transport;

    stop(self);
    self->closed = true;
    if (self->handle_count == 0) {
        release(self);
    }
}

/* Opens what is not libuv's. The watch comes before the first look, so that no
 * change is missed. */
static int open_sockets(struct msock__multicast *self)
{
    self->watch_fd = msock__netif_watch();
    if (self->watch_fd < 0) {
        return self->watch_fd;
    }
    int rc = msock__netifs_read(&self->netifs);
    if (rc < 0) {
        return rc;
    }
    self->empty = self->unicast_empty = msock__clocks_read();
    self->receive_fd = msock__group_receiver(&self->group, self->rcvbuf);
    if (self->receive_fd < 0) {
        return self->receive_fd;
    }
    /* Not so the guard's: its filter looks at each datagram by itself. */
    msock__socket_take_trains(self->receive_fd);
    msock__advise_rcvbuf(self->logger, self->rcvbuf,
                         msock__socket_rcvbuf(self->receive_fd));
    self->memberships.fd = self->receive_fd;
    msock__memberships_update(&self->memberships, &self->netifs, self->iface);
    return msock__receiver_init(&self->receiver);
}

static int init_poll(struct msock__multicast *self, uv_poll_t *handle, int fd)
{
    int rc = uv_poll_init(self->loop, handle, fd);

    if (rc < 0) {
        return msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
    }
    handle->data = self;
    self->handle_count++;
    return 0;
}

static void init_timer(struct msock__multicast *self, uv_timer_t *timer)
{
    uv_timer_init(self->loop, timer);
    timer->data = self;
    self->handle_count++;
}

static int init_handles(struct msock__multicast *self)
{
    init_timer(self, &self->settle);
    init_timer(self, &self->patience);
    int rc = init_poll(self, &self->receive, self->receive_fd);
    if (rc == 0) {
        rc = init_poll(self, &self->watch, self->watch_fd);
    }
    if (rc == 0) {
        rc = msock__multicast_receive(self);
    }
    return rc == 0 ? msock__multicast_watch(self) : rc;
}

static int multicast_start(struct msock__transport *transport, uv_loop_t *loop,
                           const struct msock__transport_events *events)
{
    struct msock__multicast *self = (struct msock__multicast *)transport;
    int rc = open_sockets(self);

    self->loop = loop;
    if (rc == 0) {
        rc = init_handles(self);
    }
    if (rc == 0) {
        rc = msock__multicast_open_unicast(self);
    }
    if (rc == 0) {
        rc = msock__multicast_adapt(self);
    }
    if (rc < 0) {
        stop(self);
        return rc;
    }
    self->events = *events;
    return 0;
}

static size_t multicast_frame_size(const struct msock__transport *transport)
{
    return ((const struct msock__multicast *)transport)->frame_size;
}

static bool multicast_near(const struct msock__transport *transport)
{
    return ((const struct msock__multicast *)transport)->near;
}

static int multicast_joined(const struct msock__transport *transport)
{
    return (int)((const struct msock__multicast *)transport)->memberships.count;
}

static const struct msock__transport_ops ops = {
    .start = multicast_start,
    .send = multicast_send,
    .forget = multicast_forget,
    .frame_size = multicast_frame_size,
    .joined = multicast_joined,
    .close = multicast_close,
    .near = multicast_near,
};

int msock__multicast_new(struct msock__transport **transport,
                         const struct msock__config *config,
                         msock_logger *logger, uint8_t group[static 16])
{
    const char *iface = config->iface[0] != '\0' ? config->iface : "auto";
    struct msock__group read;
    struct msock__peers peers;
    int rc = msock__group_read(&read, config->host, config->port);

    if (rc == 0) {
        rc = msock__netif_check(iface);
    }
    if (rc == 0) {
        rc = msock__peers_read(&peers, config->peer, config->port);
    }
    if (rc < 0) {
        return rc;
    }
    struct msock__multicast *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    self->base.ops = &ops;
    self->group = read;
    strcpy(self->iface, iface);
    self->ttl = (unsigned)config->ttl;
    self->dscp = (unsigned)config->dscp;
    self->rcvbuf = (size_t)config->rcvbuf; /* 1 GiB at most */
    self->mtu = (unsigned)config->mtu;
    self->raw = config->raw;
    self->peers = peers;
    self->listen = (uint16_t)config->listen; /* 65535 at most */
    self->receive_fd = self->watch_fd = -1;
    msock__guard_init(&self->guard);
    self->memberships.group = &self->group;
    self->logger = self->memberships.logger = logger;
    self->frame_size = msock__multicast_frame_size(self);
    memcpy(group, read.bytes, sizeof read.bytes);
    *transport = &self->base;
    return 0;
}
