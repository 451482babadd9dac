/* SPDX-License-Identifier: Apache-2.0 */
/* When a node speaks of itself (docs/protocol.md 6 and 7): hello at open, by
 * the group's size afterwards, and a full one when somebody does not know what
 * it says or that changed; bye at the end, and how long a closing channel still
 * answers. Constant cost.
 *
 * Hellos and queries share an allowance of 64 kbit/s by the number of nodes, of
 * which 8 KB may be spent at once. Full hellos and queries wait for it; short
 * ones need not, as their gaps alone keep it. */
#ifndef MSOCK_CORE_ANNOUNCE_H
#define MSOCK_CORE_ANNOUNCE_H

#include "core/dice.h"
#include "core/rate.h"

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

enum msock__hello { MSOCK__HELLO_NONE, MSOCK__HELLO_SHORT, MSOCK__HELLO_FULL };

struct msock__announce {
    uint64_t hello_us;        /* next hello, UINT64_MAX: none */
    uint64_t last_us;         /* when one left last */
    uint64_t share;           /* of base, per mille, from then to the next */
    unsigned openings;        /* hellos of the opening still to come */
    bool heard;               /* those are understood by who hears them */
    uint64_t full_us;         /* a full one is due, UINT64_MAX: not wanted */
    size_t full_size;         /* bytes of the last full one, all parts */
    bool pulled;              /* somebody waits for it: the time was drawn */
    uint64_t pulled_us;       /* then, ... */
    uint64_t pull_us;         /* so long after that, ... */
    size_t pull_nodes;        /* for a group of so many, ... */
    uint64_t pull_due_us;     /* which is then */
    bool met;                 /* somebody came, */
    uint64_t met_us;          /* last at this time */
    uint32_t part;            /* of the one that is leaving, */
    size_t part_size;         /* and bytes of it that left */
    struct msock__rate pulls; /* full hellos, a second each */
    struct msock__rate allowance;
    uint64_t allowed_us; /* the allowance is used up until then */

    bool ending;   /* byes are due, or were */
    bool lingers;  /* who asks is still answered */
    unsigned byes; /* still to come */
    uint64_t bye_us;
    uint64_t asked_us; /* first asked since the end began, 0: not yet */
    uint64_t idle_us;  /* lingering ends then */
    uint64_t end_us;   /* or then, whoever asks */
};

/** Begins: two hellos, 100 ms apart, the first one at once. They are full if
 *  `heard`: on a sealed channel nobody believes a session yet that opens. */
void msock__announce_start(struct msock__announce *announce, uint64_t now_us,
                           bool heard);

/** The longest gap between two hellos that is promised, in ms. */
uint64_t msock__announce_every_ms(size_t nodes);

/** Which hello is due; of a full one it is part announce->part. One that was
 *  due by the size that the group had is put off to the size it has, a full one
 *  that somebody waits for too. */
enum msock__hello msock__announce_hello_due(struct msock__announce *announce,
                                            uint64_t now_us, size_t nodes);

/** A hello that was due left in `size` bytes, of a full one part announce->part
 *  of `parts`. */
void msock__announce_hello_sent(struct msock__announce *announce,
                                uint64_t now_us, struct msock__dice *dice,
                                size_t nodes, enum msock__hello hello,
                                uint32_t parts, size_t size);

/** The part that left last is of an old revision: all leave once more. */
void msock__announce_restart(struct msock__announce *announce);

/** How long the group takes to send a full hello each, in us: what many may do
 *  at once is spread over it. */
uint64_t msock__announce_spread_us(const struct msock__announce *announce,
                                   size_t nodes);

/** What a full hello says has changed: one is due within 10 ms + U[0,
 *  min(500, 2 x nodes) ms], or with the next one if nobody is there. */
void msock__announce_changed(struct msock__announce *announce, uint64_t now_us,
                             struct msock__dice *dice, size_t nodes);

/** A session came up: until the spread is over many may have to be told. */
void msock__announce_met(struct msock__announce *announce, uint64_t now_us);

/** A query left in `size` bytes: it is paid out of the allowance. */
void msock__announce_asked_who(struct msock__announce *announce,
                               uint64_t now_us, size_t nodes, size_t size);

/** Somebody new hears us, is heard, or asks who we are: a full hello is due
 *  within the spread, or within 100 ms if nobody came for so long, as far as
 *  that makes no more than one a second, and four at once; after the end, a bye
 *  at once. */
void msock__announce_pull(struct msock__announce *announce, uint64_t now_us,
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
