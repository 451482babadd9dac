/* SPDX-License-Identifier: Apache-2.0 */
/* When to say `sync` (docs/protocol.md 5): 20, 80 and 320 ms after the last
 * reliable frame, so that a lost tail is noticed soon although nothing follows
 * it, and from 5 ms on doubling at the end of a burst; and after a NACK, so
 * that the asker knows what is worth asking for, at most every 250 ms. Constant
 * cost. */
#ifndef MSOCK_CORE_SYNC_H
#define MSOCK_CORE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

/** All zero: nothing is due. */
struct msock__sync {
    uint64_t sent_us; /* the last reliable frame left */
    unsigned left;    /* syncs that are still to come for it */
    bool burst;       /* it left less than 5 ms after the one before */
    bool asked;       /* one more is, because of a NACK, ... */
    uint64_t asked_due_us;
    uint64_t rests_until_us; /* ... but not before this */
};

/** A reliable frame has left: the times count from now. */
void msock__sync_sent(struct msock__sync *sync, uint64_t now_us);

/** A NACK named this session: a sync is due within 20 ms, if there was none
 *  lately. */
void msock__sync_asked(struct msock__sync *sync, uint64_t now_us);

/** Whether a sync is to be sent now. */
bool msock__sync_due(const struct msock__sync *sync, uint64_t now_us);

/** A sync has been sent: it serves for all that were due. */
void msock__sync_take(struct msock__sync *sync, uint64_t now_us);

/** When the next is due in us, UINT64_MAX if none. */
uint64_t msock__sync_deadline(const struct msock__sync *sync);

#endif
