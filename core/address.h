/* SPDX-License-Identifier: Apache-2.0 */
/* Where a datagram came from, for people to read: nothing is ever sent there.
 * IPv4 is ::ffff:a.b.c.d; all zero: not known. */
#ifndef MSOCK_CORE_ADDRESS_H
#define MSOCK_CORE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MSOCK__ADDRESS_SIZE = 56 /* "[ADDRESS]:PORT" and a NUL */
};

struct msock__address {
    uint8_t host[16];
    uint16_t port;
};

/** Whether it is known. */
bool msock__address_known(const struct msock__address *address);

/** Writes "a.b.c.d:PORT", or "[IPv6]:PORT" as in RFC 5952; "" if it is not
 *  known. */
void msock__address_write(const struct msock__address *address,
                          char text[static MSOCK__ADDRESS_SIZE]);

#endif
