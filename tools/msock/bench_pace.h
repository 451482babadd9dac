/* SPDX-License-Identifier: Apache-2.0 */
/* When the next message is due: the n-th of them n / rate after the start.
 *
 * Who falls behind by over BENCH_LAG_MS never makes up for it: the moments of
 * all that follow move, so that no burst comes. */
#ifndef MSOCK_TOOLS_BENCH_PACE_H
#define MSOCK_TOOLS_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_LAG_MS = 100 };

struct bench_pace {
    uint64_t rate; /* a second, 1..10^7; 0: as fast as it goes */
    uint64_t start_ns;
    uint64_t slipped_ns; /* by how much the moments have moved */
};

/** Returns how many are due at `now_ns`, given that `sent` have been sent;
 *  UINT64_MAX without a rate. */
uint64_t bench_pace_due(struct bench_pace *pace, uint64_t now_ns,
                        uint64_t sent);

/** Returns when the next one after `sent` is due, in whole ms from `now_ns` on,
 *  not too early; 0: now. */
int bench_pace_wait_ms(const struct bench_pace *pace, uint64_t now_ns,
                       uint64_t sent);

#endif
