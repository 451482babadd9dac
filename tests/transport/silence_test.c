/* SPDX-License-Identifier: Apache-2.0 */
/* When an interface is silent against expectation. */
#include "transport/silence.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum {
    FINE = MSOCK__SILENCE_FINE,
    REJOIN = MSOCK__SILENCE_REJOIN,
    RENEW = MSOCK__SILENCE_RENEW,
    OWN_MS = MSOCK__SILENCE_OWN_MS,
    OTHERS_MS = MSOCK__SILENCE_OTHERS_MS
};

static struct msock__silence silence;

static int check(uint64_t now_ms)
{
    return (int)msock__silence_check(&silence, now_ms);
}

/* Tries whatever is due, as often as it is, until `end_ms`. */
static int tries_until(uint64_t end_ms)
{
    int count = 0;

    for (uint64_t now_ms = 0; now_ms < end_ms; now_ms += 1000) {
        enum msock__silence_remedy remedy =
            msock__silence_check(&silence, now_ms);
        msock__silence_tried(&silence, now_ms, remedy);
        count += remedy != MSOCK__SILENCE_FINE;
    }
    return count;
}

Test(silence, who_sends_nothing_expects_nothing)
{
    cr_expect(eq(int, check(0), FINE));
    cr_expect(eq(int, check(UINT64_MAX), FINE));
}

Test(silence, a_frame_that_does_not_come_back_asks_for_a_new_socket)
{
    msock__silence_sent(&silence, 100);
    msock__silence_sent(&silence, 2000);

    cr_expect(eq(int, check(100 + OWN_MS - 1), FINE));
    cr_expect(eq(int, check(100 + OWN_MS), RENEW));
}

Test(silence, at_time_zero_a_frame_is_awaited_too)
{
    msock__silence_sent(&silence, 0);

    cr_expect(eq(int, check(OWN_MS + 1), RENEW));
}

Test(silence, a_frame_that_comes_back_is_fine)
{
    msock__silence_sent(&silence, 100);
    msock__silence_own(&silence);

    cr_expect(eq(int, check(100 + OWN_MS), FINE));
}

Test(silence, what_does_not_help_is_tried_ever_more_rarely)
{
    msock__silence_sent(&silence, 1);

    /* After 3, 6, 12, … 192 s, and then every 300 s. */
    cr_expect(eq(int, tries_until(384000), 7));
    cr_expect(ge(int, tries_until(3600000), 10));
    cr_expect(le(int, tries_until(3600000), 12));
}

Test(silence, after_a_frame_that_came_back_patience_is_short_again)
{
    msock__silence_sent(&silence, 1);
    tries_until(100000);
    msock__silence_own(&silence);

    msock__silence_sent(&silence, 200000);

    cr_expect(eq(int, check(200000 + OWN_MS), RENEW));
}

Test(silence, others_that_were_never_heard_are_not_missed)
{
    msock__silence_sent(&silence, 1);
    msock__silence_own(&silence);

    cr_expect(eq(int, check(10 * OTHERS_MS), FINE));
}

Test(silence, others_that_fell_silent_ask_to_join_again)
{
    msock__silence_other(&silence, 100);

    cr_expect(eq(int, check(100 + OTHERS_MS - 1), FINE));
    cr_expect(eq(int, check(100 + OTHERS_MS), REJOIN));
}

Test(silence, a_node_that_stays_alone_joins_again_ever_more_rarely)
{
    msock__silence_other(&silence, 1);

    /* After 1, 2, 4, 8 and 16 minutes, and then every 16. */
    cr_expect(eq(int, tries_until(32 * 60000), 5));
    msock__silence_other(&silence, 1);
    cr_expect(eq(int, tries_until(24 * 3600000), 4 + (24 * 60 - 15) / 16));
}

Test(silence, other_voices_that_are_back_are_missed_soon_again)
{
    msock__silence_other(&silence, 1);
    tries_until(1000000);
    msock__silence_other(&silence, 2000000);

    cr_expect(eq(int, check(2000000 + OTHERS_MS - 1), FINE));
    cr_expect(eq(int, check(2000000 + OTHERS_MS), REJOIN));
}
