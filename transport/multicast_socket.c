/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast sockets of both families. */
#define _GNU_SOURCE /* in6_pktinfo, IPV6_MULTICAST_ALL */
#include "transport/multicast_socket.h"

#include "codec/error.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

int msock__group_read(struct msock__group *group, const char *host,
                      uint16_t port)
{
    struct msock__group read = {.port = port};

    if (inet_pton(AF_INET, host, read.bytes + sizeof mapped) == 1) {
        memcpy(read.bytes, mapped, sizeof mapped);
    } else if (inet_pton(AF_INET6, host, read.bytes) == 1) {
        read.ipv6 = true;
    } else {
        return msock__fail(MSOCK_EURL,
                           "'%s' is not an IPv4 or IPv6 address; the interface "
                           "goes into iface=",
                           host);
    }
    unsigned first = read.bytes[read.ipv6 ? 0 : sizeof mapped];
    if (read.ipv6 ? first != 0xff : (first & 0xf0) != 0xe0) {
        return msock__fail(MSOCK_EURL,
                           "'%s' is not a multicast group: use 239.x.y.z or "
                           "[ff15::x]",
                           host);
    }
    *group = read;
    return 0;
}

size_t msock__group_overhead(const struct msock__group *group)
{
    return (group->ipv6 ? 40 : 20) + 8;
}

/* Writes an address of one family; `bytes` NULL: any. */
static socklen_t write_address(bool is_ipv6, const uint8_t *bytes,
                               uint16_t port, struct sockaddr_storage *address)
{
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(port)};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};

    memset(address, 0, sizeof *address);
    if (is_ipv6) {
        if (bytes != NULL) {
            memcpy(&ipv6.sin6_addr, bytes, 16);
        }
        memcpy(address, &ipv6, sizeof ipv6);
        return sizeof ipv6;
    }
    if (bytes != NULL) {
        memcpy(&ipv4.sin_addr, bytes + sizeof mapped, 4);
    }
    memcpy(address, &ipv4, sizeof ipv4);
    return sizeof ipv4;
}

socklen_t msock__group_address(const struct msock__group *group,
                               struct sockaddr_storage *address)
{
    return write_address(group->ipv6, group->bytes, group->port, address);
}

socklen_t msock__unicast_address(bool ipv6, const uint8_t bytes[static 16],
                                 uint16_t port,
                                 struct sockaddr_storage *address)
{
    return write_address(ipv6, bytes, port, address);
}

struct option {
    int level, name;
    size_t value;
    const char *text;
};

static int set_options(int fd, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int value =
            options[i].value < INT_MAX ? (int)options[i].value : INT_MAX;
        if (setsockopt(fd, options[i].level, options[i].name, &value,
                       sizeof value) < 0) {
            return msock__fail(MSOCK_ESYSTEM, "UDP socket: %s: %s",
                               options[i].text, strerror(errno));
        }
    }
    return 0;
}

/* Opens a socket with options set, bound to `bytes` (NULL: any) and port. */
static int open_socket(bool ipv6, const struct option *options, size_t count,
                       const uint8_t *bytes, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t size = write_address(ipv6, bytes, port, &address);
    int fd = socket(ipv6 ? AF_INET6 : AF_INET,
                    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return msock__fail(MSOCK_ESYSTEM, "UDP socket: %s", strerror(errno));
    }
    int rc = set_options(fd, options, count);
    if (rc == 0 && bind(fd, (struct sockaddr *)&address, size) < 0) {
        rc = msock__fail(MSOCK_ESYSTEM, "UDP socket: bind to port %u: %s%s",
                         (unsigned)port, strerror(errno),
                         errno == EADDRINUSE
                             ? ": a program that does not share it has it (ss "
                               "-lunp tells which); end that, or use another "
                               "port"
                             : "");
    }
    if (rc < 0) {
        close(fd);
        return rc;
    }
    return fd;
}

