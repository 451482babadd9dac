/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, writes and checks UTF-8. */
#include "codec/utf8.h"

#include <assert.h>

/* By the first byte: how many follow, the bits it carries, and the smallest
 * number that needs this size. */
struct lead {
    size_t size;
    uint32_t bits;
    uint32_t smallest;
};

static struct lead read_lead(unsigned char first)
{
    if (first < 0x80) {
        return (struct lead){1, first, 0};
    }
    if (first >= 0xC0 && first < 0xE0) {
        return (struct lead){2, first & 0x1Fu, 0x80};
    }
    if (first >= 0xE0 && first < 0xF0) {
        return (struct lead){3, first & 0x0Fu, 0x800};
    }
    if (first >= 0xF0 && first < 0xF8) {
        return (struct lead){4, first & 0x07u, 0x10000};
    }
    return (struct lead){0, 0, 0};
}

size_t msock__utf8_next(const char *text, size_t size, uint32_t *code)
{
    const unsigned char *bytes = (const unsigned char *)text;
    struct lead lead = read_lead(bytes[0]);
    uint32_t number = lead.bits;

    if (lead.size == 0 || lead.size > size) {
        return 0;
    }
    for (size_t i = 1; i < lead.size; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        number = number << 6 | (bytes[i] & 0x3Fu);
    }
    bool surrogate = number >= 0xD800 && number <= 0xDFFF;
    if (number < lead.smallest || surrogate || number > 0x10FFFF) {
        return 0;
    }
    *code = number;
    return lead.size;
}

size_t msock__utf8_put(uint32_t code, char out[static MSOCK__UTF8_MAX])
{
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    assert(code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(marks[size] | code);
    return size;
}

bool msock__utf8_valid(const char *text, size_t size)
{
    uint32_t code = 0;

    for (size_t at = 0; at < size;) {
        size_t step = msock__utf8_next(text + at, size - at, &code);
        if (step == 0 || code == 0) {
            return false;
        }
        at += step;
    }
    return true;
}
