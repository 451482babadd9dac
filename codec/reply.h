/* SPDX-License-Identifier: Apache-2.0 */
/* Topics of replies, `$reply/SESSION/N` (docs/protocol.md 8.4): whose request
 * it was, and which. Constant cost. */
#ifndef MSOCK_CODEC_REPLY_H
#define MSOCK_CODEC_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__REPLY_SIZE = 7 + 16 + 1 + 16 + 1 /* of one at most, with its NUL */
};

struct msock__reply {
    uint64_t session; /* first 8 bytes of the asker's session */
    uint64_t number;  /* of its request, at most 2^53-1 */
};

/** Writes the topic, and a NUL.  Returns its size without that. */
size_t msock__reply_encode(const struct msock__reply *reply,
                           char out[static MSOCK__REPLY_SIZE]);

/** Reads a topic.  Returns whether it is one of these; *reply is written then.
 */
bool msock__reply_decode(const char *topic, size_t size,
                         struct msock__reply *reply);

#endif
