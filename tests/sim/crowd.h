/* SPDX-License-Identifier: Apache-2.0 */
/* Many nodes that start within one second, on a simulated network: how long
 * until each knows each, and what that costs the group. Worlds (world.h) check
 * every delivery; a crowd says nothing but of itself, so only presence and the
 * budgets of docs/protocol.md 6.5 and 7.6 are looked at. */
#ifndef MSOCK_TESTS_SIM_CROWD_H
#define MSOCK_TESTS_SIM_CROWD_H

#include "tests/sim/traffic.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { CROWD_MAX = TRAFFIC_NODES_MAX, CROWD_SECONDS = 600 };

struct crowd_config {
    unsigned node_count; /* 2..CROWD_MAX */
    bool sealed;
    uint64_t seed;
    double loss;        /* per cent, of every link */
    size_t pending_max; /* of every node, 0: the default */
    unsigned stop_s;    /* when to give up, at most CROWD_SECONDS */
    unsigned after_s;   /* how long it goes on when all know all */
    FILE *out;          /* a line each second, or NULL */
};

struct crowd_result {
    uint64_t up_ms;    /* since the first opened; 0: never */
    uint64_t known_ms; /* the same */
    uint64_t downs;    /* sessions that somebody wrongly held to be gone */
    struct traffic_count total;
    /* Bytes that the whole group said in the worst second, of hellos and
     * queries, once everybody had said its openings, and on average. */
    uint64_t hello_worst;
    uint64_t hello_average;
    uint64_t ran_ms;
    bool failed; /* a budget was not kept */
    char why[200];
};

/** Plays it until all know all and after_s more, or until stop_s. */
void crowd_play(const struct crowd_config *config, struct crowd_result *result);

/** Prints what came out. */
void crowd_print(const struct crowd_config *config,
                 const struct crowd_result *result, FILE *out);

#endif
