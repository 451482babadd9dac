/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that send. */
#define _GNU_SOURCE /* sendmmsg */
#include "transport/multicast_sender.h"

#include "codec/error.h"
#include "transport/train.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEND_BATCH = MSOCK__TRAIN_MAX };

static void on_event(uv_poll_t *handle, int status, int events);

/* Waits for what is of interest now. */
static void listen_for(struct msock__sender *self)
{
    int events = (self->events.receivable != NULL ? UV_READABLE : 0) |
                 (self->outlet.blocked ? UV_WRITABLE : 0);

    if (events != 0) {
        (void)uv_poll_start(&self->poll, events, on_event);
    } else {
        uv_poll_stop(&self->poll);
    }
}

static void on_event(uv_poll_t *handle, int status, int events)
{
    struct msock__sender *self = handle->data;
    bool blocked = self->outlet.blocked;

    if (status < 0) {
        /* libuv stops a poll handle whose socket has an error pending; what it
         * was shows, and is counted, when sending goes on. */
        msock__socket_clear(self->fd);
    }
    if (blocked && (status < 0 || (events & UV_WRITABLE) != 0)) {
        msock__fanout_unblock(&self->outlet);
    }
    listen_for(self);
    if (blocked && !self->outlet.blocked) {
        self->events.writable(self->events.owner);
    }
    if ((events & UV_READABLE) != 0) {
        /* The last: the owner may close the sender in it. */
        self->events.receivable(self->events.owner);
    }
}

/* -- Sending -- */

/* What one system call sends. */
struct load {
    struct mmsghdr headers[SEND_BATCH];
    struct iovec parts[SEND_BATCH];
    struct msock__route trains[SEND_BATCH / 2]; /* of those that are some */
    uint8_t lengths[SEND_BATCH];                /* in frames */
    unsigned count;
};

static void add_datagram(struct load *load, const struct msock__target *target,
                         struct iovec *parts, size_t length)
{
    union {
        const void *read;
        void *written;
    } address = {&target->address}, route = {target->route.bytes};

    load->lengths[load->count] = (uint8_t)length;
    load->headers[load->count++].msg_hdr =
        (struct msghdr){.msg_name = address.written,
                        .msg_namelen = target->address_size,
                        .msg_iov = parts,
                        .msg_iovlen = length,
                        .msg_control = route.written,
                        .msg_controllen = target->route.size};
}

/* Loads copies of frames, one by one, from the turn on. */
static void load_copies(const struct msock__sender *self,
                        const struct msock__outgoing *frames, size_t count,
                        struct load *load)
{
    size_t width = self->target_count;
    size_t todo = count * width - self->turn;
    size_t batch = todo < SEND_BATCH ? todo : SEND_BATCH;

    for (size_t i = 0; i < batch; i++) {
        const struct msock__outgoing *frame = &frames[(self->turn + i) / width];
        load->parts[i] =
            (struct iovec){(void *)(uintptr_t)frame->bytes, frame->size};
        add_datagram(load, &self->targets[(self->turn + i) % width],
                     &load->parts[i], 1);
    }
}

/* Loads frames for the only target, as trains. */
static void load_trains(const struct msock__sender *self,
                        const struct msock__outgoing *frames, size_t count,
                        struct load *load)
{
    size_t batch = count < SEND_BATCH ? count : SEND_BATCH;
    size_t train_count = 0;

    for (size_t i = 0; i < batch; i++) {
        load->parts[i] =
            (struct iovec){(void *)(uintptr_t)frames[i].bytes, frames[i].size};
    }
    for (size_t i = 0; i < batch;) {
        size_t length = msock__train_length(&frames[i], batch - i);
        add_datagram(load, &self->targets[0], &load->parts[i], length);
        if (length > 1) {
            struct msock__route *train = &load->trains[train_count++];
            struct msghdr *header = &load->headers[load->count - 1].msg_hdr;
            *train = self->targets[0].route;
            msock__route_segment(train, frames[i].size);
            header->msg_control = train->bytes;
            header->msg_controllen = train->size;
        }
        i += length;
    }
}

