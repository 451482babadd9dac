/* SPDX-License-Identifier: Apache-2.0 */
/* A small generator for jitter: seeded from the driver's randomness, so that a
 * simulated run repeats. Whoever sees its draws can foretell it: nothing secret
 * comes from here. (SplitMix64: Steele, Lea, Flood 2014.) */
#ifndef MSOCK_CORE_DICE_H
#define MSOCK_CORE_DICE_H

#include <stdint.h>

struct msock__dice {
    uint64_t state; /* any value is a seed */
};

/** Returns a number from 0 to bound - 1, evenly as long as `bound` is far below
 *  2^64; 0 if `bound` is 0. */
uint64_t msock__dice_below(struct msock__dice *dice, uint64_t bound);

#endif
