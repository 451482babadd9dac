/* SPDX-License-Identifier: Apache-2.0 */
#include "core/age.h"

#include "core/dice.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const uint64_t ms = 1000;
static const uint64_t second = 1000000;
static const uint64_t hour = UINT64_C(3600) * 1000000;

/* A peer whose session began at `began_us` of one's own clock and whose clock
 * gains `drift_ppm` on it. */
struct peer {
    uint64_t began_us;
    int64_t drift_ppm;
};

static uint64_t sent_at(const struct peer *peer, uint64_t now_us)
{
    int64_t passed = (int64_t)(now_us - peer->began_us);
    return (uint64_t)(passed + passed * peer->drift_ppm / 1000000);
}

/* Hears a frame that took `way_us`.  Returns its age on arrival. */
static uint64_t hear(struct msock__age *age, const struct peer *peer,
                     uint64_t sent_us, uint64_t way_us)
{
    uint64_t sent = sent_at(peer, sent_us);
    msock__age_hear(age, sent_us + way_us, sent);
    return msock__age_of(age, sent_us + way_us, sent);
}

Test(age, nothing_is_known_at_first)
{
    struct msock__age age = {0};

    cr_expect(not(age.known));
    cr_expect(eq(u64, msock__age_of(&age, hour, 5), 0));
    cr_expect(msock__age_stale(&age, 0));
}

Test(age, is_what_a_frame_took_longer_than_the_quickest)
{
    static const struct peer peer = {.began_us = 77};
    struct msock__age age = {0};
    hear(&age, &peer, 10 * second, 2 * ms);

    cr_expect(eq(u64, hear(&age, &peer, 10 * second, 2 * ms), 0));
    cr_expect(
        eq(u64, hear(&age, &peer, 10 * second, 302 * ms), 300 * ms - 150));
    cr_expect(eq(u64, hear(&age, &peer, 11 * second, 1 * ms), 0));
    cr_expect(eq(u64, hear(&age, &peer, 11 * second, 2 * ms), 1 * ms));
}

Test(age, grows_while_a_message_waits)
{
    static const struct peer peer = {.began_us = 0};
    struct msock__age age = {0};
    hear(&age, &peer, 10 * second, 0);

    uint64_t old = msock__age_of(&age, 14 * second, sent_at(&peer, 9 * second));

    cr_expect(eq(u64, old, 5 * second - 2 * ms));
}

Test(age, of_a_session_older_than_ones_own_clock_is_right)
{
    struct msock__age age = {0};
    msock__age_set(&age, 5 * second, 1000 * hour);

    cr_expect(
        eq(u64, msock__age_of(&age, 5 * second, 1000 * hour - second), second));
    cr_expect(eq(u64, msock__age_local(&age, 5 * second, 1000 * hour + second),
                 6 * second));
    cr_expect(eq(u64, msock__age_local(&age, 5 * second, 0), 0));
}

Test(age, is_never_negative)
{
    struct msock__age age = {0};
    msock__age_set(&age, 5 * second, 3 * second);

    cr_expect(eq(u64, msock__age_of(&age, 5 * second, 4 * second), 0));
    cr_expect(eq(u64, msock__age_of(&age, 4 * second, 3 * second), 0));
    cr_expect(eq(u64, msock__age_of(&age, 4 * second, second), second));
}

Test(age, local_time_is_that_of_the_quickest_frame)
{
    static const struct peer peer = {.began_us = 40 * second};
    struct msock__age age = {0};
    hear(&age, &peer, 50 * second, 0);

    uint64_t local = msock__age_local(&age, 50 * second, 12 * second);

    cr_expect(eq(u64, local, 52 * second));
}

/* The bound of the header: with a quickest way of 1 ms, taken by one frame a
 * minute at least, an age lies at most (500 + 100) ppm of a minute, 36 ms,
 * below the truth less 1 ms, and never above it. */
static void drift_for_a_day(int64_t drift_ppm)
{
    struct peer peer = {.began_us = 3 * hour, .drift_ppm = drift_ppm};
    struct msock__dice dice = {42};
    struct msock__age age = {0};
    uint64_t now_us = 4 * hour;
    msock__age_set(&age, now_us + ms, sent_at(&peer, now_us));

    for (uint64_t i = 1; i <= 24 * 720; i++) {
        uint64_t extra = i % 12 == 0 ? 0 : msock__dice_below(&dice, 400 * ms);
        now_us += 5 * second;
        uint64_t old = hear(&age, &peer, now_us, ms + extra);
        cr_assert(le(u64, old, extra + 1));
        cr_assert(ge(u64, old + 36 * ms + 1, extra));
    }
}

