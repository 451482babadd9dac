/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces of a multicast transport as they come, change, go and fall
 * silent. */
#define _GNU_SOURCE /* dup3 */
#include "transport/multicast_state.h"

#include "codec/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FRAME_MTU = 1500,    /* unless an interface or the user says less */
    FRAME_MTU_MIN = 576, /* below, IP cuts the frames */
    OVERHEAD_IPV6 = 48,  /* of a frame to a peer */
    NEWS_MAX = 64,
    SETTLE_MS = 100,   /* from a change to looking, or what that took last */
    SETTLE_COSTS = 20, /* so many times, to: */
    SETTLE_MAX_MS = 1000,
    RETRY_MS = 1000, /* after a failure; then doubled, to: */
    RETRY_MAX_MS = 32000
};

/* -- Senders -- */

/* Lets IP cut frames only if the interface carries less, or a payload may be
 * larger than a frame. */
static void aim(struct msock__multicast *self, struct msock__sender *sender,
                const struct msock__membership *item)
{
    struct msock__target *target = &sender->targets[0];
    unsigned mtu =
        (unsigned)(self->frame_size + msock__group_overhead(&self->group));

    target->address_size = msock__group_address(&self->group, &target->address);
    target->route = item->route;
    snprintf(target->name, sizeof target->name, "on %s", item->name);
    sender->target_count = 1;
    sender->advice.error = 0;
    sender->refused = false;
    msock__group_fragment(&self->group, sender->fd,
                          self->raw || mtu > item->mtu);
}

static int add_sender(struct msock__multicast *self, unsigned index,
                      struct msock__sender **sender)
{
    const struct msock__sender_events events =
        msock__multicast_sender_events(self);
    int fd = msock__group_sender(&self->group, self->ttl, self->dscp);
    int rc =
        fd < 0 ? fd : msock__sender_new(sender, self->loop, fd, 1, &events);

    if (rc < 0) {
        msock__socket_close(&fd);
        return rc;
    }
    assert(self->sender_count < MSOCK__MEMBERSHIPS_MAX);
    (*sender)->index = index;
    (*sender)->advice.logger = self->logger;
    self->senders[self->sender_count++] = *sender;
    self->handle_count++;
    msock__fanout_add(&self->fanout, &(*sender)->outlet);
    return 0;
}

static void remove_sender(struct msock__multicast *self, size_t position)
{
    struct msock__sender *sender = self->senders[position];

    msock__fanout_remove(&self->fanout, &sender->outlet);
    msock__sender_close(sender);
    self->sender_count--;
    self->senders[position] = self->senders[self->sender_count];
}

/* Ends those of interfaces that are not joined any more. */
static void drop_senders(struct msock__multicast *self)
{
    for (size_t i = self->sender_count; i-- > 0;) {
        if (!msock__memberships_has(&self->memberships,
                                    self->senders[i]->index)) {
            remove_sender(self, i);
        }
    }
}

/* Keeps the senders in step with the memberships.  Returns 0 or the error that
 * left one out. */
static int match_senders(struct msock__multicast *self)
{
    int result = 0;

    drop_senders(self);
    for (size_t i = 0; i < self->memberships.count; i++) {
        const struct msock__membership *item = &self->memberships.items[i];
        struct msock__sender *sender =
            msock__multicast_sender(self, item->index);
        int rc = sender == NULL ? add_sender(self, item->index, &sender) : 0;
        if (rc == 0) {
            aim(self, sender, item);
        } else {
            result = rc;
        }
    }
    return result;
}

/* -- Peers -- */

/* One list of peers may serve all hosts: nobody sends to himself. */
static bool is_self(const struct msock__multicast *self,
                    const struct msock__peer *peer)
{
    return peer->port == self->listen &&
           msock__netifs_own(&self->netifs, peer->address);
}

static bool is_reachable(const struct msock__multicast *self,
                         const struct msock__peer *peer)
{
    return !is_self(self, peer) &&
           (self->unicast_ipv6 || !msock__peer_ipv6(peer));
}

static void aim_unicast(struct msock__multicast *self)
{
    struct msock__sender *unicast = self->unicast;
    size_t before = unicast->target_count;
    size_t count = 0;

    for (size_t i = 0; i < self->peers.count; i++) {
        const struct msock__peer *peer = &self->peers.items[i];
        struct msock__target *target = &unicast->targets[count];
        char text[MSOCK__ADDRESS_TEXT_SIZE];
        if (!is_reachable(self, peer)) {
            continue;
        }
        msock__address_text(peer->address, peer->port, text);
        snprintf(target->name, sizeof target->name, "to %s", text);
        target->address_size = msock__unicast_address(
            self->unicast_ipv6, peer->address, peer->port, &target->address);
        count++;
    }
    unicast->target_count = count;
    unicast->advice.error = 0;
    if (count != before) {
        unicast->outlet.skip(&unicast->outlet);
        msock__fanout_remove(&self->fanout, &unicast->outlet);
        if (count > 0) {
            msock__fanout_add(&self->fanout, &unicast->outlet);
        }
    }
}

