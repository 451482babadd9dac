/* SPDX-License-Identifier: Apache-2.0 */
/* The slowest of those who said how far they are. */
#include "core/flow.h"

#include "codec/frame.h"
#include "core/number.h"

#include <assert.h>

static void unlist(struct msock__flow *flow, struct msock__taker *taker)
{
    struct msock__taker **link = &flow->takers;
    while (*link && *link != taker) {
        link = &(*link)->following;
    }
    if (*link) {
        *link = taker->following;
    }
    taker->following = NULL;
    taker->listed = false;
}

static uint64_t waited_us(const struct msock__flow *flow, uint64_t now_us)
{
    return flow->waited_us +
           (flow->stopped_us > 0 ? now_us - flow->stopped_us : 0);
}

/* Looks at them from now on. */
static void look_from(const struct msock__flow *flow,
                      struct msock__taker *taker, uint64_t now_us)
{
    taker->since_us = now_us;
    taker->since_next = taker->next;
    taker->since_waited_us = waited_us(flow, now_us);
}

static void list(struct msock__flow *flow, struct msock__taker *taker,
                 uint64_t now_us)
{
    taker->following = flow->takers;
    taker->listed = true;
    flow->takers = taker;
    look_from(flow, taker, now_us);
}

static void note_going_on(struct msock__flow *flow, uint64_t now_us)
{
    flow->waited_us = waited_us(flow, now_us);
    flow->stopped_us = 0;
}

/* The least of what they said. */
static void tally(struct msock__flow *flow)
{
    flow->hold = UINT64_MAX;
    flow->limit = UINT64_MAX;
    flow->expires_us = UINT64_MAX;
    for (const struct msock__taker *taker = flow->takers; taker;
         taker = taker->following) {
        flow->hold = msock__least(flow->hold, taker->next);
        flow->limit = msock__least(flow->limit, taker->until);
        flow->expires_us = msock__least(
            flow->expires_us, taker->heard_us + MSOCK__FLOW_SILENCE_US);
    }
}

/* Whether the sender waited for it most of the time, in vain. */
static bool is_slow(const struct msock__flow *flow,
                    const struct msock__taker *taker, uint64_t now_us,
                    uint64_t least)
{
    uint64_t waited = waited_us(flow, now_us) - taker->since_waited_us;
    return waited > MSOCK__FLOW_LOOK_US / 2 &&
           taker->next - taker->since_next < least;
}

void msock__flow_init(struct msock__flow *flow)
{
    *flow = (struct msock__flow){.takers = NULL};
    tally(flow);
}

bool msock__flow_hear(struct msock__flow *flow, struct msock__taker *taker,
                      uint64_t now_us, const struct msock__range *take,
                      uint64_t least)
{
    bool released = take->last == MSOCK__COUNTER_MAX;
    bool slowest = taker->listed && taker->until == flow->limit;
    bool slow = false;
    assert(take->first >= 1);
    if (take->first < taker->next || now_us < taker->slow_until_us) {
        return false;
    }
    if (take->first > taker->next || !taker->listed) {
        if (taker->given_up && take->first == taker->next) {
            return false;
        }
        taker->heard_us = now_us;
        taker->given_up = false;
    }
    taker->next = take->first;
    taker->until = take->last;
    if (released && taker->listed) {
        unlist(flow, taker);
    } else if (!released && !taker->listed) {
        list(flow, taker, now_us);
    } else if (!released && now_us - taker->since_us >= MSOCK__FLOW_LOOK_US) {
        slow = slowest && is_slow(flow, taker, now_us, least);
        look_from(flow, taker, now_us);
    }
    if (slow) {
        taker->slow_until_us = now_us + MSOCK__FLOW_LOOK_US;
        unlist(flow, taker);
    }
    note_going_on(flow, now_us); /* who tries again finds out */
    tally(flow);
    return slow;
}

void msock__flow_forget(struct msock__flow *flow, struct msock__taker *taker)
{
    if (taker->listed) {
        unlist(flow, taker);
        tally(flow);
    }
    *taker = (struct msock__taker){.following = NULL};
}

unsigned msock__flow_expire(struct msock__flow *flow, uint64_t now_us,
                            uint64_t last)
{
    unsigned count = 0;
    struct msock__taker *following;
    if (flow->expires_us > now_us) {
        return 0;
    }
    for (struct msock__taker *taker = flow->takers; taker; taker = following) {
        following = taker->following;
        if (taker->heard_us + MSOCK__FLOW_SILENCE_US <= now_us) {
            taker->given_up = taker->next <= last;
            count += taker->given_up;
            unlist(flow, taker);
        }
    }
    tally(flow);
    return count;
}

bool msock__flow_allows(struct msock__flow *flow, uint64_t now_us,
                        uint64_t counter)
{
    if (counter <= flow->limit) {
        if (flow->stopped_us > 0) {
            note_going_on(flow, now_us);
        }
        return true;
    }
    flow->stopped_us = flow->stopped_us > 0 ? flow->stopped_us : now_us;
    return false;
}

bool msock__flow_stopped(const struct msock__flow *flow)
{
    return flow->stopped_us > 0;
}
