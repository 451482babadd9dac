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
    if (size > 0 && grow(out, size)) {
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

void json_out_value(struct cli_buffer *out, const char *json, size_t size)
{
    if (!grow(out, GROWTH * size + 1)) {
        return;
    }
    int escaped = msock_json_escape(json, size, out->bytes + out->size,
                                    out->capacity - out->size);
    if (escaped < 0) {
        json_out(out, "null", strlen("null"));
    } else {
        out->size += (size_t)escaped;
    }
}

/* Appends text that is not UTF-8 as it is shown. */
static void put_shown(struct cli_buffer *out, const char *text, size_t size)
{
    size_t capacity = GROWTH * size + 1;
    char *shown = malloc(capacity);

    if (!shown) {
        cli_error("out of memory");
        out->failed = true;
        return;
    }
    json_out_text(out, shown, msock_text_escape(text, size, shown, capacity));
    free(shown);
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
        put_shown(out, text, size);
    }
    free(quoted);
}
