/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's random numbers: xoshiro256** (Blackman and Vigna), filled
 * from one 64-bit seed by splitmix64. The same seed gives the same numbers on
 * every machine. Not for keys, nonces or anything an adversary sees. */
#ifndef MSOCK_TRANSPORT_SIM_RANDOM_H
#define MSOCK_TRANSPORT_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct msock__sim_random {
    uint64_t state[4];
};

/** Starts the sequence of `seed`; any seed will do, 0 too. */
void msock__sim_random_init(struct msock__sim_random *random, uint64_t seed);

/** The next 64 bits. */
uint64_t msock__sim_random_next(struct msock__sim_random *random);

/** One draw: a number in 0..limit, both included. Its bias is under
 *  limit / 2^64. */
uint64_t msock__sim_random_upto(struct msock__sim_random *random,
                                uint64_t limit);

/** One draw: true in `per_cent` of cases; never at 0, always at 100. */
bool msock__sim_random_chance(struct msock__sim_random *random,
                              double per_cent);

#endif
