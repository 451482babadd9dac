/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers of one sender came: 0, 1, 2 and on, each once, until it says
 * how many they were.
 *
 * The last BENCH_WINDOW numbers below the highest are known one by one, in
 * 8 KiB. One that comes later than that may have come before: it is `stale`,
 * and stays lost. */
#ifndef MSOCK_TOOLS_BENCH_TALLY_H
#define MSOCK_TOOLS_BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_WINDOW = 1 << 16 };

/** What came; all zero: nothing. */
struct bench_tally {
    uint64_t received;  /* numbers, each counted once */
    uint64_t repeated;  /* had come already */
    uint64_t reordered; /* of those received: after a higher one */
    uint64_t stale;     /* too far below the highest to tell */
    uint64_t first;     /* what is below was sent before anybody listened ... */
    uint64_t below;     /* ... but this many of it came all the same */
    uint64_t highest;   /* if some were received */
    uint64_t sent;      /* by its own word, if it has `ended` */
    bool begun;         /* its beginning was heard: `first` is 0 */
    bool ended;
    uint64_t window[BENCH_WINDOW / 64]; /* a bit for each number, modulo */
};

/** Its beginning was heard. If numbers came before, that says nothing. */
void bench_tally_begin(struct bench_tally *tally);

/** Takes a number, up to 2^53-1.  Returns whether it is received. */
bool bench_tally_add(struct bench_tally *tally, uint64_t number);

/** Its end was heard: it sent so many. */
void bench_tally_end(struct bench_tally *tally, uint64_t sent);

/** Returns how many were sent before the first that came, by who began before
 *  anybody listened. */
uint64_t bench_tally_early(const struct bench_tally *tally);

/** Returns how many of the others did not come, up to the highest that did, or
 *  to the last that was sent, if that is known. */
uint64_t bench_tally_lost(const struct bench_tally *tally);

/** Whether all came that were sent, from beginning to end. */
bool bench_tally_complete(const struct bench_tally *tally);

#endif
