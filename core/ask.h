/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for the values of state topics (docs/protocol.md 8.2): for which
 * filters, of whom, and when.
 *
 * Filters are asked for in rounds of up to 16, of everyone or of one session:
 * at once, 1 s and 3 s later, naming who has answered; 2 s after the third
 * asking a round is over. One session, which answers in any case, is asked
 * every 2 s until it does, for a minute. There are 16 queries at once, and 2 a
 * second on average. Time is passed in, randomness is the caller's dice. Memory
 * is taken for a round (about 1.3 KiB and its filters), and there are at most
 * MSOCK__ROUNDS_MAX, of which MSOCK__ROUNDS_ALL ask everyone: what would need
 * more is asked for as `#`, of everyone. */
#ifndef MSOCK_CORE_ASK_H
#define MSOCK_CORE_ASK_H

#include "codec/control.h"
#include "core/dice.h"
#include "core/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__ROUNDS_MAX = 32,
    MSOCK__ROUNDS_ALL = 4, /* of those, which ask everyone */
    MSOCK__ASKINGS = 3, /* of a round, those for who believes us later aside */
    MSOCK__ASKINGS_ALONE = 30, /* of one session, until it answers */
    MSOCK__HOLDERS_MAX = 64    /* whose answers a round remembers */
};

/** Who answered a round, and the last reliable frame that its answer is in. */
struct msock__holder {
    uint64_t session;
    uint64_t last;
};

/** What is asked for together; read only. */
struct msock__round {
    uint64_t query;    /* its id */
    uint64_t of;       /* the session that is asked, 0: everyone */
    unsigned askings;  /* so far */
    unsigned extra;    /* and those for who believes us later */
    uint64_t asked_us; /* when the last one left */
    uint64_t due_us;   /* the next one; after the last, the end */
    size_t filter_count;
    char *filters[MSOCK__ASKED_MAX]; /* JSON strings, NUL behind them */
    size_t answers;
    size_t holder_count; /* the latest of them, in any order */
    struct msock__holder holders[MSOCK__HOLDERS_MAX];
    struct msock__round *next;
};

struct msock__ask {
    struct msock__dice *dice; /* lent */
    struct msock__round *first;
    size_t count;
    struct msock__rate rate;
};

/** Starts empty; `dice` outlives it. */
void msock__ask_init(struct msock__ask *ask, struct msock__dice *dice);

/** Forgets all rounds. */
void msock__ask_fini(struct msock__ask *ask);

/** Wants the values that match `filter` (valid) of session `of`, or of everyone
 *  if that is 0, from `due_us` on, which is put off to 1 s after that session
 *  was asked alone before. Nothing if that is asked for anyway: of everyone if
 *  it was not asked yet, of a session if it is asked again and did not answer.
 *  Returns 0, MSOCK_ENOMEM: nothing changed. */
int msock__ask_filter(struct msock__ask *ask, uint64_t due_us, uint64_t of,
                      const char *filter);

/** Frames of a session are lost: what it has answered to what it was asked so
 *  far may have been in them, or come before them, as an answer is remembered
 *  (8.2). It is to be asked alone, under a new id if that is so already. */
void msock__ask_anew(struct msock__ask *ask, uint64_t session);

/** How many rounds ask one session. */
size_t msock__ask_alone(const struct msock__ask *ask);

/** A session that was not heard by some is heard by them now: rounds that ask
 *  everyone do so once more, 100 ms after they did, at most 8 times. */
void msock__ask_believed(struct msock__ask *ask, uint64_t now_us);

/** A round that is over, or NULL: msock__ask_forget() is due. */
struct msock__round *msock__ask_over(const struct msock__ask *ask,
                                     uint64_t now_us);

/** The answer of a session to a round, or NULL. */
struct msock__holder *msock__round_holder(struct msock__round *round,
                                          uint64_t session);

/** Forgets a round. */
void msock__ask_forget(struct msock__ask *ask, struct msock__round *round);

/** Returns the round whose query is due first, or NULL. Rounds are borrowed
 *  until something is asked for, sent or forgotten. */
struct msock__round *msock__ask_due(const struct msock__ask *ask,
                                    uint64_t now_us);

/** Makes a query of a round; `done` is left to the caller. */
void msock__ask_fill(const struct msock__round *round,
                     struct msock__control *query);

/** Not even the first filter fits a frame: `#` is asked for instead. */
void msock__ask_widen(struct msock__round *round);

/** The query left with the first `used` filters, at least 1; the others become
 *  a round of their own, or `#` is asked for if there is no memory. */
void msock__ask_sent(struct msock__ask *ask, uint64_t now_us,
                     struct msock__round *round, size_t used);

/** A session answered `query`, up to its reliable frame `last`.  Returns
 *  whether that is a round of ours. */
bool msock__ask_held(struct msock__ask *ask, uint64_t query, uint64_t session,
                     uint64_t last);

/** Some of the answer that a session just gave was sent before we heard it: it
 *  is asked alone for the same filters.  Returns 0 (also if there is no such
 * round), MSOCK_ENOMEM. */
int msock__ask_missed(struct msock__ask *ask, uint64_t now_us, uint64_t query,
                      uint64_t session);

/** When a round is due, or over, in us; UINT64_MAX: there is none. */
uint64_t msock__ask_deadline(const struct msock__ask *ask);

#endif
