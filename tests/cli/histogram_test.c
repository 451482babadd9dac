/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles out of a memory that does not grow. */
#include "tools/msock/histogram.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct histogram *filled(uint64_t from, uint64_t to, uint64_t step)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));

    for (uint64_t value = from; value <= to && value >= from; value += step) {
        histogram_add(histogram, value);
    }
    return histogram;
}

Test(histogram, of_nothing_every_quantile_is_0)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));

    cr_assert(eq(u64, histogram_quantile(histogram, 1), 0));
    cr_assert(eq(u64, histogram_quantile(histogram, 1000), 0));
    free(histogram);
}

Test(histogram, small_values_are_exact)
{
    struct histogram *histogram = filled(1, 200, 1);

    cr_assert(eq(u64, histogram_quantile(histogram, 1), 1));
    cr_assert(eq(u64, histogram_quantile(histogram, 500), 100));
    cr_assert(eq(u64, histogram_quantile(histogram, 990), 198));
    cr_assert(eq(u64, histogram_quantile(histogram, 999), 200));
    cr_assert(eq(u64, histogram_quantile(histogram, 1000), 200));
    free(histogram);
}

Test(histogram, a_quantile_is_never_too_low_and_at_most_a_128th_too_high)
{
    for (uint64_t value = 1; value < HISTOGRAM_LIMIT; value += value / 3 + 1) {
        struct histogram *histogram = filled(value, value, 1);
        histogram_add(histogram,
                      HISTOGRAM_LIMIT - 1); /* `most` hides nothing */

        uint64_t half = histogram_quantile(histogram, 500);

        cr_assert(ge(u64, half, value));
        cr_assert(le(u64, half - value, value / 128));
        free(histogram);
    }
}

Test(histogram, the_borders_of_powers_of_two_keep_that_too)
{
    for (unsigned bits = 1; bits < HISTOGRAM_LIMIT_BITS; bits++) {
        for (uint64_t below = 0; below <= 1; below++) {
            uint64_t value = (UINT64_C(1) << bits) - below;
            struct histogram *histogram = filled(value, value, 1);
            histogram_add(histogram, HISTOGRAM_LIMIT - 1);

            uint64_t half = histogram_quantile(histogram, 500);

            cr_assert(ge(u64, half, value));
            cr_assert(le(u64, half - value, value / 128));
            free(histogram);
        }
    }
}

Test(histogram, a_quantile_is_not_above_the_greatest_value)
{
    struct histogram *histogram = filled(1000001, 1000001, 1);

    cr_assert(eq(u64, histogram_quantile(histogram, 999), 1000001));
    free(histogram);
}

Test(histogram, one_of_a_thousand_shows_at_its_rank_alone)
{
    struct histogram *histogram = filled(10, 10, 1);
    for (int i = 0; i < 998; i++) {
        histogram_add(histogram, 10);
    }
    histogram_add(histogram, 77);

    cr_assert(eq(u64, histogram_quantile(histogram, 999), 10));
    cr_assert(eq(u64, histogram_quantile(histogram, 1000), 77));
    free(histogram);
}

Test(histogram, what_is_beyond_the_limit_counts_as_just_below_it)
{
    struct histogram *histogram = filled(UINT64_MAX, UINT64_MAX, 1);

    cr_assert(eq(u64, histogram->most, UINT64_MAX));
    cr_assert(eq(u64, histogram_quantile(histogram, 500), HISTOGRAM_LIMIT - 1));
    free(histogram);
}
