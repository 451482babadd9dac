/* SPDX-License-Identifier: Apache-2.0 */
/* What scanned JSON means, and JSON written. */
#include "codec/json.h"

#include "codec/json_token.h"
#include "codec/plain.h"

#include <assert.h>
#include <string.h>

/* -- Strings -- */

/* Writes behind what it wrote; with `out` NULL it only counts. */
struct pen {
    char *out;
    size_t size;
};

/* The bytes may lie further on in the pen's own memory. */
static void put(struct pen *pen, const char *bytes, size_t size)
{
    if (pen->out != NULL) {
        memmove(pen->out + pen->size, bytes, size);
    }
    pen->size += size;
}

/* What stands between a string's quotes. */
struct inside {
    const char *at;
    size_t left;
};

static struct inside inside_of(const struct msock__json_slice *slice)
{
    assert(slice->type == MSOCK__JSON_STRING && slice->size >= 2);
    return (struct inside){.at = slice->text + 1, .left = slice->size - 2};
}

/* Bytes before the next escape. */
static size_t plain_size(const struct inside *in)
{
    const char *escape = memchr(in->at, '\\', in->left);

    return escape != NULL ? (size_t)(escape - in->at) : in->left;
}

static void advance(struct inside *in, size_t size)
{
    in->at += size;
    in->left -= size;
}

/* Takes one escape.  Returns the size of its character, written to `out`. */
static size_t take_escape(struct inside *in, char out[static MSOCK__UTF8_MAX])
{
    uint32_t code = 0;
    size_t size = msock__json_escape(in->at, in->left, &code);

    assert(size != 0);
    advance(in, size);
    return msock__utf8_put(code, out);
}

size_t msock__json_unescape(const struct msock__json_slice *slice, char *out)
{
    struct inside in = inside_of(slice);
    struct pen pen = {.out = out};

    while (in.left > 0) {
        char character[MSOCK__UTF8_MAX];
        size_t plain = plain_size(&in);
        put(&pen, in.at, plain);
        advance(&in, plain);
        if (in.left > 0) {
            put(&pen, character, take_escape(&in, character));
        }
    }
    return pen.size;
}

bool msock__json_equal(const struct msock__json_slice *slice, const char *text)
{
    struct inside in = inside_of(slice);
    size_t left = strlen(text);

    while (in.left > 0) {
        char character[MSOCK__UTF8_MAX];
        const char *part = in.at;
        size_t size = plain_size(&in);
        if (size > 0) {
            advance(&in, size);
        } else {
            part = character;
            size = take_escape(&in, character);
        }
        if (size > left || memcmp(part, text, size) != 0) {
            return false;
        }
        text += size;
        left -= size;
    }
    return left == 0;
}

/* Escapes a byte: the short form if it has one.  Returns the escape's size. */
static size_t quote_byte(char byte, char out[static 6])
{
    static const char hex[] = "0123456789abcdef";
    static const char values[] = "\"\\\b\t\n\f\r";
    static const char names[] = "\"\\btnfr";
    const char *value = memchr(values, byte, sizeof values - 1);

    if (value != NULL) {
        out[0] = '\\';
        out[1] = names[value - values];
        return 2;
    }
    memcpy(out, "\\u00", 4);
    out[4] = hex[(unsigned char)byte >> 4];
    out[5] = hex[(unsigned char)byte & 15];
    return 6;
}

size_t msock__json_quote(const char *text, size_t size, char *out)
{
    struct pen pen = {.out = out};

    put(&pen, "\"", 1);
    for (size_t at = 0; at < size;) {
        char escape[6];
        size_t literal =
            msock__plain_size(text + at, size - at, msock__mark_escaped);
        put(&pen, text + at, literal);
        at += literal;
        if (at < size) {
            put(&pen, escape, quote_byte(text[at], escape));
            at++;
        }
    }
    put(&pen, "\"", 1);
    return pen.size;
}

/* -- Other values -- */

bool msock__json_integer(const struct msock__json_slice *slice, uint64_t *value)
{
    const uint64_t most = (UINT64_C(1) << 53) - 1;
    uint64_t number = 0;

    if (slice->type != MSOCK__JSON_NUMBER || slice->size == 0 ||
        slice->size > 16 || (slice->text[0] == '0' && slice->size > 1)) {
        return false;
    }
    for (size_t i = 0; i < slice->size; i++) {
        char digit = slice->text[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(digit - '0');
    }
    if (number > most) {
        return false;
    }
    *value = number;
    return true;
}

/* The size of the string at text[0], quotes included. */
static size_t string_size(const char *text, size_t size)
{
    size_t at = 1;

    for (;;) {
        at += msock__plain_size(text + at, size - at, msock__mark_escaped);
        if (text[at] == '"') {
            return at + 1;
        }
        at += 2; /* a backslash, and what it escapes */
    }
}

size_t msock__json_compact(const char *text, size_t size, char *out)
{
    struct pen pen = {.out = out};

    for (size_t at = 0; at < size;) {
        size_t count = 1;
        if (text[at] == '"') {
            count = string_size(text + at, size - at);
            put(&pen, text + at, count);
        } else if ((unsigned char)text[at] > ' ') {
            /* Outside of strings nothing but white space is as low. */
            out[pen.size++] = text[at];
        }
        at += count;
    }
    return pen.size;
}
