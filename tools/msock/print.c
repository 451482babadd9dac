/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as lines of text or JSON. */
#include "tools/msock/print.h"

#include "tools/msock/base64.h"

#include <errno.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    GROWTH = 6,  /* most bytes that one byte becomes: \u007f */
    EXTRA = 128, /* keys and punctuation of a line */
};

void printer_init(struct printer *printer)
{
    printer->exactly =
        !printer->json && !printer->topics && !isatty(fileno(stdout));
}

void printer_fini(struct printer *printer)
{
    free(printer->out.bytes);
    free(printer->scratch.bytes);
}

/* The functions below append to printer->out, whose capacity printer_message()
 * has made sufficient for the whole line. */

static void put(struct printer *printer, const char *text, size_t size)
{
    memcpy(printer->out.bytes + printer->out.size, text, size);
    printer->out.size += size;
}

static void put_text(struct printer *printer, const char *text)
{
    put(printer, text, strlen(text));
}

static void put_escaped(struct printer *printer, const char *text, size_t size)
{
    struct cli_buffer *out = &printer->out;

    out->size += msock_text_escape(text, size, out->bytes + out->size,
                                   out->capacity - out->size);
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

/* Appends valid JSON without the white space outside of its strings, and with
 * what could harm a terminal escaped inside of them. */
static void put_json(struct printer *printer, const char *json, size_t size)
{
    bool inside = false;

    for (size_t i = 0; i < size;) {
        char escape[sizeof("\\uffff")];
        size_t bytes;
        unsigned point = harmful(json + i, &bytes);

        if (point != 0) {
            snprintf(escape, sizeof(escape), "\\u%04x", point & 0xffff);
            put_text(printer, escape);
        } else if (json[i] == '\\') {
            bytes = 2;
            put(printer, json + i, bytes);
        } else if (inside || !is_space(json[i])) {
            put(printer, json + i, bytes);
        }
        inside ^= json[i] == '"';
        i += bytes;
    }
}

/* Appends text from the network as a JSON string. */
static void put_quoted(struct printer *printer, const char *text, size_t size)
{
    struct cli_buffer *scratch = &printer->scratch;
    int quoted =
        msock_json_quote(text, size, scratch->bytes, scratch->capacity);

    if (quoted > 0) {
        put_json(printer, scratch->bytes, (size_t)quoted);
    } else {
        put_text(printer, "null");
    }
}

static void put_object(struct printer *printer, const msock_message *message)
{
    struct cli_buffer *out = &printer->out;

    put_text(printer, "{\"topic\":");
    put_quoted(printer, message->topic, message->topic_size);
    put_text(printer, ",\"sender\":");
    put_quoted(printer, message->sender, message->sender_size);
    if (message->type) {
        put_text(printer, ",\"type\":");
        put_quoted(printer, message->type, strlen(message->type));
    }
    if (message->flags & MSOCK_MESSAGE_RAW) {
        put_text(printer, ",\"raw\":\"");
        base64_encode(message->data, message->data_size,
                      out->bytes + out->size);
        out->size += base64_size(message->data_size);
        put_text(printer, "\"");
    } else {
        put_text(printer, ",\"data\":");
        put_json(printer, message->data, message->data_size);
    }
    put_text(printer, "}\n");
}

static void put_line(struct printer *printer, const msock_message *message)
{
    struct cli_buffer *scratch = &printer->scratch;
    const char *text = message->data;
    size_t size = message->data_size;

    if (printer->topics) {
        put_escaped(printer, message->topic, message->topic_size);
        put_text(printer, " ");
    }
    if (!(message->flags & MSOCK_MESSAGE_RAW)) {
        int plain =
            msock_json_text(text, size, scratch->bytes, scratch->capacity);
        if (plain >= 0) {
            text = scratch->bytes;
            size = (size_t)plain;
        }
    }
    put_escaped(printer, text, size);
    put_text(printer, "\n");
}

/* Returns CLI_OK, or CLI_FAILURE as printer_message() does. */
static int emit(const char *bytes, size_t size, bool *broken)
{
    if (fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0) {
        return CLI_OK;
    }
    *broken = errno == EPIPE;
    return *broken
               ? CLI_FAILURE
               : cli_error("cannot write standard output: %s", strerror(errno));
}

int printer_message(struct printer *printer, const msock_message *message,
                    bool *broken)
{
    const unsigned unframed_raw = MSOCK_MESSAGE_RAW | MSOCK_MESSAGE_BARE;
    size_t size = message->topic_size + message->sender_size +
                  message->data_size +
                  (message->type ? strlen(message->type) : 0);
    size_t capacity = GROWTH * size + EXTRA;

    *broken = false;
    if (printer->exactly &&
        (message->flags & unframed_raw) == MSOCK_MESSAGE_RAW) {
        return emit(message->data, message->data_size, broken);
    }
    if (cli_buffer_reserve(&printer->out, capacity) != CLI_OK ||
        cli_buffer_reserve(&printer->scratch, capacity) != CLI_OK) {
        return CLI_FAILURE;
    }
    printer->out.size = 0;
    if (printer->json) {
        put_object(printer, message);
    } else {
        put_line(printer, message);
    }
    return emit(printer->out.bytes, printer->out.size, broken);
}
