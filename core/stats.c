/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of one channel. */
#include "core/stats.h"

#include <assert.h>
#include <stdbool.h>

static bool known(enum msock_counter counter)
{
    return (unsigned)counter < MSOCK_COUNTER_COUNT;
}

void msock__stats_add(struct msock__stats *stats, enum msock_counter counter,
                      uint64_t count)
{
    assert(known(counter));
    stats->values[counter] += count;
}

uint64_t msock__stats_get(const struct msock__stats *stats,
                          enum msock_counter counter)
{
    assert(known(counter));
    return stats->values[counter];
}
