/* SPDX-License-Identifier: Apache-2.0 */
/* What other sessions say of themselves in full hellos (docs/protocol.md 7.3),
 * put together from its parts: a card for each, replaced when all parts of a
 * newer revision are there.
 *
 * Bounds: 256 filters and 16 KiB of text a session, 16 MiB in all. Of who says
 * more than fits the filters are not kept: it counts as listening to `#`. Taken
 * is what arrived, not what is announced. */
#ifndef MSOCK_CORE_ROSTER_H
#define MSOCK_CORE_ROSTER_H

#include "codec/control.h"

enum {
    MSOCK__CARD_FILTERS = 256,
    MSOCK__CARD_BYTES = 16 * 1024,
    MSOCK__ROSTER_BYTES = 16 * 1024 * 1024
};

/** The texts of all cards; all zero: none. */
struct msock__roster {
    size_t bytes;
};

struct msock__card {
    uint64_t revision;
    char version[MSOCK_NAME_MAX + 1];
    uint32_t keys[MSOCK_KEYS_MAX]; /* the sealing one first */
    size_t key_count;
    bool keeper;
    bool vague;          /* its filters were too many: none is kept */
    size_t filter_count; /* of filters[0..filters_size), each with a NUL */
    size_t filters_size;
    char *filters;
    size_t will_size; /* JSON [topic, data]; 0: none */
    char *will;

    uint32_t parts; /* of this revision, ... */
    uint32_t came;  /* ... so many of which came: */
    uint8_t have[MSOCK__PARTS_MAX / 8];
};

/** Of one session; all zero: it said nothing. */
struct msock__entry {
    bool said;                  /* it has told a revision: */
    uint64_t revision;          /* the newest */
    struct msock__card *card;   /* the newest one that is whole, or NULL */
    struct msock__card *coming; /* one of which parts are missing, or NULL */
    uint64_t wanted_us;         /* when it began to be missed */
    uint64_t ask_us;            /* it is to be asked then, 0: it is not */
    unsigned asks;              /* how often it was */
};

/** Takes what a hello says. A short one tells a revision alone.
 *  Returns 1 (there is a new card), 0, MSOCK_ENOMEM (as if it had not come). */
int msock__roster_take(struct msock__roster *roster, struct msock__entry *entry,
                       const struct msock__control *hello);

/** Whether the card that is there is the newest one. */
bool msock__entry_known(const struct msock__entry *entry);

/** Frees what is kept of a session. */
void msock__roster_forget(struct msock__roster *roster,
                          struct msock__entry *entry);

#endif
