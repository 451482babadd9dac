/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of RFC 8259, written down once more as slowly and plainly as it
 * stands there, to hold codec/json.c against. Recursive: not for long nests. */
#ifndef TESTS_SUPPORT_RFC8259_H
#define TESTS_SUPPORT_RFC8259_H

#include <stdbool.h>
#include <stddef.h>

/** What a text would need of its reader. */
struct rfc8259_needs {
    size_t depth;       /* nested arrays and objects */
    size_t number_size; /* of the longest number */
    bool infinite;      /* a number beyond the doubles */
    bool utf8;          /* well-formed throughout */
    bool surrogate;     /* half of a pair, as an escape */
    bool nul;           /* U+0000, as an escape */
};

/** Whether text[0..size) is exactly `value` of the grammar (no white space
 *  around it), and what it needs. */
bool rfc8259_value(const char *text, size_t size, struct rfc8259_needs *needs);

#endif
