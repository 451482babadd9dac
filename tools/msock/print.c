/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as lines of text or JSON. */
#include "tools/msock/print.h"

#include "tools/msock/base64.h"
#include "tools/msock/json_out.h"
#include "tools/msock/print_format.h"

#include <errno.h>
#include <inttypes.h>
#include <multisock/text.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    GROWTH = 6,  /* most bytes that one byte becomes: \u007f */
    EXTRA = 256, /* keys and punctuation of a line */
};

int printer_format(struct printer *printer, const char *format)
{
    printer->format = format;
    return print_format_check(format);
}

int printer_check(const struct printer *printer)
{
    return printer->json && (printer->format || printer->together)
               ? cli_usage("--json goes without -F and -N: it is one object a "
                           "line")
               : CLI_OK;
}

void printer_init(struct printer *printer)
{
    printer->terminal = isatty(STDOUT_FILENO);
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

static void put_age(struct printer *printer, const msock_message *message)
{
    if (message->flags & MSOCK_MESSAGE_AGE_UNKNOWN) {
        put_text(printer, ",\"age_ms\":null");
    } else if (!(message->flags & MSOCK_MESSAGE_BARE)) {
        json_out_format(&printer->out, ",\"age_ms\":%" PRIu64,
                        message->age_us / 1000);
    }
}

/* What a state has besides. */
static void put_state(struct printer *printer, const msock_message *message)
{
    unsigned flags = message->flags;

    if (!(flags & MSOCK_MESSAGE_STATE)) {
        return;
    }
    json_out_format(&printer->out, ",\"version\":%" PRIu64, message->version);
    if (flags & MSOCK_MESSAGE_TOLD) {
        put_text(printer, ",\"told\":true");
    }
    if (flags & MSOCK_MESSAGE_OWNER_DOWN) {
        put_text(printer, ",\"owner_down\":true");
    }
    if (flags & MSOCK_MESSAGE_EMPTY) {
        put_text(printer, ",\"cleared\":true");
    }
}

static void put_object(struct printer *printer, const msock_message *message)
{
    struct cli_buffer *out = &printer->out;

    put_text(printer, "{\"topic\":");
    json_out_text(out, message->topic, message->topic_size);
    put_text(printer, ",\"sender\":");
    json_out_text(out, message->sender, message->sender_size);
    put_age(printer, message);
    if (printer->replies) {
        json_out_format(out, ",\"ms\":%.3f", (double)printer->reply_us / 1000);
    }
    if (message->flags & MSOCK_MESSAGE_RELIABLE) {
        put_text(printer, ",\"reliable\":true");
    }
    if (message->flags & MSOCK_MESSAGE_WILL) {
        put_text(printer, ",\"will\":true");
    }
    put_state(printer, message);
    if (message->type) {
        put_text(printer, ",\"type\":");
        json_out_text(out, message->type, strlen(message->type));
    }
    if (message->flags & MSOCK_MESSAGE_RAW) {
        put_text(printer, ",\"raw\":\"");
        base64_encode(message->data, message->data_size,
                      out->bytes + out->size);
        out->size += base64_size(message->data_size);
        put_text(printer, "\"");
    } else {
        put_text(printer, ",\"data\":");
        json_out_value(out, message->data, message->data_size);
    }
    put_text(printer, "}\n");
}

static bool is_cleared(const msock_message *message)
{
    const unsigned cleared = MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_EMPTY;

    return (message->flags & cleared) == cleared;
}

/* A state of somebody who may be gone. */
static void put_owner(struct printer *printer, const msock_message *message)
{
    put_text(printer, " (");
    put_escaped(printer, message->sender, message->sender_size);
    put_text(printer, " is not heard");
    if (!(message->flags & MSOCK_MESSAGE_AGE_UNKNOWN)) {
        json_out_format(&printer->out, ", %" PRIu64 " s old",
                        message->age_us / 1000000);
    }
    put_text(printer, ")");
}

/* Finds what a message says: the text of a JSON string, which is in the
 * scratch buffer then, other JSON, or bytes; nothing of no data. */
static void find_payload(struct printer *printer, const msock_message *message,
                         const char **text, size_t *size)
{
    struct cli_buffer *scratch = &printer->scratch;

    *text = message->data;
    *size = message->flags & MSOCK_MESSAGE_EMPTY ? 0 : message->data_size;
    if (!(message->flags & MSOCK_MESSAGE_RAW)) {
        int plain =
            msock_json_text(*text, *size, scratch->bytes, scratch->capacity);
        if (plain >= 0) {
            *text = scratch->bytes;
            *size = (size_t)plain;
        }
    }
}

/* Puts what came from elsewhere, exactly only where that was asked for. */
static void put_foreign(struct printer *printer, const char *text, size_t size)
{
    if (printer->together && !printer->terminal) {
        put(printer, text, size);
    } else {
        put_escaped(printer, text, size);
    }
}

static void put_line(struct printer *printer, const msock_message *message)
{
    bool empty = message->flags & MSOCK_MESSAGE_EMPTY && !is_cleared(message);
    const char *text;
    size_t size;

    if (empty && (!printer->topics || printer->together)) {
        return; /* as mosquitto_sub */
    }
    find_payload(printer, message, &text, &size);
    if (printer->topics) {
        put_foreign(printer, message->topic, message->topic_size);
        put_text(printer, " ");
    }
    if (is_cleared(message)) {
        put_text(printer, "(cleared)");
    } else if (empty) {
        put_text(printer, "(null)");
    } else {
        put_foreign(printer, text, size);
    }
    if (printer->topics && (message->flags & MSOCK_MESSAGE_OWNER_DOWN)) {
        put_owner(printer, message);
    }
    put_text(printer, printer->together ? "" : "\n");
}

static void put_formatted(struct printer *printer, const msock_message *message)
{
    struct print_formatted formatted = {.message = message,
                                        .safe = printer->terminal};

    find_payload(printer, message, &formatted.payload, &formatted.payload_size);
    print_format(&printer->out, printer->format, &formatted);
    json_out(&printer->out, "\n", printer->together ? 0 : 1);
}

/* Writes some of the bytes, waiting for room.  Returns their number, 0 after a
 * signal, or -1. */
static ssize_t write_some(const char *bytes, size_t size)
{
    ssize_t written = write(STDOUT_FILENO, bytes, size);

    if (written < 0 && errno == EAGAIN) { /* another made it non-blocking */
        struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
        return poll(&room, 1, -1) < 0 && errno != EINTR ? -1 : 0;
    }
    return written < 0 && errno == EINTR ? 0 : written;
}

int printer_emit(const struct printer *printer, const char *bytes, size_t size,
                 bool *broken)
{
    while (size > 0) {
        if (*printer->given_up) {
            *broken = true;
            return CLI_FAILURE;
        }
        ssize_t written = write_some(bytes, size);
        if (written < 0) {
            *broken = errno == EPIPE;
            return *broken ? CLI_FAILURE
                           : cli_error("cannot write standard output: %s",
                                       strerror(errno));
        }
        bytes += written;
        size -= (size_t)written;
    }
    return CLI_OK;
}

/* Whether a message goes out as it is: bytes that came framed, for a file. */
static bool is_file(const struct printer *printer, const msock_message *message)
{
    const unsigned unframed_raw = MSOCK_MESSAGE_RAW | MSOCK_MESSAGE_BARE;

    return (message->flags & unframed_raw) == MSOCK_MESSAGE_RAW &&
           !printer->json && !printer->topics && !printer->format &&
           !printer->terminal;
}

int printer_message(struct printer *printer, const msock_message *message,
                    bool *broken)
{
    size_t size = message->topic_size + message->sender_size +
                  message->data_size +
                  (message->type ? strlen(message->type) : 0);
    size_t capacity = GROWTH * size + EXTRA;

    *broken = false;
    if (is_file(printer, message)) {
        return printer_emit(printer, message->data, message->data_size, broken);
    }
    if (cli_buffer_reserve(&printer->out, capacity) != CLI_OK ||
        cli_buffer_reserve(&printer->scratch, capacity) != CLI_OK) {
        return CLI_FAILURE;
    }
    printer->out.size = 0;
    printer->out.failed = false;
    if (printer->json) {
        put_object(printer, message);
    } else if (printer->format) {
        put_formatted(printer, message);
    } else {
        put_line(printer, message);
    }
    if (printer->out.failed) {
        return CLI_FAILURE;
    }
    return printer_emit(printer, printer->out.bytes, printer->out.size, broken);
}
