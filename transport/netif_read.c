/* SPDX-License-Identifier: Apache-2.0 */
/* Reading interfaces and their addresses by rtnetlink, and hearing of changes.
 * Messages are copied out field by field within their bounds. */
#define _DEFAULT_SOURCE
#include "transport/netif.h"

#include "codec/error.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 32768, /* as much as the kernel puts into one datagram */
    ATTEMPTS = 4         /* dumps that a change tore apart */
};

struct span {
    const uint8_t *bytes;
    size_t size;
};

/* Cuts `size` bytes off the front of *rest and steps over the padding.
 * Returns false if there are not as many. */
static bool take(struct span *rest, size_t size, struct span *part)
{
    if (size > rest->size) {
        return false;
    }
    size_t step = (size + 3) & ~(size_t)3;
    if (step > rest->size) {
        step = rest->size;
    }
    *part = (struct span){rest->bytes, size};
    rest->bytes += step;
    rest->size -= step;
    return true;
}

static bool take_message(struct span *rest, struct nlmsghdr *header,
                         struct span *body)
{
    struct span whole, unused;

    if (rest->size < sizeof *header) {
        return false;
    }
    memcpy(header, rest->bytes, sizeof *header);
    if (header->nlmsg_len < sizeof *header ||
        !take(rest, header->nlmsg_len, &whole)) {
        return false;
    }
    *body = whole;
    return take(body, sizeof *header, &unused);
}

static bool take_attribute(struct span *rest, unsigned *type,
                           struct span *value)
{
    struct rtattr header;
    struct span whole, unused;

    if (rest->size < sizeof header) {
        return false;
    }
    memcpy(&header, rest->bytes, sizeof header);
    if (header.rta_len < sizeof header || !take(rest, header.rta_len, &whole)) {
        return false;
    }
    *type = header.rta_type & (unsigned)NLA_TYPE_MASK;
    *value = whole;
    return take(value, sizeof header, &unused);
}

static void get_text(struct span value, char *text, size_t text_max)
{
    size_t size = value.size < text_max ? value.size : text_max;

    memset(text, 0, text_max + 1);
    memcpy(text, value.bytes, size);
}

static void get_number(struct span value, unsigned *number)
{
    uint32_t read;

    if (value.size == sizeof read) {
        memcpy(&read, value.bytes, sizeof read);
        *number = read;
    }
}

static void read_kind(struct span info, struct msock__netif *netif)
{
    unsigned type;
    struct span value;

    while (take_attribute(&info, &type, &value)) {
        if (type == IFLA_INFO_KIND) {
            get_text(value, netif->kind, MSOCK__NETIF_KIND_MAX);
        }
    }
}

/* Makes room for one more item.  Returns the new array, or NULL. */
static void *grow(void *items, size_t count, size_t size)
{
    /* Doubles whenever the count reaches a power of two. */
    if ((count & (count - 1)) != 0) {
        return items;
    }
    return realloc(items, (count == 0 ? 1 : 2 * count) * size);
}

static int add_link(struct msock__netifs *netifs, struct span body)
{
    struct ifinfomsg link;
    struct msock__netif netif = {0};
    struct span head, value;
    unsigned type;

    if (!take(&body, sizeof link, &head)) {
        return msock__fail(MSOCK_ESYSTEM, "rtnetlink: short link message");
    }
    memcpy(&link, head.bytes, sizeof link);
    netif.index = (unsigned)link.ifi_index;
    netif.flags = link.ifi_flags;
    while (take_attribute(&body, &type, &value)) {
        if (type == IFLA_IFNAME) {
            get_text(value, netif.name, MSOCK__NETIF_NAME_MAX);
        } else if (type == IFLA_MTU) {
            get_number(value, &netif.mtu);
        } else if (type == IFLA_MASTER) {
            get_number(value, &netif.master);
        } else if (type == IFLA_LINKINFO) {
            read_kind(value, &netif);
        }
    }
    if (netifs->count == MSOCK__NETIFS_MAX) {
        return 0;
    }
    struct msock__netif *items =
        grow(netifs->items, netifs->count, sizeof netif);
    if (items == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    netifs->items = items;
    netifs->items[netifs->count++] = netif;
    return 0;
}

static bool set_address(struct msock__netif_address *address, int family,
                        struct span value)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (family == AF_INET && value.size == 4) {
        memcpy(address->bytes, mapped, sizeof mapped);
        memcpy(address->bytes + sizeof mapped, value.bytes, 4);
        return true;
    }
    if (family == AF_INET6 && value.size == 16) {
        memcpy(address->bytes, value.bytes, 16);
        return true;
    }
    return false;
}

