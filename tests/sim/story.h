/* SPDX-License-Identifier: Apache-2.0 */
/* A whole simulation by one seed: a phase with faults, in which nothing may go
 * wrong, then one without, in which everything must work again. */
#ifndef MSOCK_TESTS_SIM_STORY_H
#define MSOCK_TESTS_SIM_STORY_H

#include "tests/sim/report.h"

#include <stdint.h>
#include <stdio.h>

struct story_result {
    uint64_t seed;
    bool failed;
    uint64_t failed_us;
    char why[REPORT_WHY_SIZE];
    uint64_t digest; /* of all that happened: alike for alike runs */
    uint64_t virtual_us;
    uint64_t datagrams; /* sent by nodes */
    uint64_t copies_lost;
    uint64_t published;
    uint64_t delivered;
    uint64_t lives;
    uint64_t losses; /* events */
    uint64_t repairs;
    uint64_t nacks;
    uint64_t injected; /* by the attacker */
    uint64_t orders;   /* confirmed messages, and who was expected to act: */
    uint64_t acted, refused, silent;
    uint64_t questions; /* requests */
    uint64_t replies, in_vain;
};

/** Plays the story of a seed; `transcript` may be NULL. */
void story_play(uint64_t seed, FILE *transcript, struct story_result *result);

#endif
