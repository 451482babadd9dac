/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast as a transport: sockets in uv_poll handles, batches of
 * datagrams in and out, and the interfaces as they come and go. */
#define _GNU_SOURCE /* sendmmsg */
#include "transport/multicast.h"

#include "codec/error.h"
#include "transport/multicast_advice.h"
#include "transport/multicast_join.h"
#include "transport/multicast_receive.h"
#include "transport/multicast_socket.h"
#include "transport/netif.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_MTU = 1500,    /* unless an interface or the user says less */
    FRAME_MTU_MIN = 576, /* below, IP cuts the frames */
    RECEIVE_TURNS = 4,   /* batches before others of the loop have a turn */
    SEND_BATCH = 64,
    GONE_MAX = 16,
    RETRY_MS = 1000, /* after a list that could not be read; then doubled */
    RETRY_MAX_MS = 32000
};

struct multicast {
    struct msock__transport base;
    struct msock__transport_events events;
    struct msock__group group;
    char iface[MSOCK__IFACE_MAX + 1];
    unsigned ttl;
    unsigned dscp;
    size_t rcvbuf;
    unsigned mtu; /* 0: from the interfaces */
    bool raw;

    int receive_fd, send_fd, watch_fd; /* -1: not open */
    uint16_t port;                     /* of send_fd */
    uv_poll_t receive, send, watch;
    uv_timer_t settle;
    uint64_t retry_ms;     /* how long `settle` waited; 0: the list is good */
    unsigned handle_count; /* those not closed yet */
    bool stopped, closed;

    struct msock__netifs netifs;
    struct msock__memberships memberships;
    size_t frame_size;
    size_t send_turn; /* memberships that had the first frame already */
    struct msock__send_advice send_advice;
    struct msock__receiver receiver;
    uint32_t overflow; /* datagrams the kernel dropped so far */
};

static void tell(struct multicast *self, enum msock_counter counter,
                 size_t count)
{
    if (count > 0) {
        self->events.counted(self->events.owner, counter, count);
    }
}

/* -- Receiving -- */

/* The kernel tells its running total with each datagram after a loss. */
static void count_overflow(struct multicast *self,
                           const struct msock__arrival *arrival)
{
    if (arrival->has_overflow) {
        tell(self, MSOCK_DROP_KERNEL, arrival->overflow - self->overflow);
        self->overflow = arrival->overflow;
    }
}

/* Makes a datagram of one that arrived.  Returns whether it is for us. */
static bool accept_message(struct multicast *self, size_t index,
                           struct msock__datagram *datagram)
{
    struct msock__arrival arrival;
    bool whole = msock__receiver_get(&self->receiver, index, self->raw,
                                     &arrival, datagram);

    count_overflow(self, &arrival);
    if (memcmp(arrival.destination, self->group.bytes, 16) != 0 ||
        !msock__memberships_has(&self->memberships, arrival.index)) {
        tell(self, MSOCK_DROP_FOREIGN, 1);
        return false;
    }
    if (!whole) {
        tell(self, MSOCK_DROP_TRUNCATED, 1);
        return false;
    }
    datagram->own = arrival.source_port == self->port &&
                    msock__netifs_own(&self->netifs, arrival.source);
    return true;
}

/* Receives and delivers one batch.  Returns whether there may be more; the
 * transport may be closed then. */
static bool receive_batch(struct multicast *self)
{
    struct msock__datagram datagrams[MSOCK__RECEIVE_BATCH];
    size_t received = msock__receiver_read(&self->receiver, self->receive_fd);
    size_t count = 0;

    for (size_t i = 0; i < received; i++) {
        count += accept_message(self, i, &datagrams[count]);
    }
    if (count > 0) {
        self->events.received(self->events.owner, datagrams, count);
    }
    return received == MSOCK__RECEIVE_BATCH;
}

/* libuv stops a poll handle whose socket has an error pending. */
static void revive(uv_poll_t *handle, int fd, uv_poll_cb callback)
{
    int error;
    socklen_t size = sizeof error;

    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    (void)uv_poll_start(handle, UV_READABLE, callback);
}

static void on_receivable(uv_poll_t *handle, int status, int events)
{
    struct multicast *self = handle->data;

    (void)events;
    if (status < 0) {
        revive(handle, self->receive_fd, on_receivable);
    }
    for (int i = 0; i < RECEIVE_TURNS && !self->stopped; i++) {
        if (!receive_batch(self)) {
            return;
        }
    }
}

/* -- Sending -- */

static void on_sendable(uv_poll_t *handle, int status, int events)
{
    struct multicast *self = handle->data;

    /* An error shows again, and is counted, when sending goes on. */
    (void)status, (void)events;
    uv_poll_stop(handle);
    self->events.writable(self->events.owner);
}

/* Sends as many of (frame, membership) as one call takes, frame by frame.
 * Returns how many are done, 0 to wait. */
