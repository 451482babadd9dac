/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's two sockets: one that is bound to the group and hears multicast,
 * one that is bound to no address, which sends all and hears unicast. Both
 * belong to the group of a channel, and to the port after the channel's.
 *
 * What is sent is never fragmented on the way here: who sends more than a link
 * carries sees it lost. */
#ifndef MSOCK_TOOLS_DOCTOR_PROBE_SOCKET_H
#define MSOCK_TOOLS_DOCTOR_PROBE_SOCKET_H

#include "tools/msock/doctor/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROBE_IFACES_MAX = 16,
    PROBE_ADDRESS_SIZE = 32, /* of a socket address */
    PROBE_TEXT_SIZE = 64     /* of it as text */
};

/** A host's address and port; zeros are none. */
struct probe_address {
    uint32_t bytes[PROBE_ADDRESS_SIZE / 4];
    unsigned size;
};

struct probe_iface {
    unsigned index;
    unsigned mtu; /* bytes of an IP packet */
    char name[16];
};

struct probe_sockets {
    int fds[PROBE_WAYS]; /* what hears which way */
    struct probe_address group;
    uint16_t port; /* the probe's */
    uint16_t channel_port;
    unsigned header; /* bytes of IP and UDP around a probe */
    struct probe_iface ifaces[PROBE_IFACES_MAX]; /* where it has joined */
    int iface_count;
    uint8_t bytes[PROBE_SIZE_MAX]; /* what is sent or came last */
};

/** What came. */
struct probe_heard {
    struct probe probe;
    struct probe_address from;
    enum probe_way way;
    unsigned iface; /* index */
    size_t size;
};

/** Reads group and ports of a channel's URL (NULL: the default one).  Returns
 *  CLI_OK, or CLI_FAILURE after having told that it names none. */
int probe_read_group(struct probe_sockets *self, const char *url);

/** Writes the group's address in network order, 4 or 16 bytes, and as text.
 *  Returns whether it is one of IPv6. */
bool probe_group_bytes(const struct probe_sockets *self,
                       uint32_t bytes[static 4], char text[static 64]);

/** Opens the sockets beside the channel of this URL (NULL: the default one) on
 *  each interface where this host has joined its group now. A server takes
 *  unicast on the probe's port, others on any.  Returns CLI_OK, or CLI_FAILURE
 *  after having told why. */
int probe_open(struct probe_sockets *self, const char *url, bool serves);

/** Closes them; zeros with fds of -1 are closed. */
void probe_close(struct probe_sockets *self);

/** Sends a probe of `size` bytes to a host.  Returns whether it left. */
bool probe_send(struct probe_sockets *self, const struct probe *probe,
                size_t size, const struct probe_address *to);

/** Sends one to the group, on the interface of this index. */
bool probe_spread(struct probe_sockets *self, const struct probe *probe,
                  size_t size, unsigned iface);

/** Takes what came, without waiting.  Returns whether a probe did. */
bool probe_hear(struct probe_sockets *self, struct probe_heard *heard);

/** Reads ADDRESS or ADDRESS:PORT, whose port does not count: it is the
 *  probe's.  Returns whether it is an address of the group's kind. */
bool probe_address_read(const struct probe_sockets *self, const char *text,
                        size_t size, struct probe_address *address);

/** Writes an address without its port. */
void probe_address_text(const struct probe_address *address,
                        char text[static PROBE_TEXT_SIZE]);

/** Whether two are the same host. */
bool probe_address_same(const struct probe_address *a,
                        const struct probe_address *b);

/** Returns the interface, or NULL. */
const struct probe_iface *probe_iface_of(const struct probe_sockets *self,
                                         unsigned index);

#endif
