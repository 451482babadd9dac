/* SPDX-License-Identifier: Apache-2.0 */
/* The estimator of RFC 6298, in microseconds. */
#include "core/response.h"

enum {
    SHARE = 8,
    DEVIATION_SHARE = 4,
    DEVIATIONS = 4,
    EXCUSED = 2 /* tries in vain: loss explains them where the wait is known */
};

static uint64_t between(uint64_t value, uint64_t least, uint64_t most)
{
    if (value < least) {
        return least;
    }
    return value < most ? value : most;
}

/* Moves `value` on by a share of its distance from `to`, or to it. */
static uint64_t approach(uint64_t value, uint64_t to, uint64_t share)
{
    return to > value ? value + (to - value) / share
                      : value - (value - to) / share;
}

void msock__response_missed(struct msock__response *response, unsigned tries)
{
    if (tries > response->in_vain) {
        response->in_vain = tries;
    }
}

void msock__response_note(struct msock__response *response, uint64_t took_us)
{
    uint64_t took = between(took_us, 1, MSOCK__RESPONSE_MOST_US);
    uint64_t smoothed = response->smoothed_us;
    response->in_vain = 0;
    if (smoothed == 0) {
        response->smoothed_us = took;
        response->deviation_us = took / 2;
        return;
    }
    uint64_t off = took > smoothed ? took - smoothed : smoothed - took;
    response->deviation_us =
        approach(response->deviation_us, off, DEVIATION_SHARE);
    response->smoothed_us = approach(smoothed, took, SHARE);
}

uint64_t msock__response_typical(const struct msock__response *response)
{
    return response->smoothed_us > 0 ? response->smoothed_us
                                     : MSOCK__RESPONSE_GUESS_US;
}

uint64_t msock__response_wait(const struct msock__response *response,
                              unsigned tries)
{
    uint64_t wait_us = between(
        msock__response_typical(response) + DEVIATIONS * response->deviation_us,
        MSOCK__RESPONSE_LEAST_US, MSOCK__RESPONSE_MOST_US);
    unsigned in_vain = tries > 0 ? tries - 1 : 0;
    if (in_vain < response->in_vain) {
        in_vain = response->in_vain;
    }
    unsigned excused = response->smoothed_us > 0 ? EXCUSED : 0;
    unsigned doublings = in_vain > excused ? in_vain - excused : 0;
    for (; doublings > 0 && wait_us < MSOCK__RESPONSE_MOST_US; doublings--) {
        wait_us *= 2;
    }
    return between(wait_us, 0, MSOCK__RESPONSE_MOST_US);
}
