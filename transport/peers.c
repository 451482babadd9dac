/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the `peer` option. */
#include "transport/peers.h"

#include "codec/error.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_MAX = 63 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t any[16];
static const uint8_t loopback[16] = {[15] = 1};

bool msock__peer_ipv6(const struct msock__peer *peer)
{
    return memcmp(peer->address, mapped, sizeof mapped) != 0;
}

bool msock__peer_loopback(const struct msock__peer *peer)
{
    return msock__peer_ipv6(peer)
               ? memcmp(peer->address, loopback, sizeof loopback) == 0
               : peer->address[12] == 127;
}

/* Cuts the port off ADDRESS:PORT, [ADDRESS]:PORT or [ADDRESS], in place.
 * Returns the address; *port is NULL if there is none. */
static char *cut_port(char *item, char **port)
{
    char *colon = strchr(item, ':');

    *port = NULL;
    if (item[0] == '[') {
        char *end = strchr(item, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return item;
        }
        *port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        return item + 1;
    }
    if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        *colon = '\0';
        *port = colon + 1;
    }
    return item;
}

static bool read_port(const char *text, uint16_t *port)
{
    size_t size = strspn(text, "0123456789");

    if (size == 0 || size > 5 || text[size] != '\0') {
        return false;
    }
    unsigned long value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value >= 1 && value <= UINT16_MAX;
}

/* Only one host may be meant. */
static bool is_unicast(const uint8_t address[static 16])
{
    if (memcmp(address, mapped, sizeof mapped) != 0) {
        return address[0] != 0xff && memcmp(address, any, sizeof any) != 0;
    }
    return address[12] != 0 && address[12] < 224;
}

static bool read_address(const char *text, uint8_t address[static 16])
{
    memcpy(address, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, address + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, text, address) == 1;
}

static bool is_link_local(const uint8_t address[static 16])
{
    return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static int read_peer(struct msock__peer *peer, const char *text, uint16_t port)
{
    char item[ITEM_MAX + 1], *port_text;
    strcpy(item, text);
    const char *address = cut_port(item, &port_text);

    peer->port = port;
    if (port_text != NULL && !read_port(port_text, &peer->port)) {
        return msock__fail(MSOCK_EOPTION, "peer=%s: the port must be 1..65535",
                           text);
    }
    if (!read_address(address, peer->address)) {
        return msock__fail(MSOCK_EOPTION,
                           "peer=%s: must be ADDRESS or ADDRESS:PORT, as "
                           "192.0.2.7:7784 or [2001:db8::7]:7784; names are "
                           "not looked up",
                           text);
    }
    if (!is_unicast(peer->address)) {
        return msock__fail(MSOCK_EOPTION,
                           "peer=%s: must be the address of one host", text);
    }
    if (is_link_local(peer->address)) {
        return msock__fail(MSOCK_EOPTION,
                           "peer=%s: a link-local address does not say by "
                           "which interface; use another of that host",
                           text);
    }
    return 0;
}

static bool contains(const struct msock__peers *peers,
                     const struct msock__peer *peer)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (peers->items[i].port == peer->port &&
            memcmp(peers->items[i].address, peer->address, 16) == 0) {
            return true;
        }
    }
    return false;
}

static int add(struct msock__peers *peers, const char *text, uint16_t port)
{
    struct msock__peer peer;
    int rc = read_peer(&peer, text, port);

    if (rc < 0) {
        return rc;
    }
    if (contains(peers, &peer)) {
        return msock__fail(MSOCK_EOPTION, "peer: %s is named twice", text);
    }
    if (peers->count == MSOCK__PEERS_COUNT_MAX) {
        return msock__fail(MSOCK_EOPTION, "peer: at most %d hosts",
                           MSOCK__PEERS_COUNT_MAX);
    }
    peers->items[peers->count++] = peer;
    return 0;
}

int msock__peers_read(struct msock__peers *peers, const char *list,
                      uint16_t port)
{
    struct msock__peers read = {0};
    const char *rest = list[0] != '\0' ? list : NULL;

    while (rest != NULL) {
        char item[ITEM_MAX + 1] = "";
        size_t size = strcspn(rest, ",");
        memcpy(item, rest, size < ITEM_MAX ? size : ITEM_MAX);
        rest = rest[size] == ',' ? rest + size + 1 : NULL;
        int rc = add(&read, item, port);
        if (rc < 0) {
            return rc;
        }
    }
    *peers = read;
    return 0;
}
