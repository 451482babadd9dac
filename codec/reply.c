/* SPDX-License-Identifier: Apache-2.0 */
/* Topics of replies, as text. */
#include "codec/reply.h"

#include "codec/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "$reply/";

enum {
    START = sizeof prefix - 1, /* of the session */
    END = START + 16           /* of it */
};

size_t msock__reply_encode(const struct msock__reply *reply,
                           char out[static MSOCK__REPLY_SIZE])
{
    int size = snprintf(out, MSOCK__REPLY_SIZE, "%s%016" PRIx64 "/%" PRIu64,
                        prefix, reply->session, reply->number);

    assert(size > END && size < MSOCK__REPLY_SIZE);
    return (size_t)size;
}

/* Reads 16 lower-case hexadecimal digits. */
static bool read_session(const char *text, uint64_t *session)
{
    static const char hex[] = "0123456789abcdef";

    *session = 0;
    for (size_t i = 0; i < END - START; i++) {
        const char *digit = memchr(hex, text[i], 16);
        if (digit == NULL) {
            return false;
        }
        *session = *session << 4 | (uint64_t)(digit - hex);
    }
    return true;
}

bool msock__reply_decode(const char *topic, size_t size,
                         struct msock__reply *reply)
{
    struct msock__reply read;

    if (size <= END || memcmp(topic, prefix, START) != 0 || topic[END] != '/' ||
        !read_session(topic + START, &read.session)) {
        return false;
    }
    struct msock__json_slice tail = {.text = topic + END + 1,
                                     .size = size - END - 1,
                                     .type = MSOCK__JSON_NUMBER};
    if (!msock__json_integer(&tail, &read.number)) {
        return false;
    }
    *reply = read;
    return true;
}
