/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of -F. */
#include "tools/msock/print_format.h"

#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROWTH = 4 /* most bytes that an escaped one becomes */ };

static const char letters[] = "CIJUXjlmpqrstx%";

/* What stands between % and its letter: %-10.3t. */
struct spec {
    bool left;
    char pad;
    size_t width;
    size_t most; /* bytes of text: SIZE_MAX if it is not said */
    char letter;
};

/* The moment at which a message is printed. */
struct moment {
    struct tm local;
    long ns;
};

/* -- Reading a format -- */

static const char *read_number(const char *at, size_t *number)
{
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*number <= PRINT_FORMAT_WIDTH_MAX) {
            *number = 10 * *number + (size_t)(*at - '0');
        }
    }
    return at;
}

/* Reads what follows a %, up to its letter, which is NUL if there is none.
 * Returns the place of the letter. */
static const char *read_spec(const char *at, struct spec *spec)
{
    *spec = (struct spec){.pad = ' ', .most = SIZE_MAX};
    if (*at == '-') {
        spec->left = true;
        at++;
    }
    if (*at == '0') {
        spec->pad = '0';
        at++;
    }
    at = read_number(at, &spec->width);
    if (*at == '.') {
        at = read_number(at + 1, &spec->most);
    }
    spec->letter = *at;
    return at;
}

/* Returns the character that a backslash and a letter mean. */
static bool read_escape(char letter, char *character)
{
    static const char escapes[] = "\\0aenrtv";
    static const char characters[] = "\\\0\a\033\n\r\t\v";
    const char *found = letter ? strchr(escapes, letter) : NULL;

    if (found) {
        *character = characters[found - escapes];
    }
    return found != NULL;
}

static int check_spec(const struct spec *spec)
{
    if (spec->letter == '\0') {
        return cli_usage("-F ends in the midst of %%; a %% itself is %%%%");
    }
    if (!strchr(letters, spec->letter)) {
        return cli_usage("-F has no %%%c here, but %%t %%p %%s %%j %%J %%l %%r "
                         "%%q %%m %%x %%X %%C %%I %%U and %%%%",
                         spec->letter);
    }
    if (spec->width > PRINT_FORMAT_WIDTH_MAX) {
        return cli_usage("-F takes a width up to %d", PRINT_FORMAT_WIDTH_MAX);
    }
    return CLI_OK;
}

int print_format_check(const char *format)
{
    while (*format != '\0') {
        char first = *format++;
        struct spec spec;
        char character;
        if (first == '%') {
            format = read_spec(format, &spec);
            if (check_spec(&spec) != CLI_OK) {
                return CLI_USAGE;
            }
            format++;
        } else if (first == '@' && *format++ == '\0') {
            return cli_usage("-F ends in the midst of @; a @ itself is @@");
        } else if (first == '\\' && !read_escape(*format++, &character)) {
            return cli_usage("-F has \\\\ \\0 \\a \\e \\n \\r \\t and \\v, "
                             "but not what it was given: \\%.1s",
                             format - 1);
        }
    }
    return CLI_OK;
}

/* -- Its pieces -- */

static void put_pad(struct cli_buffer *out, char pad, size_t size)
{
    for (; size > 0; size--) {
        json_out(out, &pad, 1);
    }
}

static void put_escaped(struct cli_buffer *out, const char *text, size_t size)
{
    if (size == 0 || out->failed) {
        return;
    }
    char *safe = malloc(GROWTH * size + 1);
    if (!safe) {
        cli_error("out of memory");
        out->failed = true;
        return;
    }
    json_out(out, safe, msock_text_escape(text, size, safe, GROWTH * size + 1));
    free(safe);
}

