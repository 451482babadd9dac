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

static void list(struct msock__flow *flow, struct msock__taker *taker)
{
    taker->following = flow->takers;
    taker->listed = true;
    flow->takers = taker;
}

/* Waits no more; it was for those that had no room. */
static void go_on(struct msock__flow *flow, uint64_t now_us)
{
    if (flow->stopped_us == 0) {
        return;
    }
    for (struct msock__taker *taker = flow->takers; taker;
         taker = taker->following) {
        if (taker->until < flow->stopped && now_us > flow->stopped_us) {
            taker->waited_us += now_us - flow->stopped_us;
        }
    }
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

/* Whether the sender waited for it most of the time, in vain; when it has been
 * looked at for long enough, which begins anew. */
static bool is_slow(struct msock__taker *taker, uint64_t now_us, uint64_t least)
{
    uint64_t looked_us = now_us - taker->since_us;
    if (looked_us < MSOCK__FLOW_LOOK_US) {
        return false;
    }
    bool slow = taker->waited_us > looked_us / 2 &&
                taker->next - taker->since_next < least;
    taker->since_us = now_us;
    taker->since_next = taker->next;
    taker->waited_us = 0;
    return slow;
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
    go_on(flow, now_us); /* who tries again finds out */
    taker->next = take->first;
    taker->until = take->last;
    bool slow = is_slow(taker, now_us, least);
    if (slow) {
        taker->slow_until_us = now_us + MSOCK__FLOW_LOOK_US;
    }
    if ((slow || released) && taker->listed) {
        unlist(flow, taker);
    } else if (!slow && !released && !taker->listed) {
        list(flow, taker);
    }
    tally(flow);
    return slow;
}

void msock__flow_release(struct msock__flow *flow, uint64_t now_us,
                         struct msock__taker *taker)
{
    if (taker->listed) {
        go_on(flow, now_us);
        unlist(flow, taker);
        tally(flow);
    }
}

unsigned msock__flow_expire(struct msock__flow *flow, uint64_t now_us,
                            uint64_t last)
{
    unsigned count = 0;
    struct msock__taker *following;
    if (flow->expires_us > now_us) {
        return 0;
    }
    go_on(flow, now_us);
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
        go_on(flow, now_us);
        return true;
    }
    flow->stopped_us = flow->stopped_us > 0 ? flow->stopped_us : now_us;
    flow->stopped = counter;
    return false;
}

bool msock__flow_stopped(const struct msock__flow *flow)
{
    return flow->stopped_us > 0;
}
