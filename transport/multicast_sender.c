/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that send. */
#define _GNU_SOURCE /* sendmmsg */
#include "transport/multicast_sender.h"

#include "codec/error.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEND_BATCH = 64 };

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

/* Sends as many copies of frames as one call takes, from the turn on. Returns
 * how many left, 0 to wait, or the negative errno that the first one met. */
static int send_batch(const struct msock__sender *self,
                      const struct msock__outgoing *frames, size_t count)
{
    struct mmsghdr headers[SEND_BATCH];
    struct iovec parts[SEND_BATCH];
    size_t width = self->target_count;
    size_t todo = count * width - self->turn;
    unsigned batch = todo < SEND_BATCH ? (unsigned)todo : SEND_BATCH;
    int sent;

    for (size_t i = 0; i < batch; i++) {
        const struct msock__outgoing *frame = &frames[(self->turn + i) / width];
        struct msock__target *target =
            (struct msock__target *)&self->targets[(self->turn + i) % width];
        parts[i] = (struct iovec){(void *)(uintptr_t)frame->bytes, frame->size};
        headers[i].msg_hdr =
            (struct msghdr){.msg_name = &target->address,
                            .msg_namelen = target->address_size,
                            .msg_iov = &parts[i],
                            .msg_iovlen = 1,
                            .msg_control = target->route.bytes,
                            .msg_controllen = target->route.size};
    }
    do {
        sent = sendmmsg(self->fd, headers, batch, 0);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        return sent;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

/* Counts copies that left or failed.  Returns the frames that are complete. */
static size_t step(struct msock__sender *self, size_t copies, size_t done,
                   uint64_t *failed)
{
    size_t complete = 0;

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

    self->turn = 0;
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
