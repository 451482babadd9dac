/* SPDX-License-Identifier: Apache-2.0 */
/* Jitter. */
#include "core/dice.h"

uint64_t msock__dice_below(struct msock__dice *dice, uint64_t bound)
{
    dice->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t drawn = dice->state;
    drawn = (drawn ^ (drawn >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    drawn = (drawn ^ (drawn >> 27)) * UINT64_C(0x94D049BB133111EB);
    drawn ^= drawn >> 31;
    return bound == 0 ? 0 : drawn % bound;
}
