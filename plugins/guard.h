/* SPDX-License-Identifier: Apache-2.0 */
/* The books that the host keeps about one plugin's calls: how long they took,
 * what they returned, and when a line about it is due in the log.
 *
 * Pure: time comes in as numbers, and nothing is allocated or written. A line
 * of each kind is due at once the first time, and then at most every
 * MSOCK__QUIET_MS; what was kept back is counted in the next one. */
#ifndef MSOCK_PLUGINS_GUARD_H
#define MSOCK_PLUGINS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum { MSOCK__QUIET_MS = 10000 };

/** What a handler's result means. */
enum msock__verdict {
    MSOCK__ACTED,   /* 0 */
    MSOCK__REFUSED, /* a code that puts the fault on the message, or on the
                       state of the network */
    MSOCK__FAILED,  /* a code that puts the fault on the plugin */
    MSOCK__GARBAGE  /* no result at all: a failure too */
};

/** A kind of line in the log. */
struct msock__quiet {
    uint64_t due_ms; /* none before */
    uint64_t held;   /* kept back since the last one */
};

struct msock__guard {
    uint64_t calls;
    uint64_t refused;
    uint64_t failed; /* garbage among them */
    uint64_t garbage;
    uint64_t slow;
    uint64_t dropped;
    uint64_t slowest_ms;
    unsigned failures;   /* in a row */
    unsigned slow_calls; /* in a row */
    struct msock__quiet slow_lines;
    struct msock__quiet failed_lines;
    struct msock__quiet limit_lines;
};

/** Returns what a handler's result means. */
enum msock__verdict msock__guard_judge(int result);

/** Enters a call that took `elapsed_ms`.  Returns whether it was longer than
 *  `slow_ms`. */
bool msock__guard_time(struct msock__guard *guard, uint64_t elapsed_ms,
                       unsigned slow_ms);

/** Enters what a call returned. */
void msock__guard_result(struct msock__guard *guard,
                         enum msock__verdict verdict);

/** Says whether a line is due now, and how many were kept back before it. */
bool msock__quiet_over(struct msock__quiet *quiet, uint64_t now_ms,
                       uint64_t *held);

#endif
