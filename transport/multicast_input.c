/* SPDX-License-Identifier: Apache-2.0 */
/* What a multicast transport receives: from the group's socket, and from the
 * one for unicast. */
#include "transport/multicast_state.h"

#include "codec/error.h"
#include "transport/train.h"

#include <string.h>

enum {
    DELIVER_BATCH = 64,
    RECEIVE_TURN = 128, /* datagrams before others of the loop have a turn */
    DRAIN_TURN = 4096,  /* the same, before a socket is closed */
    OTHER_EVERY_MS = 1000
};

/* The kernel tells its running total with each datagram after a loss. Returns
 * whether there was one. */
static bool count_overflow(struct msock__multicast *self,
                           const struct msock__arrival *arrival,
                           uint32_t *overflow)
{
    uint32_t more = arrival->has_overflow ? arrival->overflow - *overflow : 0;

    msock__multicast_tell(self, MSOCK_DROP_KERNEL, more);
    *overflow += more;
    return more > 0;
}

static bool is_own_port(const struct msock__multicast *self, uint16_t port)
{
    for (size_t i = 0; i < self->sender_count; i++) {
        if (self->senders[i]->port == port) {
            return true;
        }
    }
    return self->unicast != NULL && self->unicast->port == port;
}

static bool is_own(const struct msock__multicast *self,
                   const struct msock__arrival *arrival)
{
    return is_own_port(self, arrival->source_port) &&
           msock__netifs_own(&self->netifs, arrival->source);
}

/* Notes that an interface is not silent. Other programs of this host say
 * nothing about it. */
static void note_heard(struct msock__multicast *self,
                       const struct msock__arrival *arrival)
{
    struct msock__sender *sender =
        msock__multicast_sender(self, arrival->index);
    uint64_t now_ms = uv_now(self->loop);

    if (sender == NULL) {
        return;
    }
    if (arrival->source_port == sender->port) {
        msock__silence_own(&sender->silence);
    } else if (now_ms - sender->silence.others_ms >= OTHER_EVERY_MS &&
               !msock__netifs_own(&self->netifs, arrival->source)) {
        msock__silence_other(&sender->silence, now_ms);
    }
}

/* The group's socket is not read as quickly as it fills. */
static void press(struct msock__multicast *self)
{
    msock__guard_press(&self->guard, uv_now(self->loop));
    if (self->events.pressed != NULL) {
        self->events.pressed(self->events.owner);
    }
}

/* Looks at what came to the group.  Returns whether it is for us. */
static bool check_group(struct msock__multicast *self,
                        const struct msock__arrival *arrival, size_t size,
                        bool whole)
{
    if (memcmp(arrival->destination, self->group.bytes, 16) != 0 ||
        !msock__memberships_has(&self->memberships, arrival->index)) {
        msock__multicast_tell(self, MSOCK_DROP_FOREIGN,
                              msock__train_count(size, arrival->segment));
        return false;
    }
    note_heard(self, arrival);
    if (!whole) {
        msock__multicast_tell(self, MSOCK_DROP_TRUNCATED, 1);
    }
    return whole;
}

/* Describes what came to the group.  Returns whether it is for us. */
static bool accept_group(struct msock__multicast *self, size_t index,
                         struct msock__arrival *arrival,
                         struct msock__datagram *datagram)
{
    bool whole = msock__receiver_get(&self->receiver, index, self->raw, arrival,
                                     datagram);

    if (count_overflow(self, arrival, &self->overflow)) {
        press(self);
    }
    datagram->own = is_own(self, arrival);
    return check_group(self, arrival, datagram->size, whole);
}

/* The same of the guard's socket, whose drops are its filter's work. */
static bool accept_guarded(struct msock__multicast *self, size_t index,
                           struct msock__arrival *arrival,
                           struct msock__datagram *datagram)
{
    bool whole = msock__receiver_get(&self->receiver, index, self->raw, arrival,
                                     datagram);

    datagram->own = is_own(self, arrival);
    datagram->first = true;
    return check_group(self, arrival, datagram->size, whole);
}

/* The same for unicast: whatever comes to that port is for us. */
static bool accept_unicast(struct msock__multicast *self, size_t index,
                           struct msock__arrival *arrival,
                           struct msock__datagram *datagram)
{
    bool whole = msock__receiver_get(&self->receiver, index, self->raw, arrival,
                                     datagram);

    (void)count_overflow(self, arrival, &self->unicast_overflow);
    if (!whole) {
        msock__multicast_tell(self, MSOCK_DROP_TRUNCATED, 1);
        return false;
    }
    datagram->own = is_own(self, arrival);
    return true;
}

typedef bool accept_function(struct msock__multicast *self, size_t index,
                             struct msock__arrival *arrival,
                             struct msock__datagram *datagram);

/* Datagrams on their way to the owner. */
struct delivery {
    struct msock__datagram datagrams[DELIVER_BATCH];
    size_t count;
};

