/* SPDX-License-Identifier: Apache-2.0 */
/* What msock bench sends. */
#include "tools/msock/bench_message.h"

#include <assert.h>
#include <string.h>

static const uint8_t magic[4] = {'m', 's', 'B', '1'};
static const uint64_t number_max = (UINT64_C(1) << 53) - 1;

static void write_number(uint8_t *bytes, uint64_t number)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)number;
        number >>= 8;
    }
}

static uint64_t read_number(const uint8_t *bytes)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void bench_message_write(const struct bench_message *message,
                         uint8_t bytes[static BENCH_MESSAGE_SIZE])
{
    assert(message->number <= number_max && message->sent_ns <= INT64_MAX);
    memset(bytes, 0, BENCH_MESSAGE_SIZE);
    memcpy(bytes, magic, sizeof(magic));
    bytes[4] = (uint8_t)message->kind;
    write_number(bytes + 8, message->number);
    write_number(bytes + 16, message->sent_ns);
    write_number(bytes + 24, message->whose);
}

bool bench_message_read(const void *bytes, size_t size,
                        struct bench_message *message)
{
    const uint8_t *at = bytes;

    if (size < BENCH_MESSAGE_SIZE || memcmp(at, magic, sizeof(magic)) != 0 ||
        at[4] < BENCH_BEGIN || at[4] > BENCH_ANSWER || at[5] || at[6] ||
        at[7]) {
        return false;
    }
    struct bench_message read = {.kind = (enum bench_kind)at[4],
                                 .number = read_number(at + 8),
                                 .sent_ns = read_number(at + 16),
                                 .whose = read_number(at + 24)};
    if (read.number > number_max || read.sent_ns > INT64_MAX) {
        return false;
    }
    *message = read;
    return true;
}
