/* SPDX-License-Identifier: Apache-2.0 */
/* Whom we hear: the table of sessions, bounded; when it is full the least
 * recently heard one goes. Look-up is O(1) by keyed hash, and so is keeping the
 * order. Memory is taken per session, on its first authentic frame (about
 * 1.2 KiB).
 *
 * Seam: admission (docs/protocol.md 6) will decide when msock__sessions_add()
 * is called and with which floors; until then the first authentic frame is
 * enough. */
#ifndef MSOCK_CORE_SESSION_H
#define MSOCK_CORE_SESSION_H

#include "codec/frame.h"
#include "core/table.h"
#include "core/window.h"

#include <multisock/multisock.h>

struct msock__session {
    uint8_t id[MSOCK__SESSION_SIZE];
    uint32_t slot;       /* small number, reused after it is forgotten */
    uint64_t heard_us;   /* last authentic frame */
    uint8_t sender_size; /* 0: not bound to a name yet */
    char sender[MSOCK_NAME_MAX + 1];
    struct msock__window best_effort;
    struct msock__window control;
    struct msock__session *newer, *older; /* by heard_us */
    UT_hash_handle hh;
};

struct msock__sessions;

/** Returns 0, MSOCK_ENOMEM. */
int msock__sessions_new(struct msock__sessions **sessions, size_t session_max,
                        const uint8_t hash_key[static 16]);

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

/** Notes that it was heard just now. */
void msock__sessions_touch(struct msock__sessions *sessions,
                           struct msock__session *session, uint64_t now_us);

size_t msock__sessions_count(const struct msock__sessions *sessions);

#endif