static int add_address(struct msock__netifs *netifs, struct span body)
{
    struct ifaddrmsg message;
    struct span head, value, own = {0};
    unsigned type;

    if (!take(&body, sizeof message, &head)) {
        return msock__fail(MSOCK_ESYSTEM, "rtnetlink: short address message");
    }
    memcpy(&message, head.bytes, sizeof message);
    while (take_attribute(&body, &type, &value)) {
        /* On a point-to-point link IFA_ADDRESS is the other end's. */
        if (type == IFA_LOCAL || (type == IFA_ADDRESS && own.size == 0)) {
            own = value;
        }
    }

    struct msock__netif_address address = {.index = message.ifa_index};
    /* The kernel does not send from an address that it still probes for; it
     * tells when it is done. */
    bool usable =
        (message.ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
    if (!usable || !set_address(&address, message.ifa_family, own) ||
        netifs->address_count == MSOCK__NETIF_ADDRESSES_MAX) {
        return 0;
    }
    struct msock__netif_address *addresses =
        grow(netifs->addresses, netifs->address_count, sizeof address);
    if (addresses == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    netifs->addresses = addresses;
    netifs->addresses[netifs->address_count++] = address;
    return 0;
}

static int refused(struct span body)
{
    int error = 0;

    if (body.size >= sizeof error) {
        memcpy(&error, body.bytes, sizeof error);
    }
    return msock__fail(MSOCK_ESYSTEM, "cannot list the interfaces: %s",
                       strerror(-error));
}

int msock__netifs_parse(struct msock__netifs *netifs, const uint8_t *bytes,
                        size_t size)
{
    struct span rest = {bytes, size}, body;
    struct nlmsghdr header;
    int rc = 0;

    while (rc == 0 && take_message(&rest, &header, &body)) {
        if (header.nlmsg_flags & NLM_F_DUMP_INTR) {
            return MSOCK_EAGAIN;
        }
        switch (header.nlmsg_type) {
        case NLMSG_DONE:
            return 1;
        case NLMSG_ERROR:
            return refused(body);
        case RTM_NEWLINK:
            rc = add_link(netifs, body);
            break;
        case RTM_NEWADDR:
            rc = add_address(netifs, body);
            break;
        default:
            break;
        }
    }
    if (rc == 0 && rest.size > 0) {
        return msock__fail(MSOCK_ESYSTEM, "rtnetlink: malformed message");
    }
    return rc;
}

void msock__netifs_fini(struct msock__netifs *netifs)
{
    free(netifs->items);
    free(netifs->addresses);
    *netifs = (struct msock__netifs){0};
}

static int netlink_open(int flags, unsigned groups)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

    if (fd >= 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return fd;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    bool sandbox = error == EAFNOSUPPORT || error == EACCES || error == EPERM;
    return msock__fail(MSOCK_ESYSTEM,
                       "cannot list the interfaces: AF_NETLINK socket: %s%s",
                       strerror(error),
                       sandbox ? "; a sandbox has to allow it (systemd: "
                                 "RestrictAddressFamilies=AF_NETLINK)"
                               : "");
}

static int request(int fd, uint16_t type)
{
    struct {
        struct nlmsghdr header;
        struct rtgenmsg body;
    } message = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof message.body),
                            .nlmsg_type = type,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .body = {.rtgen_family = AF_UNSPEC}};

    if (send(fd, &message, message.header.nlmsg_len, 0) < 0) {
        return msock__fail(MSOCK_ESYSTEM, "cannot list the interfaces: %s",
                           strerror(errno));
    }
    return 0;
}

/* Receives one datagram of the kernel. */
static ssize_t receive(int fd, uint8_t *buffer, int flags)
{
    struct sockaddr_nl from;
    ssize_t size;

    do {
        socklen_t from_size = sizeof from;
        size = recvfrom(fd, buffer, BUFFER_SIZE, flags,
                        (struct sockaddr *)&from, &from_size);
    } while ((size < 0 && errno == EINTR) || (size >= 0 && from.nl_pid != 0));
    return size;
}

