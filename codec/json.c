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

/* What comes next: KEY, its value and VALUE, BEHIND one or the end. */
enum step { BAD, KEY, VALUE, BEHIND, DONE };

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

/* Returns the byte there; at the end NUL, which stands nowhere in JSON. */
ALWAYS_INLINE char look(const struct cursor *c)
{
    return c->at < c->end ? *c->at : '\0';
}

/* The same behind white space. Most often there is none. */
ALWAYS_INLINE char look_behind_space(struct cursor *c)
{
    char byte = look(c);

    if ((unsigned char)byte <= ' ') {
        c->at = behind_spaces(c->at, c->end);
        c->spaced = true;
        byte = look(c);
    }
    return byte;
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

static size_t word_size(const char *at, size_t left, const char *word)
{
    size_t size = strlen(word);

    return left >= size && memcmp(at, word, size) == 0 ? size : 0;
}

/* Returns the size of what is no string and no container; 0: malformed. */
static size_t scalar_size(const char *at, size_t left, char first)
{
    switch (first) {
    case 't':
        return word_size(at, left, "true");
    case 'f':
        return word_size(at, left, "false");
    case 'n':
        return word_size(at, left, "null");
    default:
        return msock__json_number(at, left);
    }
}

/* -- Values -- */

/* From a key to its value. */
ALWAYS_INLINE bool scan_key(struct cursor *c)
{
    if (look_behind_space(c) != '"' || !scan_string(c) ||
        look_behind_space(c) != ':') {
        return false;
    }
    c->at++;
    return true;
}

/* Into a container, which `first` opens. */
ALWAYS_INLINE enum step scan_open(struct cursor *c, struct nest *nest,
                                  char first)
{
    bool object = first == '{';

    if (nest->level == nest->depth) {
        return BAD;
    }
    c->at++;
    if (look_behind_space(c) == (object ? '}' : ']')) {
        c->at++;
        return BEHIND;
    }
    nest->level++;
    nest->objects = nest->objects << 1 | object;
    return object ? KEY : VALUE;
}

ALWAYS_INLINE enum step scan_one(struct cursor *c, struct nest *nest)
{
    char first = look_behind_space(c);

    if (first == '"') {
        return scan_string(c) ? BEHIND : BAD;
    }
    if (first == '{' || first == '[') {
        return scan_open(c, nest, first);
    }
    size_t size = scalar_size(c->at, (size_t)(c->end - c->at), first);
    c->at += size;
    return size > 0 ? BEHIND : BAD;
}

/* Behind a value: closes containers until one goes on. */
ALWAYS_INLINE enum step scan_behind(struct cursor *c, struct nest *nest)
{
    while (nest->level > 0) {
        bool object = (nest->objects & 1) != 0;
        char byte = look_behind_space(c);
        if (byte == ',') {
            c->at++;
            return object ? KEY : VALUE;
        }
        if (byte != (object ? '}' : ']')) {
            return BAD;
        }
        c->at++;
        nest->objects >>= 1;
        nest->level--;
    }
    return DONE;
}

static bool scan_value(struct cursor *cursor, int depth)
{
    struct cursor c = *cursor; /* which can stay in registers */
    struct nest nest = {.depth = depth};
    enum step step = (unsigned char)look(&c) > ' ' ? VALUE : BAD;

    while (step != BAD && step != DONE) {
        if (step == KEY && !scan_key(&c)) {
            break;
        }
        step = scan_one(&c, &nest);
        if (step == BEHIND) {
            step = scan_behind(&c, &nest);
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
    *offset = (size_t)(behind_spaces(text + *offset, text + size) - text);
}

/* -- Walking over a container -- */

/* From '{', '[' or ',' to the next item, or behind the closing bracket. */
static enum step next_item(struct cursor *c, char open, char close)
{
    char byte = look(c);
    bool first = byte == open;

    if (first || byte == ',') {
        c->at++;
        byte = look_behind_space(c);
        if (!first || byte != close) {
            return VALUE;
        }
    }
    if (byte != close) {
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
    char byte = look_behind_space(c);
    return byte == ',' || byte == close;
}

static bool scan_member(struct cursor *c, int depth,
                        struct msock__json_slice *key,
                        struct msock__json_slice *value)
{
    const char *start = c->at; /* space before it was passed over */

    if (look(c) != '"' || !scan_string(c)) {
        return false;
    }
    *key = slice_from(start, c);
    if (look_behind_space(c) != ':') {
        return false;
    }
    c->at++;
    (void)look_behind_space(c);
    return scan_item(c, depth, '}', value);
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
