/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4, padded), for raw payloads in JSON. */
#ifndef MSOCK_TOOLS_BASE64_H
#define MSOCK_TOOLS_BASE64_H

#include <stddef.h>

/** Bytes of text that `size` bytes become. */
size_t base64_size(size_t size);

/** Writes `bytes` as base64_size(size) characters, without a NUL. */
void base64_encode(const void *bytes, size_t size, char *text);

/** Writes the bytes of base64, at most 3 for 4 characters; they may take the
 *  place of the text.  Returns their number, or -1 if it is no base64. */
ptrdiff_t base64_decode(const char *text, size_t size, void *bytes);

#endif
