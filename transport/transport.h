/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of a transport: a way for datagrams out of and into one channel
 * on a uv loop. multicast.c and sim.c implement it; loop.c drives it; open.c
 * chooses one.
 *
 * A transport never blocks, runs only on the loop's thread, and delivers only
 * from inside the loop, never from inside one of these calls. */
#ifndef MSOCK_TRANSPORT_TRANSPORT_H
#define MSOCK_TRANSPORT_TRANSPORT_H

#include "core/engine.h"

#include <uv.h>

struct msock__transport {
    const struct msock__transport_ops *ops;
};

/** What a transport tells its owner, who outlives it. */
struct msock__transport_events {
    void *owner;

    /** A batch arrived. The bytes are the transport's, lent for the call, each
     *  with a byte behind it that is to be as it was afterwards: it may be the
     *  next one's first. The owner may close the transport inside:
     *  then the transport delivers nothing more. */
    void (*received)(void *owner, const struct msock__datagram *datagrams,
                     size_t count);

    /** Sending was refused for want of room and may go on now. */
    void (*writable)(void *owner);

    /** Something only the transport sees happened `count` times. */
    void (*counted)(void *owner, enum msock_counter counter, uint64_t count);

    /** The transport does not keep up: the system dropped datagrams for want
     *  of room, or they wait for long. May be NULL. */
    void (*pressed)(void *owner);

    /** Asks for sessions that should be read first, as msock__engine_quiet().
     *  May be NULL. */
    size_t (*quiet)(void *owner, struct msock__quiet *list, size_t count);

    /** The largest datagram to send changed. */
    void (*resized)(void *owner, size_t frame_size);

    /** What ops->near says changed. */
    void (*near)(void *owner, bool near);

    /** All handles are closed, the transport no longer exists. Last call. */
    void (*closed)(void *owner);
};

struct msock__transport_ops {
    /** Starts to receive on `loop`; `events` is copied.  Returns 0, or
     *  MSOCK_ESYSTEM with nothing started. */
    int (*start)(struct msock__transport *transport, uv_loop_t *loop,
                 const struct msock__transport_events *events);

    /** Sends datagrams in order.  Returns how many are done (sent, or counted
     *  as MSOCK_TX_ERRORS); fewer than `count` means: wait for `writable`.
     *  With no network at all they are done, and counted. */
    size_t (*send)(struct msock__transport *transport,
                   const struct msock__outgoing *frames, size_t count);

    /** Those that were not done will not come again: what is sent next is
     *  others. NULL: nothing is kept of them. */
    void (*forget)(struct msock__transport *transport);

    /** Largest datagram to send now. */
    size_t (*frame_size)(const struct msock__transport *transport);

    /** Number of interfaces joined. */
    int (*joined)(const struct msock__transport *transport);

    /** Ends it: `events.closed` follows from the loop; if it was never
     *  started, it is freed at once and nothing follows. */
    void (*close)(struct msock__transport *transport);

    /** Whether all that is sent stays on this host, and is sent at all. NULL:
     *  never. */
    bool (*near)(const struct msock__transport *transport);
};

#endif
