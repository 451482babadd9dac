/* SPDX-License-Identifier: Apache-2.0 */
#include "core/marks.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { CAPACITY = 256 };

static uint64_t words[CAPACITY / MSOCK__MARKS_WORD];
static uint64_t more_words[2 * CAPACITY / MSOCK__MARKS_WORD];
static struct msock__marks marks;

static void init(void)
{
    memset(words, 0xff, sizeof(words));
    memset(more_words, 0xff, sizeof(more_words));
    msock__marks_init(&marks, words, CAPACITY);
}

TestSuite(marks, .init = init);

Test(marks, start_empty_whatever_the_words_held)
{
    cr_expect(eq(sz, marks.count, 0));
    cr_expect(eq(u64, msock__marks_first(&marks, 1000, 1256), 1256));
}

Test(marks, lowest_is_found_across_words_and_the_seam)
{
    msock__marks_add(&marks, 1024 + 3);
    msock__marks_add(&marks, 1023);

    cr_expect(eq(u64, msock__marks_first(&marks, 800, 1056), 1023));
    cr_expect(eq(u64, msock__marks_first(&marks, 1023, 1056), 1023));
    cr_expect(eq(u64, msock__marks_first(&marks, 1024, 1056), 1027));
    cr_expect(eq(u64, msock__marks_first(&marks, 1028, 1056), 1056));
}

Test(marks, end_is_not_passed)
{
    msock__marks_add(&marks, 1027);

    cr_expect(eq(u64, msock__marks_first(&marks, 1000, 1027), 1027));
    cr_expect(eq(u64, msock__marks_first(&marks, 1000, 1020), 1020));
    cr_expect(eq(u64, msock__marks_first(&marks, 1050, 1020), 1020));
}

Test(marks, adding_and_removing_twice_counts_once)
{
    msock__marks_add(&marks, 70);
    msock__marks_add(&marks, 70);
    cr_expect(eq(sz, marks.count, 1));
    cr_expect(msock__marks_has(&marks, 70));

    msock__marks_remove(&marks, 70);
    msock__marks_remove(&marks, 70);
    cr_expect(eq(sz, marks.count, 0));
    cr_expect(not(msock__marks_has(&marks, 70)));
}

Test(marks, larger_ring_takes_all_along)
{
    for (uint64_t i = 1000; i < 1256; i += 5) {
        msock__marks_add(&marks, i);
    }
    size_t count = marks.count;

    msock__marks_move(&marks, more_words, (size_t)2 * CAPACITY, 1000, 1256);

    cr_expect(eq(sz, marks.count, count));
    for (uint64_t i = 1000; i < 1256; i++) {
        cr_expect(eq(int, msock__marks_has(&marks, i), i % 5 == 0));
    }
}
