/* SPDX-License-Identifier: Apache-2.0 */
/* What msock bench sends, and who reads what of it. */
#include "tools/msock/bench_message.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const struct bench_message sample = {.kind = BENCH_LOAD,
                                            .number = 0x1B2C3D4E5F607,
                                            .sent_ns = 0x18AABBCCDDEEFF01,
                                            .whose = 0xFEDCBA9876543210};

/* Written by hand. */
static const uint8_t golden[BENCH_MESSAGE_SIZE] =
    "msB1\x02\0\0\0"
    "\x00\x01\xB2\xC3\xD4\xE5\xF6\x07"
    "\x18\xAA\xBB\xCC\xDD\xEE\xFF\x01"
    "\xFE\xDC\xBA\x98\x76\x54\x32\x10";

static bool same(const struct bench_message *left,
                 const struct bench_message *right)
{
    return left->kind == right->kind && left->number == right->number &&
           left->sent_ns == right->sent_ns && left->whose == right->whose;
}

Test(bench_message, is_written_as_described)
{
    uint8_t bytes[BENCH_MESSAGE_SIZE];

    bench_message_write(&sample, bytes);

    cr_assert(memcmp(bytes, golden, sizeof(bytes)) == 0);
}

Test(bench_message, is_read_as_written)
{
    struct bench_message read;

    cr_assert(bench_message_read(golden, sizeof(golden), &read));

    cr_assert(same(&read, &sample));
}

Test(bench_message, any_bytes_may_follow)
{
    uint8_t bytes[BENCH_MESSAGE_SIZE + 9];
    struct bench_message read;
    memset(bytes, 0xA5, sizeof(bytes));
    memcpy(bytes, golden, sizeof(golden));

    cr_assert(bench_message_read(bytes, sizeof(bytes), &read));

    cr_assert(same(&read, &sample));
}

Test(bench_message, no_cut_one_is_read)
{
    struct bench_message read = sample;

    for (size_t size = 0; size < sizeof(golden); size++) {
        cr_assert(not(bench_message_read(golden, size, &read)));
        cr_assert(same(&read, &sample));
    }
}

Test(bench_message, each_byte_is_refused_or_changes_what_is_read)
{
    uint8_t bytes[BENCH_MESSAGE_SIZE];
    struct bench_message read = sample;

    for (size_t at = 0; at < 8 * sizeof(bytes); at++) {
        memcpy(bytes, golden, sizeof(bytes));
        bytes[at / 8] ^= (uint8_t)(1U << at % 8);
        read = sample;
        bool taken = bench_message_read(bytes, sizeof(bytes), &read);
        cr_assert(eq(int, taken, !same(&read, &sample)));
    }
}

Test(bench_message, numbers_and_times_are_bounded)
{
    uint8_t bytes[BENCH_MESSAGE_SIZE];
    struct bench_message read;

    memcpy(bytes, golden, sizeof(bytes));
    memset(bytes + 9, 0xFF, 7);
    bytes[9] = 0x1F;
    cr_assert(bench_message_read(bytes, sizeof(bytes), &read));
    bytes[9] = 0x20;
    cr_assert(not(bench_message_read(bytes, sizeof(bytes), &read)));

    memcpy(bytes, golden, sizeof(bytes));
    bytes[16] = 0x7F;
    cr_assert(bench_message_read(bytes, sizeof(bytes), &read));
    bytes[16] = 0x80;
    cr_assert(not(bench_message_read(bytes, sizeof(bytes), &read)));
}

Test(bench_message, kinds_are_1_to_5)
{
    uint8_t bytes[BENCH_MESSAGE_SIZE];
    struct bench_message read;
    memcpy(bytes, golden, sizeof(bytes));

    bytes[4] = 0;
    cr_assert(not(bench_message_read(bytes, sizeof(bytes), &read)));
    bytes[4] = 5;
    cr_assert(bench_message_read(bytes, sizeof(bytes), &read));
    bytes[4] = 6;
    cr_assert(not(bench_message_read(bytes, sizeof(bytes), &read)));
}
