/* SPDX-License-Identifier: Apache-2.0 */
/* On which interfaces a multicast socket has joined its group, kept in step
 * with the host's. Interfaces count by index, not by name or address: one that
 * was deleted and made again is another one.
 *
 * The kernel allows 20 memberships a socket (igmp_max_memberships); what it
 * refuses is logged once and tried again at every change. So is what `iface`
 * names and the host has not, and what exceeds the table. Where a cable is
 * plugged in again, the group is joined again, so that switches hear of it. */
#ifndef MSOCK_TRANSPORT_MULTICAST_JOIN_H
#define MSOCK_TRANSPORT_MULTICAST_JOIN_H

#include "core/options.h"
#include "transport/multicast_socket.h"
#include "transport/netif.h"

#include <multisock/multisock.h>

enum { MSOCK__MEMBERSHIPS_MAX = 64 };

struct msock__membership {
    unsigned index;
    unsigned mtu;
    bool loopback;
    bool running; /* a cable is in */
    char name[MSOCK__NETIF_NAME_MAX + 1];
    struct msock__route route; /* to send there */
};

struct msock__memberships {
    const struct msock__group *group;
    int fd;
    msock_logger *logger;
    struct msock__membership items[MSOCK__MEMBERSHIPS_MAX];
    size_t count;
    unsigned refused[MSOCK__MEMBERSHIPS_MAX]; /* indexes, logged */
    size_t refused_count;
    size_t over;                        /* chosen and not taken, logged */
    char missing[MSOCK__IFACE_MAX + 1]; /* chooses nothing, logged */
};

/** Joins what the valid list `iface` chooses of `netifs` and is not joined, and
 *  leaves the rest.  Returns whether memberships or what is known of them
 *  changed. */
bool msock__memberships_update(struct msock__memberships *memberships,
                               const struct msock__netifs *netifs,
                               const char *iface);

/** Leaves an interface that was deleted, if it was joined: the kernel keeps its
 *  entry otherwise.  Returns whether it was. */
bool msock__memberships_forget(struct msock__memberships *memberships,
                               unsigned index);

/** Notes that an interface was not running: when it is again, the group is
 *  joined again. */
void msock__memberships_pause(struct msock__memberships *memberships,
                              unsigned index);

/** Leaves and joins an interface, so that switches hear of it. */
void msock__memberships_rejoin(struct msock__memberships *memberships,
                               unsigned index);

/** Joins everything again: the descriptor is another socket's now. What the
 *  kernel refuses is joined no more. */
void msock__memberships_restore(struct msock__memberships *memberships);

/** Whether an interface is joined. */
bool msock__memberships_has(const struct msock__memberships *memberships,
                            unsigned index);

/** The smallest MTU of those joined; UINT_MAX if none is. */
unsigned msock__memberships_mtu(const struct msock__memberships *memberships);

#endif
