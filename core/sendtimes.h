/* SPDX-License-Identifier: Apache-2.0 */
/* When the last 4096 frames of one of our own streams first left: from it the
 * floor that an answer names (docs/protocol.md 6).
 *
 * Invariant: what is named is never below the true floor, so nothing older is
 * ever believed; of frames further back the oldest known one stands for all.
 * 32 KiB a stream, taken at once. Noting is O(1), asking O(log n). */
#ifndef MSOCK_CORE_SENDTIMES_H
#define MSOCK_CORE_SENDTIMES_H

#include <stdint.h>

enum { MSOCK__SENDTIMES_MAX = 4096 };

struct msock__sendtimes;

/** Returns 0, MSOCK_ENOMEM. */
int msock__sendtimes_new(struct msock__sendtimes **times);

/** NULL is ignored. */
void msock__sendtimes_free(struct msock__sendtimes *times);

/** Forgets everything: a new session, whose next counter is 1. */
void msock__sendtimes_reset(struct msock__sendtimes *times);

/** Notes the first transmission of `counter`, which is the one after the last
 *  noted. `sent_us` is not after it really leaves: an earlier time is safe, it
 *  can only raise a floor. Times do not fall. */
void msock__sendtimes_note(struct msock__sendtimes *times, uint64_t counter,
                           uint64_t sent_us);

/** Returns the lowest counter that was first transmitted at or after `at_us`,
 *  as far back as is known; the last + 1 if there is none. */
uint64_t msock__sendtimes_floor(const struct msock__sendtimes *times,
                                uint64_t at_us);

#endif
