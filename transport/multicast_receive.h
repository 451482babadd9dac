/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of datagrams out of a multicast socket. Every datagram of a batch has
 * a slot of its own, in pages that exist only once something was written to
 * them: ordinary frames touch one page each. */
#ifndef MSOCK_TRANSPORT_MULTICAST_RECEIVE_H
#define MSOCK_TRANSPORT_MULTICAST_RECEIVE_H

#include "core/engine.h"
#include "transport/arrival.h"
#include "transport/multicast_socket.h"

enum {
    MSOCK__RECEIVE_BATCH = 16,
    MSOCK__RECEIVE_TRAINS = 4 /* after some: that much stays in a cache */
};

struct msock__receiver {
    uint8_t *memory;            /* the slots */
    struct msock__batch *batch; /* what recvmmsg(2) fills in */
    size_t used;                /* of it, by the last call */
    bool trains;                /* some of these were trains */
    struct msock__clocks empty; /* its socket was, ... */
    struct msock__clocks read;  /* ... and the last batch was read */
};

/** Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__receiver_init(struct msock__receiver *receiver);

/** Gives the memory back; zero is a receiver without any. */
void msock__receiver_fini(struct msock__receiver *receiver);

/** Receives a batch without waiting. *empty is when the socket was last found
 *  empty, or opened, and follows; *more says whether more may wait.  Returns
 * the number of datagrams and trains, 0 if there are none. */
size_t msock__receiver_read(struct msock__receiver *receiver, int fd,
                            struct msock__clocks *empty, bool *more);

/** Describes datagram `index` of the last batch, or the train that came in its
 *  place (arrival->segment), valid until the next; `from` says whether to write
 *  its source as text.  Returns whether it arrived whole. */
bool msock__receiver_get(struct msock__receiver *receiver, size_t index,
                         bool from, struct msock__arrival *arrival,
                         struct msock__datagram *datagram);

#endif
