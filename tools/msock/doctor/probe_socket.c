/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's two sockets. */
#define _GNU_SOURCE /* struct in_pktinfo, in6_pktinfo */
#include "tools/msock/doctor/probe_socket.h"

#include "tools/msock/cli.h"
#include "tools/msock/doctor/probe_iface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A socket address of either family. */
union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct probe_address shape;
};

_Static_assert(sizeof(struct sockaddr_in6) <= PROBE_ADDRESS_SIZE,
               "an address holds one of IPv6");

enum { HEADER4 = 20 + 8, HEADER6 = 40 + 8, CONTROL_SIZE = 64 };

static union name name_of(const struct probe_address *address)
{
    union name name = {0};

    memcpy(&name, address->bytes, sizeof(address->bytes));
    return name;
}

static bool is_v6(const struct probe_sockets *self)
{
    return name_of(&self->group).any.sa_family == AF_INET6;
}

/* Makes an address of text.  Returns whether it is one. */
static bool read_host(const char *text, uint16_t port,
                      struct probe_address *address)
{
    union name name = {0};

    if (inet_pton(AF_INET, text, &name.v4.sin_addr) == 1) {
        name.v4.sin_family = AF_INET;
        name.v4.sin_port = htons(port);
        address->size = sizeof(name.v4);
    } else if (inet_pton(AF_INET6, text, &name.v6.sin6_addr) == 1) {
        name.v6.sin6_family = AF_INET6;
        name.v6.sin6_port = htons(port);
        address->size = sizeof(name.v6);
    } else {
        return false;
    }
    memcpy(address->bytes, &name, sizeof(address->bytes));
    return true;
}

/* Copies the host of "HOST", "HOST:PORT" or "[HOST]:PORT"; *port is what comes
 * behind it, NULL for nothing. */
static void split(const char *text, size_t size,
                  char host[static PROBE_TEXT_SIZE], const char **port)
{
    const char *end = text + size;
    const char *colon = memchr(text, ':', size);

    *port = NULL;
    if (size > 0 && text[0] == '[') {
        text++;
        const char *close = memchr(text, ']', (size_t)(end - text));
        if (close && close + 1 < end && close[1] == ':') {
            *port = close + 2;
        }
        end = close ? close : end;
    } else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        *port = colon + 1;
        end = colon;
    }
    size = (size_t)(end - text);
    size = size < PROBE_TEXT_SIZE ? size : PROBE_TEXT_SIZE - 1;
    memcpy(host, text, size);
    host[size] = '\0';
}

int probe_read_group(struct probe_sockets *self, const char *url)
{
    static const char scheme[] = "udp://";
    char host[PROBE_TEXT_SIZE];
    const char *port;

    url = url ? url : MSOCK_DEFAULT_URL;
    if (strncmp(url, scheme, strlen(scheme)) != 0) {
        return cli_error("only udp:// channels can be looked at, not "
                         "%s",
                         url);
    }
    url += strlen(scheme);
    split(url, strcspn(url, "?/"), host, &port);
    long number = port ? strtol(port, NULL, 10) : 0;
    self->channel_port = (uint16_t)number;
    /* The port after the channel's; before the last one there is room. */
    self->port = (uint16_t)(number < 65535 ? number + 1 : number - 1);
    if (number < 1 || !read_host(host, self->port, &self->group)) {
        return cli_error("the URL %s names no group and port", url);
    }
    self->header = is_v6(self) ? HEADER6 : HEADER4;
    return CLI_OK;
}

/* -- Opening -- */

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Has it tell interfaces, never fragment, and stay on this network. */
static bool prepare(int fd, bool v6)
{
    bool done = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
                fcntl(fd, F_SETFL, O_NONBLOCK) == 0;

    (void)set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    if (v6) {
        return done && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
               set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
               set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) &&
               set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    }
    return done && set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
           set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
}

static bool bind_to(int fd, const struct probe_address *address)
{
    union name name = name_of(address);

    return bind(fd, &name.any, (socklen_t)address->size) == 0;
}

/* The group's port is shared. A server's own is not: of two that take unicast
 * there, one would hear nothing. It lets the group's in beside it then. */
static bool bind_as(enum probe_way way, int fd,
                    const struct probe_address *address)
{
    return way == PROBE_UNICAST
               ? bind_to(fd, address) && set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
               : set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && bind_to(fd, address);
}

