/* SPDX-License-Identifier: Apache-2.0 */
/* When a node speaks of itself (docs/protocol.md 6 and 7): hello at open, by
 * the group's size afterwards, and sooner when somebody new is heard; bye at
 * the end, and how long a closing channel still answers. Constant cost. */
#ifndef MSOCK_CORE_ANNOUNCE_H
#define MSOCK_CORE_ANNOUNCE_H

#include "core/dice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__BYES = 3,
    MSOCK__LINGER_IDLE_US = 500000, /* after the last one who asked */
    MSOCK__LINGER_ROUND_US =
        60000, /* who asks later than that asks again ... */
    MSOCK__LINGER_LOSSY_US = 1000000, /* ... because something was lost */
    MSOCK__LINGER_MAX_US = 2000000
};

struct msock__announce {
    uint64_t hello_us;  /* next hello, UINT64_MAX: none */
    unsigned openings;  /* hellos of the opening still to come */
    uint64_t pulled_us; /* when it was pulled forward last */
    bool pulled;

    bool ending;   /* byes are due, or were */
    bool lingers;  /* who asks is still answered */
    unsigned byes; /* still to come */
    uint64_t bye_us;
    uint64_t asked_us; /* first asked since the end began, 0: not yet */
    uint64_t idle_us;  /* lingering ends then */
    uint64_t end_us;   /* or then, whoever asks */
};

/** Begins: two hellos, 100 ms apart, the first one at once. */
void msock__announce_start(struct msock__announce *announce, uint64_t now_us);

/** The longest gap between two hellos that is promised, in ms. */
uint64_t msock__announce_every_ms(size_t nodes);

/** Whether a hello is due. */
bool msock__announce_hello_due(const struct msock__announce *announce,
                               uint64_t now_us);

/** A hello left. */
void msock__announce_hello_sent(struct msock__announce *announce,
                                uint64_t now_us, struct msock__dice *dice,
                                size_t nodes);

/** Somebody new hears us, or is heard: the next hello comes within nodes x
 *  25 ms, at most once in 10 s; after the end, a bye at once. */
void msock__announce_pull(struct msock__announce *announce, uint64_t now_us,
                          struct msock__dice *dice, size_t nodes);

/** An answer left, so somebody is new to this session: what it did not hear is
 *  said again, a hello soon, or another bye after the last one. */
void msock__announce_answered(struct msock__announce *announce, uint64_t now_us,
                              struct msock__dice *dice, size_t nodes);

/** Ends: `byes` of them, 20 ms apart; then, if `lingers`, answers are given
 *  until nobody asked for 500 ms, for at most 2 s. */
void msock__announce_end(struct msock__announce *announce, uint64_t now_us,
                         unsigned byes, bool lingers);

bool msock__announce_bye_due(const struct msock__announce *announce,
                             uint64_t now_us);
void msock__announce_bye_sent(struct msock__announce *announce,
                              uint64_t now_us);

/** Somebody asked something of this session. */
void msock__announce_asked(struct msock__announce *announce, uint64_t now_us);

/** Whether all that belongs to the end is done. */
bool msock__announce_ended(const struct msock__announce *announce,
                           uint64_t now_us);

/** When something is due, or the end is over, in us. */
uint64_t msock__announce_deadline(const struct msock__announce *announce);

#endif
