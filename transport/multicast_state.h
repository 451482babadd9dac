/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of the multicast transport, for multicast.c (its life and what it
 * sends), multicast_input.c (what it receives) and multicast_watch.c (the
 * interfaces as they come and go). */
#ifndef MSOCK_TRANSPORT_MULTICAST_STATE_H
#define MSOCK_TRANSPORT_MULTICAST_STATE_H

#include "transport/fanout.h"
#include "transport/multicast_guard.h"
#include "transport/multicast_join.h"
#include "transport/multicast_receive.h"
#include "transport/multicast_sender.h"
#include "transport/netif.h"
#include "transport/peers.h"
#include "transport/transport.h"

struct msock__multicast {
    struct msock__transport base;
    struct msock__transport_events events;
    msock_logger *logger;
    struct msock__group group;
    char iface[MSOCK__IFACE_MAX + 1];
    unsigned ttl;
    unsigned dscp;
    size_t rcvbuf;
    unsigned mtu; /* 0: from the interfaces */
    bool raw;
    struct msock__peers peers;
    uint16_t listen; /* 0: no port for unicast */

    uv_loop_t *loop;
    int receive_fd, watch_fd; /* -1: not open */
    uv_poll_t receive, watch;
    uv_timer_t settle;     /* to look at the interfaces */
    uv_timer_t patience;   /* with an outlet that takes nothing */
    uint64_t settle_ms;    /* how long that is put off */
    uint64_t retry_ms;     /* the same, after a failure; 0: there was none */
    bool lost;             /* memberships may not be what they seem */
    unsigned handle_count; /* those not closed yet */
    bool stopped, closed;

    struct msock__netifs netifs;
    struct msock__memberships memberships;
    size_t frame_size;
    bool near;
    struct msock__fanout fanout;
    struct msock__sender *senders[MSOCK__MEMBERSHIPS_MAX];
    size_t sender_count;
    struct msock__sender *unicast; /* NULL: neither peers nor `listen` */
    bool unicast_ipv6;             /* it can do both */

    struct msock__receiver receiver;
    uint32_t overflow;          /* datagrams the kernel dropped so far */
    struct msock__clocks empty; /* nothing was left to be received */
    struct msock__guard guard;  /* of known sessions, under a flood */
    /* The same of the socket for unicast. */
    uint32_t unicast_overflow;
    struct msock__clocks unicast_empty;
};

/** Tells the owner that something happened, if it did. */
void msock__multicast_tell(const struct msock__multicast *self,
                           enum msock_counter counter, size_t count);

/* -- multicast.c -- */

/** What every sender tells: `receivable` is not set. */
struct msock__sender_events
msock__multicast_sender_events(struct msock__multicast *self);

/** The sender of an interface, or NULL. */
struct msock__sender *
msock__multicast_sender(const struct msock__multicast *self, unsigned index);

/* -- multicast_input.c -- */

/** Begins to receive from the group's socket. */
int msock__multicast_receive(struct msock__multicast *self);

/** Receives and delivers what the group's socket has, within bounds; the
 *  transport may be closed then. */
void msock__multicast_drain(struct msock__multicast *self);

/** The same, of the socket for unicast: a sender's `receivable`. */
void msock__multicast_unicast(void *owner);

/* -- multicast_watch.c -- */

/** Makes the socket for unicast, if one is wanted.
 *  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__multicast_open_unicast(struct msock__multicast *self);

/** Adapts senders, peers and frame size to the memberships.
 *  Returns 0, or the error that left something out. */
int msock__multicast_adapt(struct msock__multicast *self);

/** The largest frame that suits the interfaces and the peers. */
size_t msock__multicast_frame_size(const struct msock__multicast *self);

/** Begins to watch the interfaces. */
int msock__multicast_watch(struct msock__multicast *self);

/** Looks at the interfaces `wait_ms` from now, or before. */
void msock__multicast_look(struct msock__multicast *self, uint64_t wait_ms);

#endif
