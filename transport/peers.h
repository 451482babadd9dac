/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that multicast does not reach, as the `peer` option names them.
 * Addresses only: a name would have to be asked for, and a resolver may answer
 * late or lie. */
#ifndef MSOCK_TRANSPORT_PEERS_H
#define MSOCK_TRANSPORT_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__PEERS_COUNT_MAX = 16 };

struct msock__peer {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

struct msock__peers {
    struct msock__peer items[MSOCK__PEERS_COUNT_MAX];
    size_t count;
};

/** Reads a list of ADDRESS[:PORT], separated by commas; "": none. An IPv6
 *  address with a port is in brackets. `port` is for those that name none.
 *  Returns 0, or MSOCK_EOPTION (no unicast address, port, a peer twice, more
 *  than 16) with the detail set. */
int msock__peers_read(struct msock__peers *peers, const char *list,
                      uint16_t port);

/** Whether a peer's address is IPv6. */
bool msock__peer_ipv6(const struct msock__peer *peer);

/** Whether a peer's address is of this host whatever its interfaces are:
 *  127.0.0.0/8 or ::1. */
bool msock__peer_loopback(const struct msock__peer *peer);

#endif
