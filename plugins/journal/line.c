/* SPDX-License-Identifier: Apache-2.0 */
/* A message as one line of JSON. */
#include "plugins/journal/line.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_SIZE = 9, /* ,"raw":"" or ,"data": */
    TAIL_MAX = 48 /* of what follows the data */
};

/* Writes up to its capacity; what does not fit leaves it full. */
struct line {
    char *out;
    size_t size;
    size_t capacity;
    bool full;
};

static void put(struct line *line, const char *bytes, size_t size)
{
    if (line->full || size > line->capacity - line->size) {
        line->full = true;
        return;
    }
    memcpy(line->out + line->size, bytes, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Puts valid JSON on one line, as text.h escapes it. The buffer has a byte more
 * than the line's capacity, for a NUL. */
static void put_json(const msock_services *services, struct line *line,
                     const char *json, size_t size)
{
    int escaped =
        line->full ? -1
                   : services->json_escape(json, size, line->out + line->size,
                                           line->capacity - line->size + 1);
    line->full = escaped < 0;
    line->size += escaped < 0 ? 0 : (size_t)escaped;
}

static void put_quoted(const msock_services *services, struct line *line,
                       const char *text)
{
    char quoted[6 * MSOCK_TOPIC_MAX + 3];
    int size = services->json_quote(text, strlen(text), quoted, sizeof quoted);
    if (size >= 0) {
        put_json(services, line, quoted, (size_t)size);
    } else {
        put_text(line, "null");
    }
}

static void put_base64(struct line *line, const char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size && !line->full; i += 3) {
        const unsigned char *at = (const unsigned char *)bytes + i;
        size_t left = size - i;
        unsigned bits = (unsigned)at[0] << 16 |
                        (left > 1 ? (unsigned)at[1] << 8 : 0U) |
                        (left > 2 ? at[2] : 0U);
        const char four[] = {digits[bits >> 18], digits[bits >> 12 & 63],
                             left > 1 ? digits[bits >> 6 & 63] : '=',
                             left > 2 ? digits[bits & 63] : '='};
        put(line, four, sizeof four);
    }
}

static void put_data(const msock_services *services, struct line *line,
                     const msock_message *message)
{
    if ((message->flags & MSOCK_MESSAGE_RAW) != 0) {
        put_text(line, ",\"raw\":\"");
        put_base64(line, message->data, message->data_size);
        put_text(line, "\"");
    } else {
        put_text(line, ",\"data\":");
        put_json(services, line, message->data, message->data_size);
    }
}

/* A state that was cleared reads as one that is null otherwise. */
static bool is_cleared(const msock_message *message)
{
    const unsigned cleared = MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_EMPTY;
    return (message->flags & cleared) == cleared;
}

void msock__line_time(const struct timespec *time,
                      char text[static MSOCK__LINE_TIME_SIZE])
{
    struct tm parts;
    char millis[] = ".000Z";
    size_t used = 0;
    long ms = time->tv_nsec / 1000000;
    if (gmtime_r(&time->tv_sec, &parts) != NULL) {
        used =
            strftime(text, MSOCK__LINE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    for (int i = 3; i > 0; i--, ms /= 10) {
        millis[i] = (char)('0' + ms % 10);
    }
    snprintf(text + used, MSOCK__LINE_TIME_SIZE - used, "%s", millis);
}

size_t msock__line_write(const msock_services *services, const char *time,
                         const msock_message *message, char *out,
                         size_t capacity)
{
    assert(capacity >= MSOCK__LINE_HEAD_MAX);
    char tail[TAIL_MAX];
    struct line line = {.out = out, .capacity = capacity - TAIL_MAX};

    put_text(&line, "{\"time\":\"");
    put_text(&line, time);
    put_text(&line, "\",\"topic\":");
    put_quoted(services, &line, message->topic);
    put_text(&line, ",\"sender\":");
    put_quoted(services, &line, message->sender);
    if (message->type != NULL) {
        put_text(&line, ",\"type\":");
        put_quoted(services, &line, message->type);
    }
    assert(!line.full);

    size_t head = line.size;
    line.capacity = head + KEY_SIZE + capacity - MSOCK__LINE_HEAD_MAX;
    put_data(services, &line, message);
    bool omitted = line.full;
    line.size = omitted ? head : line.size;
    line.full = false;
    line.capacity = capacity;
    if (omitted) {
        snprintf(tail, sizeof tail, ",\"omitted\":%zu", message->data_size);
        put_text(&line, tail);
    }
    put_text(&line, is_cleared(message) ? ",\"cleared\":true}\n" : "}\n");
    assert(!line.full);
    return line.size;
}
