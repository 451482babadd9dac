/* SPDX-License-Identifier: Apache-2.0 */
/* The public helpers for JSON, and for mistyped words. */
#include <multisock/text.h>

#include "codec/error.h"
#include "codec/json.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

/* Data is one level inside its envelope. */
enum { DEPTH = MSOCK__JSON_DEPTH_MAX - 1 };

static int fail_at(size_t offset)
{
    return msock__fail(MSOCK_EJSON, "not valid JSON at byte %zu", offset);
}

/* Scans a text that is one value and white space, and cuts the value out. */
static int scan_text(const char *text, size_t size,
                     struct msock__json_slice *value)
{
    size_t offset = 0;

    if (size > INT_MAX) {
        return msock__fail(MSOCK_EJSON, "a text of %zu bytes is too long",
                           size);
    }
    msock__json_space(text, size, &offset);
    if (msock__json_scan(text, size, DEPTH, &offset, value) < 0) {
        return fail_at(offset);
    }
    msock__json_space(text, size, &offset);
    return offset == size ? 0 : fail_at(offset);
}

int msock_json_check(const char *text, size_t size)
{
    return scan_text(text, size, NULL);
}

int msock_json_get(const char *json, size_t size, const char *key,
                   const char **value)
{
    struct msock__json_slice whole;
    struct msock__json_slice name;
    struct msock__json_slice member;
    size_t offset = 0;
    int result = scan_text(json, size, &whole);

    if (result < 0) {
        return result;
    }
    if (whole.type != MSOCK__JSON_OBJECT) {
        return msock__fail(MSOCK_ENOENT, "not a JSON object");
    }
    while (msock__json_member(whole.text, whole.size, DEPTH, &offset, &name,
                              &member) == 1) {
        if (msock__json_equal(&name, key)) {
            *value = member.text;
            return (int)member.size;
        }
    }
    return msock__fail(MSOCK_ENOENT, "the object has no member \"%s\"", key);
}

/* Moves a cursor that is at 0 to the opening bracket, if the text is an array,
 * or an object: as `type` says. */
static int begin_walk(const char *json, size_t size, size_t *offset,
                      enum msock__json_type type)
{
    struct msock__json_slice whole;

    if (*offset > size) {
        return fail_at(size);
    }
    if (*offset > 0) {
        return 0;
    }
    int result = scan_text(json, size, &whole);
    if (result < 0) {
        return result;
    }
    if (whole.type != type) {
        return msock__fail(MSOCK_ENOENT, "not a JSON %s",
                           type == MSOCK__JSON_ARRAY ? "array" : "object");
    }
    *offset = (size_t)(whole.text - json);
    return 0;
}

/* Ends a step of a walk that met no further value. */
static int end_walk(int more, size_t offset)
{
    return more < 0 ? fail_at(offset)
                    : msock__fail(MSOCK_ENOENT, "there are no more");
}

int msock_json_next(const char *json, size_t size, size_t *cursor,
                    const char **value)
{
    struct msock__json_slice element;
    size_t offset = *cursor;
    int result = begin_walk(json, size, &offset, MSOCK__JSON_ARRAY);

    if (result < 0) {
        return result;
    }
    int more = msock__json_element(json, size, DEPTH, &offset, &element);
    if (more <= 0) {
        return end_walk(more, offset);
    }
    *cursor = offset;
    *value = element.text;
    return (int)element.size;
}

int msock_json_member(const char *json, size_t size, size_t *cursor,
                      const char **key, size_t *key_size, const char **value)
{
    struct msock__json_slice name;
    struct msock__json_slice member;
    size_t offset = *cursor;
    int result = begin_walk(json, size, &offset, MSOCK__JSON_OBJECT);

    if (result < 0) {
        return result;
    }
    int more = msock__json_member(json, size, DEPTH, &offset, &name, &member);
    if (more <= 0) {
        return end_walk(more, offset);
    }
    *cursor = offset;
    *key = name.text;
    *key_size = name.size;
    *value = member.text;
    return (int)member.size;
}

/* Fails because the text has `size` bytes. */
static int fail_size(size_t size)
{
    return msock__fail(MSOCK_ETOOBIG,
                       "the text has %zu bytes and a NUL: more than the buffer",
                       size);
}

int msock_json_text(const char *json, size_t size, char *out, size_t capacity)
{
    struct msock__json_slice slice;
    int result = scan_text(json, size, &slice);

    if (result < 0) {
        return result;
    }
    if (slice.type != MSOCK__JSON_STRING) {
        return msock__fail(MSOCK_EJSON, "not a JSON string");
    }
    size_t text_size = msock__json_unescape(&slice, NULL);
    if (text_size >= capacity) {
        return fail_size(text_size);
    }
    msock__json_unescape(&slice, out);
    out[text_size] = '\0';
    return (int)text_size;
}

int msock_json_quote(const char *text, size_t size, char *out, size_t capacity)
{
    if (!msock__utf8_valid(text, size)) {
        return msock__fail(MSOCK_EJSON,
                           "the text is not UTF-8, or holds a NUL");
    }
    size_t quoted_size = msock__json_quote(text, size, NULL);
    if (quoted_size >= capacity || quoted_size > INT_MAX) {
        return fail_size(quoted_size);
    }
    msock__json_quote(text, size, out);
    out[quoted_size] = '\0';
    return (int)quoted_size;
}

/* -- Mistyped words -- */

enum {
    WORD_MAX = 64,
    PREFIX_MIN = 3 /* letters that say which word was meant */
};

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

static bool are_swapped(const char *a, const char *b)
{
    return lower(a[0]) == lower(b[1]) && lower(a[1]) == lower(b[0]);
}

/* Levenshtein's distance, by rows; two neighbours that changed places count as
 * one edit (optimal string alignment). */
static size_t distance(const char *a, size_t a_size, const char *b,
                       size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0]; /* the row above the last one */
    size_t *last = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_size; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            bool differ = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(row[j - 1] + 1, last[j] + 1, last[j - 1] + differ);
            if (i > 1 && j > 1 && are_swapped(a + i - 2, b + j - 2) &&
                before[j - 2] + 1 < row[j]) {
                row[j] = before[j - 2] + 1;
            }
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

/* Whether a word begins with these letters. */
static bool begins(const char *word, size_t word_size, const char *letters,
                   size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (i == word_size || lower(word[i]) != lower(letters[i])) {
            return false;
        }
    }
    return size > 0;
}

/* How far off a known word is, SIZE_MAX if it cannot have been meant: at most
 * half of the longer word may be wrong, or it is what the word begins with.
 * What the word begins is nearer than anything but the word itself, the
 * shortest first: it lacks the fewest letters. */
static size_t how_far(const char *word, size_t size, const char *known)
{
    size_t known_size = strnlen(known, WORD_MAX);
    size_t longer = size > known_size ? size : known_size;
    size_t edits = distance(word, size, known, known_size);

    if (edits == 0 || begins(known, known_size, word, size)) {
        return edits;
    }
    return edits <= longer / 2 || (known_size >= PREFIX_MIN &&
                                   begins(word, size, known, known_size))
               ? WORD_MAX + edits
               : SIZE_MAX;
}

const char *msock_text_nearest(const char *word, size_t size,
                               const char *const *known, size_t count)
{
    const char *nearest = NULL;
    size_t least_far = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        size_t far = how_far(word, size < WORD_MAX ? size : WORD_MAX, known[i]);
        if (far < least_far) {
            nearest = known[i];
            least_far = far;
        }
    }
    return nearest;
}
