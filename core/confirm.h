/* SPDX-License-Identifier: Apache-2.0 */
/* Who acted on what was published, and whom to ask (docs/protocol.md 8.3): the
 * publisher's side.
 *
 * A confirmation begins before its message leaves, with the sessions that are
 * expected to act; it asks from the moment when it left, as long as one of them
 * is missing, at gaps in which the answers of all can come. It ends when all
 * have answered, or at its deadline. At most 1024 at a time; of each session
 * about 100 bytes. Costs are O(confirmations), for an answer also O(log
 * sessions); the extra ones, 256 at most, are looked at one by one. */
#ifndef MSOCK_CORE_CONFIRM_H
#define MSOCK_CORE_CONFIRM_H

#include "codec/control.h"

#include <multisock/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__CONFIRMS_MAX = 1024,
    MSOCK__CONFIRM_EXTRA_MAX = 256, /* who answer and were not expected */
    MSOCK__CONFIRM_NAMED = 8,       /* more who are missing are not named */
    MSOCK__CONFIRM_GAP_US = 20000,  /* between two askings, at least, ... */
    MSOCK__CONFIRM_EARLY = 6, /* ... for so many of them; it doubles, ... */
    MSOCK__CONFIRM_GAP_MAX_US = 320000 /* ... up to this */
};

/** What is known of one session. */
struct msock__confirmer {
    uint64_t session;
    char name[MSOCK_NAME_MAX + 1];
    enum msock_confirm_state state; /* SILENT: it has not answered */
    uint32_t code;                  /* REFUSED: without its sign */
    uint64_t time_us;               /* when, since publishing */
    bool extra;                     /* it was not expected */
};

struct msock__confirmation {
    struct msock__confirmation *next;
    int id; /* from 1 on */
    msock_confirm_callback *callback;
    void *user;
    uint64_t began_us;
    uint64_t deadline_us;
    uint64_t counter; /* of its frame; 0: it has not left, or nobody can say */
    uint64_t ask_us;
    uint64_t gap_us;
    unsigned asked; /* how often */
    size_t expected, acted, refused;
    size_t count; /* expected ones first, by session once it has left; extra
                     ones behind them, as they came */
    size_t capacity;
    struct msock__confirmer *nodes;
};

/** All zero: none. */
struct msock__confirms {
    struct msock__confirmation *first;
    size_t count;
    int last_id;
};

/** Begins one, without sessions.
 *  Returns it, borrowed until msock__confirms_take(), or NULL: too many, or no
 *  memory. */
struct msock__confirmation *
msock__confirms_add(struct msock__confirms *confirms, uint64_t now_us,
                    uint64_t deadline_us);

/** Adds a session; `extra`: it answered and was not expected.
 *  Returns it, borrowed until the next one, or NULL: no memory. */
struct msock__confirmer *msock__confirm_add(struct msock__confirmation *one,
                                            uint64_t session, const char *name,
                                            bool extra);

/** Takes one back that was not published. */
void msock__confirms_remove(struct msock__confirms *confirms,
                            struct msock__confirmation *one);

/** The message of this id has left, and its last frame is this one; or it has
 *  left again, in another frame, which is the one that counts from now on.
 *  `spread_us` is the longest jitter of those who answer. */
void msock__confirms_sent(struct msock__confirms *confirms, uint64_t now_us,
                          int id, uint64_t counter, uint64_t spread_us);

/** The session ended under which all of them left: nobody can be asked. */
void msock__confirms_reset(struct msock__confirms *confirms);

/** A session tells what it did with a frame.
 *  Returns the confirmation to which that is news, or NULL. *node points at
 *  what is known now; NULL: no room was left for one that was not expected. */
struct msock__confirmation *
msock__confirms_heard(struct msock__confirms *confirms, uint64_t now_us,
                      uint64_t session, const char *name,
                      const struct msock__act *act,
                      const struct msock__confirmer **node);

/** Fills in what a sync asks: counters, and whom; the first time everyone.
 *  Returns whether it asks anything. */
bool msock__confirms_ask(const struct msock__confirms *confirms,
                         uint64_t now_us, struct msock__control *sync);

/** The first `used` counters of that sync have left. */
void msock__confirms_asked(struct msock__confirms *confirms, uint64_t now_us,
                           const struct msock__control *sync, size_t used);

/** When somebody is to be asked in us, UINT64_MAX: nobody. */
uint64_t msock__confirms_ask_deadline(const struct msock__confirms *confirms);

/** Takes out one that is over, for the caller to free, or NULL. */
struct msock__confirmation *
msock__confirms_take(struct msock__confirms *confirms, uint64_t now_us);

/** When one is over in us, UINT64_MAX: there is none. */
uint64_t msock__confirms_deadline(const struct msock__confirms *confirms);

/** Frees one that was taken out. NULL is ignored. */
void msock__confirm_free(struct msock__confirmation *one);

/** Frees all. */
void msock__confirms_fini(struct msock__confirms *confirms);

#endif