static int dump(int fd, uint16_t type, uint8_t *buffer,
                struct msock__netifs *netifs)
{
    int rc = request(fd, type);

    while (rc == 0) {
        ssize_t size = receive(fd, buffer, 0);
        if (size < 0) {
            return msock__fail(MSOCK_ESYSTEM, "cannot list the interfaces: %s",
                               strerror(errno));
        }
        rc = msock__netifs_parse(netifs, buffer, (size_t)size);
    }
    return rc < 0 ? rc : 0;
}

static int read_once(struct msock__netifs *netifs, uint8_t *buffer)
{
    const struct timeval patience = {.tv_sec = 1};
    int fd = netlink_open(0, 0);

    if (fd < 0) {
        return fd;
    }
    /* The kernel answers at once; if ever it did not, we would not hang. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int rc = dump(fd, RTM_GETLINK, buffer, netifs);
    if (rc == 0) {
        rc = dump(fd, RTM_GETADDR, buffer, netifs);
    }
    close(fd);
    return rc;
}

int msock__netifs_read(struct msock__netifs *netifs)
{
    int rc = MSOCK_EAGAIN;
    uint8_t *buffer = malloc(BUFFER_SIZE);

    if (buffer == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    for (int i = 0; i < ATTEMPTS && rc == MSOCK_EAGAIN; i++) {
        struct msock__netifs fresh = {0};
        rc = read_once(&fresh, buffer);
        if (rc == 0) {
            msock__netifs_fini(netifs);
            *netifs = fresh;
        } else {
            msock__netifs_fini(&fresh);
        }
    }
    free(buffer);
    if (rc == MSOCK_EAGAIN) {
        return msock__fail(MSOCK_ESYSTEM, "cannot list the interfaces: they "
                                          "change all the time");
    }
    return rc;
}

int msock__netif_watch(void)
{
    return netlink_open(SOCK_NONBLOCK,
                        RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

/** News that were read so far. */
struct reading {
    struct msock__netif_news *news;
    size_t count, capacity;
    bool lost; /* there was more */
};

static void add_deleted(struct reading *reading, unsigned index)
{
    if (reading->count == reading->capacity) {
        reading->lost = true;
        return;
    }
    reading->news[reading->count++] =
        (struct msock__netif_news){.index = index, .deleted = true};
}

/* The kernel says it often. It must leave room for what matters more. */
static void add_paused(struct reading *reading, unsigned index)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (reading->news[i].index == index && !reading->news[i].deleted) {
            return;
        }
    }
    if (reading->count < reading->capacity / 2) {
        reading->news[reading->count++] =
            (struct msock__netif_news){.index = index};
    }
}

/* A bridge that loses a port says so with a message that looks alike. */
static void read_news(struct reading *reading, struct span rest)
{
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct span body;

    while (take_message(&rest, &header, &body)) {
        bool deleted = header.nlmsg_type == RTM_DELLINK;
        if ((!deleted && header.nlmsg_type != RTM_NEWLINK) ||
            body.size < sizeof link) {
            continue;
        }
        memcpy(&link, body.bytes, sizeof link);
        if (link.ifi_family != AF_UNSPEC) {
            continue;
        }
        if (deleted) {
            add_deleted(reading, (unsigned)link.ifi_index);
        } else if ((link.ifi_flags & IFF_RUNNING) == 0) {
            add_paused(reading, (unsigned)link.ifi_index);
        }
    }
}

size_t msock__netif_watch_read(int watch, struct msock__netif_news *news,
                               size_t capacity, bool *lost)
{
    struct reading reading = {.news = news, .capacity = capacity};
    uint8_t buffer[BUFFER_SIZE];

    for (;;) {
        ssize_t size = receive(watch, buffer, MSG_DONTWAIT);
        if (size >= 0) {
            read_news(&reading, (struct span){buffer, (size_t)size});
        } else if (errno == ENOBUFS) {
            /* What is left is read all the same. */
            reading.lost = true;
        } else {
            break;
        }
    }
    *lost = *lost || reading.lost;
    return reading.count;
}