/* Puts text of at most spec->most bytes into a field of spec->width. */
static void put_text(struct cli_buffer *out, const struct spec *spec, bool safe,
                     const char *text, size_t size)
{
    size = size < spec->most ? size : spec->most;
    size_t gap = spec->width > size ? spec->width - size : 0;

    put_pad(out, ' ', spec->left ? 0 : gap);
    if (safe) {
        put_escaped(out, text, size);
    } else {
        json_out(out, text, size);
    }
    put_pad(out, ' ', spec->left ? gap : 0);
}

static void put_number(struct cli_buffer *out, const struct spec *spec,
                       uint64_t number)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%" PRIu64, number);
    size_t gap = spec->width > (size_t)size ? spec->width - (size_t)size : 0;

    put_pad(out, spec->pad, spec->left ? 0 : gap);
    json_out(out, text, (size_t)size);
    put_pad(out, ' ', spec->left ? gap : 0);
}

/* The payload has exactly the width, if there is one; in hex, too. */
static void put_payload(struct cli_buffer *out, const struct spec *spec,
                        const struct print_formatted *formatted)
{
    size_t digits = spec->letter == 'p' ? 1 : 2; /* characters of a byte */
    size_t size = formatted->payload_size;

    if (spec->width > 0 && size > spec->width) {
        size = spec->width;
    }
    if (spec->width > 0 && digits * size > spec->width) {
        size = spec->width / digits;
    }
    size_t gap = spec->width > digits * size ? spec->width - digits * size : 0;
    put_pad(out, spec->pad, spec->left ? 0 : gap);
    if (spec->letter != 'p') {
        const char *format = spec->letter == 'x' ? "%02x" : "%02X";
        for (size_t i = 0; i < size; i++) {
            char hex[3];
            snprintf(hex, sizeof(hex), format,
                     (unsigned char)formatted->payload[i]);
            json_out(out, hex, 2);
        }
    } else if (formatted->safe) {
        put_escaped(out, formatted->payload, size);
    } else {
        json_out(out, formatted->payload, size);
    }
    put_pad(out, ' ', spec->left ? gap : 0);
}

static void put_time(struct cli_buffer *out, const char *format,
                     const struct moment *now)
{
    char text[100];

    json_out(out, text, strftime(text, sizeof(text), format, &now->local));
}

static void put_unix_time(struct cli_buffer *out, const struct moment *now)
{
    put_time(out, "%s", now);
    json_out_format(out, ".%09ld", now->ns);
}

/* -- JSON -- */

/* Whether bytes are text that a JSON string can hold. */
static bool is_text(const char *bytes, size_t size)
{
    size_t capacity = 6 * size + 3;
    char *quoted = malloc(capacity);
    bool is = quoted && msock_json_quote(bytes, size, quoted, capacity) >= 0;

    free(quoted);
    return is;
}

static void put_json_payload(struct cli_buffer *out,
                             const struct print_formatted *formatted)
{
    const unsigned char *bytes = (const unsigned char *)formatted->payload;
    size_t size = formatted->payload_size;

    if (size == 0) {
        json_out_format(out, "null");
    } else if (is_text(formatted->payload, size)) {
        json_out_text(out, formatted->payload, size);
    } else {
        for (size_t i = 0; i < size; i++) {
            json_out_format(out, "%c%u", i == 0 ? '[' : ',', bytes[i]);
        }
        json_out(out, "]", 1);
    }
}

static unsigned quality(const msock_message *message)
{
    /* Once and in order is what QoS 2 means. */
    return message->flags & MSOCK_MESSAGE_RELIABLE ? 2 : 0;
}

/* What has a quality above 0 has a number. */
static uint64_t message_id(const msock_message *message)
{
    return quality(message) > 0 ? message->sequence : 0;
}

static unsigned retained(const msock_message *message)
{
    return message->flags & MSOCK_MESSAGE_TOLD ? 1 : 0;
}

