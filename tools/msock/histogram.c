/* SPDX-License-Identifier: Apache-2.0 */
/* How many values lie where. */
#include "tools/msock/histogram.h"

#include <assert.h>

/* A value loses its lowest bits, until what is left is below two times PARTS.
 * The upper half of that range is used by each power of two; the lower one by
 * the values that lose nothing. */
enum { PARTS = 1 << HISTOGRAM_PARTS_BITS };

static_assert(HISTOGRAM_BUCKETS ==
                  (HISTOGRAM_LIMIT_BITS - HISTOGRAM_PARTS_BITS + 1) * PARTS,
              "a bucket for each value below the limit");

static unsigned bucket_of(uint64_t value)
{
    unsigned shift = 0;

    while (value >> shift >= 2 * PARTS) {
        shift++;
    }
    return shift * PARTS + (unsigned)(value >> shift);
}

/* Returns the greatest value that belongs there. */
static uint64_t greatest_of(unsigned bucket)
{
    unsigned shift = bucket < 2 * PARTS ? 0 : bucket / PARTS - 1;
    uint64_t left = bucket - shift * PARTS;

    return ((left + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    uint64_t counted = value < HISTOGRAM_LIMIT ? value : HISTOGRAM_LIMIT - 1;

    histogram->buckets[bucket_of(counted)]++;
    histogram->count++;
    if (value > histogram->most) {
        histogram->most = value;
    }
}

/* Returns `per_mille` thousandths of `count`, rounded up. */
static uint64_t share(uint64_t count, unsigned per_mille)
{
    uint64_t rest = count % 1000 * per_mille;

    return count / 1000 * per_mille + (rest + 999) / 1000;
}

uint64_t histogram_quantile(const struct histogram *histogram,
                            unsigned per_mille)
{
    uint64_t wanted = share(histogram->count, per_mille);
    uint64_t seen = 0;

    assert(per_mille >= 1 && per_mille <= 1000);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && wanted > 0; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted) {
            uint64_t greatest = greatest_of(i);
            return greatest < histogram->most ? greatest : histogram->most;
        }
    }
    return 0;
}
