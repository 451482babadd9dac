/* SPDX-License-Identifier: Apache-2.0 */
/* The validating scanner: a loop over values with one bit a level, so that
 * hostile nesting costs no stack. */
#include "codec/json.h"

#include "codec/json_token.h"
#include "codec/plain.h"

#include <assert.h>
#include <multisock/error.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Where the scan stands; on failure, where the text went wrong. */
struct cursor {
    const char *begin; /* of the text */
    const char *at;
    const char *end;
    bool spaced; /* it met white space */
};

/* Containers that are open, innermost in the lowest bit. */
struct nest {
    uint64_t objects; /* a set bit is an object, else an array */
    int level;
    int depth; /* most levels */
};

enum step { BAD, VALUE, DONE };

ALWAYS_INLINE size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

ALWAYS_INLINE bool at_byte(const struct cursor *c, char byte)
{
    return c->at < c->end && *c->at == byte;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static const char *behind_spaces(const char *at, const char *end)
{
    while (at < end && is_space(*at)) {
        at++;
    }
    return at;
}

/* Most often there is none, and one comparison without a call tells. */
ALWAYS_INLINE void skip_space(struct cursor *c)
{
    if (c->at < c->end && (unsigned char)*c->at <= ' ') {
        c->at = behind_spaces(c->at, c->end);
        c->spaced = true;
    }
}

/* -- Scalars -- */

/* Size of an escape or a character beyond ASCII; 0 if it is malformed. */
static size_t special_size(const char *at, size_t size)
{
    uint32_t code;

    if (*at == '\\') {
        return msock__json_escape(at, size, &code);
    }
    return (unsigned char)*at < 0x20 ? 0 : msock__utf8_next(at, size, &code);
}

/* The rest of a string from its first escape or character beyond ASCII.
 * Returns where its closing quote is, or where it went wrong. */
static const char *string_end(const char *begin, const char *at,
                              const char *end, bool *good)
{
    size_t size = 0;

    *good = false;
    while (at < end && *at != '"') {
        size = special_size(at, (size_t)(end - at));
        if (size == 0) {
            return at;
        }
        at = msock__plain_end(begin, at + size, end);
    }
    *good = at < end;
    return at;
}

/* From a string's opening quote to behind its closing one. */
ALWAYS_INLINE bool scan_string(struct cursor *c)
{
    bool good = true;

    c->at = msock__plain_end(c->begin, c->at + 1, c->end);
    if (c->at == c->end || *c->at != '"') {
        c->at = string_end(c->begin, c->at, c->end, &good);
    }
    c->at += good;
    return good;
}

ALWAYS_INLINE bool scan_word(struct cursor *c, const char *word, size_t size)
{
    if (left(c) < size || memcmp(c->at, word, size) != 0) {
        return false;
    }
    c->at += size;
    return true;
}

ALWAYS_INLINE bool scan_number(struct cursor *c)
{
    size_t size = msock__json_number(c->at, left(c));

    c->at += size;
    return size != 0;
}

ALWAYS_INLINE bool scan_scalar(struct cursor *c)
{
    if (c->at == c->end) {
        return false;
    }
    switch (*c->at) {
    case '"':
        return scan_string(c);
    case 't':
        return scan_word(c, "true", 4);
    case 'f':
        return scan_word(c, "false", 5);
    case 'n':
        return scan_word(c, "null", 4);
    default:
        return scan_number(c);
    }
}

/* -- Values -- */

ALWAYS_INLINE bool scan_key(struct cursor *c)
{
    return at_byte(c, '"') && scan_string(c);
}

/* From behind a key to its value. */
ALWAYS_INLINE bool scan_colon(struct cursor *c)
{
    skip_space(c);
    if (!at_byte(c, ':')) {
        return false;
    }
    c->at++;
    skip_space(c);
    return true;
}

ALWAYS_INLINE enum step before_value(struct cursor *c, const struct nest *nest)
{
    bool member = (nest->objects & 1) != 0;

    skip_space(c);
    return !member || (scan_key(c) && scan_colon(c)) ? VALUE : BAD;
}

/* Behind a value: closes containers until one goes on. */
ALWAYS_INLINE enum step after_value(struct cursor *c, struct nest *nest)
{
    while (nest->level > 0) {
        skip_space(c);
        if (at_byte(c, ',')) {
            c->at++;
            return before_value(c, nest);
        }
        if (!at_byte(c, (nest->objects & 1) != 0 ? '}' : ']')) {
            return BAD;
        }
        c->at++;
        nest->objects >>= 1;
        nest->level--;
    }
    return DONE;
}

ALWAYS_INLINE enum step open_container(struct cursor *c, struct nest *nest)
{
    bool object = *c->at == '{';

    if (nest->level == nest->depth) {
        return BAD;
    }
    nest->level++;
    nest->objects = nest->objects << 1 | object;
    c->at++;
    skip_space(c);
    if (at_byte(c, object ? '}' : ']')) {
        return after_value(c, nest);
    }
    return before_value(c, nest);
}

static bool scan_value(struct cursor *cursor, int depth)
{
    struct cursor c = *cursor; /* which can stay in registers */
    struct nest nest = {.depth = depth};
    enum step step = VALUE;

    while (step == VALUE) {
        if (at_byte(&c, '{') || at_byte(&c, '[')) {
            step = open_container(&c, &nest);
        } else {
            step = scan_scalar(&c) ? after_value(&c, &nest) : BAD;
        }
    }
    *cursor = c;
    return step == DONE;
}

static enum msock__json_type type_of(char first)
{
    switch (first) {
    case '{':
        return MSOCK__JSON_OBJECT;
    case '[':
        return MSOCK__JSON_ARRAY;
    case '"':
        return MSOCK__JSON_STRING;
    case 't':
    case 'f':
        return MSOCK__JSON_BOOL;
    case 'n':
        return MSOCK__JSON_NULL;
    default:
        return MSOCK__JSON_NUMBER;
    }
}

static struct msock__json_slice slice_from(const char *start,
                                           const struct cursor *c)
{
    return (struct msock__json_slice){.text = start,
                                      .size = (size_t)(c->at - start),
                                      .type = type_of(*start),
                                      .compact = !c->spaced};
}

int msock__json_scan(const char *text, size_t size, int depth, size_t *offset,
                     struct msock__json_slice *value)
{
    struct cursor c = {text, text + *offset, text + size, false};
    const char *start = c.at;

    assert(*offset <= size && depth >= 0 && depth <= MSOCK__JSON_DEPTH_MAX);
    bool good = scan_value(&c, depth);
    *offset = (size_t)(c.at - text);
    if (!good) {
        return MSOCK_EJSON;
    }
    if (value != NULL) {
        *value = slice_from(start, &c);
    }
    return 0;
}

void msock__json_space(const char *text, size_t size, size_t *offset)
{
    struct cursor c = {text, text + *offset, text + size, false};

    skip_space(&c);
    *offset = (size_t)(c.at - text);
}

/* -- Walking over a container -- */

/* From '{', '[' or ',' to the next item, or behind the closing bracket. */
static enum step next_item(struct cursor *c, char open, char close)
{
    bool first = at_byte(c, open);

    if (first || at_byte(c, ',')) {
        c->at++;
        skip_space(c);
        if (!first || !at_byte(c, close)) {
            return VALUE;
        }
    }
    if (!at_byte(c, close)) {
        return BAD;
    }
    c->at++;
    return DONE;
}

/* A value and what must follow it, so that the walk always stands on a bracket
 * or a comma and nothing can pass for the beginning of another container. */
static bool scan_item(struct cursor *c, int depth, char close,
                      struct msock__json_slice *value)
{
    const char *start = c->at;

    c->spaced = false;
    if (!scan_value(c, depth - 1)) {
        return false;
    }
    *value = slice_from(start, c);
    skip_space(c);
    return at_byte(c, ',') || at_byte(c, close);
}

static bool scan_member(struct cursor *c, int depth,
                        struct msock__json_slice *key,
                        struct msock__json_slice *value)
{
    const char *start = c->at;

    if (!scan_key(c)) {
        return false;
    }
    *key = slice_from(start, c);
    return scan_colon(c) && scan_item(c, depth, '}', value);
}

int msock__json_member(const char *text, size_t size, int depth, size_t *offset,
                       struct msock__json_slice *key,
                       struct msock__json_slice *value)
{
    struct cursor c = {text, text + *offset, text + size, false};

    assert(*offset <= size && depth <= MSOCK__JSON_DEPTH_MAX);
    enum step step = depth > 0 ? next_item(&c, '{', '}') : BAD;
    if (step == VALUE && !scan_member(&c, depth, key, value)) {
        step = BAD;
    }
    *offset = (size_t)(c.at - text);
    return step == BAD ? MSOCK_EJSON : step == VALUE;
}

int msock__json_element(const char *text, size_t size, int depth,
                        size_t *offset, struct msock__json_slice *value)
{
    struct cursor c = {text, text + *offset, text + size, false};

    assert(*offset <= size && depth <= MSOCK__JSON_DEPTH_MAX);
    enum step step = depth > 0 ? next_item(&c, '[', ']') : BAD;
    if (step == VALUE && !scan_item(&c, depth, ']', value)) {
        step = BAD;
    }
    *offset = (size_t)(c.at - text);
    return step == BAD ? MSOCK_EJSON : step == VALUE;
}
