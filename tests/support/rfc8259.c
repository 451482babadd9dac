/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of RFC 8259, one function for a rule of it. */
#include "tests/support/rfc8259.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 1000, NUMBER_MAX = 8192 };

struct reader {
    const unsigned char *at, *end;
    size_t depth;
    struct rfc8259_needs *needs;
};

static bool read_value(struct reader *r);

static bool next_is(const struct reader *r, char byte)
{
    return r->at < r->end && *r->at == (unsigned char)byte;
}

static bool take(struct reader *r, char byte)
{
    bool there = next_is(r, byte);
    r->at += there;
    return there;
}

static void take_space(struct reader *r)
{
    while (next_is(r, ' ') || next_is(r, '\t') || next_is(r, '\n') ||
           next_is(r, '\r')) {
        r->at++;
    }
}

static bool take_text(struct reader *r, const char *text)
{
    for (; *text != '\0'; text++) {
        if (!take(r, *text)) {
            return false;
        }
    }
    return true;
}

/* -- Numbers (section 6) -- */

static size_t take_digits(struct reader *r)
{
    size_t count = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        count++;
    }
    return count;
}

static void note_number(struct reader *r, const unsigned char *start)
{
    char text[NUMBER_MAX];
    size_t size = (size_t)(r->at - start);
    assert(size < sizeof text);
    memcpy(text, start, size);
    text[size] = '\0';
    r->needs->infinite = r->needs->infinite || isinf(strtod(text, NULL));
    if (size > r->needs->number_size) {
        r->needs->number_size = size;
    }
}

static bool read_number(struct reader *r)
{
    const unsigned char *start = r->at;
    (void)take(r, '-');
    if (!take(r, '0') && take_digits(r) == 0) {
        return false;
    }
    if (take(r, '.') && take_digits(r) == 0) {
        return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+')) {
            (void)take(r, '-');
        }
        if (take_digits(r) == 0) {
            return false;
        }
    }
    note_number(r, start);
    return true;
}

/* -- Strings (section 7) -- */

static bool read_hex(struct reader *r, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *found =
            r->at < r->end && *r->at != '\0' ? strchr(digits, *r->at) : NULL;
        if (!found) {
            return false;
        }
        *code = *code * 16 + (unsigned)((found - digits) % 16);
        r->at++;
    }
    return true;
}

static bool is_half(unsigned code, unsigned first)
{
    return code >= first && code < first + 0x400;
}

/* Behind the backslash. */
static bool read_escape(struct reader *r)
{
    unsigned code;
    unsigned low;

    if (!take(r, 'u')) {
        return r->at < r->end && *r->at != '\0' &&
               strchr("\"\\/bfnrt", *r->at++) != NULL;
    }
    if (!read_hex(r, &code)) {
        return false;
    }
    r->needs->nul = r->needs->nul || code == 0;
    if (is_half(code, 0xd800)) {
        struct reader behind = *r;
        if (take_text(&behind, "\\u") && read_hex(&behind, &low) &&
            is_half(low, 0xdc00)) {
            r->at = behind.at;
            return true;
        }
    }
    if (is_half(code, 0xd800) || is_half(code, 0xdc00)) {
        r->needs->surrogate = true;
    }
    return true;
}

static bool read_string(struct reader *r)
{
    if (!take(r, '"')) {
        return false;
    }
    while (r->at < r->end && *r->at >= 0x20) {
        if (take(r, '"')) {
            return true;
        }
        if (take(r, '\\')) {
            if (!read_escape(r)) {
                return false;
            }
        } else {
            r->at++;
        }
    }
    return false;
}

/* -- Arrays and objects (sections 4 and 5) -- */

static bool read_member(struct reader *r)
{
    if (!read_string(r)) {
        return false;
    }
    take_space(r);
    if (!take(r, ':')) {
        return false;
    }
    take_space(r);
    return read_value(r);
}

static bool read_items(struct reader *r, bool (*item)(struct reader *),
                       char close)
{
    take_space(r);
    if (take(r, close)) {
        return true;
    }
    do {
        take_space(r);
        if (!item(r)) {
            return false;
        }
        take_space(r);
    } while (take(r, ','));
    return take(r, close);
}

static bool read_nest(struct reader *r)
{
    if (++r->depth > r->needs->depth) {
        r->needs->depth = r->depth;
    }
    if (r->depth > DEPTH_MAX) {
        return false;
    }
    bool good = take(r, '[') ? read_items(r, read_value, ']')
                             : take(r, '{') && read_items(r, read_member, '}');
    r->depth--;
    return good;
}

static bool read_value(struct reader *r)
{
    if (next_is(r, '[') || next_is(r, '{')) {
        return read_nest(r);
    }
    if (next_is(r, '"')) {
        return read_string(r);
    }
    if (next_is(r, 't') || next_is(r, 'f') || next_is(r, 'n')) {
        return take_text(r, *r->at == 't'   ? "true"
                            : *r->at == 'f' ? "false"
                                            : "null");
    }
    return read_number(r);
}

/* -- UTF-8 (RFC 3629, section 4) -- */

/* The size of the character at text, 0 if it is none. */
static size_t character(const unsigned char *text, size_t size)
{
    static const struct {
        unsigned char first, last; /* byte 1 */
        unsigned char low, high;   /* byte 2 */
        size_t size;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t i = 0;
    while (text[0] < rows[i].first || text[0] > rows[i].last) {
        if (++i == sizeof rows / sizeof rows[0]) {
            return 0;
        }
    }
    if (rows[i].size > size || (rows[i].size > 1 && (text[1] < rows[i].low ||
                                                     text[1] > rows[i].high))) {
        return 0;
    }
    for (size_t j = 2; j < rows[i].size; j++) {
        if (text[j] < 0x80 || text[j] > 0xbf) {
            return 0;
        }
    }
    return rows[i].size;
}

static bool is_utf8(const char *text, size_t size)
{
    size_t offset = 0;
    while (offset < size) {
        size_t step =
            character((const unsigned char *)text + offset, size - offset);
        if (step == 0) {
            return false;
        }
        offset += step;
    }
    return true;
}

bool rfc8259_value(const char *text, size_t size, struct rfc8259_needs *needs)
{
    *needs = (struct rfc8259_needs){.utf8 = is_utf8(text, size)};
    struct reader r = {.at = (const unsigned char *)text,
                       .end = (const unsigned char *)text + size,
                       .needs = needs};
    return read_value(&r) && r.at == r.end;
}
