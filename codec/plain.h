/* SPDX-License-Identifier: Apache-2.0 */
/* How far a text goes on without anything special, eight bytes at a time, and
 * sixteen where the processor can. All ways must find the same: tests hold them
 * against each other and against loops over single bytes, this header's in
 * tests/codec/plain_test.c, the scanner's in tests/codec/json_ways_test.c. */
#ifndef MSOCK_CODEC_PLAIN_H
#define MSOCK_CODEC_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#if defined(MSOCK__PLAIN_NARROW) /* by tests: eight at a time at most */
#elif defined(__SSE2__)
#define MSOCK__PLAIN_SSE2
#include <emmintrin.h>
#elif defined(__aarch64__)
#define MSOCK__PLAIN_NEON
#include <arm_neon.h>
#endif

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

/* -- Sixteen bytes at a time -- */

#if defined(MSOCK__PLAIN_SSE2)

enum { MSOCK__WIDE_STEP = 1 }; /* bits of a mark for each byte */

/* What msock__mark_special() marks, as bits, the first byte lowest. */
static inline uint64_t msock__wide_special(const char *text)
{
    __m128i bytes = _mm_loadu_si128((const void *)text);
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)); /* 0x80.. too */
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i all = _mm_or_si128(_mm_or_si128(low, quote), slash);

    return (uint64_t)_mm_movemask_epi8(all);
}

#elif defined(MSOCK__PLAIN_NEON)

enum { MSOCK__WIDE_STEP = 4 };

static inline uint64_t msock__wide_special(const char *text)
{
    uint8x16_t bytes = vld1q_u8((const uint8_t *)text);
    uint8x16_t low = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20));
    uint8x16_t quote = vceqq_u8(bytes, vdupq_n_u8('"'));
    uint8x16_t slash = vceqq_u8(bytes, vdupq_n_u8('\\'));
    uint8x16_t all = vorrq_u8(vorrq_u8(low, quote), slash);
    uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(all), 4);

    return vget_lane_u64(vreinterpret_u64_u8(halves), 0);
}

#endif

/** The first byte in [at, end) that msock__mark_special() marks, or `end`;
 *  begin <= at is where what may be read begins. */
static inline const char *msock__plain_end(const char *begin, const char *at,
                                           const char *end)
{
#if defined(MSOCK__PLAIN_SSE2) || defined(MSOCK__PLAIN_NEON)
    uint64_t marks;

    if (end - begin >= 16) {
        for (; end - at >= 16; at += 16) {
            marks = msock__wide_special(at);
            if (marks != 0) {
                return at + __builtin_ctzll(marks) / MSOCK__WIDE_STEP;
            }
        }
        /* The last sixteen, without those before `at`. */
        marks = at < end ? msock__wide_special(end - 16) >>
                               (16 - (end - at)) * MSOCK__WIDE_STEP
                         : 0;
        return marks != 0 ? at + __builtin_ctzll(marks) / MSOCK__WIDE_STEP
                          : end;
    }
#else
    (void)begin;
#endif
    return at + msock__plain_size(at, (size_t)(end - at), msock__mark_special);
}

#endif
