/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 by libsodium, closed where that is open. */
#include "codec/base64.h"

#include <sodium.h>

size_t msock__base64_decode(const char *text, size_t size, uint8_t *out,
                            size_t capacity)
{
    size_t decoded = 0;
    uint8_t bits = 0;

    /* libsodium reads some bytes beyond ASCII as if their top bit were not
     * there. */
    for (size_t i = 0; i < size; i++) {
        bits |= (uint8_t)text[i];
    }
    if (bits > 0x7F ||
        sodium_base642bin(out, capacity, text, size, NULL, &decoded, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0) {
        return 0;
    }
    return decoded;
}
