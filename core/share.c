/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of a node that cannot keep up. */
#include "core/share.h"

enum {
    LEVEL_MAX = 1 << 24, /* no node does as much in a period */
    RISES_MAX = 64,      /* periods of rising from the least to that */
    QUIET_PERIODS = 10
};

static bool is_own_doing(const struct msock__share *share)
{
    return 2 * share->known >= share->seen;
}

static void lower(struct msock__share *share)
{
    uint64_t top = share->top;

    if (share->level > 0 && share->level < top) {
        top = share->level;
    }
    share->level = top - top / 4;
    if (share->level < MSOCK__SHARE_LEAST) {
        share->level = MSOCK__SHARE_LEAST;
    }
}

static void raise(struct msock__share *share, uint64_t periods)
{
    if (periods > RISES_MAX) {
        share->level = 0;
    }
    for (; share->level > 0 && periods > 0; periods--) {
        share->level += share->level / 4;
        share->level = share->level > LEVEL_MAX ? 0 : share->level;
    }
}

static void end_period(struct msock__share *share, uint64_t now_us)
{
    bool own = is_own_doing(share);
    uint64_t over_us = now_us - share->until_us;

    bool strained = share->pressed && own && share->active > 1;

    if (strained && share->strained) {
        lower(share);
    } else if (!strained) {
        raise(share, 1);
    }
    share->strained = strained && over_us < MSOCK__SHARE_PERIOD_US;
    if (share->pressed && (!own || share->level > 0)) {
        share->siege_us = now_us;
    }
    /* Nothing came in what has passed since. */
    raise(share, over_us / MSOCK__SHARE_PERIOD_US);
    share->top = share->seen = share->known = 0;
    share->active = 0;
    share->pressed = false;
}

void msock__share_see(struct msock__share *share, uint64_t now_us)
{
    if (now_us >= share->until_us) {
        if (share->period > 0) {
            end_period(share, now_us);
        }
        share->period++;
        share->until_us = now_us + MSOCK__SHARE_PERIOD_US;
    }
    share->seen++;
}

void msock__share_press(struct msock__share *share)
{
    share->pressed = true;
}

/* What a session had in another period says nothing about this one. */
static void renew(const struct msock__share *share,
                  struct msock__portion *portion)
{
    if (portion->period != share->period) {
        portion->period = share->period;
        portion->used = 0;
        portion->data = false;
        portion->forged = 0;
    }
}

bool msock__share_over(struct msock__share *share,
                       struct msock__portion *portion)
{
    renew(share, portion);
    bool over = share->level > 0 && portion->used >= share->level;

    if (over) {
        portion->loud = share->period;
        share->known++;
    }
    return over;
}

void msock__share_charge(struct msock__share *share,
                         struct msock__portion *portion, size_t size, bool data)
{
    renew(share, portion);
    portion->used += MSOCK__SHARE_FRAME + size / MSOCK__SHARE_BYTES;
    share->active += data && !portion->data;
    portion->data |= data;
    share->top = portion->used > share->top ? portion->used : share->top;
    share->known++;
}

void msock__share_forged(struct msock__share *share,
                         struct msock__portion *portion)
{
    renew(share, portion);
    portion->forged++;
    if (portion->forged > MSOCK__SHARE_FORGED_MAX) {
        portion->loud = share->period;
    }
}

bool msock__share_besieged(const struct msock__share *share, uint64_t now_us)
{
    bool lately =
        share->siege_us > 0 && now_us - share->siege_us < MSOCK__SHARE_SIEGE_US;

    /* That of strangers shows before the period is over. */
    return lately || (share->pressed && !is_own_doing(share));
}

bool msock__share_quiet(const struct msock__share *share,
                        const struct msock__portion *portion)
{
    return portion->loud == 0 || share->period - portion->loud > QUIET_PERIODS;
}
