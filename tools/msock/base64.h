/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4, padded), for raw payloads in JSON. */
#ifndef MSOCK_TOOLS_BASE64_H
#define MSOCK_TOOLS_BASE64_H

#include <stddef.h>

/** Bytes of text that `size` bytes become. */
size_t base64_size(size_t size);

/** Writes `bytes` as base64_size(size) characters, without a NUL. */
void base64_encode(const void *bytes, size_t size, char *text);

#endif
