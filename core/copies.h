/* SPDX-License-Identifier: Apache-2.0 */
/* Best-effort frames that are sent more than once (`copies`, docs/protocol.md
 * 4): finished frames, sent again byte by byte, so that a short disturbance
 * takes one of them but not all; the receivers' window keeps the first.
 *
 * The next copy of a frame leaves one spacing, +-25 %, after the one before. A
 * copy that could not leave within a second of its time is worth nothing any
 * more, and a frame that the machine slept over must not act when it wakes: its
 * copies are dropped. Invariant: `bytes`, the memory of the frames, never
 * exceeds the limit (pointers come on top). O(log n). */
#ifndef MSOCK_CORE_COPIES_H
#define MSOCK_CORE_COPIES_H

#include "core/dice.h"
#include "core/heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__COPIES_BYTES_MAX = 1024 * 1024, MSOCK__COPIES_LATE_US = 1000000 };

struct msock__copies {
    struct msock__heap heap;
    uint64_t spacing_us;
    size_t bytes;
    size_t bytes_max;
};

void msock__copies_init(struct msock__copies *copies, uint64_t spacing_us,
                        size_t bytes_max);

/** Frees all. */
void msock__copies_fini(struct msock__copies *copies);

/** Drops all: the session that sent them has ended. */
void msock__copies_clear(struct msock__copies *copies);

/** Copies a frame that left at `now_us`, to be sent `times` (>= 1) times more.
 *  Returns 0, MSOCK_EAGAIN (full), MSOCK_ENOMEM: then it is not sent again. */
int msock__copies_add(struct msock__copies *copies, uint64_t now_us,
                      struct msock__dice *dice, const uint8_t *bytes,
                      size_t size, unsigned times);

/** Shows the copy that is to be sent at `now_us`, borrowed until the next call
 *  with these copies; drops those that are too late.
 *  Returns whether there is one. */
bool msock__copies_next(struct msock__copies *copies, uint64_t now_us,
                        const uint8_t **bytes, size_t *size);

/** What msock__copies_next() showed has been sent. */
void msock__copies_sent(struct msock__copies *copies, uint64_t now_us,
                        struct msock__dice *dice);

/** When the next is due in us, UINT64_MAX if none. */
uint64_t msock__copies_deadline(const struct msock__copies *copies);

#endif
