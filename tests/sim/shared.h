/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that two lives have, because a machine was copied. What both seal as
 * that session before one hears the other shares nonces, and what others hear
 * of it is a mixture: nothing can be promised of it (docs/protocol.md 1.1), nor
 * to who keeps it while the other begins anew: its counters have to pass the
 * other's before anybody listens. But
 *
 *     each by itself      uses no nonce twice
 *     who was told        (CLONE) sends nothing as that session any more
 *     both, once they     have parted, and at least one was told
 *     hear each other */
#ifndef MSOCK_TESTS_SIM_SHARED_H
#define MSOCK_TESTS_SIM_SHARED_H

#include "tests/sim/ledger.h"

enum { SHARED_MAX = 64 };

struct shared_pair {
    uint64_t session;
    const struct life *copy;
    const struct life *of;
    bool copy_told, of_told;
};

struct shared {
    struct report *report;
    struct shared_pair pairs[SHARED_MAX];
    size_t count;
};

/** Whether there is room for one more. */
bool shared_room(const struct shared *shared);

/** `copy` has the session that `of` has. */
void shared_add(struct shared *shared, const struct life *copy,
                const struct life *of);

/** Whether a session is, or was, had by two. */
bool shared_has(const struct shared *shared, uint64_t session);

/** A life was told that its session is another's, too.  Returns false if it is
 *  not. */
bool shared_told(struct shared *shared, const struct life *life,
                 uint64_t session);

/** A node sent a frame as a session: checks that it may.  Returns as whom it
 *  counts: 0, or a number of its own if it is a copy. */
unsigned shared_sender(const struct shared *shared, unsigned node,
                       uint64_t session);

/** Checks that those who live since before `from_us` have parted. */
void shared_check(const struct shared *shared, uint64_t from_us);

#endif
