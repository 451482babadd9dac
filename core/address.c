/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text. */
#include "core/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { GROUPS = 8 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static unsigned group_at(const uint8_t *host, size_t index)
{
    return (unsigned)host[2 * index] << 8 | host[2 * index + 1];
}

/* How many groups of zero there are from `index` on. */
static size_t zeros_at(const uint8_t *host, size_t index)
{
    size_t end = index;

    while (end < GROUPS && group_at(host, end) == 0) {
        end++;
    }
    return end - index;
}

/* Where the first of the longest runs of two zeros or more begins. */
static size_t longest_zeros(const uint8_t *host)
{
    size_t best = GROUPS;
    size_t length = 1;

    for (size_t i = 0; i < GROUPS; i++) {
        if (zeros_at(host, i) > length) {
            best = i;
            length = zeros_at(host, i);
        }
    }
    return best;
}

/* Returns the size of what it wrote. */
static size_t write_ipv6(const uint8_t *host, char *text)
{
    size_t gap = longest_zeros(host);
    size_t size = 0;

    for (size_t i = 0; i < GROUPS;) {
        if (i == gap) {
            size += (size_t)sprintf(text + size, "::");
            i += zeros_at(host, i);
        } else {
            bool apart = size > 0 && text[size - 1] != ':';
            size += (size_t)sprintf(text + size, "%s%x", apart ? ":" : "",
                                    group_at(host, i));
            i++;
        }
    }
    return size;
}

bool msock__address_known(const struct msock__address *address)
{
    return address->port != 0;
}

void msock__address_write(const struct msock__address *address,
                          char text[static MSOCK__ADDRESS_SIZE])
{
    const uint8_t *host = address->host;
    char ipv6[MSOCK__ADDRESS_SIZE];

    if (!msock__address_known(address)) {
        text[0] = '\0';
    } else if (memcmp(host, mapped, sizeof mapped) == 0) {
        snprintf(text, MSOCK__ADDRESS_SIZE, "%u.%u.%u.%u:%u", host[12],
                 host[13], host[14], host[15], address->port);
    } else {
        size_t size = write_ipv6(host, ipv6);
        snprintf(text, MSOCK__ADDRESS_SIZE, "[%.*s]:%u", (int)size, ipv6,
                 address->port);
    }
}
