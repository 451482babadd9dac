/* SPDX-License-Identifier: Apache-2.0 */
/* The typed comparisons of the stand-in for Criterion: eq(sz, a, b) and such.
 * The last one is remembered, for the line about a claim that does not hold. */
#ifndef MSOCK_CRITERION_SHIM_ASSERT_H
#define MSOCK_CRITERION_SHIM_ASSERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum criterion_shim_op {
    CRITERION_SHIM_EQ,
    CRITERION_SHIM_NE,
    CRITERION_SHIM_LT,
    CRITERION_SHIM_LE,
    CRITERION_SHIM_GT,
    CRITERION_SHIM_GE
};

/** Whether a and b compare so. */
bool criterion_shim_signed(enum criterion_shim_op op, intmax_t a, intmax_t b);
bool criterion_shim_unsigned(enum criterion_shim_op op, uintmax_t a,
                             uintmax_t b);
bool criterion_shim_double(enum criterion_shim_op op, double a, double b);

/** The same for text, which ends with a NUL; NULL is before all text. */
bool criterion_shim_text(enum criterion_shim_op op, const char *a,
                         const char *b);

#define eq(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_EQ, a, b)
#define ne(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_NE, a, b)
#define lt(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_LT, a, b)
#define le(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_LE, a, b)
#define gt(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_GT, a, b)
#define ge(tag, a, b) CRITERION_SHIM_##tag(CRITERION_SHIM_GE, a, b)
#define zero(tag, a) CRITERION_SHIM_##tag(CRITERION_SHIM_EQ, a, 0)
#define not(claim) (!(claim))

/* One macro for each tag: both sides become that type first. */
#define CRITERION_SHIM_S(type, op, a, b)                                       \
    criterion_shim_signed(op, (type)(a), (type)(b))
#define CRITERION_SHIM_U(type, op, a, b)                                       \
    criterion_shim_unsigned(op, (type)(a), (type)(b))
#define CRITERION_SHIM_chr(op, a, b) CRITERION_SHIM_S(char, op, a, b)
#define CRITERION_SHIM_int(op, a, b) CRITERION_SHIM_S(int, op, a, b)
#define CRITERION_SHIM_long(op, a, b) CRITERION_SHIM_S(long, op, a, b)
#define CRITERION_SHIM_i8(op, a, b) CRITERION_SHIM_S(int8_t, op, a, b)
#define CRITERION_SHIM_i16(op, a, b) CRITERION_SHIM_S(int16_t, op, a, b)
#define CRITERION_SHIM_i32(op, a, b) CRITERION_SHIM_S(int32_t, op, a, b)
#define CRITERION_SHIM_i64(op, a, b) CRITERION_SHIM_S(int64_t, op, a, b)
#define CRITERION_SHIM_uint(op, a, b) CRITERION_SHIM_U(unsigned int, op, a, b)
#define CRITERION_SHIM_ulong(op, a, b) CRITERION_SHIM_U(unsigned long, op, a, b)
#define CRITERION_SHIM_u8(op, a, b) CRITERION_SHIM_U(uint8_t, op, a, b)
#define CRITERION_SHIM_u16(op, a, b) CRITERION_SHIM_U(uint16_t, op, a, b)
#define CRITERION_SHIM_u32(op, a, b) CRITERION_SHIM_U(uint32_t, op, a, b)
#define CRITERION_SHIM_u64(op, a, b) CRITERION_SHIM_U(uint64_t, op, a, b)
#define CRITERION_SHIM_sz(op, a, b) CRITERION_SHIM_U(size_t, op, a, b)
#define CRITERION_SHIM_ptr(op, a, b) CRITERION_SHIM_U(uintptr_t, op, a, b)
#define CRITERION_SHIM_dbl(op, a, b) criterion_shim_double(op, a, b)
#define CRITERION_SHIM_str(op, a, b) criterion_shim_text(op, a, b)

#endif