static bool join(const struct probe_sockets *self, unsigned iface)
{
    union name group = name_of(&self->group);
    int fd = self->fds[PROBE_MULTICAST];

    if (is_v6(self)) {
        struct ipv6_mreq six = {.ipv6mr_multiaddr = group.v6.sin6_addr,
                                .ipv6mr_interface = iface};
        return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &six,
                          sizeof(six)) == 0;
    }
    struct ip_mreqn four = {.imr_multiaddr = group.v4.sin_addr,
                            .imr_ifindex = (int)iface};
    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four)) ==
           0;
}

/* Asks the kernel how large the packets of an interface may be. */
static void ask_mtu(const struct probe_sockets *self, struct probe_iface *iface)
{
    struct ifreq request = {0};

    memcpy(request.ifr_name, iface->name, sizeof(iface->name));
    iface->mtu = ioctl(self->fds[PROBE_UNICAST], SIOCGIFMTU, &request) == 0
                     ? (unsigned)request.ifr_mtu
                     : 1500;
}

static bool open_both(struct probe_sockets *self, bool serves)
{
    bool v6 = is_v6(self);
    struct probe_address own;
    bool done = read_host(v6 ? "::" : "0.0.0.0", serves ? self->port : 0, &own);

    for (int i = 0; i < PROBE_WAYS && done; i++) {
        self->fds[i] = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
        done = self->fds[i] >= 0 && prepare(self->fds[i], v6) &&
               bind_as((enum probe_way)i, self->fds[i],
                       i == PROBE_UNICAST ? &own : &self->group);
    }
    for (int i = 0; i < self->iface_count && done; i++) {
        done = join(self, self->ifaces[i].index);
        ask_mtu(self, &self->ifaces[i]);
    }
    return done;
}

int probe_open(struct probe_sockets *self, const char *url, bool serves)
{
    self->fds[PROBE_UNICAST] = -1;
    self->fds[PROBE_MULTICAST] = -1;
    if (probe_read_group(self, url) != CLI_OK) {
        return CLI_FAILURE;
    }
    union name group = name_of(&self->group);
    self->iface_count = probe_ifaces(is_v6(self),
                                     is_v6(self) ? (void *)&group.v6.sin6_addr
                                                 : (void *)&group.v4.sin_addr,
                                     self->ifaces);
    if (self->iface_count == 0) {
        return cli_error("no interface of this host has joined the channel's "
                         "group: see msock doctor");
    }
    if (!open_both(self, serves)) {
        if (errno == EADDRINUSE) {
            cli_error("another program of this host has UDP port %u: does "
                      "msock doctor run already?",
                      self->port);
            probe_close(self);
            return CLI_FAILURE;
        }
        cli_error("cannot open the probe's sockets on port %u: %s", self->port,
                  strerror(errno));
        probe_close(self);
        return CLI_FAILURE;
    }
    return CLI_OK;
}

void probe_close(struct probe_sockets *self)
{
    for (int i = 0; i < PROBE_WAYS; i++) {
        if (self->fds[i] >= 0) {
            close(self->fds[i]);
        }
        self->fds[i] = -1;
    }
}

/* -- Sending -- */

/* Names the interface that a datagram leaves by. */
static void leave_by(struct msghdr *message, unsigned iface, bool v6)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    struct in_pktinfo four = {.ipi_ifindex = (int)iface};
    struct in6_pktinfo six = {.ipi6_ifindex = iface};

    head->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    head->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(v6 ? sizeof(six) : sizeof(four));
    memcpy(CMSG_DATA(head), v6 ? (void *)&six : (void *)&four,
           v6 ? sizeof(six) : sizeof(four));
    message->msg_controllen = CMSG_SPACE(v6 ? sizeof(six) : sizeof(four));
}

/* Sends by an interface, 0: the one of the route. */
static bool emit(struct probe_sockets *self, const struct probe *probe,
                 size_t size, const struct probe_address *to, unsigned iface)
{
    _Alignas(struct cmsghdr) char control[CONTROL_SIZE] = {0};
    union name name = name_of(to);
    struct iovec bytes = {.iov_base = self->bytes, .iov_len = size};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = (socklen_t)to->size,
                             .msg_iov = &bytes,
                             .msg_iovlen = 1};

    if (size < PROBE_SIZE || size > PROBE_SIZE_MAX) {
        return false;
    }
    if (iface > 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        leave_by(&message, iface, is_v6(self));
    }
    probe_write(probe, self->bytes, size);
    return sendmsg(self->fds[PROBE_UNICAST], &message, MSG_NOSIGNAL) ==
           (ssize_t)size;
}