int msock__multicast_open_unicast(struct msock__multicast *self)
{
    struct msock__sender_events events = msock__multicast_sender_events(self);

    if (self->peers.count == 0 && self->listen == 0) {
        return 0;
    }
    if (self->listen != 0) {
        events.receivable = msock__multicast_unicast;
    }
    int fd = msock__unicast_open(self->listen, self->rcvbuf, self->dscp,
                                 &self->unicast_ipv6);
    int rc = fd < 0 ? fd
                    : msock__sender_new(&self->unicast, self->loop, fd,
                                        MSOCK__PEERS_COUNT_MAX, &events);
    if (rc < 0) {
        msock__socket_close(&fd);
        return rc;
    }
    self->unicast->advice.logger = self->logger;
    self->handle_count++;
    msock__socket_take_trains(fd);
    for (size_t i = 0; i < self->peers.count; i++) {
        if (!self->unicast_ipv6 && msock__peer_ipv6(&self->peers.items[i])) {
            msock_log(self->logger, MSOCK_WARNING,
                      "peer=: this system has no IPv6; those peers are left "
                      "out");
            break;
        }
    }
    return 0;
}

/* -- What follows from both -- */

static bool has_ipv6_peer(const struct msock__multicast *self)
{
    for (size_t i = 0; i < self->peers.count; i++) {
        if (msock__peer_ipv6(&self->peers.items[i])) {
            return true;
        }
    }
    return false;
}

size_t msock__multicast_frame_size(const struct msock__multicast *self)
{
    unsigned mtu = self->mtu;
    size_t overhead = has_ipv6_peer(self) ? OVERHEAD_IPV6
                                          : msock__group_overhead(&self->group);

    if (mtu == 0) {
        unsigned carried = msock__memberships_mtu(&self->memberships);
        mtu = carried < FRAME_MTU ? carried : FRAME_MTU;
        mtu = mtu > FRAME_MTU_MIN ? mtu : FRAME_MTU_MIN;
    }
    return mtu - overhead;
}

static bool is_near(const struct msock__multicast *self)
{
    size_t count = self->memberships.count;

    for (size_t i = 0; i < self->memberships.count; i++) {
        if (!self->memberships.items[i].loopback) {
            return false;
        }
    }
    for (size_t i = 0; i < self->peers.count; i++) {
        const struct msock__peer *peer = &self->peers.items[i];
        if (is_self(self, peer)) {
            continue;
        }
        if (!msock__peer_loopback(peer) &&
            !msock__netifs_own(&self->netifs, peer->address)) {
            return false;
        }
        count++;
    }
    return count > 0;
}

int msock__multicast_adapt(struct msock__multicast *self)
{
    self->frame_size = msock__multicast_frame_size(self);
    int rc = match_senders(self);
    if (self->unicast != NULL) {
        aim_unicast(self);
    }
    self->near = is_near(self);
    return rc;
}

/* -- Silence -- */

/* Puts another socket in the place of the one that receives, and delivers first
 * what waits in that; the owner may close the transport then. The old one
 * closes before the new one joins: the kernel would take a stale membership's
 * end for that of the one which is good.  Returns 0 or MSOCK_ESYSTEM. */
static int renew(struct msock__multicast *self)
{
    int fd = msock__group_receiver(&self->group, self->rcvbuf);

    if (fd < 0) {
        return fd;
    }
    msock__multicast_drain(self);
    if (self->stopped) {
        close(fd);
        return 0;
    }
    uv_poll_stop(&self->receive);
    /* It takes the old one's number: the poll handle is bound to that. */
    int rc = dup3(fd, self->receive_fd, O_CLOEXEC);
    if (rc < 0) {
        rc = msock__fail(MSOCK_ESYSTEM, "UDP socket: %s", strerror(errno));
    } else {
        msock__memberships_restore(&self->memberships);
        self->overflow = 0;
        self->lost = false;
    }
    close(fd);
    int started = msock__multicast_receive(self);
    return rc < 0 ? rc : started;
}