static size_t send_batch(struct multicast *self,
                         const struct msock__outgoing *frames, size_t count)
{
    struct mmsghdr headers[SEND_BATCH];
    struct iovec parts[SEND_BATCH];
    struct sockaddr_storage address;
    socklen_t address_size = msock__group_address(&self->group, &address);
    size_t width = self->memberships.count;
    size_t todo = count * width - self->send_turn;
    unsigned batch = todo < SEND_BATCH ? (unsigned)todo : SEND_BATCH;

    for (size_t i = 0; i < batch; i++) {
        size_t turn = self->send_turn + i;
        const struct msock__outgoing *frame = &frames[turn / width];
        struct msock__route *route =
            &self->memberships.items[turn % width].route;
        parts[i] = (struct iovec){(void *)(uintptr_t)frame->bytes, frame->size};
        headers[i].msg_hdr = (struct msghdr){.msg_name = &address,
                                             .msg_namelen = address_size,
                                             .msg_iov = &parts[i],
                                             .msg_iovlen = 1,
                                             .msg_control = route->bytes,
                                             .msg_controllen = route->size};
    }
    for (;;) {
        int sent = sendmmsg(self->send_fd, headers, batch, 0);
        if (sent > 0) {
            return (size_t)sent;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        }
        if (errno != EINTR) {
            size_t item = self->send_turn % width;
            msock__advise_send(&self->send_advice, errno, &self->group,
                               self->memberships.items[item].name,
                               uv_now(self->send.loop));
            tell(self, MSOCK_TX_ERRORS, 1);
            return 1;
        }
    }
}

static size_t multicast_send(struct msock__transport *transport,
                             const struct msock__outgoing *frames,
                             size_t frame_count)
{
    struct multicast *self = (struct multicast *)transport;
    size_t width = self->memberships.count;
    size_t done = 0;

    if (width == 0) {
        tell(self, MSOCK_TX_ERRORS, frame_count);
        return frame_count;
    }
    while (done < frame_count) {
        size_t sent = send_batch(self, frames + done, frame_count - done);
        if (sent == 0) {
            (void)uv_poll_start(&self->send, UV_WRITABLE, on_sendable);
            break;
        }
        self->send_turn += sent;
        done += self->send_turn / width;
        self->send_turn %= width;
    }
    return done;
}

/* -- Interfaces -- */

/* Computes the frame size, and lets IP cut frames only if an interface carries
 * less, or a payload may be larger than a frame. */
static void adapt(struct multicast *self)
{
    unsigned carried = msock__memberships_mtu(&self->memberships);
    unsigned mtu = self->mtu;

    if (mtu == 0) {
        mtu = carried < FRAME_MTU ? carried : FRAME_MTU;
        mtu = mtu > FRAME_MTU_MIN ? mtu : FRAME_MTU_MIN;
    }
    self->frame_size = mtu - msock__group_overhead(&self->group);
    msock__group_fragment(&self->group, self->send_fd,
                          self->raw || mtu > carried);
}

/* How long to wait after a list that could not be read: no change may follow
 * that would have it read again. */
static uint64_t next_retry(struct multicast *self)
{
    if (self->retry_ms == 0) {
        msock_log(self->memberships.logger, MSOCK_WARNING, "%s; trying again",
                  msock_error_detail());
        self->retry_ms = RETRY_MS;
    } else if (self->retry_ms < RETRY_MAX_MS) {
        self->retry_ms *= 2;
    }
    return self->retry_ms;
}

static void on_settled(uv_timer_t *timer)
{
    struct multicast *self = timer->data;
    size_t before = self->frame_size;

    if (msock__netifs_read(&self->netifs) < 0) {
        uv_timer_start(timer, on_settled, next_retry(self), 0);
        return;
    }
    self->retry_ms = 0;
    if (!msock__memberships_update(&self->memberships, &self->netifs,
                                   self->iface)) {
        return;
    }
    self->send_turn = 0;
    self->send_advice.error = 0;
    adapt(self);
    if (self->frame_size != before) {
        self->events.resized(self->events.owner, self->frame_size);
    }
}

static void on_changed(uv_poll_t *handle, int status, int events)
{
    struct multicast *self = handle->data;
    unsigned gone[GONE_MAX];

    (void)events;
    if (status < 0) {
        revive(handle, self->watch_fd, on_changed);
    }
    size_t gone_count = msock__netif_watch_read(self->watch_fd, gone, GONE_MAX);
    for (size_t i = 0; i < gone_count; i++) {
        if (msock__memberships_forget(&self->memberships, gone[i])) {
            self->send_turn = 0;
        }
    }
    /* A change every 100 ms must not put it off for ever: no restart, unless
     * it comes sooner. */
    if (!uv_is_active((uv_handle_t *)&self->settle) ||
        uv_timer_get_due_in(&self->settle) > MSOCK__MULTICAST_SETTLE_MS) {
        uv_timer_start(&self->settle, on_settled, MSOCK__MULTICAST_SETTLE_MS,
                       0);
    }
}

/* -- Life -- */