bool probe_send(struct probe_sockets *self, const struct probe *probe,
                size_t size, const struct probe_address *to)
{
    return emit(self, probe, size, to, 0);
}

bool probe_spread(struct probe_sockets *self, const struct probe *probe,
                  size_t size, unsigned iface)
{
    return emit(self, probe, size, &self->group, iface);
}

/* -- Hearing -- */

/* Returns the interface that a datagram came by, 0 if that was not said. */
static unsigned came_by(struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
         head = CMSG_NXTHDR(message, head)) {
        struct in_pktinfo four;
        struct in6_pktinfo six;
        if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
            memcpy(&four, CMSG_DATA(head), sizeof(four));
            return (unsigned)four.ipi_ifindex;
        }
        if (head->cmsg_level == IPPROTO_IPV6 &&
            head->cmsg_type == IPV6_PKTINFO) {
            memcpy(&six, CMSG_DATA(head), sizeof(six));
            return six.ipi6_ifindex;
        }
    }
    return 0;
}

/* Takes one datagram that came this way.  Returns whether there was one. */
static bool take(struct probe_sockets *self, enum probe_way way,
                 struct probe_heard *heard, bool *is_probe)
{
    _Alignas(struct cmsghdr) char control[CONTROL_SIZE];
    union name name = {0};
    struct iovec bytes = {.iov_base = self->bytes, .iov_len = PROBE_SIZE_MAX};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof(name),
                             .msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(self->fds[way], &message, 0);

    if (size < 0) {
        return errno == ECONNREFUSED; /* of what was sent before: go on */
    }
    heard->from = (struct probe_address){.size = message.msg_namelen};
    memcpy(heard->from.bytes, &name, sizeof(heard->from.bytes));
    heard->way = way;
    heard->iface = came_by(&message);
    heard->size = (size_t)size;
    *is_probe = (message.msg_flags & MSG_TRUNC) == 0 &&
                probe_read(self->bytes, heard->size, &heard->probe);
    return true;
}

bool probe_hear(struct probe_sockets *self, struct probe_heard *heard)
{
    bool is_probe = false;

    for (int way = 0; way < PROBE_WAYS; way++) {
        while (!is_probe && take(self, (enum probe_way)way, heard, &is_probe)) {
        }
    }
    return is_probe;
}

/* -- Addresses -- */

bool probe_address_read(const struct probe_sockets *self, const char *text,
                        size_t size, struct probe_address *address)
{
    char host[PROBE_TEXT_SIZE];
    const char *port;

    split(text, size, host, &port);
    return read_host(host, self->port, address) &&
           address->size == self->group.size;
}

void probe_address_text(const struct probe_address *address,
                        char text[static PROBE_TEXT_SIZE])
{
    union name name = name_of(address);
    const void *host = name.any.sa_family == AF_INET6
                           ? (void *)&name.v6.sin6_addr
                           : (void *)&name.v4.sin_addr;

    if (!inet_ntop(name.any.sa_family, host, text, PROBE_TEXT_SIZE)) {
        memcpy(text, "?", 2);
    }
}

bool probe_address_same(const struct probe_address *a,
                        const struct probe_address *b)
{
    char one[PROBE_TEXT_SIZE];
    char other[PROBE_TEXT_SIZE];

    probe_address_text(a, one);
    probe_address_text(b, other);
    return strcmp(one, other) == 0;
}

const struct probe_iface *probe_iface_of(const struct probe_sockets *self,
                                         unsigned index)
{
    for (int i = 0; i < self->iface_count; i++) {
        if (self->ifaces[i].index == index) {
            return &self->ifaces[i];
        }
    }
    return NULL;
}

bool probe_group_bytes(const struct probe_sockets *self,
                       uint32_t bytes[static 4], char text[static 64])
{
    union name name = name_of(&self->group);

    memset(bytes, 0, 16);
    if (is_v6(self)) {
        memcpy(bytes, &name.v6.sin6_addr, 16);
        inet_ntop(AF_INET6, bytes, text, 64);
    } else {
        memcpy(bytes, &name.v4.sin_addr, 4);
        inet_ntop(AF_INET, bytes, text, 64);
    }
    return is_v6(self);
}
