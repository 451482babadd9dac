/* SPDX-License-Identifier: Apache-2.0 */
/* The allowance of admission's traffic (docs/protocol.md 6), in time: whatever
 * leaves costs some, what is spent comes back as time passes, and a little may
 * be spent ahead. Time is passed in; constant cost; zeroed is unspent. */
#ifndef MSOCK_CORE_RATE_H
#define MSOCK_CORE_RATE_H

#include <stdint.h>

enum {
    /* Frames: four at once, then one every 150 ms: in no second over ten. */
    MSOCK__RATE_FRAME_US = 150000,
    MSOCK__RATE_FRAMES_AHEAD_US = 3 * MSOCK__RATE_FRAME_US,
    /* Bytes: 32 kbit/s, and 8 KB at once, of which the last frame, of up to
     * 1500 bytes, may take the end. Challenges have this much and answers have
     * it too, so that a flood of the ones does not silence the others; together
     * it is the budget of docs/protocol.md 7. */
    MSOCK__RATE_BYTE_US = 250,
    MSOCK__RATE_BYTES_AHEAD_US = (8000 - 1500) * MSOCK__RATE_BYTE_US
};

struct msock__rate {
    uint64_t spent_us; /* the allowance of all time up to here is spent */
};

/** When something may leave, in us: in the past, now. */
static inline uint64_t msock__rate_due(const struct msock__rate *rate,
                                       uint64_t ahead_us)
{
    return rate->spent_us > ahead_us ? rate->spent_us - ahead_us : 0;
}

/** Pays for something that leaves now. */
static inline void msock__rate_take(struct msock__rate *rate, uint64_t now_us,
                                    uint64_t cost_us)
{
    rate->spent_us = rate->spent_us > now_us ? rate->spent_us : now_us;
    rate->spent_us += cost_us;
}

/** Gives back some of what was paid. */
static inline void msock__rate_give(struct msock__rate *rate, uint64_t cost_us)
{
    rate->spent_us -= rate->spent_us < cost_us ? rate->spent_us : cost_us;
}

#endif