/* An object with mosquitto's keys; the payload of %j is its text. */
static void put_object(struct cli_buffer *out, char letter,
                       const struct print_formatted *formatted,
                       const struct moment *now)
{
    const msock_message *message = formatted->message;
    bool raw = message->flags & MSOCK_MESSAGE_RAW;

    if (letter == 'J' && raw && formatted->payload_size > 0 &&
        msock_json_check(formatted->payload, formatted->payload_size) < 0) {
        cli_error("the bytes on topic %s are not JSON, as %%J would have them",
                  message->topic);
        return;
    }
    json_out_format(out, "{\"tst\":\"");
    put_time(out, "%Y-%m-%dT%H:%M:%S", now);
    json_out_format(out, ".%06ldZ", now->ns / 1000);
    put_time(out, "%z", now);
    json_out_format(out, "\",\"topic\":");
    json_out_text(out, message->topic, message->topic_size);
    json_out_format(out, ",\"qos\":%u,\"retain\":%u,\"payloadlen\":%zu",
                    quality(message), retained(message),
                    formatted->payload_size);
    if (quality(message) > 0) {
        json_out_format(out, ",\"mid\":%" PRIu64, message_id(message));
    }
    json_out_format(out, ",\"payload\":");
    if (letter == 'j') {
        put_json_payload(out, formatted);
    } else if (raw || formatted->payload_size == 0) {
        json_out_value(out, formatted->payload, formatted->payload_size);
    } else {
        json_out_value(out, message->data, message->data_size);
    }
    json_out(out, "}", 1);
}

/* -- The whole -- */

static void put_spec(struct cli_buffer *out, const struct spec *spec,
                     const struct print_formatted *formatted,
                     const struct moment *now)
{
    const msock_message *message = formatted->message;
    const char *type = message->type ? message->type : "";
    char text[100];

    switch (spec->letter) {
    case 't':
        put_text(out, spec, formatted->safe, message->topic,
                 message->topic_size);
        break;
    case 's':
        put_text(out, spec, formatted->safe, message->sender,
                 message->sender_size);
        break;
    case 'C':
        put_text(out, spec, formatted->safe, type, strlen(type));
        break;
    case 'I':
        put_text(out, spec, false, text,
                 strftime(text, sizeof(text), "%FT%T%z", &now->local));
        break;
    case 'U':
        put_unix_time(out, now);
        break;
    case 'j':
    case 'J':
        put_object(out, spec->letter, formatted, now);
        break;
    case 'l':
        put_number(out, spec, formatted->payload_size);
        break;
    case 'm':
        put_number(out, spec, message_id(message));
        break;
    case 'q':
        json_out_format(out, "%u", quality(message));
        break;
    case 'r':
        json_out_format(out, "%u", retained(message));
        break;
    case '%':
        json_out(out, "%", 1);
        break;
    default:
        put_payload(out, spec, formatted);
    }
}

/* A letter of strftime(3), a nanosecond, or a @ itself. */
static void put_moment(struct cli_buffer *out, char letter,
                       const struct moment *now)
{
    const char format[] = {'%', letter, '\0'};

    if (letter == '@') {
        json_out(out, "@", 1);
    } else if (letter == 'N') {
        json_out_format(out, "%09ld", now->ns);
    } else {
        put_time(out, format, now);
    }
}

static struct moment moment_now(void)
{
    struct moment moment = {.ns = 0};
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &moment.local);
    moment.ns = now.tv_nsec;
    return moment;
}

void print_format(struct cli_buffer *out, const char *format,
                  const struct print_formatted *formatted)
{
    const struct moment now = moment_now();

    while (*format != '\0') {
        size_t plain = strcspn(format, "%@\\");
        json_out(out, format, plain);
        format += plain;
        if (*format == '%') {
            struct spec spec;
            format = read_spec(format + 1, &spec) + 1;
            put_spec(out, &spec, formatted, &now);
        } else if (*format == '@') {
            put_moment(out, format[1], &now);
            format += 2;
        } else if (*format == '\\') {
            char character = '\\';
            read_escape(format[1], &character);
            json_out(out, &character, 1);
            format += 2;
        }
    }
}
