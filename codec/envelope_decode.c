/* SPDX-License-Identifier: Apache-2.0 */
/* The slicing decoder of messages: one scan over the line that validates it and
 * notes where the values of known keys lie, then the rules of each key, then
 * the cuts. What is wrong in several ways is counted under the first of: JSON,
 * head too large, envelope, topic, sender, bare, raw short. */
#include "codec/envelope.h"

#include "codec/json.h"
#include "codec/reply.h"

#include <assert.h>
#include <multisock/counter.h>
#include <string.h>

enum { ID_MAX = 64, TYPE_MAX = 127, AFTER_MAX_MS = 60000 };

/* In the order of the bits of enum msock__envelope_key. */
enum field {
    TOPIC,
    SENDER,
    ID,
    REPLY_TO,
    EXPIRES,
    AFTER,
    STATE,
    ORIGIN,
    TYPE,
    DATA,
    LEN,
    FIELD_COUNT
};

static_assert(MSOCK__KEY_LEN == 1 << LEN, "fields are the bits of keys");

static const char *const names[FIELD_COUNT] = {
    [TOPIC] = "topic",       [SENDER] = "sender",   [ID] = "id",
    [REPLY_TO] = "reply_to", [EXPIRES] = "expires", [AFTER] = "after",
    [STATE] = "state",       [ORIGIN] = "origin",   [TYPE] = "type",
    [DATA] = "data",         [LEN] = "len",
};

/* What a value must be; data may be anything. */
static const enum msock__json_type types[FIELD_COUNT] = {
    [TOPIC] = MSOCK__JSON_STRING,   [SENDER] = MSOCK__JSON_STRING,
    [ID] = MSOCK__JSON_STRING,      [REPLY_TO] = MSOCK__JSON_STRING,
    [EXPIRES] = MSOCK__JSON_NUMBER, [AFTER] = MSOCK__JSON_NUMBER,
    [STATE] = MSOCK__JSON_NUMBER,   [ORIGIN] = MSOCK__JSON_ARRAY,
    [TYPE] = MSOCK__JSON_STRING,    [LEN] = MSOCK__JSON_NUMBER,
};

/* A line being read. */
struct line {
    char *bytes;
    size_t size;    /* without its newline */
    size_t rest;    /* bytes behind the newline */
    unsigned keys;  /* known keys that were seen */
    bool malformed; /* one of them twice, or of a wrong type */
    struct msock__json_slice values[FIELD_COUNT];
};

/* -- Scan -- */

/* The fields by the size of their names; the rest of a row is no field. */
static const int by_size[][3] = {
    [2] = {ID, FIELD_COUNT, FIELD_COUNT},
    [3] = {LEN, FIELD_COUNT, FIELD_COUNT},
    [4] = {DATA, TYPE, FIELD_COUNT},
    [5] = {TOPIC, AFTER, STATE},
    [6] = {SENDER, ORIGIN, FIELD_COUNT},
    [7] = {EXPIRES, FIELD_COUNT, FIELD_COUNT},
    [8] = {REPLY_TO, FIELD_COUNT, FIELD_COUNT},
};

/* Returns the field a key names, or FIELD_COUNT. */
static int find_field(const struct msock__json_slice *key)
{
    size_t size = key->size - 2;

    if (size < 2 || size >= sizeof by_size / sizeof by_size[0]) {
        return FIELD_COUNT;
    }
    for (int i = 0; i < 3 && by_size[size][i] < FIELD_COUNT; i++) {
        if (memcmp(key->text + 1, names[by_size[size][i]], size) == 0) {
            return by_size[size][i];
        }
    }
    return FIELD_COUNT;
}

/* The same for a key that may hold escapes, which is rare. */
static int find_escaped_field(const struct msock__json_slice *key)
{
    int field = 0;

    while (field < FIELD_COUNT && !msock__json_equal(key, names[field])) {
        field++;
    }
    return field;
}

/* Keeps the value of a known key. */
static void note(struct line *line, const struct msock__json_slice *key,
                 const struct msock__json_slice *value)
{
    int field = find_field(key);

    if (field == FIELD_COUNT && memchr(key->text, '\\', key->size) != NULL) {
        field = find_escaped_field(key);
    }
    if (field < FIELD_COUNT) {
        bool twice = (line->keys >> field & 1) != 0;
        bool typed = field == DATA || value->type == types[field];
        line->malformed |= twice || !typed;
        line->keys |= 1u << field;
        line->values[field] = *value;
    }
}

/* Validates the line and notes its members.  Returns 0 or the drop counter. */
static int scan(struct line *line)
{
    struct msock__json_slice key = {0};
    struct msock__json_slice value = {0};
    const char *text = line->bytes;
    size_t offset = 0;
    int more;

    msock__json_space(text, line->size, &offset);
    bool object = offset < line->size && text[offset] == '{';
    if (object) {
        while (
            (more = msock__json_member(text, line->size, MSOCK__JSON_DEPTH_MAX,
                                       &offset, &key, &value)) == 1) {
            note(line, &key, &value);
        }
    } else {
        more = msock__json_scan(text, line->size, MSOCK__JSON_DEPTH_MAX,
                                &offset, NULL);
    }
    if (more < 0) {
        return MSOCK_DROP_JSON;
    }
    msock__json_space(text, line->size, &offset);
    if (offset != line->size) {
        return MSOCK_DROP_JSON;
    }
    return object ? 0 : MSOCK_DROP_ENVELOPE;
}

/* -- Rules -- */

