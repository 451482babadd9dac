/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON scanner in three ways that must never differ: as the library has it
 * (SSE2, NEON, or else as the next), with eight bytes at a time, and with one.
 * The latter two are codec/json.c and codec/json_text.c compiled once more,
 * under other names and with other loops (json_words.c, json_bytes.c). */
#ifndef TESTS_SUPPORT_JSON_WAYS_H
#define TESTS_SUPPORT_JSON_WAYS_H

#include "codec/json.h"

/** One way: functions of codec/json.h. */
struct json_way {
    const char *name;
    int (*scan)(const char *text, size_t size, int depth, size_t *offset,
                struct msock__json_slice *value);
    int (*member)(const char *text, size_t size, int depth, size_t *offset,
                  struct msock__json_slice *key,
                  struct msock__json_slice *value);
    int (*element)(const char *text, size_t size, int depth, size_t *offset,
                   struct msock__json_slice *value);
    size_t (*quote)(const char *text, size_t size, char *out);
    size_t (*compact)(const char *text, size_t size, char *out);
};

/** The functions of that name where it stands: in the library, or renamed. */
#define JSON_WAY(name)                                                         \
    {                                                                          \
        name, msock__json_scan, msock__json_member, msock__json_element,       \
            msock__json_quote, msock__json_compact                             \
    }

extern const struct json_way json_words; /* eight bytes at a time */
extern const struct json_way json_bytes; /* one */

/** Reads text[from..size), from <= size, in all ways: scans it, and walks over
 *  its members and elements at every level, be it JSON or not; compares
 *  verdicts, places and slices.  Returns NULL, or what differs, in words that
 *  stand until the next call. */
const char *json_ways_read(const char *text, size_t size, size_t from);

/** The same for writing: quotes any text, and compacts what is JSON. */
const char *json_ways_write(const char *text, size_t size);

#endif