#define OPTION(level, name, value)                                             \
    {                                                                          \
        level, name, value, #name                                              \
    }

int msock__group_receiver(const struct msock__group *group, size_t rcvbuf)
{
    const struct option ipv4[] = {
        OPTION(SOL_SOCKET, SO_REUSEADDR, 1),
        OPTION(SOL_SOCKET, SO_RCVBUF, rcvbuf),
        OPTION(SOL_SOCKET, SO_RXQ_OVFL, 1),
        OPTION(SOL_SOCKET, SO_TIMESTAMPNS, 1),
        OPTION(IPPROTO_IP, IP_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IP, IP_PKTINFO, 1),
    };
    const struct option ipv6[] = {
        OPTION(SOL_SOCKET, SO_REUSEADDR, 1),
        OPTION(SOL_SOCKET, SO_RCVBUF, rcvbuf),
        OPTION(SOL_SOCKET, SO_RXQ_OVFL, 1),
        OPTION(SOL_SOCKET, SO_TIMESTAMPNS, 1),
        OPTION(IPPROTO_IPV6, IPV6_V6ONLY, 1),
        OPTION(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1),
    };
    /* A socket bound to a group of interface or link scope hears a single
     * interface; then the destination alone tells what is ours. */
    bool one_link = group->ipv6 && (group->bytes[1] & 0x0f) <= 2;
    const uint8_t *bytes = one_link ? NULL : group->bytes;

    return group->ipv6 ? open_socket(true, ipv6, sizeof ipv6 / sizeof *ipv6,
                                     bytes, group->port)
                       : open_socket(false, ipv4, sizeof ipv4 / sizeof *ipv4,
                                     bytes, group->port);
}

/* Nobody reads the sender yet: what strangers send to its port may fill the
 * smallest buffer that there is. */
int msock__group_sender(const struct msock__group *group, unsigned ttl,
                        unsigned dscp)
{
    const struct option ipv4[] = {
        OPTION(SOL_SOCKET, SO_RCVBUF, 0),
        OPTION(IPPROTO_IP, IP_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, 1),
        OPTION(IPPROTO_IP, IP_MULTICAST_TTL, ttl),
        OPTION(IPPROTO_IP, IP_TOS, dscp << 2),
    };
    const struct option ipv6[] = {
        OPTION(SOL_SOCKET, SO_RCVBUF, 0),
        OPTION(IPPROTO_IPV6, IPV6_V6ONLY, 1),
        OPTION(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1),
        OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl),
        OPTION(IPPROTO_IPV6, IPV6_TCLASS, dscp << 2),
    };

    return group->ipv6
               ? open_socket(true, ipv6, sizeof ipv6 / sizeof *ipv6, NULL, 0)
               : open_socket(false, ipv4, sizeof ipv4 / sizeof *ipv4, NULL, 0);
}

/* Whether another program receives unicast on a port. A socket that is bound
 * to all addresses may share the port with those bound to groups, which also
 * lets two of the kind share it: then only one hears. Without that permission
 * a single address conflicts with all of the kind, and with no group's. */
static int check_port(bool ipv6, uint16_t port)
{
    const uint8_t loopback6[16] = {[15] = 1};
    const uint8_t loopback4[16] = {[12] = 127, [15] = 1};
    struct sockaddr_storage address;
    socklen_t size =
        write_address(ipv6, ipv6 ? loopback6 : loopback4, port, &address);
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) < 0 &&
                 errno == EADDRINUSE;

    msock__socket_close(&fd);
    return taken ? msock__fail(MSOCK_ESYSTEM,
                               "listen=%u: another program receives on that "
                               "port",
                               (unsigned)port)
                 : 0;
}

