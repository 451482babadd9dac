/* SPDX-License-Identifier: Apache-2.0 */
/* How far a text goes on without anything special, eight bytes at a time. Loops
 * over single bytes that must find the same are in tests/codec/plain_test.c. */
#ifndef MSOCK_CODEC_PLAIN_H
#define MSOCK_CODEC_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#define MSOCK__EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes, the first one lowest: compilers make one load of it. */
static inline uint64_t msock__plain_load(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;

    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
           (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 |
           (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* The same of fewer bytes, filled up with what is never special. */
static inline uint64_t msock__plain_load_few(const char *text, size_t size)
{
    uint64_t word = MSOCK__EVERY_BYTE('0');

    for (size_t i = 0; i < size; i++) {
        uint64_t byte = (unsigned char)text[i] ^ (unsigned char)'0';
        word ^= byte << 8 * i;
    }
    return word;
}

/* What follows marks bytes in their high bits. The lowest mark is exact; above
 * it subtracting may have carried. */

static inline uint64_t msock__mark_below(uint64_t word, unsigned limit)
{
    return (word - MSOCK__EVERY_BYTE(limit)) & ~word;
}

static inline uint64_t msock__mark_equal(uint64_t word, char byte)
{
    return msock__mark_below(word ^ MSOCK__EVERY_BYTE((unsigned char)byte), 1);
}

/** What a JSON string must escape. */
static inline uint64_t msock__mark_escaped(uint64_t word)
{
    return (msock__mark_below(word, 0x20) | msock__mark_equal(word, '"') |
            msock__mark_equal(word, '\\')) &
           MSOCK__EVERY_BYTE(0x80);
}

/** The same, and what is not ASCII. */
static inline uint64_t msock__mark_special(uint64_t word)
{
    return msock__mark_escaped(word) | (word & MSOCK__EVERY_BYTE(0x80));
}

/** Bytes at the start of `text` before the first that `mark` marks. */
static inline size_t msock__plain_size(const char *text, size_t size,
                                       uint64_t (*mark)(uint64_t word))
{
    size_t at = 0;
    uint64_t marks = 0;

    for (; size - at >= 8; at += 8) {
        marks = mark(msock__plain_load(text + at));
        if (marks != 0) {
            return at + (size_t)__builtin_ctzll(marks) / 8;
        }
    }
    if (at == size) {
        return size;
    }
    if (size >= 8) { /* the last eight: those before `at` are plain */
        at = size - 8;
        marks = mark(msock__plain_load(text + at));
    } else {
        marks = mark(msock__plain_load_few(text, size));
    }
    return marks != 0 ? at + (size_t)__builtin_ctzll(marks) / 8 : size;
}

#endif
