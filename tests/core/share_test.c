/* SPDX-License-Identifier: Apache-2.0 */
#include "core/share.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct msock__share share;
static struct msock__portion busy, light;
static uint64_t now_us;

static void begin(void)
{
    share = (struct msock__share){0};
    busy = light = (struct msock__portion){0};
    now_us = 1000000;
}

TestSuite(share, .init = begin);

/* `count` authentic frames of 60 bytes, 4 units each, less what is passed
 * over.  Returns the number of those. */
static unsigned hear(struct msock__portion *portion, unsigned count)
{
    unsigned over = 0;

    for (unsigned i = 0; i < count; i++) {
        msock__share_see(&share, now_us);
        if (msock__share_over(&share, portion)) {
            over++;
        } else {
            msock__share_charge(&share, portion, 60, true);
        }
    }
    return over;
}

/* What is not authentic, of nobody known. */
static void hear_strangers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        msock__share_see(&share, now_us);
    }
}

/* A period in which a busy and a light session are heard, and the node does
 * not keep up.  Returns how many frames of the busy one were passed over. */
static unsigned press(unsigned frames)
{
    now_us += MSOCK__SHARE_PERIOD_US;
    unsigned over = hear(&busy, frames);
    cr_expect(eq(uint, hear(&light, 20), 0));
    msock__share_press(&share);
    return over;
}

Test(share, nobody_is_passed_over_while_all_is_read)
{
    unsigned over = 0;

    for (int i = 0; i < 10; i++) {
        now_us += MSOCK__SHARE_PERIOD_US;
        over += hear(&busy, 10000) + hear(&light, 20);
    }

    cr_expect(eq(uint, over, 0));
    cr_expect(not(msock__share_besieged(&share, now_us)));
}

Test(share, greediest_loses_a_quarter_after_two_periods_of_pressure)
{
    unsigned first = press(4000) + press(4000);
    unsigned second = press(4000);
    unsigned third = press(4000);

    cr_expect(eq(uint, first, 0));
    cr_expect(eq(uint, second, 1000));
    cr_expect(eq(uint, third, 4000 - 2250));
}

Test(share, pressure_of_a_moment_cuts_nobody)
{
    unsigned over = 0;

    for (int i = 0; i < 10; i++) {
        over += press(4000);
        now_us += MSOCK__SHARE_PERIOD_US;
        over += hear(&busy, 4000);
    }

    cr_expect(eq(uint, over, 0));
}

Test(share, level_never_falls_below_the_least)
{
    for (int i = 0; i < 20; i++) {
        press(4000);
    }

    now_us += MSOCK__SHARE_PERIOD_US;
    unsigned within = hear(&busy, MSOCK__SHARE_LEAST / 4);
    unsigned beyond = hear(&busy, 1);

    cr_expect(eq(uint, within, 0));
    cr_expect(eq(uint, beyond, 1));
}

Test(share, level_rises_while_nothing_presses_and_is_gone)
{
    press(4000);
    press(4000);
    press(4000);

    now_us += MSOCK__SHARE_PERIOD_US;
    unsigned soon = hear(&busy, 4000);
    now_us += 70 * MSOCK__SHARE_PERIOD_US;
    unsigned later = hear(&busy, 100000);

    cr_expect(eq(uint, soon, 1750));
    cr_expect(eq(uint, later, 0));
}

Test(share, session_alone_is_never_passed_over)
{
    unsigned over = 0;

    for (int i = 0; i < 10; i++) {
        now_us += MSOCK__SHARE_PERIOD_US;
        over += hear(&busy, 4000);
        msock__share_press(&share);
    }

    cr_expect(eq(uint, over, 0));
    cr_expect(not(msock__share_besieged(&share, now_us)));
}

Test(share, control_frames_make_no_company)
{
    unsigned over = 0;

    for (int i = 0; i < 10; i++) {
        now_us += MSOCK__SHARE_PERIOD_US;
        over += hear(&busy, 4000);
        msock__share_charge(&share, &light, 60, false);
        msock__share_press(&share);
    }

    cr_expect(eq(uint, over, 0));
}

Test(share, flood_of_strangers_is_nobody_elses_fault)
{
    unsigned over = 0;

    for (int i = 0; i < 10; i++) {
        over += press(4000);
        hear_strangers(5000);
    }

    cr_expect(eq(uint, over, 0));
}

Test(share, flood_of_strangers_is_a_siege_at_once)
{
    hear(&busy, 10);
    hear_strangers(11);
    bool before = msock__share_besieged(&share, now_us);
    msock__share_press(&share);

    cr_expect(not(before));
    cr_expect(msock__share_besieged(&share, now_us));
}

Test(share, siege_is_remembered_for_2_s)
{
    hear_strangers(100);
    msock__share_press(&share);
    now_us += MSOCK__SHARE_PERIOD_US;
    hear(&busy, 1);

    uint64_t last_us = now_us + MSOCK__SHARE_SIEGE_US - 1;
    cr_expect(msock__share_besieged(&share, last_us));
    cr_expect(not(msock__share_besieged(&share, last_us + 1)));
}

Test(share, flood_of_a_session_is_a_siege)
{
    press(4000);
    press(4000);
    bool before = msock__share_besieged(&share, now_us);
    press(4000);

    cr_expect(not(before));
    cr_expect(msock__share_besieged(&share, now_us));
}

Test(share, who_was_passed_over_is_quiet_after_a_second)
{
    press(4000);
    press(4000);
    press(4000);

    cr_expect(not(msock__share_quiet(&share, &busy)));
    cr_expect(msock__share_quiet(&share, &light));
    for (int i = 0; i < 10; i++) {
        now_us += MSOCK__SHARE_PERIOD_US;
        hear(&light, 1);
    }
    cr_expect(not(msock__share_quiet(&share, &busy)));
    now_us += MSOCK__SHARE_PERIOD_US;
    hear(&light, 1);
    cr_expect(msock__share_quiet(&share, &busy));
}

Test(share, session_forged_too_often_is_not_quiet)
{
    hear(&busy, 1);

    for (unsigned i = 0; i < MSOCK__SHARE_FORGED_MAX; i++) {
        msock__share_forged(&share, &busy);
    }
    bool within = msock__share_quiet(&share, &busy);
    msock__share_forged(&share, &busy);

    cr_expect(within);
    cr_expect(not(msock__share_quiet(&share, &busy)));
}

Test(share, forgeries_of_another_period_do_not_add_up)
{
    for (unsigned i = 0; i < 4 * MSOCK__SHARE_FORGED_MAX; i++) {
        now_us += MSOCK__SHARE_PERIOD_US / 2;
        hear(&light, 1);
        msock__share_forged(&share, &busy);
    }

    cr_expect(msock__share_quiet(&share, &busy));
}