/* Does what may end a silence.  Returns whether it takes a new socket. */
static bool mend_silence(struct msock__multicast *self)
{
    uint64_t now_ms = uv_now(self->loop);
    bool renewal = false;

    for (size_t i = 0; i < self->sender_count; i++) {
        struct msock__sender *sender = self->senders[i];
        enum msock__silence_remedy remedy =
            msock__silence_check(&sender->silence, now_ms);
        if (remedy == MSOCK__SILENCE_RENEW) {
            renewal = true;
            if (sender->silence.own_tries == 0) {
                msock__advise_silence(self->logger, sender->targets[0].name);
            }
        } else if (remedy == MSOCK__SILENCE_REJOIN) {
            msock_log(self->logger, MSOCK_INFO,
                      "nobody is heard any more %s: joining again",
                      sender->targets[0].name);
            msock__memberships_rejoin(&self->memberships, sender->index);
        }
        msock__silence_tried(&sender->silence, now_ms, remedy);
    }
    return renewal;
}

/* -- Changes -- */

/* After a failure nothing may follow that would have us look again. */
static void retry(struct msock__multicast *self)
{
    if (self->retry_ms == 0) {
        msock_log(self->logger, MSOCK_WARNING, "%s; trying again",
                  msock_error_detail());
        self->retry_ms = RETRY_MS;
    } else if (self->retry_ms < RETRY_MAX_MS) {
        self->retry_ms *= 2;
    }
    msock__multicast_look(self, self->retry_ms);
}

/* Tells the owner what is different now. */
static void tell_changes(struct msock__multicast *self, size_t frame_size,
                         bool near)
{
    void *owner = self->events.owner;

    if (self->frame_size != frame_size) {
        self->events.resized(owner, self->frame_size);
    }
    if (self->near != near && self->events.near != NULL) {
        self->events.near(owner, self->near);
    }
    /* Who blocked may be gone. */
    self->events.writable(owner);
}

/* Reads the interfaces, and makes the best of them.  Returns 0 or the error
 * that left something to be tried again; the owner may have closed then. */
static int settle(struct msock__multicast *self)
{
    int rc = msock__netifs_read(&self->netifs);

    if (rc < 0) {
        return rc;
    }
    bool renewal = mend_silence(self) || self->lost;
    msock__memberships_update(&self->memberships, &self->netifs, self->iface);
    int renewed = renewal ? renew(self) : 0;
    if (self->stopped) {
        return 0;
    }
    rc = msock__multicast_adapt(self);
    return rc < 0 ? rc : renewed;
}

/* Thousands of interfaces that change all the time must not keep us busy. */
static uint64_t next_settle(uint64_t cost_ns)
{
    uint64_t wait_ms = cost_ns / 1000000 * SETTLE_COSTS;

    if (wait_ms < SETTLE_MS) {
        return SETTLE_MS;
    }
    return wait_ms < SETTLE_MAX_MS ? wait_ms : SETTLE_MAX_MS;
}

static void on_settled(uv_timer_t *timer)
{
    struct msock__multicast *self = timer->data;
    size_t frame_size = self->frame_size;
    bool near = self->near;
    uint64_t begin_ns = uv_hrtime();
    int rc = settle(self);

    if (self->stopped) {
        return;
    }
    self->settle_ms = next_settle(uv_hrtime() - begin_ns);
    tell_changes(self, frame_size, near);
    if (rc < 0) {
        retry(self);
    } else {
        self->retry_ms = 0;
    }
}

void msock__multicast_look(struct msock__multicast *self, uint64_t wait_ms)
{
    /* A change every 50 ms must not put it off for ever: no restart, unless it
     * comes sooner. */
    if (!uv_is_active((uv_handle_t *)&self->settle) ||
        uv_timer_get_due_in(&self->settle) > wait_ms) {
        uv_timer_start(&self->settle, on_settled, wait_ms, 0);
    }
}

static void on_changed(uv_poll_t *handle, int status, int events)
{
    struct msock__multicast *self = handle->data;
    struct msock__netif_news news[NEWS_MAX];

    (void)events;
    if (status < 0) {
        /* The error is that the kernel had no room for its news. */
        self->lost = true;
        msock__socket_clear(self->watch_fd);
        (void)uv_poll_start(handle, UV_READABLE, on_changed);
    }
    size_t count =
        msock__netif_watch_read(self->watch_fd, news, NEWS_MAX, &self->lost);
    for (size_t i = 0; i < count; i++) {
        if (news[i].deleted) {
            (void)msock__memberships_forget(&self->memberships, news[i].index);
        } else {
            msock__memberships_pause(&self->memberships, news[i].index);
        }
    }
    drop_senders(self);
    msock__multicast_look(self, self->settle_ms);
    /* Who blocked may be gone. */
    self->events.writable(self->events.owner);
}

int msock__multicast_watch(struct msock__multicast *self)
{
    self->settle_ms = SETTLE_MS;
    int rc = uv_poll_start(&self->watch, UV_READABLE, on_changed);

    return rc == 0
               ? 0
               : msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
}
