/* SPDX-License-Identifier: Apache-2.0 */
/* A second way in, while a channel gets more than it can read. What strangers
 * send fills the receive buffer, and the kernel drops whatever comes then,
 * whoever sent it. So known sessions get a socket of their own, with a filter
 * in the kernel that passes their frames only, from the addresses that they
 * were heard from. It is read first, and a flood does not fill it; what comes
 * in both sockets is a duplicate in the second. The filter is no judge: all
 * that it passes is checked as everything else.
 *
 * The socket exists during a siege and 2 s beyond; its memory is the kernel's,
 * one more receive buffer. */
#ifndef MSOCK_TRANSPORT_MULTICAST_GUARD_H
#define MSOCK_TRANSPORT_MULTICAST_GUARD_H

#include "core/engine.h"
#include "transport/arrival.h"
#include "transport/multicast_join.h"

#include <linux/filter.h>

enum {
    /* Sessions; the kernel takes 4096 instructions, and old ones 20 KiB. */
    MSOCK__GUARD_MAX = 64,
    MSOCK__GUARD_CODE_MAX = 2 + MSOCK__GUARD_MAX * 17
};

struct msock__guard {
    int fd;                     /* -1: there is none */
    struct msock__clocks empty; /* nothing was left in it */
    uint64_t behind_ms;         /* since when the other is not emptied, or 0 */
    uint64_t pressed_ms;        /* datagrams were lost or late last, or 0 */
    uint64_t looked_ms;         /* it was last thought about */
};

/** Makes a guard without a socket. */
void msock__guard_init(struct msock__guard *guard);

/** Closes the socket, if there is one. */
void msock__guard_fini(struct msock__guard *guard);

/** Notes whether the group's socket could be emptied in this turn.  Returns
 *  whether it could not for 100 ms. */
bool msock__guard_behind(struct msock__guard *guard, uint64_t now_ms,
                         bool emptied);

/** Notes that the channel does not keep up. */
void msock__guard_press(struct msock__guard *guard, uint64_t now_ms);

/** Whether it is time for msock__guard_admit(). */
bool msock__guard_due(const struct msock__guard *guard, uint64_t now_ms);

/** Whether the channel did not keep up in the last 2 s. */
bool msock__guard_wanted(const struct msock__guard *guard, uint64_t now_ms);

/** Lets the frames of these sessions in, and nothing else, on what is joined;
 *  of none: closes the socket. If the system does not allow it, there is
 *  none. */
void msock__guard_admit(struct msock__guard *guard, uint64_t now_ms,
                        const struct msock__memberships *memberships,
                        size_t rcvbuf, const struct msock__quiet *list,
                        size_t count);

/** Writes the filter: of a UDP datagram, whether it is a frame of one of these
 *  sessions and from its address. Addresses of another family than the group's
 *  match nothing.  Returns the number of instructions. */
size_t msock__guard_filter(struct sock_filter code[MSOCK__GUARD_CODE_MAX],
                           bool ipv6, const struct msock__quiet *list,
                           size_t count);

#endif
