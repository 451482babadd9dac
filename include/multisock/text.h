/* SPDX-License-Identifier: Apache-2.0 */
/* Text helpers: reading and writing the JSON of messages without a library, and
 * showing text from the network on a terminal.
 *
 * They read with the same strict scanner as the channel and keep nothing. An
 * application that wants a tree uses a JSON library of its own choice. */
#ifndef MULTISOCK_TEXT_H
#define MULTISOCK_TEXT_H

#include <stddef.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Says whether `text` is one JSON value as docs/protocol.md 2 allows it.
 *  Returns 0, MSOCK_EJSON (the detail names the place).  Thread: any. */
int msock_json_check(const char *text, size_t size);

/** Finds the member `key` of the JSON object `json` (the first, if there are
 *  several), and points *value at its text inside `json`, without white space
 *  around it.
 *  Returns its size in bytes, MSOCK_ENOENT (no such member, or not an object),
 *  MSOCK_EJSON (not JSON).  Thread: any. */
int msock_json_get(const char *json, size_t size, const char *key,
                   const char **value);

/** Walks over the array `json`: points *value at the text of its next element,
 *  beginning with *cursor = 0.
 *  Returns the element's size in bytes, MSOCK_ENOENT (no more, or not an
 *  array), MSOCK_EJSON (not JSON).  Thread: any. */
int msock_json_next(const char *json, size_t size, size_t *cursor,
                    const char **value);

/** Walks over the object `json`: points *key at the text of its next member's
 *  key, *key_size bytes with the quotes, and *value at its value, beginning
 * with *cursor = 0. A key may come twice. Returns the value's size in bytes,
 * MSOCK_ENOENT (no more, or not an object), MSOCK_EJSON (not JSON).  Thread:
 * any. */
int msock_json_member(const char *json, size_t size, size_t *cursor,
                      const char **key, size_t *key_size, const char **value);

/** Writes the text of the JSON string `json` (with its quotes) and a NUL.
 *  Returns the text's size in bytes, MSOCK_EJSON (not a string), MSOCK_ETOOBIG
 *  (over capacity - 1 bytes).  Thread: any. */
int msock_json_text(const char *json, size_t size, char *out, size_t capacity);

/** Writes `text` as a JSON string, with quotes and a NUL.
 *  Returns its size in bytes, MSOCK_EJSON (not UTF-8, or holds U+0000),
 *  MSOCK_ETOOBIG (over capacity - 1 bytes; 6 x size + 3 always suffice).
 *  Thread: any. */
int msock_json_quote(const char *text, size_t size, char *out, size_t capacity);

/** Writes `text` on one line that cannot harm a terminal or a log: control
 *  characters (C0, DEL, C1), line and paragraph separators, bidirectional
 *  controls, what cannot be seen (zero-width characters, tags, fillers) and
 *  invalid UTF-8 become \xHH or \u{HHHH}. A backslash stays as it is, so that
 *  escaping twice changes nothing; with a NUL.
 *  Returns the size in bytes of the whole escaped text, at most 4 x size; what
 *  exceeds capacity - 1 is cut between characters.  Thread: any. */
size_t msock_text_escape(const char *text, size_t size, char *out,
                         size_t capacity);

/** Writes the JSON `json` on one line that cannot harm a terminal or a log and
 *  is the same value: without the white space outside of strings, and with
 *  what msock_text_escape() would escape as \uHHHH; with a NUL.
 *  Returns its size in bytes, MSOCK_EJSON (not JSON), MSOCK_ETOOBIG (over
 *  capacity - 1 bytes; 6 x size + 1 always suffice).  Thread: any. */
int msock_json_escape(const char *json, size_t size, char *out,
                      size_t capacity);

/** Finds what a mistyped `word` was meant to be: of the `count` words of
 *  `known`, the shortest that `word` begins, or the one that takes the fewest
 *  edits, and of equals the first; upper and lower case are the same, and what
 *  exceeds 64 bytes is not looked at.
 *  Returns it, NULL if more than half would have to change.  Thread: any. */
const char *msock_text_nearest(const char *word, size_t size,
                               const char *const *known, size_t count);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
