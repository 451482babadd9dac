/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of large best-effort messages (docs/protocol.md 3) within bounds.
 *
 * An assembly is keyed by (session, counter - index). It stores only bytes that
 * arrived, never what a header claims, until the last piece joins them. Bounds:
 * pieces a message, assemblies a session (a new one evicts that session's
 * oldest), bytes in all (the piece that would exceed them is dropped, with its
 * assembly). Given up 2 s after the last new piece. A lookup costs O(assemblies
 * of the session), a piece in order O(1). */
#ifndef MSOCK_CORE_FRAGMENT_H
#define MSOCK_CORE_FRAGMENT_H

#include "codec/frame.h"

#include <stdint.h>

enum { MSOCK__PIECES_MAX = 1024, MSOCK__ASSEMBLY_TIMEOUT_US = 2000000 };

struct msock__fragments;

struct msock__fragments_limits {
    size_t assemblies_max; /* a session */
    size_t bytes_max;      /* all sessions */
    size_t message_max;    /* bytes of one message */
};

/** A message put together: given to the caller, who frees `bytes` with free();
 *  one spare byte is allocated behind it. */
struct msock__assembled {
    uint8_t *bytes;
    size_t size;
    uint64_t sent_us; /* of piece 0 */
};

/** Returns 0, MSOCK_ENOMEM. */
int msock__fragments_new(struct msock__fragments **fragments,
                         const struct msock__fragments_limits *limits);

/** Frees all assemblies. NULL is ignored. */
void msock__fragments_free(struct msock__fragments *fragments);

/** Takes one piece of an authentic, first-seen frame of `session` (a slot
 *  number that is stable while the session is known). The body has passed
 *  msock__body_decode(). A repeated piece changes nothing.
 *  Returns 0 (stored), 1 (*message is complete), or negative: minus the drop
 *  counter MSOCK_DROP_PIECE (pieces disagree), _PIECE_LIMIT (over 1024 pieces,
 *  or over the bytes of all), _TOO_BIG (sure to exceed message_max), _MEMORY.
 *  The piece's assembly, if there was one, is then gone: what is missing never
 *  comes again. *lost (may be NULL) gets the number of other assemblies that
 *  had to be evicted. */
int msock__fragments_add(struct msock__fragments *fragments, uint64_t now_us,
                         uint32_t session, uint64_t counter,
                         const struct msock__body *body,
                         struct msock__assembled *message, size_t *lost);

/** Gives up assemblies that are due.  Returns how many. */
size_t msock__fragments_expire(struct msock__fragments *fragments,
                               uint64_t now_us);

/** Gives up those of a session that is forgotten.  Returns how many. */
size_t msock__fragments_forget(struct msock__fragments *fragments,
                               uint32_t session);

/** When the next one is due in us, UINT64_MAX if none. */
uint64_t msock__fragments_deadline(const struct msock__fragments *fragments);

/** Bytes held, bookkeeping included. */
size_t msock__fragments_bytes(const struct msock__fragments *fragments);

#endif
