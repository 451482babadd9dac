/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a run: JSON objects of any size that hold their number and
 * when they were sent, in places that are found without reading the rest. */
#ifndef BENCH_PEERS_MESSAGE_H
#define BENCH_PEERS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MESSAGE_MIN = 64,
    MESSAGE_NUMBER_DIGITS = 8,
    MESSAGE_STAMP_DIGITS = 12,
};

/** Bits of a stamp: it is compared modulo 2^48 ns, about three days. */
#define MESSAGE_STAMP_MASK ((UINT64_C(1) << 48) - 1)

/** Returns a message of `size` bytes (>= MESSAGE_MIN) and a NUL, to be freed;
 *  NULL: out of memory. */
char *message_new(size_t size);

void message_number(char *text, uint64_t number);
void message_stamp(char *text, uint64_t now_ns);

/** Whether it looks whole; then *number gets its number. */
bool message_read(const char *text, size_t size, uint64_t *number);

/** When it was sent, modulo the mask. */
uint64_t message_sent_ns(const char *text);

#endif
