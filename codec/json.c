/* SPDX-License-Identifier: Apache-2.0 */
/* The validating scanner: a loop over values with one bit a level, so that
 * hostile nesting costs no stack. */
#include "codec/json.h"

#include "codec/json_token.h"
#include "codec/plain.h"

#include <assert.h>
#include <multisock/error.h>
#include <string.h>

/* Where the scan stands; on failure, where the text went wrong. */
struct cursor {
    const char *at;
    const char *end;
};

/* Containers that are open, innermost in the lowest bit. */
struct nest {
    uint64_t objects; /* a set bit is an object, else an array */
    int level;
    int depth; /* most levels */
};

enum step { BAD, VALUE, DONE };

static size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

static bool at_byte(const struct cursor *c, char byte)
{
    return c->at < c->end && *c->at == byte;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void skip_spaces(struct cursor *c)
{
    while (c->at < c->end && is_space(*c->at)) {
        c->at++;
    }
}

/* Most often there is none, and one comparison without a call tells. */
static inline void skip_space(struct cursor *c)
{
    if (c->at < c->end && (unsigned char)*c->at <= ' ') {
        skip_spaces(c);
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

/* From a string's opening quote to behind its closing one. */
static bool scan_string(struct cursor *c)
{
    c->at++;
    for (;;) {
        c->at += msock__plain_size(c->at, left(c), msock__mark_special);
        if (c->at == c->end) {
            return false;
        }
        if (*c->at == '"') {
            c->at++;
            return true;
        }
        size_t size = special_size(c->at, left(c));
        if (size == 0) {
            return false;
        }
        c->at += size;
    }
}

static bool scan_word(struct cursor *c, const char *word, size_t size)
{
    if (left(c) < size || memcmp(c->at, word, size) != 0) {
        return false;
    }
    c->at += size;
    return true;
}

static bool scan_number(struct cursor *c)
{
    size_t size = msock__json_number(c->at, left(c));

    c->at += size;
    return size != 0;
}

static bool scan_scalar(struct cursor *c)
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

static bool scan_key(struct cursor *c)
{
    return at_byte(c, '"') && scan_string(c);
}

/* From behind a key to its value. */
static bool scan_colon(struct cursor *c)
{
    skip_space(c);
    if (!at_byte(c, ':')) {
        return false;
    }
    c->at++;
    skip_space(c);
    return true;
}

static enum step before_value(struct cursor *c, const struct nest *nest)
{
    bool member = (nest->objects & 1) != 0;

    skip_space(c);
    return !member || (scan_key(c) && scan_colon(c)) ? VALUE : BAD;
}

/* Behind a value: closes containers until one goes on. */
static enum step after_value(struct cursor *c, struct nest *nest)
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

static enum step open_container(struct cursor *c, struct nest *nest)
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

static bool scan_value(struct cursor *c, int depth)
{
    struct nest nest = {.depth = depth};
    enum step step = VALUE;

    while (step == VALUE) {
        if (at_byte(c, '{') || at_byte(c, '[')) {
            step = open_container(c, &nest);
        } else {
            step = scan_scalar(c) ? after_value(c, &nest) : BAD;
        }
    }
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
                                      .type = type_of(*start)};
}

int msock__json_scan(const char *text, size_t size, int depth, size_t *offset,
                     struct msock__json_slice *value)
{
    struct cursor c = {.at = text + *offset, .end = text + size};
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
    struct cursor c = {.at = text + *offset, .end = text + size};

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
    struct cursor c = {.at = text + *offset, .end = text + size};

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
    struct cursor c = {.at = text + *offset, .end = text + size};

    assert(*offset <= size && depth <= MSOCK__JSON_DEPTH_MAX);
    enum step step = depth > 0 ? next_item(&c, '[', ']') : BAD;
    if (step == VALUE && !scan_item(&c, depth, ']', value)) {
        step = BAD;
    }
    *offset = (size_t)(c.at - text);
    return step == BAD ? MSOCK_EJSON : step == VALUE;
}
