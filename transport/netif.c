/* SPDX-License-Identifier: Apache-2.0 */
/* Which interfaces a channel joins: the `iface` list against the host's list.
 */
#define _DEFAULT_SOURCE /* IFF_UP, stpcpy */
#include "transport/netif.h"

#include "codec/error.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 63 };

enum token_kind { TOKEN_BAD, TOKEN_AUTO, TOKEN_ALL, TOKEN_NAME, TOKEN_NETWORK };

struct token {
    enum token_kind kind;
    char text[TOKEN_MAX + 1];
    uint8_t network[16];
    unsigned prefix; /* bits of `network` that count, of 128 */
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const uint8_t address[static 16])
{
    return memcmp(address, mapped, sizeof mapped) == 0;
}

/* Reads ADDRESS or ADDRESS/PREFIX. */
static bool read_network(struct token *token)
{
    char text[TOKEN_MAX + 1];
    unsigned width = 128;

    strcpy(text, token->text);
    char *slash = strchr(text, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    if (inet_pton(AF_INET, text, token->network + sizeof mapped) == 1) {
        memcpy(token->network, mapped, sizeof mapped);
        width = 32;
    } else if (inet_pton(AF_INET6, text, token->network) != 1) {
        return false;
    }
    token->prefix = 128;
    if (slash == NULL) {
        return true;
    }

    const char *digits = slash + 1;
    size_t digit_count = strspn(digits, "0123456789");
    if (digit_count == 0 || digit_count > 3 || digits[digit_count] != '\0') {
        return false;
    }
    unsigned long prefix = strtoul(digits, NULL, 10);
    if (prefix > width) {
        return false;
    }
    token->prefix = 128 - width + (unsigned)prefix;
    return true;
}

/* The kernel's own rule for names, and no digits-and-dots: those are meant as
 * an address. */
static bool is_name(const char *text)
{
    size_t size = strlen(text);

    if (size == 0 || size > MSOCK__NETIF_NAME_MAX ||
        strspn(text, "0123456789.") == size) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '/' || *c == ':' || isspace((unsigned char)*c)) {
            return false;
        }
    }
    return true;
}

/* Cuts the next token off a list; *list is NULL behind the last. */
static struct token next_token(const char **list)
{
    struct token token = {.kind = TOKEN_BAD};
    const char *comma = strchr(*list, ',');
    size_t size = comma != NULL ? (size_t)(comma - *list) : strlen(*list);

    memcpy(token.text, *list, size < TOKEN_MAX ? size : TOKEN_MAX);
    *list = comma != NULL ? comma + 1 : NULL;
    if (size > TOKEN_MAX) {
        return token;
    }
    if (strcmp(token.text, "auto") == 0) {
        token.kind = TOKEN_AUTO;
    } else if (strcmp(token.text, "all") == 0) {
        token.kind = TOKEN_ALL;
    } else if (read_network(&token)) {
        token.kind = TOKEN_NETWORK;
    } else if (is_name(token.text)) {
        token.kind = TOKEN_NAME;
    }
    return token;
}

int msock__netif_check(const char *iface)
{
    for (const char *rest = iface; rest != NULL;) {
        struct token token = next_token(&rest);
        if (token.kind == TOKEN_BAD) {
            return msock__fail(MSOCK_EOPTION,
                               "iface: '%s' is neither an interface name, an "
                               "address, ADDRESS/PREFIX, 'all' nor 'auto'",
                               token.text);
        }
    }
    return 0;
}

const struct msock__netif *
msock__netifs_find(const struct msock__netifs *netifs, unsigned index)
{
    for (size_t i = 0; i < netifs->count; i++) {
        if (netifs->items[i].index == index) {
            return &netifs->items[i];
        }
    }
    return NULL;
}

const uint8_t *msock__netifs_address(const struct msock__netifs *netifs,
                                     unsigned index, bool ipv6)
{
    for (size_t i = 0; i < netifs->address_count; i++) {
        const struct msock__netif_address *address = &netifs->addresses[i];
        if (address->index == index && is_ipv4(address->bytes) != ipv6) {
            return address->bytes;
        }
    }
    return NULL;
}

bool msock__netifs_own(const struct msock__netifs *netifs,
                       const uint8_t address[static 16])
{
    for (size_t i = 0; i < netifs->address_count; i++) {
        if (memcmp(netifs->addresses[i].bytes, address, 16) == 0) {
            return true;
        }
    }
    return false;
}

static bool in_network(const uint8_t address[static 16],
                       const struct token *token)
{
    size_t whole = token->prefix / 8;
    unsigned rest = token->prefix % 8;

    if (memcmp(address, token->network, whole) != 0) {
        return false;
    }
    return rest == 0 ||
           (address[whole] ^ token->network[whole]) >> (8 - rest) == 0;
}