Test(age, follows_a_clock_that_gains_100_ppm_for_a_day)
{
    drift_for_a_day(100);
}

Test(age, follows_a_clock_that_loses_100_ppm_for_a_day)
{
    drift_for_a_day(-100);
}

/* A rise kept in whole us would stand still: 1 ms allows half a one. */
Test(age, follows_a_clock_heard_a_thousand_times_a_second)
{
    static const struct peer peer = {.began_us = 0, .drift_ppm = -400};
    struct msock__age age = {0};

    for (uint64_t i = 1; i <= 60000; i++) {
        cr_assert(le(u64, hear(&age, &peer, i * ms, 0), 1));
    }
}

Test(age, first_frame_after_a_silent_day_is_fresh)
{
    static const int64_t drifts[] = {-100, 100};
    for (int i = 0; i < 2; i++) {
        struct peer peer = {.began_us = 0, .drift_ppm = drifts[i]};
        struct msock__age age = {0};
        hear(&age, &peer, hour, ms);

        cr_expect(eq(u64, hear(&age, &peer, 25 * hour, ms), 0));
    }
}

/* Eight hours of it: the frame waited in the socket. 500 ppm of that, 14.4 s,
 * are taken for drift. */
Test(age, frame_from_before_a_suspend_is_as_old_as_it_is)
{
    static const struct peer peer = {.began_us = 0};
    struct msock__age age = {0};
    hear(&age, &peer, hour, ms);

    uint64_t old = hear(&age, &peer, hour + second, 8 * hour);
    uint64_t fresh = hear(&age, &peer, 9 * hour + 2 * second, ms);

    cr_expect(ge(u64, old, 8 * hour - 15 * second));
    cr_expect(eq(u64, fresh, 0));
}

Test(age, delayed_answer_is_mended_by_the_next_quick_frame)
{
    static const struct peer peer = {.began_us = 0};
    struct msock__age age = {0};
    hear(&age, &peer, 10 * second, ms);
    msock__age_set(&age, 13 * second, sent_at(&peer, 11 * second));

    uint64_t before = hear(&age, &peer, 13 * second, 3 * second);
    hear(&age, &peer, 16 * second, ms);
    uint64_t after = hear(&age, &peer, 17 * second, 3 * second);

    cr_expect(le(u64, before, second));
    cr_expect(ge(u64, after, 2990 * ms));
}

/* A machine that stood still: its clock lost more than drift explains. */
Test(age, answer_raises_the_offset_too)
{
    static const struct peer before = {.began_us = 0};
    static const struct peer after = {.began_us = 60 * 1000000};
    struct msock__age age = {0};
    hear(&age, &before, 100 * second, ms);

    uint64_t stood = hear(&age, &after, 200 * second, ms);
    msock__age_set(&age, 201 * second + ms, sent_at(&after, 201 * second));
    uint64_t answered = hear(&age, &after, 202 * second, ms);

    cr_expect(ge(u64, stood, 59 * second));
    cr_expect(eq(u64, answered, 0));
}

Test(age, is_stale_an_hour_after_the_answer_however_often_heard)
{
    static const struct peer peer = {.began_us = 0, .drift_ppm = 100};
    struct msock__age age = {0};
    msock__age_set(&age, hour, sent_at(&peer, hour));

    for (uint64_t i = 1; i <= 3600; i++) {
        cr_assert(not(msock__age_stale(&age, hour + i * second)));
        hear(&age, &peer, hour + i * second, 0);
    }

    cr_expect(msock__age_stale(&age, 2 * hour + 1));
    msock__age_set(&age, 2 * hour + 1, sent_at(&peer, 2 * hour));
    cr_expect(not(msock__age_stale(&age, 3 * hour)));
}

/* Whoever holds back a little more each time hides 1.8 s until then. */
Test(age, slowly_growing_delay_hides_little_before_it_is_stale)
{
    static const struct peer peer = {.began_us = 0};
    struct msock__age age = {0};
    msock__age_set(&age, hour, sent_at(&peer, hour));

    for (uint64_t i = 1; i <= 3600; i++) {
        cr_assert(le(u64, hear(&age, &peer, hour + i * second, i * 500), i));
    }
    uint64_t old = hear(&age, &peer, 2 * hour, 4 * second);

    cr_expect(ge(u64, old, 2190 * ms));
}
