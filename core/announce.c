/* SPDX-License-Identifier: Apache-2.0 */
/* Hello and bye. */
#include "core/announce.h"

#include "core/number.h"

#include <assert.h>

enum {
    OPENINGS = 2,
    OPENING_GAP_US = 100000,
    BASE_MS = 5000,
    NODE_MS = 25,  /* per node: the group's hellos stay within its budget */
    BYTE_US = 125, /* of the group's 64 kbit/s */
    BYTES_AHEAD = 8000,
    FULL_SIZE = 250,  /* guessed, until one left */
    CALM_US = 100000, /* spread when nobody comes */
    PULL_US = 1000000,
    PULLS_AHEAD = 3,
    GATHER_MS = 10, /* so that several changes share a hello */
    CHANGE_MS_MAX = 500,
    BYE_GAP_US = 20000
};

static uint64_t base_ms(size_t nodes)
{
    uint64_t ms = (uint64_t)nodes * NODE_MS;
    return ms > BASE_MS ? ms : BASE_MS;
}

void msock__announce_start(struct msock__announce *announce, uint64_t now_us,
                           bool heard)
{
    *announce = (struct msock__announce){.hello_us = now_us,
                                         .openings = OPENINGS,
                                         .heard = heard,
                                         .full_us = UINT64_MAX,
                                         .full_size = FULL_SIZE};
}

uint64_t msock__announce_spread_us(const struct msock__announce *announce,
                                   size_t nodes)
{
    return (uint64_t)nodes * announce->full_size * BYTE_US;
}

static void spend(struct msock__announce *announce, uint64_t now_us,
                  size_t nodes, size_t size)
{
    uint64_t byte_us = (uint64_t)nodes * BYTE_US;
    msock__rate_take(&announce->allowance, now_us, size * byte_us);
    announce->allowed_us =
        msock__rate_due(&announce->allowance, BYTES_AHEAD * byte_us);
}

uint64_t msock__announce_every_ms(size_t nodes)
{
    return base_ms(nodes) * 5 / 4;
}

static enum msock__hello opening_due(const struct msock__announce *announce,
                                     uint64_t now_us)
{
    if (announce->hello_us > now_us) {
        return MSOCK__HELLO_NONE;
    }
    return announce->heard ? MSOCK__HELLO_FULL : MSOCK__HELLO_SHORT;
}

/* When the full hello is due that somebody waits for: the time is the part of
 * the group's spread that was drawn, whatever the group is by now. */
static void put_off(struct msock__announce *announce, size_t nodes)
{
    if (!announce->pulled || announce->full_us != announce->pull_due_us ||
        nodes <= announce->pull_nodes) {
        return;
    }
    uint64_t wait_us = announce->pull_us * nodes / announce->pull_nodes;
    announce->pull_due_us =
        msock__most(announce->full_us, announce->pulled_us + wait_us);
    announce->full_us = announce->pull_due_us;
}

enum msock__hello msock__announce_hello_due(struct msock__announce *announce,
                                            uint64_t now_us, size_t nodes)
{
    if (announce->ending) {
        return MSOCK__HELLO_NONE;
    }
    if (announce->part > 0) {
        return MSOCK__HELLO_FULL;
    }
    if (announce->openings > 0) {
        return opening_due(announce, now_us);
    }
    if (announce->full_us <= now_us) {
        put_off(announce, nodes);
    }
    bool allowed = announce->allowed_us <= now_us;
    if (announce->full_us <= now_us && allowed) {
        return MSOCK__HELLO_FULL;
    }
    if (announce->hello_us > now_us) {
        return MSOCK__HELLO_NONE;
    }
    uint64_t due_us =
        announce->last_us + base_ms(nodes) * announce->share; /* x 1000 */
    if (due_us > now_us) {
        announce->hello_us = due_us;
        return MSOCK__HELLO_NONE;
    }
    bool full = announce->full_us < UINT64_MAX && allowed;
    return full ? MSOCK__HELLO_FULL : MSOCK__HELLO_SHORT;
}