static bool has_network(const struct msock__netifs *netifs, unsigned index,
                        const struct token *token)
{
    for (size_t i = 0; i < netifs->address_count; i++) {
        const struct msock__netif_address *address = &netifs->addresses[i];
        if (address->index == index && in_network(address->bytes, token)) {
            return true;
        }
    }
    return false;
}

static bool has_kind(const struct msock__netif *netif, const char *kind)
{
    return strcmp(netif->kind, kind) == 0;
}

/* A port has no traffic of its own: its bridge or bond does. The members of a
 * VRF are ordinary interfaces. */
static bool is_port(const struct msock__netifs *netifs,
                    const struct msock__netif *netif)
{
    if (netif->master == 0) {
        return false;
    }
    const struct msock__netif *master =
        msock__netifs_find(netifs, netif->master);
    return master == NULL || !has_kind(master, "vrf");
}

/* A bridge without any port to the outside serves containers or virtual
 * machines of this host only. */
static bool is_container_bridge(const struct msock__netifs *netifs,
                                const struct msock__netif *bridge)
{
    if (!has_kind(bridge, "bridge")) {
        return false;
    }
    for (size_t i = 0; i < netifs->count; i++) {
        const struct msock__netif *port = &netifs->items[i];
        if (port->master == bridge->index && !has_kind(port, "veth") &&
            !has_kind(port, "tun")) {
            return false;
        }
    }
    return true;
}

static bool is_automatic(const struct msock__netifs *netifs,
                         const struct msock__netif *netif)
{
    return (netif->flags & IFF_MULTICAST) != 0 &&
           (netif->flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) == 0 &&
           !is_port(netifs, netif) && !is_container_bridge(netifs, netif);
}

static bool matches(const struct msock__netifs *netifs,
                    const struct msock__netif *netif, bool ipv6,
                    const struct token *token)
{
    if ((netif->flags & IFF_UP) == 0) {
        return false;
    }
    bool addressed = msock__netifs_address(netifs, netif->index, ipv6) != NULL;
    switch (token->kind) {
    case TOKEN_AUTO:
        return addressed && is_automatic(netifs, netif);
    case TOKEN_ALL:
        return addressed && (netif->flags & (IFF_MULTICAST | IFF_LOOPBACK));
    case TOKEN_NAME:
        return (addressed || !ipv6) && strcmp(netif->name, token->text) == 0;
    case TOKEN_NETWORK:
        return (addressed || !ipv6) && has_network(netifs, netif->index, token);
    case TOKEN_BAD:
        break;
    }
    return false;
}

/* Marks what one token chooses.  Returns how many interfaces it matched. */
static size_t mark(const struct msock__netifs *netifs, bool ipv6,
                   const struct token *token, bool *chosen)
{
    size_t count = 0;

    for (size_t i = 0; i < netifs->count; i++) {
        if (matches(netifs, &netifs->items[i], ipv6, token)) {
            chosen[i] = true;
            count++;
        }
    }
    return count;
}

/* Marks what one token chooses; where that is nothing, `auto` is `lo`. */
static size_t choose(const struct msock__netifs *netifs, bool ipv6,
                     const struct token *token, bool *chosen)
{
    static const struct token lo = {.kind = TOKEN_NAME, .text = "lo"};
    size_t found = mark(netifs, ipv6, token, chosen);

    return token->kind == TOKEN_AUTO && found == 0
               ? mark(netifs, ipv6, &lo, chosen)
               : found;
}

size_t msock__netif_select(const struct msock__netifs *netifs,
                           const char *iface, bool ipv6, unsigned *indexes,
                           size_t capacity)
{
    bool chosen[MSOCK__NETIFS_MAX] = {false};
    size_t count = 0;

    assert(netifs->count <= MSOCK__NETIFS_MAX);
    for (const char *rest = iface; rest != NULL;) {
        struct token token = next_token(&rest);
        choose(netifs, ipv6, &token, chosen);
    }
    for (size_t i = 0; i < netifs->count; i++) {
        if (chosen[i] && count < capacity) {
            indexes[count] = netifs->items[i].index;
        }
        count += chosen[i];
    }
    return count;
}

void msock__netif_missing(const struct msock__netifs *netifs, const char *iface,
                          bool ipv6, char *missing)
{
    bool chosen[MSOCK__NETIFS_MAX] = {false};
    char *end = missing;

    *end = '\0';
    for (const char *rest = iface; rest != NULL;) {
        struct token token = next_token(&rest);
        if (choose(netifs, ipv6, &token, chosen) == 0) {
            end = stpcpy(end, end == missing ? "" : ",");
            end = stpcpy(end, token.text);
        }
    }
}
