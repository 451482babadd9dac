/* SPDX-License-Identifier: Apache-2.0 */
/* Copies without a spare byte, so that the sanitizers see a read too far. */
#ifndef TESTS_CODEC_EXACT_H
#define TESTS_CODEC_EXACT_H

#include <stdlib.h>
#include <string.h>

/** Returns a copy for free() with `spare` zero bytes behind it. */
static inline char *exact_copy(const void *bytes, size_t size, size_t spare)
{
    char *copy = malloc(size + spare > 0 ? size + spare : 1);

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, size);
    memset(copy + size, 0, spare);
    return copy;
}

#endif
