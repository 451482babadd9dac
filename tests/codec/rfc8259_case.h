/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of RFC 8259, in the categories that JSONTestSuite draws: numbers,
 * strings, escapes, surrogates, structure, white space, byte order marks,
 * nests, doubled keys, invalid UTF-8 and what ends too early. */
#ifndef TESTS_CODEC_RFC8259_CASE_H
#define TESTS_CODEC_RFC8259_CASE_H

#include <stdbool.h>
#include <stddef.h>

struct rfc8259_case {
    const char *what; /* of a limit of ours: why it is there */
    const char *text;
    size_t size;
};

/** A text with its size, which may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

/** What every parser must accept; on one line, without white space around. */
extern const struct rfc8259_case rfc8259_accepted[];
extern const size_t rfc8259_accepted_count;

/** What no parser may accept; a change of white space makes none of it valid.
 */
extern const struct rfc8259_case rfc8259_refused[];
extern const size_t rfc8259_refused_count;

#endif
