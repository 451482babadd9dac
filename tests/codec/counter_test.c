/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the counters. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <string.h>

Test(counter, names_and_sentences_come_from_the_table)
{
    cr_assert(
        eq(str, (char *)msock_counter_name(MSOCK_DROP_AUTH), "drop_auth"));
    cr_assert(eq(str, (char *)msock_counter_text(MSOCK_DROP_OPEN),
                 "an open frame on a sealed channel"));
}

Test(counter, every_counter_has_a_name_of_its_own)
{
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            cr_assert(ne(str, (char *)msock_counter_name(i),
                         (char *)msock_counter_name(j)));
        }
    }
}

Test(counter, every_drop_is_named_so)
{
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        cr_assert(zero(int, strncmp(msock_counter_name(i), "drop_", 5)));
        cr_assert(ne(str, (char *)msock_counter_text(i), ""));
    }
}

Test(counter, there_is_nothing_behind_the_last)
{
    cr_assert(zero(ptr, (void *)msock_counter_name(MSOCK_COUNTER_COUNT)));
    cr_assert(zero(ptr, (void *)msock_counter_text(MSOCK_COUNTER_COUNT)));
    cr_assert(zero(ptr, (void *)msock_counter_name((enum msock_counter) - 1)));
}
