/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulation says: a transcript for who wants one, and the first check
 * that failed. */
#ifndef MSOCK_TESTS_SIM_REPORT_H
#define MSOCK_TESTS_SIM_REPORT_H

#include <multisock/sim.h>
#include <stdio.h>

enum { REPORT_WHY_SIZE = 320 };

struct report {
    FILE *transcript; /* or NULL */
    const msock_sim *sim;
    bool failed;
    uint64_t failed_us;
    char why[REPORT_WHY_SIZE];
};

/** Writes a line with the time in front, if there is a transcript. */
__attribute__((format(printf, 2, 3))) void report_note(struct report *report,
                                                       const char *format, ...);

/** A check failed: only the first is kept. */
__attribute__((format(printf, 2, 3))) void report_fail(struct report *report,
                                                       const char *format, ...);

#endif
