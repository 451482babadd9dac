/* SPDX-License-Identifier: Apache-2.0 */
/* How old what a peer sends is, without a common clock: the offset between its
 * session's clock and one's own (docs/protocol.md 4). The offset is the
 * smallest `received - sent` seen, which may rise by 500 ppm of the time since,
 * so that clocks that drift apart are followed; an answer replaces it.
 *
 * Invariant: as long as the two clocks drift by less than 500 ppm, an age is
 * never above the truth less the quickest way a frame took. It is below that by
 * no more than, for any one frame from the answer on, what that frame took
 * beyond the quickest plus (500 ppm + drift) of the time since. Constant cost,
 * 32 bytes. */
#ifndef MSOCK_CORE_AGE_H
#define MSOCK_CORE_AGE_H

#include <stdbool.h>
#include <stdint.h>

struct msock__age {
    int64_t offset_us;    /* of one's own clock against `sent` ... */
    uint64_t measured_us; /* ... at this moment */
    uint64_t set_us;      /* last answer, or the first frame */
    bool known;           /* all zero: not yet */
};

/** An answer, received now, was sent at `sent_us` of its session: replaces the
 *  offset, up or down. */
void msock__age_set(struct msock__age *age, uint64_t received_us,
                    uint64_t sent_us);

/** Any other frame. Lowers the offset, if it was quicker; the first sets it. To
 *  be called before the frame's own age is asked. */
void msock__age_hear(struct msock__age *age, uint64_t received_us,
                     uint64_t sent_us);

/** Returns for how long what was sent at `sent_us` has been under way, less the
 *  quickest way; 0 if that is negative or the offset is not known. */
uint64_t msock__age_of(const struct msock__age *age, uint64_t now_us,
                       uint64_t sent_us);

/** Returns `sent_us` on one's own clock as seen from `now_us`, 0 if that is
 *  before the clock began; the offset is known. */
uint64_t msock__age_local(const struct msock__age *age, uint64_t now_us,
                          uint64_t sent_us);

/** Whether a challenge is due: no answer for an hour, by which the offset could
 *  have risen 1.8 s under someone who holds frames back. */
bool msock__age_stale(const struct msock__age *age, uint64_t now_us);

#endif
