/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of how long an answer is waited for. */
#include "core/response.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MS = 1000 };

static struct msock__response note(size_t count, const uint64_t *took_us)
{
    struct msock__response response = {0};
    for (size_t i = 0; i < 200; i++) {
        msock__response_note(&response, took_us[i % count]);
    }
    return response;
}

Test(response, is_10_ms_until_it_was_measured)
{
    const struct msock__response response = {0};

    cr_expect(eq(u64, msock__response_typical(&response), 10 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 1), 10 * MS));
}

Test(response, first_measure_counts_in_full)
{
    struct msock__response response = {0};

    msock__response_note(&response, 20 * MS);

    cr_expect(eq(u64, msock__response_typical(&response), 20 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 1), 60 * MS));
}

Test(response, wait_settles_at_what_is_always_the_same)
{
    const struct msock__response response = note(1, (uint64_t[]){30 * MS});

    cr_expect(eq(u64, msock__response_typical(&response), 30 * MS));
    cr_expect(le(u64, msock__response_wait(&response, 1), 31 * MS));
}

Test(response, wait_covers_what_varies)
{
    const struct msock__response response =
        note(2, (uint64_t[]){10 * MS, 50 * MS});

    cr_expect(ge(u64, msock__response_wait(&response, 1), 50 * MS));
}

Test(response, wait_is_4_ms_at_least_and_250_at_most)
{
    const struct msock__response quick = note(1, (uint64_t[]){0});
    const struct msock__response slow = note(1, (uint64_t[]){UINT64_MAX});

    cr_expect(eq(u64, msock__response_wait(&quick, 1), 4 * MS));
    cr_expect(eq(u64, msock__response_wait(&slow, 1), 250 * MS));
    cr_expect(eq(u64, msock__response_typical(&slow), 250 * MS));
}

Test(response, wait_doubles_with_each_try_in_vain)
{
    const struct msock__response response = {0};

    cr_expect(eq(u64, msock__response_wait(&response, 0), 10 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 2), 20 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 5), 160 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 6), 250 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 255), 250 * MS));
}

Test(response, tries_in_vain_are_remembered_until_an_answer)
{
    struct msock__response response = {0};

    msock__response_missed(&response, 3);
    msock__response_missed(&response, 1);
    cr_expect(eq(u64, msock__response_wait(&response, 1), 80 * MS));
    cr_expect(eq(u64, msock__response_wait(&response, 5), 160 * MS));

    msock__response_note(&response, 4 * MS);
    cr_expect(eq(u64, msock__response_wait(&response, 1), 12 * MS));
}

Test(response, two_tries_in_vain_are_loss_where_the_wait_is_known)
{
    struct msock__response response = note(1, (uint64_t[]){20 * MS});
    uint64_t wait_us = msock__response_wait(&response, 1);

    cr_expect(eq(u64, msock__response_wait(&response, 3), wait_us));
    cr_expect(eq(u64, msock__response_wait(&response, 4), 2 * wait_us));
    msock__response_missed(&response, 2);
    cr_expect(eq(u64, msock__response_wait(&response, 1), wait_us));
    msock__response_missed(&response, 3);
    cr_expect(eq(u64, msock__response_wait(&response, 1), 2 * wait_us));
}
