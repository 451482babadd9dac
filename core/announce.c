/* SPDX-License-Identifier: Apache-2.0 */
/* Hello and bye. */
#include "core/announce.h"

#include <assert.h>

enum {
    OPENINGS = 2,
    OPENING_GAP_US = 100000,
    BASE_MS = 5000,
    NODE_MS = 25, /* per node: the group's hellos stay within its budget */
    PULL_PAUSE_US = 10000000,
    BYE_GAP_US = 20000
};

static uint64_t base_ms(size_t nodes)
{
    uint64_t ms = (uint64_t)nodes * NODE_MS;
    return ms > BASE_MS ? ms : BASE_MS;
}

void msock__announce_start(struct msock__announce *announce, uint64_t now_us)
{
    *announce =
        (struct msock__announce){.hello_us = now_us, .openings = OPENINGS};
}

uint64_t msock__announce_every_ms(size_t nodes)
{
    return base_ms(nodes) * 5 / 4;
}

bool msock__announce_hello_due(const struct msock__announce *announce,
                               uint64_t now_us)
{
    return announce->hello_us <= now_us;
}

void msock__announce_hello_sent(struct msock__announce *announce,
                                uint64_t now_us, struct msock__dice *dice,
                                size_t nodes)
{
    if (announce->openings > 0) {
        announce->openings--;
    }
    if (announce->openings > 0) {
        announce->hello_us = now_us + OPENING_GAP_US;
        return;
    }
    uint64_t base_us = base_ms(nodes) * 1000;
    announce->hello_us =
        now_us + base_us * 3 / 4 + msock__dice_below(dice, base_us / 2);
}

void msock__announce_pull(struct msock__announce *announce, uint64_t now_us,
                          struct msock__dice *dice, size_t nodes)
{
    if (announce->ending) {
        if (announce->byes == 0) {
            announce->byes = 1;
            announce->bye_us = now_us;
        }
        return;
    }
    if (announce->pulled && now_us - announce->pulled_us < PULL_PAUSE_US) {
        return;
    }
    uint64_t spread_us = (uint64_t)nodes * NODE_MS * 1000;
    uint64_t due_us = now_us + msock__dice_below(dice, spread_us);
    announce->pulled = true;
    announce->pulled_us = now_us;
    if (due_us < announce->hello_us) {
        announce->hello_us = due_us;
    }
}

void msock__announce_answered(struct msock__announce *announce, uint64_t now_us,
                              struct msock__dice *dice, size_t nodes)
{
    if (!announce->ending) {
        msock__announce_pull(announce, now_us, dice, nodes);
    } else if (announce->byes == 0) {
        announce->byes = 1;
        announce->bye_us = now_us;
    }
}

void msock__announce_end(struct msock__announce *announce, uint64_t now_us,
                         unsigned byes, bool lingers)
{
    assert(!announce->ending);
    announce->hello_us = UINT64_MAX;
    announce->ending = true;
    announce->lingers = lingers;
    announce->byes = byes;
    announce->bye_us = now_us;
    announce->idle_us = now_us + MSOCK__LINGER_IDLE_US;
    announce->end_us = now_us + MSOCK__LINGER_MAX_US;
}

bool msock__announce_bye_due(const struct msock__announce *announce,
                             uint64_t now_us)
{
    return announce->byes > 0 && announce->bye_us <= now_us;
}

void msock__announce_bye_sent(struct msock__announce *announce, uint64_t now_us)
{
    assert(announce->byes > 0);
    announce->byes--;
    /* The last one is followed by nothing: the end is due with it. */
    announce->bye_us = announce->byes > 0 ? now_us + BYE_GAP_US : now_us;
}

void msock__announce_asked(struct msock__announce *announce, uint64_t now_us)
{
    if (!announce->ending) {
        return;
    }
    if (announce->asked_us == 0) {
        announce->asked_us = now_us;
    }
    bool again = now_us - announce->asked_us > MSOCK__LINGER_ROUND_US;
    announce->idle_us =
        now_us + (again ? MSOCK__LINGER_LOSSY_US : MSOCK__LINGER_IDLE_US);
}

static uint64_t linger_end(const struct msock__announce *announce)
{
    return announce->idle_us < announce->end_us ? announce->idle_us
                                                : announce->end_us;
}

bool msock__announce_ended(const struct msock__announce *announce,
                           uint64_t now_us)
{
    return announce->ending && announce->byes == 0 &&
           (!announce->lingers || linger_end(announce) <= now_us);
}

uint64_t msock__announce_deadline(const struct msock__announce *announce)
{
    if (!announce->ending) {
        return announce->hello_us;
    }
    if (announce->byes > 0) {
        return announce->bye_us;
    }
    return announce->lingers ? linger_end(announce) : announce->bye_us;
}
