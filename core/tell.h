/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the values of state topics to who asked for them (docs/protocol.md
 * 8.2): when, and what need not be told because somebody did.
 *
 * A query becomes a job of up to three passes over the values: one's own, and
 * what a keeper keeps of who is gone, after U[0, 100] ms; those that a keeper
 * keeps after 300 + U[0, 300] ms; those that a helper holds after 600 + U[0,
 * max(400, 2 x nodes)] ms. In a pass a value is told unless somebody sent it
 * since it was asked for, and not sooner than some time after it was sent
 * before. The end of a job is an answer, `$ms/held`, which is remembered: asked
 * once more, only that is said.
 *
 * Invariant: who asks much leaves room for others. In a full table of jobs the
 * asker with most loses one to an asker with fewer, and of answers that asker's
 * eldest is forgotten. Jobs that are due take turns by askers.
 *
 * It knows no values and no network, but where in the table of values a job has
 * come to. Memory: for a job what its filters take, of at most MSOCK__JOBS_MAX;
 * answers take none. */
#ifndef MSOCK_CORE_TELL_H
#define MSOCK_CORE_TELL_H

#include "codec/control.h"
#include "core/dice.h"
#include "core/dispute.h"
#include "core/walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__JOBS_MAX = 64,
    MSOCK__ANSWERS_KEPT = 64,
    MSOCK__TELL_OWN_US = 250000,   /* between two tellings of one's own value */
    MSOCK__TELL_KEPT_US = 1000000, /* of somebody else's */
};

/** What a node is that hears a query. */
struct msock__listener {
    uint64_t self; /* session */
    size_t nodes;
    bool keeper; /* it tells what it keeps for others, */
    bool helper; /* and whatever else it holds */
};

enum msock__pass {
    MSOCK__PASS_OWN,
    MSOCK__PASS_KEPT,
    MSOCK__PASS_OTHERS,
    MSOCK__PASS_END /* all was told: the answer is due when it has left */
};

/** A filter, with a NUL behind it. */
struct msock__wish {
    char *filter;
    size_t size;
};

/** A query that is being answered; read only but for `next_exact`, `walking`
 *  and `walk`, which are the engine's until the pass is over. */
struct msock__job {
    uint64_t asker;  /* session */
    uint64_t query;  /* its id */
    uint64_t served; /* the turn in which its asker had one last */
    uint64_t asked_us;
    uint64_t due_us;
    enum msock__pass pass;
    uint64_t starts_us[MSOCK__PASS_END]; /* of each pass, 0: left out */
    bool speaks;                         /* there is something to be answered */
    uint64_t again_us; /* some values may only be told then, UINT64_MAX: none */
    uint64_t first;    /* reliable frame that holds the first one told, 0: none
                        */
    uint64_t count;    /* values told */
    size_t exact_count, wild_count; /* filters without wildcards, and with, */
    struct msock__wish exact[MSOCK__ASKED_MAX]; /* each once */
    struct msock__wish wild[MSOCK__ASKED_MAX];
    size_t next_exact; /* the filter without wildcards to look up next; */
    bool walking;      /* then those with are */
    struct msock__walk walk;
    struct msock__job *next; /* an elder one */
};

/** What was answered. */
struct msock__answered {
    uint64_t asker; /* 0: an empty place */
    uint64_t query;
    uint64_t count;
    struct msock__range frames;
    uint64_t due_us; /* it is to be said then, UINT64_MAX: it was */
    uint64_t number; /* of all answers */
};

/** Looking for the values of sessions that are gone (engine_tell.c), in rounds
 *  over the whole table. */
struct msock__sweep {
    struct msock__walk walk;
    uint64_t round; /* the number of this one, or the last */
    bool again;     /* a session waits for the next one */
    uint64_t due_us;
};

struct msock__tell {
    struct msock__dice *dice; /* lent */
    struct msock__disputes disputes;
    struct msock__sweep sweep;
    struct msock__job *first; /* the youngest one */
    size_t count;
    uint64_t turns;     /* so far */
    uint64_t looked;    /* at values, so far, with what telling cost */
    uint64_t resume_us; /* no job is due before */
    uint64_t answers;   /* so far */
    struct msock__answered answered[MSOCK__ANSWERS_KEPT];
    uint64_t held_us; /* the earliest due_us of them */
};

/** Starts empty; `dice` outlives it. */
void msock__tell_init(struct msock__tell *tell, struct msock__dice *dice);

/** Forgets all jobs and disputes. */
void msock__tell_fini(struct msock__tell *tell);

/** Session `asker` asks for values.
 *  Returns 1 (a new job), 2 (a new one in the place of another asker's), 0
 *  (others are asked, or it is answered already, or will be), MSOCK_ELIMIT (too
 *  many jobs, and nobody has more than the asker would), MSOCK_ENOMEM. */
int msock__tell_asked(struct msock__tell *tell, uint64_t now_us,
                      const struct msock__control *query, uint64_t asker,
                      const struct msock__listener *listener);

/** The job that is due and whose asker has waited longest for its turn, then
 *  the one due first; borrowed until the next call that ends one, or NULL. */
struct msock__job *msock__tell_due(struct msock__tell *tell, uint64_t now_us);

/** A job had its turn, in which it looked at values so many times. */
void msock__tell_turn(struct msock__tell *tell, const struct msock__job *job,
                      uint64_t looked);

/** Enough for now: no job is due before `until_us`. */
void msock__tell_rest(struct msock__tell *tell, uint64_t until_us);

/** When a value that matches may be told, which somebody sent last at `sent_us`
 *  (0: never); UINT64_MAX: it need not be told. What may not be told by now is
 *  gone over again by then. */
uint64_t msock__tell_from(struct msock__job *job, uint64_t now_us,
                          uint64_t sent_us);

/** One was told, in reliable frame `frame` or a later one. */
void msock__tell_told(struct msock__job *job, uint64_t frame);

/** The pass goes on, or the end comes, no sooner than `until_us`. */
void msock__tell_pause(struct msock__job *job, uint64_t until_us);

/** All values were gone over: the next pass, or the end, is due. */
void msock__tell_passed(struct msock__job *job, uint64_t now_us);

/** The job is over, its values being in frames up to `last`. That is said
 *  at once if it told something, holds what others told of its own or of what
 *  it keeps, or if the asker named it.
 *  Returns whether another answer, which nobody was told, is forgotten. */
bool msock__tell_end(struct msock__tell *tell, uint64_t now_us,
                     struct msock__job *job, uint64_t last);

/** Makes a `$ms/held` of the answer that is due.  Returns whether one is. */
bool msock__tell_held(struct msock__tell *tell, uint64_t now_us,
                      struct msock__control *held);

/** That message left. */
void msock__tell_held_sent(struct msock__tell *tell,
                           const struct msock__control *held);

/** When a job is due in us, UINT64_MAX: there is none. */
uint64_t msock__tell_deadline(const struct msock__tell *tell);

/** When an answer is due in us, UINT64_MAX: there is none. */
uint64_t msock__tell_held_deadline(const struct msock__tell *tell);

#endif
