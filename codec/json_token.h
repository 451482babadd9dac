/* SPDX-License-Identifier: Apache-2.0 */
/* The two tokens of JSON that need more than a look: numbers and escapes. */
#ifndef MSOCK_CODEC_JSON_TOKEN_H
#define MSOCK_CODEC_JSON_TOKEN_H

#include <stddef.h>
#include <stdint.h>

/** Reads the longest number at the start of text[0..size).
 *  Returns its size, or 0 if there is none, it is longer than
 *  MSOCK__JSON_NUMBER_MAX, or it rounds to an infinite double. */
size_t msock__json_number(const char *text, size_t size);

/** Reads the escape at text[0], a backslash; a surrogate pair is one escape.
 *  Returns its size (2, 6 or 12) with the character in *code, or 0 if it is
 *  malformed, half a pair, or U+0000. */
size_t msock__json_escape(const char *text, size_t size, uint32_t *code);

#endif