static bool has(const struct line *line, enum field field)
{
    return (line->keys >> field & 1) != 0;
}

/* Whether the keys that are there fit together. */
static bool company_valid(const struct line *line)
{
    return has(line, TOPIC) && has(line, SENDER) &&
           !(has(line, DATA) && has(line, LEN)) &&
           !(has(line, TYPE) && !has(line, LEN)) &&
           !(has(line, ORIGIN) && !has(line, STATE));
}

/* Reads a protocol integer; an absent one is 0. */
static bool read_integer(const struct line *line, enum field field,
                         uint64_t *number)
{
    *number = 0;
    return !has(line, field) ||
           msock__json_integer(&line->values[field], number);
}

/* Whether the text is $reply/SESSION/n, of this very session unless bare. */
static bool reply_to_valid(const char *text, size_t size, bool bare,
                           uint64_t session)
{
    struct msock__reply reply;

    return msock__reply_decode(text, size, &reply) &&
           (bare || reply.session == session);
}

/* Whether a bare datagram may carry this. */
static bool bare_valid(const struct msock__envelope *envelope)
{
    const unsigned refused = MSOCK__KEY_LEN | MSOCK__KEY_STATE |
                             MSOCK__KEY_AFTER | MSOCK__KEY_EXPIRES;

    return (envelope->keys & refused) == 0 &&
           strncmp(envelope->topic, "$ms/", 4) != 0;
}

/* -- Cuts -- */

/* Resolves a string's escapes in place and ends it with a NUL. */
static const char *cut_string(struct line *line, enum field field, size_t *size)
{
    *size = 0;
    if (!has(line, field)) {
        return NULL;
    }
    const struct msock__json_slice *slice = &line->values[field];
    char *text = line->bytes + (slice->text - line->bytes) + 1;
    *size = msock__json_unescape(slice, text);
    text[*size] = '\0';
    return text;
}

/* Ends JSON data with a NUL: what stands there, a comma, space or the closing
 * brace, has been read. */
static void cut_data(struct line *line, struct msock__envelope *envelope)
{
    const struct msock__json_slice *slice = &line->values[DATA];

    line->bytes[slice->text - line->bytes + (ptrdiff_t)slice->size] = '\0';
    envelope->data = slice->text;
    envelope->data_size = slice->size;
}

static void cut(struct line *line, struct msock__envelope *envelope)
{
    struct msock__envelope *e = envelope;

    e->keys = line->keys;
    e->topic = cut_string(line, TOPIC, &e->topic_size);
    e->sender = cut_string(line, SENDER, &e->sender_size);
    e->id = cut_string(line, ID, &e->id_size);
    e->reply_to = cut_string(line, REPLY_TO, &e->reply_to_size);
    e->type = cut_string(line, TYPE, &e->type_size);
    if (has(line, ORIGIN)) {
        e->origin = line->values[ORIGIN].text;
        e->origin_size = line->values[ORIGIN].size;
    }
    if (has(line, DATA)) {
        cut_data(line, e);
    }
}

/* -- Decoder -- */

/* Fills the envelope of a valid line.  Returns 0 or the drop counter. */
static int read_line(struct line *line, bool bare, uint64_t session,
                     struct msock__envelope *envelope)
{
    struct msock__envelope e = {0};
    uint64_t raw_size;

    if (line->malformed || !company_valid(line) ||
        !read_integer(line, EXPIRES, &e.expires_ms) ||
        !read_integer(line, AFTER, &e.after_ms) || e.after_ms > AFTER_MAX_MS ||
        !read_integer(line, STATE, &e.state) ||
        !read_integer(line, LEN, &raw_size)) {
        return MSOCK_DROP_ENVELOPE;
    }
    cut(line, &e);
    if (e.id_size > ID_MAX || e.type_size > TYPE_MAX ||
        (e.reply_to != NULL &&
         !reply_to_valid(e.reply_to, e.reply_to_size, bare, session))) {
        return MSOCK_DROP_ENVELOPE;
    }
    if (!msock__topic_valid(e.topic, e.topic_size)) {
        return MSOCK_DROP_TOPIC;
    }
    if (!msock__name_valid(e.sender, e.sender_size)) {
        return MSOCK_DROP_SENDER;
    }
    if (bare && !bare_valid(&e)) {
        return MSOCK_DROP_BARE;
    }
    if (raw_size > line->rest) {
        return MSOCK_DROP_RAW_SHORT;
    }
    if (has(line, LEN)) {
        e.data = line->bytes + line->size + 1;
        e.data_size = (size_t)raw_size;
    }
    *envelope = e;
    return 0;
}

int msock__envelope_decode(char *bytes, size_t size, bool bare,
                           uint64_t session, size_t head_max,
                           struct msock__envelope *envelope, size_t *used)
{
    const char *newline = memchr(bytes, '\n', size);
    size_t line_size = newline != NULL ? (size_t)(newline - bytes) + 1 : size;
    struct line line = {.bytes = bytes,
                        .size = line_size - (newline != NULL),
                        .rest = size - line_size};

    if (bare ? line.rest > 0 : newline == NULL) {
        return MSOCK_DROP_JSON;
    }
    int drop = scan(&line);
    size_t head = line_size - line.values[DATA].size;
    if (drop != MSOCK_DROP_JSON && head > head_max) {
        return MSOCK_DROP_TOO_BIG;
    }
    if (drop == 0) {
        drop = read_line(&line, bare, session, envelope);
    }
    if (drop == 0) {
        *used = line_size + (has(&line, LEN) ? envelope->data_size : 0);
    }
    return drop;
}
