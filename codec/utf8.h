/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 defines it: shortest forms only, no surrogates, nothing
 * over U+10FFFF. */
#ifndef MSOCK_CODEC_UTF8_H
#define MSOCK_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__UTF8_MAX = 4 /* bytes of a character */ };

/** Reads the character at text[0]; `size` is at least 1.
 *  Returns its size, 1..4, with its number in *code, or 0 (*code unwritten) if
 *  the bytes are not well-formed. */
size_t msock__utf8_next(const char *text, size_t size, uint32_t *code);

/** Writes a character (no surrogate, at most U+10FFFF).  Returns its size. */
size_t msock__utf8_put(uint32_t code, char out[static MSOCK__UTF8_MAX]);

/** Whether the bytes are well-formed UTF-8 without U+0000. */
bool msock__utf8_valid(const char *text, size_t size);

#endif
