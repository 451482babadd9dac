/* SPDX-License-Identifier: Apache-2.0 */
/* How many values lie where, in a memory that does not grow: 38 KiB for any
 * number of them.
 *
 * Buckets are log-linear. Values under 256 have one each; from there on each
 * power of two is cut into 128 of equal width. So a quantile is never below the
 * true one, and at most 1/128 of it (0.8 %) above, as long as values stay under
 * HISTOGRAM_LIMIT; greater ones are counted as if they were just below it, and
 * only `most` has them as they are. Adding is a few instructions. */
#ifndef MSOCK_TOOLS_HISTOGRAM_H
#define MSOCK_TOOLS_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_LIMIT_BITS = 44, /* of nanoseconds: 4.9 hours */
    HISTOGRAM_PARTS_BITS = 7,  /* parts of a power of two */
    HISTOGRAM_BUCKETS = (HISTOGRAM_LIMIT_BITS - HISTOGRAM_PARTS_BITS + 1)
                        << HISTOGRAM_PARTS_BITS
};

#define HISTOGRAM_LIMIT (UINT64_C(1) << HISTOGRAM_LIMIT_BITS)

/** Values; all zero: none. */
struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t most; /* the greatest, as it was */
};

void histogram_add(struct histogram *histogram, uint64_t value);

/** Returns a value that at least `per_mille` (1..1000) thousandths of all are
 *  not above, 0 if there are none: the greatest that its bucket can hold, but
 *  no more than `most`. */
uint64_t histogram_quantile(const struct histogram *histogram,
                            unsigned per_mille);

#endif
