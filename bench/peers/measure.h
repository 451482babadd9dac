/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and what a listener counts. */
#ifndef BENCH_PEERS_MEASURE_H
#define BENCH_PEERS_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEASURE_TIMES_MAX = 1 << 20 };

/** The clock that all processes of the machine share. */
uint64_t measure_now_ns(void);

/** Processor time of this process, user and system, in us. */
uint64_t measure_cpu_us(void);

/** What came; all zero: nothing. */
struct measure {
    uint64_t count;    /* whole ones, each time they came */
    uint64_t next;     /* the number expected next */
    uint64_t skipped;  /* numbers that were passed over, */
    uint64_t disorder; /* and numbers below the expected one */
    uint64_t bad;      /* not whole */
    uint64_t first_ns, last_ns;
    bool timed;      /* each is stamped: how long it took is kept */
    uint32_t *times; /* ns, of the first MEASURE_TIMES_MAX */
    size_t time_count;
};

/** Returns 0, or -1: out of memory. */
int measure_init(struct measure *measure, bool timed);
void measure_fini(struct measure *measure);

/** Counts what came. When is noted of every 16th, unless all are timed. */
void measure_add(struct measure *measure, const char *text, size_t size);

/** Forgets the times so far. */
void measure_restart(struct measure *measure);

/** Prints " p50_us= p99_us= p999_us=". */
void measure_print_times(struct measure *measure);

#endif
