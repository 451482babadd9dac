/* SPDX-License-Identifier: Apache-2.0 */
/* Ring of bits by counter. */
#include "core/marks.h"

#include <assert.h>
#include <string.h>

static uint64_t *word_of(const struct msock__marks *marks, uint64_t counter)
{
    return &marks->words[(counter & (marks->capacity - 1)) / MSOCK__MARKS_WORD];
}

static uint64_t bit_of(uint64_t counter)
{
    return UINT64_C(1) << counter % MSOCK__MARKS_WORD;
}

void msock__marks_init(struct msock__marks *marks, uint64_t *words,
                       size_t capacity)
{
    assert(capacity >= MSOCK__MARKS_WORD && (capacity & (capacity - 1)) == 0);
    *marks = (struct msock__marks){.words = words, .capacity = capacity};
    memset(words, 0, capacity / MSOCK__MARKS_WORD * sizeof(*words));
}

bool msock__marks_has(const struct msock__marks *marks, uint64_t counter)
{
    return (*word_of(marks, counter) & bit_of(counter)) != 0;
}

void msock__marks_add(struct msock__marks *marks, uint64_t counter)
{
    if (!msock__marks_has(marks, counter)) {
        *word_of(marks, counter) |= bit_of(counter);
        marks->count++;
    }
}

void msock__marks_remove(struct msock__marks *marks, uint64_t counter)
{
    if (msock__marks_has(marks, counter)) {
        *word_of(marks, counter) &= ~bit_of(counter);
        marks->count--;
    }
}

uint64_t msock__marks_first(const struct msock__marks *marks, uint64_t first,
                            uint64_t end)
{
    assert(first >= end || end - first <= marks->capacity);
    uint64_t counter = marks->count > 0 ? first : end;
    while (counter < end) {
        uint64_t ahead = *word_of(marks, counter) & ~(bit_of(counter) - 1);
        if (ahead != 0) {
            counter +=
                (uint64_t)__builtin_ctzll(ahead) - counter % MSOCK__MARKS_WORD;
            return counter < end ? counter : end;
        }
        counter += MSOCK__MARKS_WORD - counter % MSOCK__MARKS_WORD;
    }
    return end;
}

void msock__marks_move(struct msock__marks *marks, uint64_t *words,
                       size_t capacity, uint64_t first, uint64_t end)
{
    struct msock__marks moved;
    msock__marks_init(&moved, words, capacity);
    for (uint64_t counter = msock__marks_first(marks, first, end);
         counter < end; counter = msock__marks_first(marks, counter + 1, end)) {
        msock__marks_add(&moved, counter);
    }
    assert(moved.count == marks->count);
    *marks = moved;
}