static void deliver(struct msock__multicast *self, struct delivery *delivery)
{
    if (delivery->count > 0 && !self->stopped) {
        self->events.received(self->events.owner, delivery->datagrams,
                              delivery->count);
    }
    delivery->count = 0;
}

/* Adds a datagram, or each of a train. */
static void add_train(struct msock__multicast *self, struct delivery *delivery,
                      const struct msock__datagram *train, size_t segment)
{
    size_t offset = 0;

    do {
        if (delivery->count == DELIVER_BATCH) {
            deliver(self, delivery);
        }
        delivery->datagrams[delivery->count++] =
            msock__train_take(train, segment, &offset);
    } while (offset < train->size);
}

/* What a socket is read with. */
struct source {
    int fd;
    struct msock__clocks *empty;
    accept_function *accept;
};

/* Receives and delivers one batch; *more says whether there may be another.
 * Returns the number of datagrams; the transport may be closed then. */
static size_t receive_batch(struct msock__multicast *self,
                            const struct source *source, bool *more)
{
    struct delivery delivery;
    size_t received =
        msock__receiver_read(&self->receiver, source->fd, source->empty, more);
    size_t count = 0;

    delivery.count = 0;
    for (size_t i = 0; i < received && !self->stopped; i++) {
        struct msock__arrival arrival;
        struct msock__datagram datagram;
        bool accepted = source->accept(self, i, &arrival, &datagram);
        count += msock__train_count(datagram.size, arrival.segment);
        if (accepted) {
            add_train(self, &delivery, &datagram, arrival.segment);
        }
    }
    deliver(self, &delivery);
    return count;
}

/* Reads a socket until it is empty, or `most` datagrams were read.  Returns how
 * many. */
static size_t receive_all(struct msock__multicast *self,
                          const struct source *source, size_t most)
{
    bool more = true;
    size_t count = 0;

    while (more && count < most && !self->stopped) {
        count += receive_batch(self, source, &more);
    }
    return count;
}

/* Reads what known sessions sent, ahead of all others. */
static size_t receive_guarded(struct msock__multicast *self)
{
    if (self->guard.fd < 0) {
        return 0;
    }
    const struct source source = {self->guard.fd, &self->guard.empty,
                                  accept_guarded};
    return receive_all(self, &source, RECEIVE_TURN);
}

/* Asks who should be read first, if the time has come. */
static void look_after_guard(struct msock__multicast *self)
{
    struct msock__quiet list[MSOCK__GUARD_MAX];
    uint64_t now_ms = uv_now(self->loop);
    size_t count = 0;

    if (!msock__guard_due(&self->guard, now_ms)) {
        return;
    }
    if (self->events.quiet != NULL &&
        msock__guard_wanted(&self->guard, now_ms)) {
        count = self->events.quiet(self->events.owner, list, MSOCK__GUARD_MAX);
    }
    msock__guard_admit(&self->guard, now_ms, &self->memberships, self->rcvbuf,
                       list, count);
}

/* Reads the group's socket as long as others of the loop can wait. Returns
 * whether nothing is left. */
static bool receive_group(struct msock__multicast *self)
{
    const struct source source = {self->receive_fd, &self->empty, accept_group};
    bool more = true;

    for (size_t count = 0; more && count < RECEIVE_TURN && !self->stopped;) {
        count += receive_guarded(self);
        if (!self->stopped) {
            count += receive_batch(self, &source, &more);
        }
    }
    return !more;
}

static void on_receivable(uv_poll_t *handle, int status, int events)
{
    struct msock__multicast *self = handle->data;

    (void)events;
    if (status < 0) {
        /* libuv stops a poll handle whose socket has an error pending. */
        msock__socket_clear(self->receive_fd);
        (void)uv_poll_start(handle, UV_READABLE, on_receivable);
    }
    bool emptied = receive_group(self);
    if (emptied) {
        /* What did not fit into the one may have come to the other since. */
        (void)receive_guarded(self);
    }
    if (self->stopped) {
        return;
    }
    if (msock__guard_behind(&self->guard, uv_now(self->loop), emptied)) {
        press(self);
    }
    look_after_guard(self);
}

int msock__multicast_receive(struct msock__multicast *self)
{
    int rc = uv_poll_start(&self->receive, UV_READABLE, on_receivable);

    return rc == 0
               ? 0
               : msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
}

void msock__multicast_drain(struct msock__multicast *self)
{
    const struct source source = {self->receive_fd, &self->empty, accept_group};

    (void)receive_all(self, &source, DRAIN_TURN);
}

void msock__multicast_unicast(void *owner)
{
    struct msock__multicast *self = owner;
    const struct source source = {self->unicast->fd, &self->unicast_empty,
                                  accept_unicast};

    (void)receive_all(self, &source, RECEIVE_TURN);
}