void msock__announce_restart(struct msock__announce *announce)
{
    announce->part = 0;
    announce->part_size = 0;
}

/* All parts of a full hello left. */
static void end_full(struct msock__announce *announce, uint64_t now_us)
{
    msock__rate_take(&announce->pulls, now_us, PULL_US);
    announce->full_size = announce->part_size;
    announce->full_us = UINT64_MAX;
    announce->pulled = false;
    msock__announce_restart(announce);
}

void msock__announce_hello_sent(struct msock__announce *announce,
                                uint64_t now_us, struct msock__dice *dice,
                                size_t nodes, enum msock__hello hello,
                                uint32_t parts, size_t size)
{
    spend(announce, now_us, nodes, size);
    if (hello == MSOCK__HELLO_FULL) {
        announce->part_size += size;
        announce->part++;
        if (announce->part < parts) {
            return;
        }
        end_full(announce, now_us);
    }
    if (announce->openings > 0) {
        announce->openings--;
    }
    if (announce->openings > 0) {
        announce->hello_us = now_us + OPENING_GAP_US;
        return;
    }
    announce->last_us = now_us;
    announce->share = 750 + msock__dice_below(dice, 500);
    announce->hello_us = now_us + base_ms(nodes) * announce->share;
}

void msock__announce_met(struct msock__announce *announce, uint64_t now_us)
{
    announce->met = true;
    announce->met_us = now_us;
}

void msock__announce_asked_who(struct msock__announce *announce,
                               uint64_t now_us, size_t nodes, size_t size)
{
    spend(announce, now_us, nodes, size);
}

static void want_full(struct msock__announce *announce, uint64_t due_us)
{
    if (due_us < announce->full_us) {
        announce->full_us = due_us;
    }
}

void msock__announce_changed(struct msock__announce *announce, uint64_t now_us,
                             struct msock__dice *dice, size_t nodes)
{
    if (announce->ending || (announce->openings > 0 && announce->heard)) {
        return;
    }
    if (nodes <= 1) {
        want_full(announce, announce->hello_us);
        return;
    }
    uint64_t most_ms = 2 * (uint64_t)nodes;
    most_ms = most_ms < CHANGE_MS_MAX ? most_ms : CHANGE_MS_MAX;
    want_full(announce, now_us + GATHER_MS * 1000 +
                            msock__dice_below(dice, most_ms * 1000));
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
    if (announce->pulled) {
        /* Drawn anew for each, the earliest of many would be soon. */
        return;
    }
    announce->pulled = true;
    announce->pulled_us = now_us;
    announce->pull_nodes = nodes;
    uint64_t spread_us = msock__announce_spread_us(announce, nodes);
    if (!announce->met || now_us - announce->met_us > spread_us) {
        spread_us = msock__least(spread_us, CALM_US);
    }
    announce->pull_us = msock__dice_below(dice, spread_us);
    announce->pull_due_us =
        msock__most(now_us + announce->pull_us,
                    msock__rate_due(&announce->pulls, PULLS_AHEAD * PULL_US));
    want_full(announce, announce->pull_due_us);
}

void msock__announce_end(struct msock__announce *announce, uint64_t now_us,
                         unsigned byes, bool lingers)
{
    assert(!announce->ending);
    announce->hello_us = announce->full_us = UINT64_MAX;
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

/* When a hello is due. */
static uint64_t hello_deadline(const struct msock__announce *announce)
{
    if (announce->part > 0) {
        return 0;
    }
    uint64_t full_us = announce->full_us > announce->allowed_us
                           ? announce->full_us
                           : announce->allowed_us;
    bool wanted = announce->openings == 0 && announce->full_us < UINT64_MAX;
    return wanted && full_us < announce->hello_us ? full_us
                                                  : announce->hello_us;
}

uint64_t msock__announce_deadline(const struct msock__announce *announce)
{
    if (!announce->ending) {
        return hello_deadline(announce);
    }
    if (announce->byes > 0) {
        return announce->bye_us;
    }
    return announce->lingers ? linger_end(announce) : announce->bye_us;
}
