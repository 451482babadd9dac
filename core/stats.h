/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of one channel: an array by enum msock_counter. */
#ifndef MSOCK_CORE_STATS_H
#define MSOCK_CORE_STATS_H

#include <multisock/counter.h>
#include <stdint.h>

struct msock__stats {
    uint64_t values[MSOCK_COUNTER_COUNT];
};

/** Adds `count` to a counter. */
void msock__stats_add(struct msock__stats *stats, enum msock_counter counter,
                      uint64_t count);

uint64_t msock__stats_get(const struct msock__stats *stats,
                          enum msock_counter counter);

#endif
