/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast sockets: the only code that knows how IPv4 and IPv6 differ. Groups
 * and addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d. */
#ifndef MSOCK_TRANSPORT_MULTICAST_SOCKET_H
#define MSOCK_TRANSPORT_MULTICAST_SOCKET_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct msock__group {
    bool ipv6;
    uint8_t bytes[16];
    uint16_t port;
};

enum {
    MSOCK__ADDRESS_TEXT_SIZE = 56, /* "[ADDRESS]:PORT" and a NUL */
    MSOCK__CONTROL_SIZE = 192      /* room for what a datagram comes with */
};

/** Ancillary data that sends a datagram on one interface, or a train of them.
 */
struct msock__route {
    size_t size;
    _Alignas(size_t) uint8_t bytes[72];
};

/** What came with a datagram. */
struct msock__arrival {
    uint8_t source[16];
    uint16_t source_port;
    uint8_t destination[16];
    unsigned index;    /* of the interface */
    bool has_overflow; /* then: */
    uint32_t overflow; /* dropped so far for want of buffer */
    uint64_t stamp_us; /* wall clock of its arrival; 0: not known */
    size_t segment;    /* of a train: of each datagram but the last; else 0 */
};

/** Reads a group address.  Returns 0, MSOCK_EURL. */
int msock__group_read(struct msock__group *group, const char *host,
                      uint16_t port);

/** Bytes of an IP and a UDP header. */
size_t msock__group_overhead(const struct msock__group *group);

/** Writes where to send to.  Returns the size of the address. */
socklen_t msock__group_address(const struct msock__group *group,
                               struct sockaddr_storage *address);

/** Opens the socket that receives, with nothing joined; others may share group
 *  and port.  Returns it, or MSOCK_ESYSTEM. */
int msock__group_receiver(const struct msock__group *group, size_t rcvbuf);

/** Opens the socket that sends, from a port of its own.
 *  Returns it, or MSOCK_ESYSTEM. */
int msock__group_sender(const struct msock__group *group, unsigned ttl,
                        unsigned dscp);

/** Opens the socket for unicast of both families (*ipv6 false: the system has
 *  IPv4 only), on the port `listen`, or to send only (0) on a port of its own.
 *  Returns it, or MSOCK_ESYSTEM, with the detail set: the port is taken. */
int msock__unicast_open(uint16_t listen, size_t rcvbuf, unsigned dscp,
                        bool *ipv6);

/** Writes a host's address for such a socket.  Returns the size of the address.
 */
socklen_t msock__unicast_address(bool ipv6, const uint8_t bytes[static 16],
                                 uint16_t port,
                                 struct sockaddr_storage *address);

/** Whether a socket can send trains of datagrams, as far as the kernel knows;
 *  a device may still refuse them. */
bool msock__socket_trains(int fd);

/** Lets a socket that receives get trains in one piece, if the kernel can. */
void msock__socket_take_trains(int fd);

/** Takes away an error that is pending on a socket. */
void msock__socket_clear(int fd);

/** The port that a socket is bound to. */
uint16_t msock__socket_port(int fd);

/** The receive buffer that a socket got, in the bytes that were asked for: the
 *  kernel counts as much again for itself. */
size_t msock__socket_rcvbuf(int fd);

/** Closes *fd, if it is open, and makes it -1. */
void msock__socket_close(int *fd);

/** Lets the sender's frames be cut into IP fragments, or not (DF). */
void msock__group_fragment(const struct msock__group *group, int fd,
                           bool allowed);

/** Joins or leaves the group on an interface.  Returns 0 or an errno. */
int msock__group_join(const struct msock__group *group, int fd, unsigned index);
int msock__group_leave(const struct msock__group *group, int fd,
                       unsigned index);

/** Makes the ancillary data for an interface. `source` is the address to send
 *  from, of the group's family; NULL: the kernel chooses one. */
void msock__group_route(const struct msock__group *group, unsigned index,
                        const uint8_t *source, struct msock__route *route);

/** Adds to a route that what is sent is a train of datagrams of `size` bytes.
 */
void msock__route_segment(struct msock__route *route, size_t size);

/** Reads what came with a datagram; what is missing stays zero. */
void msock__arrival_read(struct msock__arrival *arrival,
                         struct msghdr *message);

/** Writes "ADDRESS:PORT". */
void msock__address_text(const uint8_t address[static 16], uint16_t port,
                         char text[static MSOCK__ADDRESS_TEXT_SIZE]);

#endif
