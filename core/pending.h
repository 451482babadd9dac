/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions that are heard and not admitted yet, with what they
 * sent meanwhile: who is in it, who makes room, whose frames go first. When
 * they are asked is core/admission.h's business; the table only remembers.
 *
 * Invariant: `bytes` is the memory of all frames held; who waits is in `dues`
 * and `ends`, who was asked in `ranks`. Finding is O(1); adding, removing and
 * whatever changes one session are O(log sessions), the rest O(sessions). */
#ifndef MSOCK_CORE_PENDING_H
#define MSOCK_CORE_PENDING_H

#include "codec/frame.h"
#include "core/heap.h"
#include "core/held.h"
#include "core/rate.h"
#include "core/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msock__pending {
    uint8_t id[MSOCK__SESSION_SIZE];
    bool waiting;             /* for an answer; otherwise it sleeps */
    bool vain;                /* it has slept: to be asked slowly */
    uint32_t asked;           /* times, in vain so far */
    uint64_t asked_us;        /* last */
    uint64_t pause_us;        /* that followed the last asking; 0: none did */
    struct msock__hold hold;  /* empty while it sleeps */
    struct msock__rate looks; /* at signatures of its answers */
    struct msock__heap_node due;  /* to be asked next, while it waits */
    struct msock__heap_node end;  /* of its waiting, while it waits */
    struct msock__heap_node rank; /* among those that were asked */
    struct msock__pending *sooner, *later; /* by asked_us */
    UT_hash_handle hh;
};

struct msock__pending_table {
    struct msock__pending *sessions; /* uthash head */
    struct msock__pending *first;    /* asked least recently; new ones last */
    struct msock__pending *last;
    struct msock__heap dues;
    struct msock__heap ends;
    struct msock__heap ranks; /* the one asked most often first */
    size_t session_max;
    size_t bytes;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
};

void msock__pending_init(struct msock__pending_table *table, size_t session_max,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE]);
void msock__pending_fini(struct msock__pending_table *table);

size_t msock__pending_count(const struct msock__pending_table *table);

/** Returns the session, borrowed until it is removed, or NULL. */
struct msock__pending *
msock__pending_find(const struct msock__pending_table *table,
                    const uint8_t id[static MSOCK__SESSION_SIZE]);

/** Adds one that is not there. In a full table the one that was asked most
 *  often makes room, of several the one asked longest ago; *lost gets its held
 *  frames.
 *  Returns it, or NULL when a full table has none that was asked, or without
 *  memory (nothing changed). */
struct msock__pending *
msock__pending_add(struct msock__pending_table *table,
                   const uint8_t id[static MSOCK__SESSION_SIZE], size_t *lost);

/** Removes one and frees what it holds. */
void msock__pending_remove(struct msock__pending_table *table,
                           struct msock__pending *one);

/** It waits from now on until `until_us`, and is to be asked at `ask_us`. Both
 *  may be given anew while it waits. */
void msock__pending_wait(struct msock__pending_table *table,
                         struct msock__pending *one, uint64_t ask_us,
                         uint64_t until_us);

/** It waits no more. */
void msock__pending_sleep(struct msock__pending_table *table,
                          struct msock__pending *one);

/** It waits, and is to be asked at `ask_us`. */
void msock__pending_ask_at(struct msock__pending_table *table,
                           struct msock__pending *one, uint64_t ask_us);

/** It was asked once more, just now: it goes last. */
void msock__pending_asked(struct msock__pending_table *table,
                          struct msock__pending *one, uint64_t now_us);

/** It was asked once less than was counted. */
void msock__pending_unasked(struct msock__pending_table *table,
                            struct msock__pending *one);

/** When the first one is to be asked, in us, UINT64_MAX: none waits. */
uint64_t msock__pending_ask_us(const struct msock__pending_table *table);

/** Whose waiting is over first, or NULL. */
struct msock__pending *
msock__pending_first_end(const struct msock__pending_table *table);

/* -- What they hold: as in core/held.h, and counted -- */

int msock__pending_hold(struct msock__pending_table *table,
                        struct msock__pending *one, struct msock__held *frame);
struct msock__held *msock__pending_shed(struct msock__pending_table *table,
                                        struct msock__pending *one);
struct msock__held *msock__pending_take(struct msock__pending_table *table,
                                        struct msock__pending *one);
size_t msock__pending_clear(struct msock__pending_table *table,
                            struct msock__pending *one);

/** Returns whose frames go when all hold too much, or NULL if none holds any:
 *  the one asked most often, so that no newcomer's frames go before those of
 *  one who was asked and stays silent; then the one that holds most. */
struct msock__pending *
msock__pending_heaviest(const struct msock__pending_table *table);

/** The most that one of them holds; *frames gets the most frames of one, which
 *  may be another's. */
size_t msock__pending_most(const struct msock__pending_table *table,
                           size_t *frames);

#endif
