/* SPDX-License-Identifier: Apache-2.0 */
/* Replay window over one stream of a session (RFC 6479, docs/protocol.md 4):
 * exactly 4096 counters, one bit each; constant memory (536 bytes) and time
 * (a jump clears at most 64 words).
 *
 * Invariant: a counter is accepted at most once, whatever the order. */
#ifndef MSOCK_CORE_WINDOW_H
#define MSOCK_CORE_WINDOW_H

#include <stdint.h>

enum { MSOCK__WINDOW_SIZE = 4096 };

struct msock__window {
    uint64_t top;                           /* highest counter marked */
    uint64_t first;                         /* lowest one; 0: none is */
    uint64_t marked;                        /* how many are */
    uint64_t bits[MSOCK__WINDOW_SIZE / 64]; /* by counter % 4096; 1: seen */
};

/** Everything below `floor` (at least 1) counts as seen, nothing from it on. */
void msock__window_init(struct msock__window *window, uint64_t floor);

/** Looks without marking.
 *  Returns 0 (new), MSOCK_DROP_OLD, MSOCK_DROP_DUPLICATE. */
int msock__window_check(const struct msock__window *window, uint64_t counter);

/** Marks a counter that msock__window_check() found new. */
void msock__window_mark(struct msock__window *window, uint64_t counter);

/** Returns how many counters between the lowest and the highest that were
 *  marked were not, so far. */
uint64_t msock__window_missed(const struct msock__window *window);

#endif
