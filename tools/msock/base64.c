/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: three bytes become four characters of six bits each. */
#include "tools/msock/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

void base64_encode(const void *bytes, size_t size, char *text)
{
    const uint8_t *in = bytes;

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t bits = (uint32_t)in[i] << 16 |
                        (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (left > 2 ? (uint32_t)in[i + 2] : 0);
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[bits & 63] : '=';
    }
}

/* Returns the six bits of a character, or 64. */
static uint32_t bits_of(char character)
{
    const char *at = character ? strchr(alphabet, character) : NULL;

    return at ? (uint32_t)(at - alphabet) : 64;
}

ptrdiff_t base64_decode(const char *text, size_t size, void *bytes)
{
    uint8_t *out = bytes;
    size_t padding = 0;

    while (padding < 2 && padding < size && text[size - 1 - padding] == '=') {
        padding++;
    }
    if (size % 4 != 0) {
        return -1;
    }
    for (size_t i = 0; i < size; i += 4) {
        size_t used = i + 4 == size ? 4 - padding : 4;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            uint32_t six = j < used ? bits_of(text[i + j]) : 0;
            if (six == 64) {
                return -1;
            }
            bits = bits << 6 | six;
        }
        for (size_t j = 0; j + 1 < used; j++) {
            *out++ = (uint8_t)(bits >> (16 - 8 * j));
        }
    }
    return out - (uint8_t *)bytes;
}
