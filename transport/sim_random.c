/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded random numbers for the simulated network. */
#include "transport/sim_random.h"

#include <stddef.h>

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

void msock__sim_random_init(struct msock__sim_random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t word = seed;
        word = (word ^ (word >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        word = (word ^ (word >> 27)) * UINT64_C(0x94D049BB133111EB);
        random->state[i] = word ^ (word >> 31);
    }
}

uint64_t msock__sim_random_next(struct msock__sim_random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

uint64_t msock__sim_random_upto(struct msock__sim_random *random,
                                uint64_t limit)
{
    uint64_t bits = msock__sim_random_next(random);
    return limit == UINT64_MAX ? bits : bits % (limit + 1);
}

bool msock__sim_random_chance(struct msock__sim_random *random, double per_cent)
{
    /* 53 bits fill a double in [0,1) exactly, so 100 is always above it. */
    uint64_t bits = msock__sim_random_next(random) >> 11;
    return (double)bits * 0x1p-53 * 100.0 < per_cent;
}
