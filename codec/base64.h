/* SPDX-License-Identifier: Apache-2.0 */
/* Standard base64 with padding (RFC 4648, section 4), read strictly: one text
 * for each sequence of bytes, so that no two nodes read one differently. The
 * time taken does not tell the bytes. */
#ifndef MSOCK_CODEC_BASE64_H
#define MSOCK_CODEC_BASE64_H

#include <stddef.h>
#include <stdint.h>

/** Decodes into out[0..capacity).  Returns the number of bytes, 0 for anything
 *  else than canonical base64, no text at all, and what is too long; then `out`
 *  may hold a part. */
size_t msock__base64_decode(const char *text, size_t size, uint8_t *out,
                            size_t capacity);

#endif
