/* SPDX-License-Identifier: Apache-2.0 */
/* The host's network interfaces: reading them, hearing of changes, and choosing
 * those that a channel's `iface` option names.
 *
 * They are read by rtnetlink, since /sys may show another namespace. Choosing
 * is a pure function of the list, so that it is tested without a system. Which
 * interfaces `auto` takes, and why: docs/decisions/0002. */
#ifndef MSOCK_TRANSPORT_NETIF_H
#define MSOCK_TRANSPORT_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__NETIFS_MAX = 4096,           /* interfaces read; others: ignored */
    MSOCK__NETIF_ADDRESSES_MAX = 16384, /* likewise */
    MSOCK__NETIF_NAME_MAX = 15,
    MSOCK__NETIF_KIND_MAX = 15
};

struct msock__netif {
    unsigned index;
    unsigned master; /* index of its bridge, bond or VRF; 0: none */
    unsigned flags;  /* IFF_UP, IFF_MULTICAST and so on, of <net/if.h> */
    unsigned mtu;
    char name[MSOCK__NETIF_NAME_MAX + 1];
    char kind[MSOCK__NETIF_KIND_MAX + 1]; /* "veth", "bridge"; hardware: "" */
};

/** An address that may be used, IPv4 as ::ffff:a.b.c.d. */
struct msock__netif_address {
    unsigned index; /* of its interface */
    uint8_t bytes[16];
};

/** All of them; zero is the empty list. */
struct msock__netifs {
    struct msock__netif *items;
    size_t count;
    struct msock__netif_address *addresses;
    size_t address_count;
};

/** Reads the interfaces into *netifs, whose old content is freed; on failure it
 *  stays.  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__netifs_read(struct msock__netifs *netifs);

/** Adds the interfaces and addresses of a batch of rtnetlink messages.
 *  Returns 0, 1 (the dump ends here), MSOCK_EAGAIN (the kernel says that the
 *  dump is torn: start again), MSOCK_ESYSTEM (refused, or malformed),
 *  MSOCK_ENOMEM. */
int msock__netifs_parse(struct msock__netifs *netifs, const uint8_t *bytes,
                        size_t size);

/** Frees the list and empties it. */
void msock__netifs_fini(struct msock__netifs *netifs);

/** Returns the interface with that index, borrowed, or NULL. */
const struct msock__netif *
msock__netifs_find(const struct msock__netifs *netifs, unsigned index);

/** Returns the interface's first address of a family (16 bytes), borrowed, or
 *  NULL. */
const uint8_t *msock__netifs_address(const struct msock__netifs *netifs,
                                     unsigned index, bool ipv6);

/** Whether it is an address of this host. */
bool msock__netifs_own(const struct msock__netifs *netifs,
                       const uint8_t address[static 16]);

/** Opens a descriptor that becomes readable when interfaces or addresses
 *  change; close(2) ends it.  Returns it, or MSOCK_ESYSTEM. */
int msock__netif_watch(void);

/** What happened to an interface that may show no more when the list is read.
 */
struct msock__netif_news {
    unsigned index;
    bool deleted; /* else: not running, for a moment at least */
};

/** Reads away what the watch has to say, without waiting, and writes what a
 * list that is read later may not show to `news`. *lost becomes true if more
 * was deleted than `capacity`, or the kernel had no room for all that it had to
 *  say: then any interface may be another one now.  Returns the number of news.
 */
size_t msock__netif_watch_read(int watch, struct msock__netif_news *news,
                               size_t capacity, bool *lost);

/** Checks the syntax of an `iface` list: names, addresses, ADDRESS/PREFIX,
 *  `all`, `auto`, separated by commas. A name need not exist.
 *  Returns 0, MSOCK_EOPTION. */
int msock__netif_check(const char *iface);

/** Writes the indexes of the interfaces that a valid `iface` list chooses now
 *  for groups of one family, in the order of `netifs`. Only interfaces that are
 *  up count, and for IPv6 only those that have an IPv6 address.
 *  Returns their number; those over `capacity` count, and are not written. */
size_t msock__netif_select(const struct msock__netifs *netifs,
                           const char *iface, bool ipv6, unsigned *indexes,
                           size_t capacity);

/** Writes those items of a valid `iface` list that choose nothing now, as a
 *  list; "" if there are none. `missing` has room for as much as `iface`. */
void msock__netif_missing(const struct msock__netifs *netifs, const char *iface,
                          bool ipv6, char *missing);

#endif
