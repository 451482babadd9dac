/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that is safe on a terminal. */
#include "tools/msock/json_out.h"

#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROWTH = 6,   /* most bytes that one byte becomes: \u007f */
    PRINTED = 256 /* bytes of a formatted piece, and a NUL */
};

/* Makes room for `size` bytes more.  Returns whether there is. */
static bool grow(struct cli_buffer *out, size_t size)
{
    out->failed =
        out->failed || cli_buffer_reserve(out, out->size + size) != CLI_OK;
    return !out->failed;
}

/* For `size` bytes that there is room for. */
static void put(struct cli_buffer *out, const char *text, size_t size)
{
    memcpy(out->bytes + out->size, text, size);
    out->size += size;
}

void json_out(struct cli_buffer *out, const char *text, size_t size)
{
    if (grow(out, size)) {
        put(out, text, size);
    }
}

void json_out_format(struct cli_buffer *out, const char *format, ...)
{
    char text[PRINTED];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    json_out(out, text, strlen(text));
}

/* Returns the code point at the beginning of valid UTF-8 if it could harm a
 * terminal and is not escaped by JSON already, else 0; *size is its bytes. */
static unsigned harmful(const char *text, size_t *size)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned point = at[0];

    *size = 1;
    if (point == 0x7f) {
        return point;
    }
    if ((point & 0xe0) == 0xc0) {
        *size = 2;
        point = (point & 0x1f) << 6 | (at[1] & 0x3f);
        return point < 0xa0 || point == 0x61c ? point : 0;
    }
    if ((point & 0xf0) == 0xe0) {
        *size = 3;
        point = (point & 0x0f) << 12 | (unsigned)(at[1] & 0x3f) << 6 |
                (at[2] & 0x3f);
        bool bidi = point == 0x200e || point == 0x200f ||
                    (point >= 0x202a && point <= 0x202e) ||
                    (point >= 0x2066 && point <= 0x2069);
        return bidi ? point : 0;
    }
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void json_out_value(struct cli_buffer *out, const char *json, size_t size)
{
    bool inside = false;

    if (!grow(out, GROWTH * size)) {
        return;
    }
    for (size_t i = 0; i < size;) {
        char escape[sizeof("\\uffff")];
        size_t bytes;
        unsigned point = harmful(json + i, &bytes);

        if (point != 0) {
            snprintf(escape, sizeof(escape), "\\u%04x", point & 0xffff);
            put(out, escape, strlen(escape));
        } else if (json[i] == '\\') {
            bytes = 2;
            put(out, json + i, bytes);
        } else if (inside || !is_space(json[i])) {
            put(out, json + i, bytes);
        }
        inside ^= json[i] == '"';
        i += bytes;
    }
}

void json_out_text(struct cli_buffer *out, const char *text, size_t size)
{
    size_t capacity = GROWTH * size + sizeof("\"\"");
    char *quoted = out->failed ? NULL : malloc(capacity);

    if (!quoted) {
        if (!out->failed) {
            cli_error("out of memory");
        }
        out->failed = true;
        return;
    }
    int quoted_size = msock_json_quote(text, size, quoted, capacity);
    if (quoted_size > 0) {
        json_out_value(out, quoted, (size_t)quoted_size);
    } else {
        json_out(out, "null", strlen("null"));
    }
    free(quoted);
}
