/* SPDX-License-Identifier: Apache-2.0 */
/* Strict validating JSON scanner (RFC 8259 and the rules of docs/protocol.md 2)
 * over text that need not end with a NUL. It builds no tree and allocates
 * nothing; its time is linear in the text, its stack bounded by the depth.
 *
 * Refused besides what RFC 8259 refuses: invalid UTF-8, BOM, lone surrogates,
 * \u0000, a depth over the limit, numbers longer than 64 bytes or not finite as
 * a double. White space is space, tab, CR and LF where the caller allows it. */
#ifndef MSOCK_CODEC_JSON_H
#define MSOCK_CODEC_JSON_H

#include "codec/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__JSON_DEPTH_MAX = 32, /* nesting; the envelope itself is 1 */
    MSOCK__JSON_NUMBER_MAX = 64 /* bytes of a number */
};

enum msock__json_type {
    MSOCK__JSON_NULL,
    MSOCK__JSON_BOOL,
    MSOCK__JSON_NUMBER,
    MSOCK__JSON_STRING,
    MSOCK__JSON_ARRAY,
    MSOCK__JSON_OBJECT
};

/** A piece of JSON text, borrowed. A string's slice includes its quotes. */
struct msock__json_slice {
    const char *text;
    size_t size;
    enum msock__json_type type;
    bool compact; /* no white space outside of strings */
};

/** Scans one value at text[*offset], which must be its first byte (no leading
 *  white space), nested at most `depth` deep (a scalar is 0, [] is 1), and
 *  moves *offset behind it; `value` may be NULL.
 *  Returns 0, or MSOCK_EJSON with *offset where the text went wrong (the detail
 *  is not set: this runs on hostile input). */
int msock__json_scan(const char *text, size_t size, int depth, size_t *offset,
                     struct msock__json_slice *value);

/** Moves *offset over white space. */
void msock__json_space(const char *text, size_t size, size_t *offset);

/** Steps over the members of an object, nested at most `depth` deep itself.
 *  Start with *offset at its '{'. Each call gives the next member's key (with
 *  quotes) and value, validated, and leaves *offset at the ',' or '}' behind
 *  them; one that returns 0 leaves it behind the closing '}'.
 *  Returns 1 (a member), 0 (no more), MSOCK_EJSON with *offset where the text
 *  went wrong. */
int msock__json_member(const char *text, size_t size, int depth, size_t *offset,
                       struct msock__json_slice *key,
                       struct msock__json_slice *value);

/** The same for the elements of an array, from its '['. */
int msock__json_element(const char *text, size_t size, int depth,
                        size_t *offset, struct msock__json_slice *value);

/** Writes the text of a scanned string slice, escapes resolved; `out` may be
 *  the slice's own memory, or NULL to write nothing. No NUL is added; the text
 *  is never longer than slice size - 2.
 *  Returns its size. */
size_t msock__json_unescape(const struct msock__json_slice *slice, char *out);

/** Whether a scanned string slice, escapes resolved, equals `text`. */
bool msock__json_equal(const struct msock__json_slice *slice, const char *text);

/** Reads a scanned slice as a protocol integer: `0|[1-9][0-9]{0,15}`, at most
 *  2^53-1.  Returns whether it is one. */
bool msock__json_integer(const struct msock__json_slice *slice,
                         uint64_t *value);

/** Copies valid JSON without the white space outside of strings; `out` has room
 *  for `size` bytes and may be `text`.  Returns the bytes written. */
size_t msock__json_compact(const char *text, size_t size, char *out);

/** Writes `text` (valid UTF-8 without U+0000) as a canonical JSON string with
 *  quotes; at most 6 x size + 2 bytes; `out` NULL writes nothing.
 *  Returns the bytes of that string. */
size_t msock__json_quote(const char *text, size_t size, char *out);

#endif
