/* SPDX-License-Identifier: Apache-2.0 */
/* Text and JSON for terminals and logs: what could harm them is decided here
 * and nowhere else. */
#include <multisock/text.h>

#include "codec/error.h"
#include "codec/json.h"

#include <limits.h>
#include <string.h>

enum { SHOWN_MAX = 12 /* "\udb40\udc01", the longest form */ };

struct range {
    uint32_t first;
    uint32_t last;
};

/* What a terminal obeys, what turns the order of text round, what ends a line
 * for some readers, and what cannot be seen: two texts that look the same must
 * be the same. Of what Unicode calls ignorable, variation selectors pass, as
 * pictures are written with them. Sorted. */
static const struct range harmful_ranges[] = {
    {0x0000, 0x001F},   /* C0 */
    {0x007F, 0x009F},   /* DEL, C1 */
    {0x00AD, 0x00AD},   /* soft hyphen */
    {0x034F, 0x034F},   /* grapheme joiner */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x115F, 0x1160},   /* Hangul fillers */
    {0x17B4, 0x17B5},   /* Khmer vowels without a shape */
    {0x180B, 0x180F},   /* Mongolian selectors */
    {0x200B, 0x200F},   /* zero width; left and right mark */
    {0x2028, 0x202E},   /* line, paragraph; embeddings, overrides */
    {0x2060, 0x206F},   /* joiner, invisible operators; isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFA0, 0xFFA0},   /* Hangul filler, half width */
    {0xFFF0, 0xFFFB},   /* reserved; interlinear notes */
    {0x1BCA0, 0x1BCA3}, /* shorthand formats */
    {0x1D173, 0x1D17A}, /* musical formats */
    {0xE0000, 0xE0FFF}, /* tags, further selectors */
};

enum { RANGE_COUNT = sizeof harmful_ranges / sizeof harmful_ranges[0] };

static bool is_harmful(uint32_t code)
{
    for (int i = 0; i < RANGE_COUNT && harmful_ranges[i].first <= code; i++) {
        if (code <= harmful_ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Appends the number's low digits, `count` of them. */
static size_t put_hex(char *out, uint32_t number, int count)
{
    static const char hex[] = "0123456789abcdef";

    for (int i = count - 1; i >= 0; i--) {
        out[i] = hex[number & 15];
        number >>= 4;
    }
    return (size_t)count;
}

static size_t put_bytes(char *out, const char *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return size;
}

/* -- Text -- */

static size_t put_byte(char *out, unsigned char byte)
{
    size_t size = put_bytes(out, "\\x", 2);
    return size + put_hex(out + size, byte, 2);
}

static size_t put_code(char *out, uint32_t code)
{
    size_t size = put_bytes(out, "\\u{", 3);
    size += put_hex(out + size, code, code > 0xFFFF ? 5 : 4);
    return size + put_bytes(out + size, "}", 1);
}

/* Writes what stands for the text's first character.  Returns how many bytes of
 * the text that was; *shown gets what was written. */
static size_t show_next(const char *text, size_t size, char out[SHOWN_MAX],
                        size_t *shown)
{
    uint32_t code = 0;
    size_t step = msock__utf8_next(text, size, &code);

    if (step == 0 || code < 0x20 || code == 0x7F) {
        *shown = put_byte(out, (unsigned char)text[0]);
        return 1;
    }
    *shown =
        is_harmful(code) ? put_code(out, code) : put_bytes(out, text, step);
    return step;
}

size_t msock_text_escape(const char *text, size_t size, char *out,
                         size_t capacity)
{
    size_t whole = 0;
    size_t written = 0;

    for (size_t at = 0; at < size;) {
        char character[SHOWN_MAX];
        size_t shown;
        at += show_next(text + at, size - at, character, &shown);
        whole += shown;
        if (whole < capacity) {
            memcpy(out + written, character, shown);
            written = whole;
        }
    }
    if (capacity > 0) {
        out[written] = '\0';
    }
    return whole;
}

/* -- JSON -- */

static size_t put_unit(char *out, uint32_t unit)
{
    size_t size = put_bytes(out, "\\u", 2);
    return size + put_hex(out + size, unit, 4);
}

/* As JSON escapes it: beyond U+FFFF, a pair of surrogates. */
static size_t put_escape(char *out, uint32_t code)
{
    if (code <= 0xFFFF) {
        return put_unit(out, code);
    }
    code -= 0x10000;
    size_t size = put_unit(out, 0xD800 + (code >> 10));
    return size + put_unit(out + size, 0xDC00 + (code & 0x3FF));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Writes what stands for the first character of the rest of valid JSON, as
 * show_next() does; *inside says whether it is inside of a string. */
static size_t show_json(const char *text, size_t size, bool *inside,
                        char out[SHOWN_MAX], size_t *shown)
{
    uint32_t code = 0;
    size_t step = 1;

    if (text[0] == '\\') {
        *shown = put_bytes(out, text, 2); /* of \uXXXX the digits follow */
        return 2;
    }
    if (!*inside && is_space(text[0])) {
        *shown = 0;
        return 1;
    }
    *inside ^= text[0] == '"';
    step = msock__utf8_next(text, size, &code);
    *shown =
        is_harmful(code) ? put_escape(out, code) : put_bytes(out, text, step);
    return step;
}

/* Writes valid JSON; `out` NULL writes nothing.  Returns its size. */
static size_t escape_json(const char *json, size_t size, char *out)
{
    size_t whole = 0;
    bool inside = false;

    for (size_t at = 0; at < size;) {
        char character[SHOWN_MAX];
        size_t shown;
        at += show_json(json + at, size - at, &inside, character, &shown);
        if (out != NULL) {
            memcpy(out + whole, character, shown);
        }
        whole += shown;
    }
    return whole;
}

int msock_json_escape(const char *json, size_t size, char *out, size_t capacity)
{
    int result = msock_json_check(json, size);

    if (result < 0) {
        return result;
    }
    size_t whole = escape_json(json, size, NULL);
    if (whole >= capacity || whole > INT_MAX) {
        return msock__fail(MSOCK_ETOOBIG,
                           "the text has %zu bytes and a NUL: more than the "
                           "buffer",
                           whole);
    }
    escape_json(json, size, out);
    out[whole] = '\0';
    return (int)whole;
}
