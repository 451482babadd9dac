/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers did with states that somebody else told before the frame of
 * their owner came (docs/protocol.md 8.3): when it comes after all, no handler
 * sees it again, and its owner is told this.
 *
 * The last 256 of them; about 16 KiB, taken with the first. Finding one costs a
 * look at each. */
#ifndef MSOCK_CORE_HEARSAY_H
#define MSOCK_CORE_HEARSAY_H

#include "codec/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__HEARSAY_KEPT = 256 };

/** One state. */
struct msock__hearing {
    uint64_t number;                      /* from 1 on; 0: none yet */
    uint64_t key;                         /* a hash of which state it is */
    uint8_t session[MSOCK__SESSION_SIZE]; /* its owner's, and ... */
    uint64_t counter; /* ... its frame; 0: that has not come */
    uint32_t waits;   /* handlers that will say later what they did */
    bool ran;         /* one has said it */
    int code;         /* of the first that refused, else 0 */
};

/** All zero: none. */
struct msock__hearsay {
    struct msock__hearing *ring; /* NULL, or HEARSAY_KEPT of them */
    uint64_t last;
};

/** Finds a state, or makes room for it in place of the oldest.
 *  Returns it, borrowed until the next call, or NULL: no memory. */
struct msock__hearing *msock__hearsay_add(struct msock__hearsay *hearsay,
                                          uint64_t key);

/** Returns a state by its key, or NULL: it is not known. */
struct msock__hearing *msock__hearsay_find(const struct msock__hearsay *hearsay,
                                           uint64_t key);

/** The same by its number. */
struct msock__hearing *msock__hearsay_get(const struct msock__hearsay *hearsay,
                                          uint64_t number);

/** Notes what one handler did: 0 or negative. */
void msock__hearing_did(struct msock__hearing *hearing, int code);

/** Whether the owner's frame has come, and all handlers have ended. */
bool msock__hearing_settled(const struct msock__hearing *hearing);

/** Frees what it holds. */
void msock__hearsay_fini(struct msock__hearsay *hearsay);

#endif