static void release(struct multicast *self)
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
    struct multicast *self = handle->data;

    self->handle_count--;
    if (self->handle_count == 0 && self->closed) {
        release(self);
    }
}

static void stop_handle(struct multicast *self, uv_handle_t *handle)
{
    /* Those that were never initialised have no loop. */
    if (handle->data == self) {
        uv_close(handle, on_handle_closed);
    }
}

/* Gives everything back but the handles, which close in the loop, and the
 * datagrams, which the owner may be looking at. */
static void stop(struct multicast *self)
{
    if (self->stopped) {
        return;
    }
    self->stopped = true;
    stop_handle(self, (uv_handle_t *)&self->receive);
    stop_handle(self, (uv_handle_t *)&self->send);
    stop_handle(self, (uv_handle_t *)&self->watch);
    stop_handle(self, (uv_handle_t *)&self->settle);
    /* Memberships end with the socket; to leave one by one would, in a forked
     * child, take them from the parent. */
    msock__socket_close(&self->receive_fd);
    msock__socket_close(&self->send_fd);
    msock__socket_close(&self->watch_fd);
    msock__netifs_fini(&self->netifs);
    self->memberships.count = 0;
}

static void multicast_close(struct msock__transport *transport)
{
    struct multicast *self = (struct multicast *)transport;

    stop(self);
    self->closed = true;
    if (self->handle_count == 0) {
        release(self);
    }
}

/* Opens what is not libuv's. The watch comes before the first look, so that no
 * change is missed. */
static int open_sockets(struct multicast *self)
{
    self->watch_fd = msock__netif_watch();
    if (self->watch_fd < 0) {
        return self->watch_fd;
    }
    int rc = msock__netifs_read(&self->netifs);
    if (rc < 0) {
        return rc;
    }
    self->receive_fd = msock__group_receiver(&self->group, self->rcvbuf);
    if (self->receive_fd < 0) {
        return self->receive_fd;
    }
    msock__advise_rcvbuf(self->memberships.logger, self->rcvbuf,
                         msock__socket_rcvbuf(self->receive_fd));
    self->send_fd = msock__group_sender(&self->group, self->ttl, self->dscp);
    if (self->send_fd < 0) {
        return self->send_fd;
    }
    self->port = msock__socket_port(self->send_fd);
    self->memberships.fd = self->receive_fd;
    msock__memberships_update(&self->memberships, &self->netifs, self->iface);
    adapt(self);
    return msock__receiver_init(&self->receiver);
}

static int start_poll(struct multicast *self, uv_loop_t *loop,
                      uv_poll_t *handle, int fd, uv_poll_cb callback)
{
    int rc = uv_poll_init(loop, handle, fd);

    if (rc == 0) {
        handle->data = self;
        self->handle_count++;
        rc =
            callback != NULL ? uv_poll_start(handle, UV_READABLE, callback) : 0;
    }
    return rc == 0
               ? 0
               : msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
}

static int start_handles(struct multicast *self, uv_loop_t *loop)
{
    int rc =
        start_poll(self, loop, &self->receive, self->receive_fd, on_receivable);
    if (rc == 0) {
        rc = start_poll(self, loop, &self->send, self->send_fd, NULL);
    }
    if (rc == 0) {
        rc = start_poll(self, loop, &self->watch, self->watch_fd, on_changed);
    }
    if (rc == 0) {
        uv_timer_init(loop, &self->settle);
        self->settle.data = self;
        self->handle_count++;
    }
    return rc;
}

static int multicast_start(struct msock__transport *transport, uv_loop_t *loop,
                           const struct msock__transport_events *events)
{
    struct multicast *self = (struct multicast *)transport;
    int rc = open_sockets(self);

    if (rc == 0) {
        rc = start_handles(self, loop);
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
    return ((const struct multicast *)transport)->frame_size;
}

static int multicast_joined(const struct msock__transport *transport)
{
    return (int)((const struct multicast *)transport)->memberships.count;
}

static const struct msock__transport_ops ops = {
    .start = multicast_start,
    .send = multicast_send,
    .frame_size = multicast_frame_size,
    .joined = multicast_joined,
    .close = multicast_close,
};

int msock__multicast_new(struct msock__transport **transport,
                         const struct msock__config *config,
                         msock_logger *logger, uint8_t group[static 16])
{
    const char *iface = config->iface[0] != '\0' ? config->iface : "auto";
    struct msock__group read;
    int rc = msock__group_read(&read, config->host, config->port);

    if (rc == 0) {
        rc = msock__netif_check(iface);
    }
    if (rc < 0) {
        return rc;
    }
    struct multicast *self = calloc(1, sizeof *self);
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
    self->receive_fd = self->send_fd = self->watch_fd = -1;
    self->memberships.group = &self->group;
    self->memberships.logger = self->send_advice.logger = logger;
    self->frame_size =
        (self->mtu != 0 ? self->mtu : FRAME_MTU) - msock__group_overhead(&read);
    memcpy(group, read.bytes, sizeof read.bytes);
    *transport = &self->base;
    return 0;
}
