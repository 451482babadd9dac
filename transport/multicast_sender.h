/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that sends: an outlet of the fan-out, in a poll handle. There is one
 * for each interface, so that one that stalls fills only its own buffer, and
 * one for the peers, which receives as well. */
#ifndef MSOCK_TRANSPORT_MULTICAST_SENDER_H
#define MSOCK_TRANSPORT_MULTICAST_SENDER_H

#include "transport/fanout.h"
#include "transport/multicast_advice.h"
#include "transport/multicast_socket.h"
#include "transport/netif.h"
#include "transport/silence.h"

#include <uv.h>

/** Where a frame goes. */
struct msock__target {
    char name[MSOCK__ADDRESS_TEXT_SIZE + 4]; /* "on eth0", "to 192.0.2.7:80" */
    struct sockaddr_storage address;
    socklen_t address_size;
    struct msock__route route; /* empty: as the kernel wants it */
};

struct msock__sender;

/** What a sender tells its owner, who outlives it. */
struct msock__sender_events {
    void *owner;

    /** It takes frames again: send. */
    void (*writable)(void *owner);

    /** Something may be received. NULL: nothing is. */
    void (*receivable)(void *owner);

    /** It is closed and no longer exists. Last call. */
    void (*closed)(void *owner);
};

struct msock__sender {
    struct msock__outlet outlet;
    struct msock__sender_events events;
    uv_poll_t poll;
    int fd;
    uint16_t port;  /* that it sends from */
    unsigned index; /* of its interface; 0: of the peers */
    struct msock__send_advice advice;
    struct msock__silence silence; /* on that interface */

    bool trains;   /* the kernel takes several frames at once, */
    bool refused;  /* but not this device, or not of this size */
    size_t single; /* frames that are to go by themselves, if they can at all */

    bool failing; /* the frame at hand did not reach some targets */
    size_t turn;  /* targets that had it */
    size_t target_count;
    struct msock__target targets[];
};

/** Makes a sender on `fd` with room for targets; none is set. `fd` is given to
 *  it on success.  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__sender_new(struct msock__sender **sender, uv_loop_t *loop, int fd,
                      size_t target_max,
                      const struct msock__sender_events *events);

/** Closes it: events.closed follows from the loop. */
void msock__sender_close(struct msock__sender *sender);

#endif
