/* SPDX-License-Identifier: Apache-2.0 */
/* Plays many stories, each in a process of its own, so that a crash or an
 * assertion of the engine is the verdict on one seed, too. */
#ifndef MSOCK_TESTS_SIM_RUNNER_H
#define MSOCK_TESTS_SIM_RUNNER_H

#include "tests/sim/story.h"

struct runner_config {
    uint64_t first;
    uint64_t count;
    unsigned jobs;     /* processes at a time, 1..64 */
    bool keep_going;   /* after a failure */
    uint64_t fail_max; /* give up after so many [1] */
};

struct runner_summary {
    struct story_result sum; /* of all; its seed is of no meaning */
    uint64_t played;
    uint64_t failures;
    uint64_t first_failure; /* the seed */
    double wall_s;
    double cpu_s;     /* of all that came to an end */
    double slowest_s; /* CPU time of one seed */
    uint64_t slowest; /* the seed */
};

/** Plays stories; each failure is described on standard output, with the end
 *  of its transcript. */
void runner_play(const struct runner_config *config,
                 struct runner_summary *summary);

#endif
