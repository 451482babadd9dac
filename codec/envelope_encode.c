/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical encoder of messages. */
#include "codec/envelope.h"

#include "codec/json.h"

#include <assert.h>
#include <string.h>

/* Bytes of a key with its punctuation, and of the largest number. */
enum { KEY_MAX = 12, NUMBER_MAX = 20, END_SIZE = 2 };

/* A line in the making. */
struct line {
    const struct msock__envelope *envelope;
    char *out;
    size_t size;
};

static void put(struct line *line, const char *text, size_t size)
{
    memcpy(line->out + line->size, text, size);
    line->size += size;
}

/* Begins a member if the envelope has it.  Returns whether it does. */
static bool put_key(struct line *line, unsigned key, const char *name)
{
    if ((line->envelope->keys & key) == 0) {
        return false;
    }
    put(line, line->size == 0 ? "{\"" : ",\"", 2);
    put(line, name, strlen(name));
    put(line, "\":", 2);
    return true;
}

static void put_string(struct line *line, unsigned key, const char *name,
                       const char *text, size_t size)
{
    if (put_key(line, key, name)) {
        line->size += msock__json_quote(text, size, line->out + line->size);
    }
}

static void put_number(struct line *line, unsigned key, const char *name,
                       uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    if (put_key(line, key, name)) {
        do {
            digits[--at] = (char)('0' + number % 10);
            number /= 10;
        } while (number > 0);
        put(line, digits + at, sizeof digits - at);
    }
}

/* Returns the bytes that the value takes. */
static size_t put_json(struct line *line, unsigned key, const char *name,
                       const char *text, size_t size)
{
    size_t before;

    if (!put_key(line, key, name)) {
        return 0;
    }
    before = line->size;
    line->size += msock__json_compact(text, size, line->out + line->size);
    return line->size - before;
}

static size_t string_bound(const char *text, size_t size)
{
    return text != NULL ? KEY_MAX + msock__json_quote(text, size, NULL) : 0;
}

static size_t numbers_bound(unsigned keys)
{
    static const unsigned numbers[] = {MSOCK__KEY_EXPIRES, MSOCK__KEY_AFTER,
                                       MSOCK__KEY_STATE, MSOCK__KEY_LEN};
    size_t bound = 0;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        bound += keys & numbers[i] ? KEY_MAX + NUMBER_MAX : 0;
    }
    return bound;
}

size_t msock__envelope_bound(const struct msock__envelope *envelope)
{
    const struct msock__envelope *e = envelope;
    size_t bound = KEY_MAX + e->data_size + END_SIZE;

    bound += string_bound(e->topic, e->topic_size);
    bound += string_bound(e->sender, e->sender_size);
    bound += string_bound(e->id, e->id_size);
    bound += string_bound(e->reply_to, e->reply_to_size);
    bound += string_bound(e->type, e->type_size);
    bound += e->origin_size > 0 ? KEY_MAX + e->origin_size : 0;
    return bound + numbers_bound(e->keys);
}

size_t msock__envelope_encode(const struct msock__envelope *envelope, char *out,
                              size_t *head)
{
    const struct msock__envelope *e = envelope;
    struct line line = {.envelope = e, .out = out};
    const unsigned required = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER;
    const unsigned payloads = MSOCK__KEY_DATA | MSOCK__KEY_LEN;

    assert((e->keys & required) == required);
    assert((e->keys & payloads) != payloads);
    put_string(&line, MSOCK__KEY_TOPIC, "topic", e->topic, e->topic_size);
    put_string(&line, MSOCK__KEY_SENDER, "sender", e->sender, e->sender_size);
    put_string(&line, MSOCK__KEY_ID, "id", e->id, e->id_size);
    put_string(&line, MSOCK__KEY_REPLY_TO, "reply_to", e->reply_to,
               e->reply_to_size);
    put_number(&line, MSOCK__KEY_EXPIRES, "expires", e->expires_ms);
    put_number(&line, MSOCK__KEY_AFTER, "after", e->after_ms);
    put_number(&line, MSOCK__KEY_STATE, "state", e->state);
    put_json(&line, MSOCK__KEY_ORIGIN, "origin", e->origin, e->origin_size);
    put_string(&line, MSOCK__KEY_TYPE, "type", e->type, e->type_size);
    size_t data =
        put_json(&line, MSOCK__KEY_DATA, "data", e->data, e->data_size);
    put_number(&line, MSOCK__KEY_LEN, "len", e->data_size);
    put(&line, "}\n", 2);
    *head = line.size - data;
    if ((e->keys & MSOCK__KEY_LEN) != 0 && e->data_size > 0) {
        put(&line, e->data, e->data_size);
    }
    return line.size;
}
