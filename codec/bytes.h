/* SPDX-License-Identifier: Apache-2.0 */
/* The one reader and the one writer of big-endian wire bytes, both bounded: a
 * read past the end yields 0 and is remembered, a write past the end is a
 * programmer's error. */
#ifndef MSOCK_CODEC_BYTES_H
#define MSOCK_CODEC_BYTES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct msock__reader {
    const uint8_t *at;
    size_t left;
    bool failed; /* something was read past the end */
};

/** Takes `size` bytes.  Returns where they are, or NULL if fewer are left. */
static inline const uint8_t *msock__read_bytes(struct msock__reader *reader,
                                               size_t size)
{
    if (reader->failed || reader->left < size) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += size;
    reader->left -= size;
    return bytes;
}

/** Takes an unsigned number of 1..8 bytes; 0 if fewer are left. */
static inline uint64_t msock__read_uint(struct msock__reader *reader,
                                        size_t size)
{
    const uint8_t *bytes = msock__read_bytes(reader, size);
    uint64_t number = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

struct msock__writer {
    uint8_t *at;
    size_t left;
};

/** Appends bytes. */
static inline void msock__write_bytes(struct msock__writer *writer,
                                      const void *bytes, size_t size)
{
    assert(size <= writer->left);
    memcpy(writer->at, bytes, size);
    writer->at += size;
    writer->left -= size;
}

/** Appends an unsigned number as `size` bytes, 1..8. */
static inline void msock__write_uint(struct msock__writer *writer,
                                     uint64_t number, size_t size)
{
    uint8_t bytes[8];

    assert(size <= sizeof bytes);
    for (size_t i = size; i > 0; i--) {
        bytes[i - 1] = (uint8_t)number;
        number >>= 8;
    }
    msock__write_bytes(writer, bytes, size);
}

#endif