/* The path to a peer may carry less than the interfaces here: IP may cut. */
static int open_unicast(bool ipv6, uint16_t port, size_t rcvbuf, unsigned dscp)
{
    const struct option options[] = {
        OPTION(SOL_SOCKET, SO_REUSEADDR, port != 0),
        OPTION(SOL_SOCKET, SO_RCVBUF, rcvbuf),
        OPTION(SOL_SOCKET, SO_RXQ_OVFL, 1),
        OPTION(SOL_SOCKET, SO_TIMESTAMPNS, 1),
        OPTION(IPPROTO_IP, IP_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IP, IP_TOS, dscp << 2),
        OPTION(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT),
        OPTION(IPPROTO_IPV6, IPV6_V6ONLY, 0),
        OPTION(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0),
        OPTION(IPPROTO_IPV6, IPV6_TCLASS, dscp << 2),
        OPTION(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT),
    };
    const size_t ipv4_count = 6;

    return open_socket(ipv6, options,
                       ipv6 ? sizeof options / sizeof *options : ipv4_count,
                       NULL, port);
}

int msock__unicast_open(uint16_t listen, size_t rcvbuf, unsigned dscp,
                        bool *ipv6)
{
    int probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = probe >= 0;
    msock__socket_close(&probe);

    int rc = listen != 0 ? check_port(false, listen) : 0;
    if (rc == 0 && listen != 0 && found) {
        rc = check_port(true, listen);
    }
    if (rc == 0) {
        rc = open_unicast(found, listen, listen != 0 ? rcvbuf : 0, dscp);
    }
    if (rc >= 0) {
        *ipv6 = found;
    }
    return rc;
}

bool msock__socket_trains(int fd)
{
    int none = 0;

    return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

void msock__socket_take_trains(int fd)
{
    int yes = 1;

    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &yes, sizeof yes);
}

void msock__socket_clear(int fd)
{
    int error;
    socklen_t size = sizeof error;

    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

/* Both families keep the port at the same place, as sockaddr's first field. */
static uint16_t read_port(const struct sockaddr_storage *address)
{
    struct sockaddr_in ipv4;

    memcpy(&ipv4, address, sizeof ipv4);
    return ntohs(ipv4.sin_port);
}

uint16_t msock__socket_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        return 0;
    }
    return read_port(&address);
}

size_t msock__socket_rcvbuf(int fd)
{
    int doubled = 0;
    socklen_t size = sizeof doubled;

    /* It cannot fail on a socket. */
    (void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &doubled, &size);
    return (size_t)doubled / 2;
}

void msock__socket_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* PROBE sets DF as DO does, and does not believe in path MTUs, which anyone can
 * forge for a group. */
void msock__group_fragment(const struct msock__group *group, int fd,
                           bool allowed)
{
    int ipv4 = allowed ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE;
    int ipv6 = allowed ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE;

    /* It cannot fail with these values. */
    if (group->ipv6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &ipv6,
                         sizeof ipv6);
    } else {
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &ipv4, sizeof ipv4);
    }
}

static int membership(const struct msock__group *group, int fd, unsigned index,
                      bool join)
{
    struct ipv6_mreq ipv6 = {.ipv6mr_interface = index};
    struct ip_mreqn ipv4 = {.imr_ifindex = (int)index};
    int rc;

    if (group->ipv6) {
        memcpy(&ipv6.ipv6mr_multiaddr, group->bytes, 16);
        rc = setsockopt(fd, IPPROTO_IPV6,
                        join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &ipv6,
                        sizeof ipv6);
    } else {
        memcpy(&ipv4.imr_multiaddr, group->bytes + sizeof mapped, 4);
        rc = setsockopt(fd, IPPROTO_IP,
                        join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &ipv4,
                        sizeof ipv4);
    }
    return rc < 0 ? errno : 0;
}

int msock__group_join(const struct msock__group *group, int fd, unsigned index)
{
    return membership(group, fd, index, true);
}

int msock__group_leave(const struct msock__group *group, int fd, unsigned index)
{
    return membership(group, fd, index, false);
}

