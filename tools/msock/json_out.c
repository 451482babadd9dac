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

/* Returns the size of the character at the beginning of valid UTF-8. */
static size_t character_size(const char *text)
{
    unsigned char first = (unsigned char)text[0];

    if (first < 0xc0) {
        return 1;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Returns the code point of a character if it could harm a terminal, else 0.
 * What could is msock_text_escape()'s to say: it makes \xHH or \u{HHHH}. */
static unsigned long harmful(const char *text, size_t size)
{
    char escaped[sizeof("\\u{10ffff}")];

    if (msock_text_escape(text, size, escaped, sizeof(escaped)) == size) {
        return 0;
    }
    return strtoul(escaped + (escaped[1] == 'x' ? 2 : 3), NULL, 16);
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
        size_t bytes = json[i] == '\\' ? 2 : character_size(json + i);
        bool skipped = !inside && is_space(json[i]);
        unsigned long point = skipped ? 0 : harmful(json + i, bytes);

        if (point != 0) {
            snprintf(escape, sizeof(escape), "\\u%04lx", point & 0xffff);
            put(out, escape, strlen(escape));
        } else if (!skipped) {
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
