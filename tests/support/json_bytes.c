/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner, a byte at a time, with what stands here in place of
 * codec/plain.h. */
#define JSON_NAME(name) json_bytes_##name
#include "tests/support/json_rename.h"

#include <stddef.h>
#include <stdint.h>

#define MSOCK_CODEC_PLAIN_H

static uint64_t msock__mark_escaped(uint64_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static size_t msock__plain_size(const char *text, size_t size,
                                uint64_t (*mark)(uint64_t byte))
{
    size_t at = 0;

    while (at < size && mark((unsigned char)text[at]) == 0) {
        at++;
    }
    return at;
}

static const char *msock__plain_end(const char *begin, const char *at,
                                    const char *end)
{
    (void)begin;
    while (at < end && (unsigned char)*at < 0x80 &&
           msock__mark_escaped((unsigned char)*at) == 0) {
        at++;
    }
    return at;
}

#include "codec/json.c"
#include "codec/json_text.c"

#include "tests/support/json_ways.h"

const struct json_way json_bytes = JSON_WAY("bytes");
