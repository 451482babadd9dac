/* SPDX-License-Identifier: Apache-2.0 */
/* What msock bench sends: raw bytes that begin with this, in network byte
 * order, and go on with any.
 *
 *      0  "msB1"
 *      4  kind, 1 to 5; three zeros
 *      8  number, 0 to 2^53-1
 *     16  when it was sent, nanoseconds, 0 to 2^63-1
 *     24  whose it is, 64 bits */
#ifndef MSOCK_TOOLS_BENCH_MESSAGE_H
#define MSOCK_TOOLS_BENCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_MESSAGE_SIZE = 32 };

enum bench_kind {
    BENCH_BEGIN = 1, /* the next message is number 0 */
    BENCH_LOAD,      /* one that is counted */
    BENCH_END,       /* `number` of them were sent */
    BENCH_ASK,       /* who serves says the same as an ... */
    BENCH_ANSWER
};

struct bench_message {
    enum bench_kind kind;
    uint64_t number;
    uint64_t sent_ns; /* ASK, ANSWER: the asker's own clock; others: of day */
    uint64_t whose;   /* ASK, ANSWER: the asker's session; others: the host, as
                         bench_host() has it */
};

void bench_message_write(const struct bench_message *message,
                         uint8_t bytes[static BENCH_MESSAGE_SIZE]);

/** Reads what `size` bytes begin with.  Returns false, and leaves *message
 *  alone, if they are no such message. */
bool bench_message_read(const void *bytes, size_t size,
                        struct bench_message *message);

#endif
