/* SPDX-License-Identifier: Apache-2.0 */
/* Whom we hear: the table of sessions, bounded; when it is full the least
 * recently heard one goes, of those whose name has no entry in the trust file
 * if there are any: to find it costs a look at each that has one. Look-up is
 * O(1) by keyed hash, by id and by name, and so is keeping the order. Memory is
 * taken per session when it is believed (about 1.4 KiB): on a sealed channel by
 * admission (docs/protocol.md 6), on an open one with its first frame. */
#ifndef MSOCK_CORE_SESSION_H
#define MSOCK_CORE_SESSION_H

#include "codec/frame.h"
#include "core/acts.h"
#include "core/address.h"
#include "core/age.h"
#include "core/flow.h"
#include "core/intake.h"
#include "core/join.h"
#include "core/repair.h"
#include "core/roster.h"
#include "core/share.h"
#include "core/table.h"
#include "core/trust.h"
#include "core/window.h"

#include <multisock/multisock.h>

/** What a session asked of us to send again, to know who cannot keep up. */
struct msock__misses {
    uint64_t since_us; /* the counting began */
    uint64_t sent;     /* reliable frames sent by then */
    uint64_t count;    /* of those since, asked for */
    uint64_t top;      /* highest asked for */
    bool slow;
};

struct msock__session {
    uint8_t id[MSOCK__SESSION_SIZE];
    uint32_t slot;              /* small number, reused after it is forgotten */
    uint64_t birth;             /* a number that no other session ever has */
    uint64_t heard_us;          /* last authentic frame arrived */
    uint32_t key_id;            /* of the newest frame, 0: open */
    struct msock__address from; /* of the same frame */
    struct msock__entry entry;  /* what it says of itself */
    uint8_t sender_size;        /* 0: not bound to a name yet */
    char sender[MSOCK_NAME_MAX + 1];
    const struct msock__trusted *trusted; /* its entry, NULL: it has none */
    bool over;        /* that is another one now: to be forgotten */
    size_t verifying; /* its frames that wait for a worker */
    struct msock__window best_effort;
    struct msock__window control;
    struct msock__age age;
    bool up;
    bool met;              /* it was up once */
    bool replaced;         /* a second session of its name ended it */
    unsigned old_control;  /* old control frames in a row */
    uint64_t every_us;     /* longest gap between its hellos */
    uint64_t bye_us;       /* when its bye was heard, 0: it said none */
    uint64_t bye_stamp_us; /* when it was sent, on its own clock */

    /* Its reliable stream. */
    uint64_t reliable_floor;      /* first counter wanted, 0: not known yet */
    struct msock__repair *repair; /* NULL: nothing came, nothing is missed */
    struct msock__join join;
    struct msock__acts *acts; /* what handlers did with it, or NULL */
    struct msock__range loss; /* not told yet; first 0: none */
    uint64_t lost;            /* the highest counter told as lost */
    bool gapped;
    struct msock__session *next_gapped;
    struct msock__misses misses;
    struct msock__intake intake; /* how far we are in it, told its sender */
    bool listed;                 /* among those that are told */
    struct msock__session *next_speaking;
    struct msock__taker taker; /* how far it is in our stream */

    struct msock__portion portion; /* what it costs us */
    uint64_t swept; /* round in which its values are looked for (tell.h) */

    struct msock__session *newer, *older; /* by heard_us */
    struct msock__session *next_name;     /* of names that hash alike */
    UT_hash_handle hh;
};

struct msock__sessions;

/** Returns 0, MSOCK_ENOMEM. */
int msock__sessions_new(struct msock__sessions **sessions, size_t session_max,
                        const uint8_t hash_key[static 16]);

/** Calls `on_forget` with each session that makes room for another or is
 *  removed, right before it is freed. */
void msock__sessions_on_forget(
    struct msock__sessions *sessions,
    void (*on_forget)(void *owner, struct msock__session *session),
    void *owner);

/** Frees the table. NULL is ignored. */
void msock__sessions_free(struct msock__sessions *sessions);

/** Returns the session, borrowed until it is evicted, or NULL. */
struct msock__session *
msock__sessions_find(const struct msock__sessions *sessions,
                     const uint8_t id[static MSOCK__SESSION_SIZE]);

/** The session that the next msock__sessions_add() would forget, or NULL. */
struct msock__session *
msock__sessions_victim(const struct msock__sessions *sessions);

/** Adds one that is not there, forgetting the victim first; its windows start
 *  at floor 1.  Returns it, or NULL when out of memory (nothing changed). */
struct msock__session *
msock__sessions_add(struct msock__sessions *sessions,
                    const uint8_t id[static MSOCK__SESSION_SIZE]);

/** Whether its name is a visitor's: no events tell of its coming and going. */
bool msock__session_visits(const struct msock__session *session);

/** Forgets a session that makes room for nobody. */
void msock__sessions_remove(struct msock__sessions *sessions,
                            struct msock__session *session);

/** Binds the session to a name, if it has none.  Returns whether it is its. */
bool msock__sessions_bind(struct msock__sessions *sessions,
                          struct msock__session *session, const char *name,
                          size_t size);

/** The session bound to `name` that comes after `after`, one of that name too
 *  (NULL: the first of them), in no particular order, or NULL. */
struct msock__session *
msock__sessions_named(const struct msock__sessions *sessions,
                      const struct msock__session *after, const char *name);

/** The session heard last, from which session->older leads to all, or NULL. */
struct msock__session *
msock__sessions_newest(const struct msock__sessions *sessions);

/** Notes that it was heard at `now_us`, if not later already. */
void msock__sessions_touch(struct msock__sessions *sessions,
                           struct msock__session *session, uint64_t now_us);

size_t msock__sessions_count(const struct msock__sessions *sessions);

#endif
