/* SPDX-License-Identifier: Apache-2.0 */
/* Which counters of a sliding window are marked: a ring of bits that its owner
 * lends and sizes. The window is never wider than the ring. Marking costs O(1);
 * looking for the lowest one passes 64 counters at a step. */
#ifndef MSOCK_CORE_MARKS_H
#define MSOCK_CORE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__MARKS_WORD = 64 };

struct msock__marks {
    uint64_t *words; /* borrowed */
    size_t capacity; /* in counters: a power of two, at least 64 */
    size_t count;    /* marked */
};

/** Starts without marks in capacity / 64 words. */
void msock__marks_init(struct msock__marks *marks, uint64_t *words,
                       size_t capacity);

bool msock__marks_has(const struct msock__marks *marks, uint64_t counter);

/** Marks a counter; what is marked stays so. */
void msock__marks_add(struct msock__marks *marks, uint64_t counter);

/** Takes a mark away, if there is one. */
void msock__marks_remove(struct msock__marks *marks, uint64_t counter);

/** Returns the lowest marked counter of first..end-1 (at most `capacity` of
 *  them), `end` if there is none. */
uint64_t msock__marks_first(const struct msock__marks *marks, uint64_t first,
                            uint64_t end);

/** Goes on in other words, which take all marks of first..end-1 along; all
 *  marks lie there. */
void msock__marks_move(struct msock__marks *marks, uint64_t *words,
                       size_t capacity, uint64_t first, uint64_t end);

#endif
