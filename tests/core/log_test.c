/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the lines about drops, and of their rate. */
#include "core/log.h"

#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { SECOND = 1000000 };

static struct msock__log drops;

static void setup(void)
{
    log_notes_reset();
    drops = (struct msock__log){.logger = log_notes_logger()};
}

TestSuite(log, .init = setup);

Test(log, first_drop_is_reported_at_once)
{
    msock__log_drop(&drops, 0, MSOCK_DROP_AUTH, 1);

    cr_expect(eq(sz, log_notes_count(), 1));
    cr_expect(eq(int, log_notes_level(), MSOCK_WARNING));
    cr_expect(eq(str, (char *)log_notes_line(),
                 "dropped 1: drop_auth (not authentic: forged, damaged or of "
                 "another channel)"));
}

Test(log, line_a_second_says_how_many)
{
    for (uint64_t i = 1; i <= 18; i++) {
        msock__log_drop(&drops, 5 * SECOND + i, MSOCK_DROP_OPEN, i);
    }
    cr_expect(eq(sz, log_notes_count(), 1));

    msock__log_drop(&drops, 6 * SECOND, MSOCK_DROP_OPEN, 19);
    cr_expect(eq(sz, log_notes_count(), 1));
    msock__log_drop(&drops, 6 * SECOND + 1, MSOCK_DROP_OPEN, 20);

    cr_expect(eq(sz, log_notes_count(), 2));
    cr_expect(eq(str, (char *)log_notes_line(),
                 "dropped 19: drop_open (an open frame on a sealed channel)"));
}

Test(log, reasons_do_not_silence_each_other)
{
    msock__log_drop(&drops, 0, MSOCK_DROP_AUTH, 1);
    msock__log_drop(&drops, 1, MSOCK_DROP_OPEN, 1);
    msock__log_drop(&drops, 2, MSOCK_DROP_KERNEL, 1);
    msock__log_drop(&drops, 3, MSOCK_DROP_SHORT, 1);

    cr_expect(eq(sz, log_notes_count(), 4));
}

Test(log, lines_become_rare)
{
    /* Behind the first one after 1 s, 10 s, 60 s, 600 s and 3600 s. */
    for (uint64_t s = 0; s < 4271; s++) {
        msock__log_drop(&drops, s * SECOND, MSOCK_DROP_JSON, s + 1);
    }
    cr_expect(eq(sz, log_notes_count(), 5));

    msock__log_drop(&drops, UINT64_C(4271) * SECOND, MSOCK_DROP_JSON, 4272);

    cr_expect(eq(sz, log_notes_count(), 6));
    cr_expect(ne(ptr, strstr(log_notes_line(), "dropped 3600: "), NULL));
}

Test(log, ten_quiet_minutes_begin_anew)
{
    for (uint64_t s = 0; s <= 100; s++) {
        msock__log_drop(&drops, s * SECOND, MSOCK_DROP_JSON, s + 1);
    }
    cr_expect(eq(sz, log_notes_count(), 4));

    msock__log_drop(&drops, UINT64_C(699) * SECOND, MSOCK_DROP_JSON, 102);
    cr_expect(eq(sz, log_notes_count(), 5));
    msock__log_drop(&drops, UINT64_C(1298) * SECOND, MSOCK_DROP_JSON, 103);
    cr_expect(eq(sz, log_notes_count(), 5));
    msock__log_drop(&drops, UINT64_C(1898) * SECOND, MSOCK_DROP_JSON, 104);
    cr_expect(eq(sz, log_notes_count(), 6));
    msock__log_drop(&drops, UINT64_C(1899) * SECOND, MSOCK_DROP_JSON, 105);
    cr_expect(eq(sz, log_notes_count(), 7));
}

/* A call reads the clock, which is ahead of its turn. */
Test(log, what_was_said_a_little_later_was_not_long_ago)
{
    msock__log_drop(&drops, SECOND + 500, MSOCK_DROP_JSON, 1);
    for (uint64_t i = 1; i < 100; i++) {
        msock__log_drop(&drops, SECOND + i % 2, MSOCK_DROP_JSON, i + 1);
    }

    cr_expect(eq(sz, log_notes_count(), 1));
    cr_expect(msock__log_may(&drops, SECOND + 500, MSOCK__LOG_RIGHTS, "a"));
    cr_expect(not(msock__log_may(&drops, SECOND, MSOCK__LOG_RIGHTS, "a")));
}

Test(log, name_of_two_is_told_with_its_address)
{
    msock__log_name(&drops, 0, "porch", "10.0.0.7", false);
    cr_expect(eq(str, (char *)log_notes_line(),
                 "two programs speak as porch, one of them at 10.0.0.7: give "
                 "one of them another name"));

    msock__log_name(&drops, 1, "hub", "10.0.0.9", true);

    cr_expect(eq(int, log_notes_level(), MSOCK_WARNING));
    cr_expect(eq(str, (char *)log_notes_line(),
                 "hub is the name of another program, too, at 10.0.0.9: give "
                 "one of them another name"));
}

Test(log, names_do_not_silence_each_other)
{
    msock__log_name(&drops, 0, "porch", "10.0.0.7", false);
    msock__log_name(&drops, 1, "porch", "10.0.0.7", false);
    cr_expect(eq(sz, log_notes_count(), 1));

    msock__log_name(&drops, 2, "attic", "10.0.0.8", false);

    cr_expect(eq(sz, log_notes_count(), 2));
    cr_expect(msock__log_may(&drops, 3, MSOCK__LOG_RIGHTS, "attic"),
              "something else of the same name");
}

Test(log, invented_names_share_a_rate)
{
    char name[] = "name-000";
    for (int i = 0; i < 1000; i++) {
        name[5] = (char)('0' + i / 100);
        name[6] = (char)('0' + i / 10 % 10);
        name[7] = (char)('0' + i % 10);
        msock__log_name(&drops, (uint64_t)i, name, "10.0.0.7", false);
    }
    cr_expect(eq(sz, log_notes_count(), MSOCK__LOG_SUBJECTS + 1));

    /* Those of before have been quiet for ten minutes. */
    msock__log_name(&drops, UINT64_C(601) * SECOND, name, "10.0.0.7", false);
    cr_expect(eq(sz, log_notes_count(), MSOCK__LOG_SUBJECTS + 2));
}

Test(log, drops_that_are_skipped_are_in_no_line)
{
    msock__log_drop(&drops, 0, MSOCK_DROP_OLD, 1);
    msock__log_skip(&drops, MSOCK_DROP_OLD, 3);
    cr_expect(eq(sz, log_notes_count(), 1));

    msock__log_drop(&drops, SECOND, MSOCK_DROP_OLD, 6);

    cr_expect(ne(ptr, strstr(log_notes_line(), "dropped 2: "), NULL));
}

Test(log, count_that_did_not_rise_is_no_line)
{
    msock__log_drop(&drops, 0, MSOCK_DROP_JSON, 3);
    msock__log_drop(&drops, 5 * SECOND, MSOCK_DROP_JSON, 3);

    cr_expect(eq(sz, log_notes_count(), 1));
}

Test(log, without_a_logger_nothing_happens)
{
    drops.logger = NULL;

    msock__log_drop(&drops, 0, MSOCK_DROP_JSON, 1);

    cr_expect(eq(sz, log_notes_count(), 0));
    cr_expect(eq(u64, drops.counted[MSOCK_DROP_JSON], 0));
}
