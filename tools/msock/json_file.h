/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as a file: JSON in which // begins a comment. Values are
 * slices of its text, so that a problem can name its line. */
#ifndef MSOCK_TOOLS_JSON_FILE_H
#define MSOCK_TOOLS_JSON_FILE_H

#include "tools/msock/problems.h"

enum { JSON_FILE_MAX = 262144 }; /* bytes */

/** A file being read; `file` is borrowed. */
struct json_file {
    const char *file;
    const char *text; /* valid JSON, of which comments were made blanks */
    struct problems *problems;
};

/** A piece of the text: a value. */
struct json_slice {
    const char *text;
    size_t size;
};

/** Reads the whole file, which must be a regular one that nobody else may
 *  write: it says which keys are used, and what runs. `missing` is added to
 *  what is said if there is none.  Returns text to be freed, or NULL after
 *  having reported why. */
char *json_file_read(const char *file, const char *missing,
                     struct problems *problems);

/** Makes blanks of the comments of `text`, so that places in it stay where they
 *  are, and checks it.  Returns whether it is JSON, else having reported where
 *  it is not. */
bool json_file_check(struct json_file *source, char *text);

/** Returns the line of the text in which the place `at` is, from 1. */
unsigned json_file_line(const struct json_file *source, const char *at);

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
/** Reports a problem at the place `at` of the text. */
void json_file_problem(const struct json_file *source, const char *at,
                       const char *format, ...);

/** Reports that `key`, with its quotes, is none of the `count` words of
 *  `known`, and which is nearest. */
void json_file_unknown(const struct json_file *source,
                       const struct json_slice *key, const char *const *known,
                       size_t count);

#endif