/* Sends what is loaded.  Returns how many datagrams or trains left, or -1. */
static int send_load(const struct msock__sender *self, struct load *load)
{
    int sent;

    do {
        if (load->count == 1) {
            sent = sendmsg(self->fd, &load->headers[0].msg_hdr, 0) < 0 ? -1 : 1;
        } else {
            sent = sendmmsg(self->fd, load->headers, load->count, 0);
        }
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* Has the frames of a train that was refused go by themselves: which of them
 * cannot leave, if not all can, shows then. */
static void break_up(struct msock__sender *self, size_t length, int error)
{
    self->single = length;
    if (error == EIO || error == EINVAL || error == EMSGSIZE ||
        error == EOPNOTSUPP) {
        self->refused = true;
    }
}

/* Sends as many copies of frames as one call takes, from the turn on. Returns
 * how many left, 0 to wait, or the negative errno that the first one met. */
static int send_batch(struct msock__sender *self,
                      const struct msock__outgoing *frames, size_t count)
{
    struct load load;

    load.count = 0;
    if (self->target_count > 1 || !self->trains || self->refused) {
        load_copies(self, frames, count, &load);
    } else if (self->single > 0) {
        load_copies(self, frames, self->single < count ? self->single : count,
                    &load);
    } else {
        load_trains(self, frames, count, &load);
    }
    int sent = send_load(self, &load);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    if (sent < 0 && load.lengths[0] > 1) {
        break_up(self, load.lengths[0], errno);
        return send_batch(self, frames, count);
    }
    if (sent < 0) {
        return -errno;
    }
    int copies = 0;
    for (int i = 0; i < sent; i++) {
        copies += load.lengths[i];
    }
    return copies;
}

/* Counts copies that left or failed.  Returns the frames that are complete. */
static size_t step(struct msock__sender *self, size_t copies, size_t done,
                   uint64_t *failed)
{
    size_t complete = 0;

    self->single -= copies < self->single ? copies : self->single;
    for (size_t i = 0; i < copies; i++) {
        if (++self->turn == self->target_count) {
            *failed |= (uint64_t)self->failing << (done + complete);
            self->failing = false;
            self->turn = 0;
            complete++;
        }
    }
    return complete;
}

static size_t push(struct msock__outlet *outlet,
                   const struct msock__outgoing *frames, size_t count,
                   uint64_t *failed)
{
    struct msock__sender *self = (struct msock__sender *)outlet;
    uint64_t now_ms = uv_now(self->poll.loop);
    size_t done = 0;

    assert(self->target_count > 0);
    while (done < count) {
        int sent = send_batch(self, frames + done, count - done);
        if (sent == 0) {
            break;
        }
        if (sent < 0) {
            const struct msock__target *target = &self->targets[self->turn];
            msock__advise_send(&self->advice, -sent,
                               self->index != 0 &&
                                   target->address.ss_family == AF_INET6,
                               target->name, now_ms);
            self->failing = true;
            sent = 1;
        } else {
            msock__silence_sent(&self->silence, now_ms);
        }
        done += step(self, (size_t)sent, done, failed);
    }
    if (done < count) {
        (void)uv_poll_start(&self->poll,
                            UV_WRITABLE |
                                (self->events.receivable ? UV_READABLE : 0),
                            on_event);
    }
    return done;
}

static void skip(struct msock__outlet *outlet)
{
    struct msock__sender *self = (struct msock__sender *)outlet;

    self->turn = self->single = 0;
    self->failing = false;
}

/* -- Life -- */

int msock__sender_new(struct msock__sender **sender, uv_loop_t *loop, int fd,
                      size_t target_max,
                      const struct msock__sender_events *events)
{
    struct msock__sender *self =
        calloc(1, sizeof *self + target_max * sizeof *self->targets);

    if (self == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    int rc = uv_poll_init(loop, &self->poll, fd);
    if (rc < 0) {
        free(self);
        return msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
    }
    self->outlet.push = push;
    self->outlet.skip = skip;
    self->events = *events;
    self->poll.data = self;
    self->fd = fd;
    self->port = msock__socket_port(fd);
    self->trains = msock__socket_trains(fd);
    listen_for(self);
    *sender = self;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct msock__sender *self = handle->data;
    struct msock__sender_events events = self->events;

    free(self);
    events.closed(events.owner);
}

void msock__sender_close(struct msock__sender *self)
{
    uv_close((uv_handle_t *)&self->poll, on_closed);
    msock__socket_close(&self->fd);
}
