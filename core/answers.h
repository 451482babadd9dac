/* SPDX-License-Identifier: Apache-2.0 */
/* Freshness without clocks, the answering side (docs/protocol.md 6): nonces of
 * challenges that named this session, each with its floors, until an answer may
 * leave.
 *
 * Bounds: answers a nonce and second, frames a second, bytes a second, nonces
 * that wait; of all but the first, a part is kept for askers who are admitted,
 * which a flood of old challenges cannot use up. A fixed table of about 40 KiB.
 * When something is due is known at once, all else is O(nonces). */
#ifndef MSOCK_CORE_ANSWERS_H
#define MSOCK_CORE_ANSWERS_H

#include "codec/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__ANSWERS_MAX = 512,          /* nonces known */
    MSOCK__ANSWERS_STRANGERS = 384,    /* that wait, of askers not admitted */
    MSOCK__ANSWERS_NONCE_MAX = 6,      /* answers a nonce and second */
    MSOCK__ANSWERS_WAIT_US = 2000,     /* so that nonces share a frame */
    MSOCK__ANSWERS_SECOND_US = 1000000 /* that the limit is counted over */
};

struct msock__answers;

/** Returns 0, MSOCK_ENOMEM. */
int msock__answers_new(struct msock__answers **answers);

/** NULL is ignored. */
void msock__answers_free(struct msock__answers *answers);

/** Forgets the nonces that wait, whose floors are a former session's. */
void msock__answers_reset(struct msock__answers *answers);

/** A challenge with floor->nonce that names this session arrived; its floors
 *  are those of (arrival - up). `admitted`: the asker is. Of a nonce that waits
 *  already each stream's lower floor counts: neither says too much.
 *  Returns whether it will be answered: not, if it was six times within a
 *  second, or too many wait. */
bool msock__answers_add(struct msock__answers *answers, uint64_t now_us,
                        const struct msock__floor *floor, bool admitted);

/** Takes what the answer frame that may leave now is to name: at most `max`
 *  nonces, admitted askers' first, longest waiting first; then sorted so that
 *  equal floors are neighbours. They count as answered. Call it until it
 *  returns 0.
 *  Returns their number, 0: nothing waits, or the rates allow no frame. */
size_t msock__answers_take(struct msock__answers *answers, uint64_t now_us,
                           struct msock__floor *floors, size_t max);

/** These of the nonces just taken did not fit the frame: they wait again, as if
 *  not answered. */
void msock__answers_return(struct msock__answers *answers,
                           const struct msock__floor *floors, size_t count);

/** Pays for an answer frame of `size` bytes, header and tag included. */
void msock__answers_sent(struct msock__answers *answers, uint64_t now_us,
                         size_t size);

/** When msock__answers_take() gives some, in us; UINT64_MAX if none wait. Once
 *  it returned 0 this is in the future. */
uint64_t msock__answers_deadline(const struct msock__answers *answers);

#endif
