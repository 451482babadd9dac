/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of msock bench share: how it was called, and its clocks.
 *
 * A publisher says its beginning, numbered messages and its end on BENCH_LOAD_
 * TOPIC. Who measures round trips asks on BENCH_ASK_TOPIC; who serves answers
 * on BENCH_ANSWER_TOPIC. All of it is raw bytes (bench_message.h). */
#ifndef MSOCK_TOOLS_BENCH_H
#define MSOCK_TOOLS_BENCH_H

#include "tools/msock/bench_message.h"
#include "tools/msock/cli.h"

#include <stdint.h>

#define BENCH_LOAD_TOPIC "bench/load"
#define BENCH_ASK_TOPIC "bench/ask"
#define BENCH_ANSWER_TOPIC "bench/answer"

enum {
    BENCH_GREET_MS = 300, /* from a beginning to the first message: listeners
                             of a sealed channel ask who it is meanwhile */
    BENCH_BATCH = 64,     /* messages at most before others have their turn */
    BENCH_TICK_MS = 100
};

/** How it was called. */
struct bench {
    struct cli_channel names;
    msock_channel *channel;
    uint64_t count;    /* messages, or 0: what fits into the time */
    double duration_s; /* the longest that it takes */
    uint64_t rate;     /* a second, unless ... */
    bool full_speed;
    size_t size; /* bytes of a message, at least BENCH_MESSAGE_SIZE */
    uint64_t publishers;
    bool reliable;
    bool lossless;
    bool serve;
    bool json;
    bool progress;
};

/** What the words do.  Each returns an exit code. */
int bench_pub(struct bench *bench);
int bench_sub(struct bench *bench);
int bench_rtt(struct bench *bench);
int bench_serve(struct bench *bench);

/** A clock that only rises, and the one of day, in ns. */
uint64_t bench_now_ns(void);
uint64_t bench_day_ns(void);

/** Returns what all programs on this running host have in common, and no others
 *  do; 0 if that is not known. */
uint64_t bench_host(void);

/** Returns how many messages are to be sent: those that were asked for, or
 * those that are due in the time, rounded up. */
uint64_t bench_total(const struct bench *bench);

/** Publishes `message` on `topic` with padding of bench->size in all (the
 *  beginning and the end go short, and always reliably).
 *  Returns as msock_publish(), having told what is not MSOCK_EAGAIN. `room`
 *  holds bench->size bytes. */
int bench_publish(const struct bench *bench, const char *topic,
                  const struct bench_message *message, uint8_t *room);

#endif