/* Adds an item of ancillary data. */
static void add_control(struct msock__route *route, int level, int type,
                        const void *bytes, size_t size)
{
    struct cmsghdr header = {
        .cmsg_len = CMSG_LEN(size), .cmsg_level = level, .cmsg_type = type};

    assert(CMSG_SPACE(size) <= sizeof route->bytes - route->size);
    memcpy(route->bytes + route->size, &header, sizeof header);
    memcpy(route->bytes + route->size + CMSG_LEN(0), bytes, size);
    route->size += CMSG_SPACE(size);
}

void msock__group_route(const struct msock__group *group, unsigned index,
                        const uint8_t *source, struct msock__route *route)
{
    struct in6_pktinfo ipv6 = {.ipi6_ifindex = index};
    struct in_pktinfo ipv4 = {.ipi_ifindex = (int)index};

    if (source != NULL) {
        memcpy(&ipv6.ipi6_addr, source, 16);
        memcpy(&ipv4.ipi_spec_dst, source + sizeof mapped, 4);
    }
    memset(route, 0, sizeof *route);
    if (group->ipv6) {
        add_control(route, IPPROTO_IPV6, IPV6_PKTINFO, &ipv6, sizeof ipv6);
    } else {
        add_control(route, IPPROTO_IP, IP_PKTINFO, &ipv4, sizeof ipv4);
    }
}

void msock__route_segment(struct msock__route *route, size_t size)
{
    uint16_t segment = (uint16_t)size;

    assert(size > 0 && size <= UINT16_MAX);
    add_control(route, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
}

static void read_control(struct msock__arrival *arrival, struct cmsghdr *header)
{
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        memcpy(arrival->destination, mapped, sizeof mapped);
        memcpy(arrival->destination + sizeof mapped, &info.ipi_addr, 4);
        arrival->index = (unsigned)info.ipi_ifindex;
    } else if (header->cmsg_level == IPPROTO_IPV6 &&
               header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        memcpy(arrival->destination, &info.ipi6_addr, 16);
        arrival->index = info.ipi6_ifindex;
    } else if (header->cmsg_level == SOL_SOCKET &&
               header->cmsg_type == SO_RXQ_OVFL) {
        memcpy(&arrival->overflow, CMSG_DATA(header), sizeof(uint32_t));
        arrival->has_overflow = true;
    } else if (header->cmsg_level == SOL_SOCKET &&
               header->cmsg_type == SO_TIMESTAMPNS) {
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
        arrival->stamp_us =
            (uint64_t)stamp.tv_sec * 1000000 + (uint64_t)stamp.tv_nsec / 1000;
    } else if (header->cmsg_level == IPPROTO_UDP &&
               header->cmsg_type == UDP_GRO) {
        int segment;
        memcpy(&segment, CMSG_DATA(header), sizeof segment);
        arrival->segment = segment > 0 ? (size_t)segment : 0;
    }
}

void msock__arrival_read(struct msock__arrival *arrival, struct msghdr *message)
{
    struct sockaddr_storage address = {0};

    *arrival = (struct msock__arrival){0};
    memcpy(&address, message->msg_name, message->msg_namelen);
    arrival->source_port = read_port(&address);
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, &address, sizeof ipv6);
        memcpy(arrival->source, &ipv6.sin6_addr, 16);
    } else {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, &address, sizeof ipv4);
        memcpy(arrival->source, mapped, sizeof mapped);
        memcpy(arrival->source + sizeof mapped, &ipv4.sin_addr, 4);
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        read_control(arrival, header);
    }
}

void msock__address_text(const uint8_t address[static 16], uint16_t port,
                         char text[static MSOCK__ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";
    bool ipv4 = memcmp(address, mapped, sizeof mapped) == 0;

    if (ipv4) {
        inet_ntop(AF_INET, address + sizeof mapped, host, sizeof host);
    } else {
        inet_ntop(AF_INET6, address, host, sizeof host);
    }
    snprintf(text, MSOCK__ADDRESS_TEXT_SIZE, ipv4 ? "%s:%u" : "[%s]:%u", host,
             (unsigned)port);
}
