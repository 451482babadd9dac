/* SPDX-License-Identifier: Apache-2.0 */
/* `origin` of a state that is told by way of reply: who published it, in which
 * session, and how long ago (docs/protocol.md 8.1). */
#ifndef MSOCK_CODEC_TOLD_H
#define MSOCK_CODEC_TOLD_H

#include "codec/frame.h"

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that msock__told_encode() writes at most. */
enum { MSOCK__TOLD_MAX = 6 * MSOCK_NAME_MAX + 2 + 34 + 20 + 4 };

struct msock__told {
    char owner[MSOCK_NAME_MAX + 1]; /* with a NUL */
    size_t owner_size;
    uint8_t session[MSOCK__SESSION_SIZE];
    bool age_known;
    uint64_t age_ms; /* at most 2^53-1; 0 if it is not known */
};

/** Writes it as a JSON array.  Returns its size. */
size_t msock__told_encode(const struct msock__told *told,
                          char out[static MSOCK__TOLD_MAX]);

/** Reads a JSON array that was scanned.  Returns whether it is one of these;
 *  if not, *told is undefined. */
bool msock__told_decode(const char *text, size_t size,
                        struct msock__told *told);

#endif
