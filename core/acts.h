/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers did with the reliable frames of one session, and when to tell
 * it (docs/protocol.md 8.3): the receiver's side of a confirmed publish.
 *
 * Of the last 256 counters that anything was noted of; of an older one nothing
 * is said. A frame is done when all who deferred it are; then it is told to who
 * asked, before or since, after a jitter that spares the group a burst, and
 * each time it is asked again. About 6 KiB a session, taken with its first
 * frame that a handler saw; constant cost a frame. */
#ifndef MSOCK_CORE_ACTS_H
#define MSOCK_CORE_ACTS_H

#include "codec/control.h"
#include "core/dice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__ACTS_KEPT = 256,
    MSOCK__ACTS_SPREAD_US = 2000, /* of the jitter, for each node */
    MSOCK__ACTS_SPREAD_MAX_US = 100000
};

/** One session's; made by the first call that takes its address. */
struct msock__acts;

/** Those of all sessions that have something to say; all zero: none. */
struct msock__acts_list {
    struct msock__acts *first;
    struct msock__acts *saying; /* whose ack is being written */
};

/** What a call happens in. */
struct msock__acts_round {
    struct msock__acts_list *list;
    struct msock__dice *dice;
    uint64_t now_us;
    size_t nodes; /* of the channel, oneself included */
};

/** The longest jitter of an ack in a group of so many, in us. */
uint64_t msock__acts_spread_us(size_t nodes);

/** Makes what is kept of the session of this short id, if it is not there.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__acts_new(struct msock__acts **acts, uint64_t session);

/** A handler ended with a frame: `code` is what it returned, 0 or negative (the
 *  first that refuses counts). */
void msock__acts_did(struct msock__acts *acts,
                     const struct msock__acts_round *round, uint64_t counter,
                     int code);

/** A handler will say later what it did.  Returns whether that is kept: not
 *  that of a frame so old. */
bool msock__acts_defer(struct msock__acts *acts, uint64_t counter);

/** It says it, as msock__acts_did(). */
void msock__acts_done(struct msock__acts *acts,
                      const struct msock__acts_round *round, uint64_t counter,
                      int code);

/** The session asks what became of a frame. */
void msock__acts_asked(struct msock__acts *acts,
                       const struct msock__acts_round *round, uint64_t counter);

/** When the next ack is due in us, UINT64_MAX: none is. */
uint64_t msock__acts_deadline(const struct msock__acts_list *list);

/** Fills in the ack that is due.  Returns whether there is one. */
bool msock__acts_ack(struct msock__acts_list *list, uint64_t now_us,
                     struct msock__control *ack);

/** The first `used` results of that ack have left. */
void msock__acts_acked(struct msock__acts_list *list,
                       const struct msock__control *ack, size_t used);

/** Has all that is to be told leave at once: the channel closes. */
void msock__acts_hurry(struct msock__acts_list *list);

/** Frees what is kept of a session. NULL is ignored. */
void msock__acts_free(struct msock__acts_list *list, struct msock__acts *acts);

#endif
