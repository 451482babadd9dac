/* SPDX-License-Identifier: Apache-2.0 */
/* Replay window over one stream of a session. */
#include "core/window.h"

#include <multisock/counter.h>

#include <assert.h>
#include <string.h>

enum { WORD_BITS = 64 };

static_assert(MSOCK__WINDOW_SIZE % WORD_BITS == 0, "whole words");

static uint64_t *word_of(struct msock__window *window, uint64_t counter)
{
    return &window->bits[counter % MSOCK__WINDOW_SIZE / WORD_BITS];
}

static uint64_t mask_of(uint64_t counter)
{
    return UINT64_C(1) << counter % WORD_BITS;
}

/* Clears the bits of `count` counters from `first` on, a word at a time. */
static void clear(struct msock__window *window, uint64_t first, uint64_t count)
{
    while (count > 0) {
        uint64_t shift = first % WORD_BITS;
        uint64_t bits = WORD_BITS - shift < count ? WORD_BITS - shift : count;
        uint64_t ones = UINT64_MAX >> (WORD_BITS - bits);
        *word_of(window, first) &= ~(ones << shift);
        first += bits;
        count -= bits;
    }
}

static void advance(struct msock__window *window, uint64_t top)
{
    uint64_t jump = top - window->top;
    if (jump >= MSOCK__WINDOW_SIZE) {
        memset(window->bits, 0, sizeof(window->bits));
    } else {
        clear(window, window->top + 1, jump);
    }
    window->top = top;
}

void msock__window_init(struct msock__window *window, uint64_t floor)
{
    assert(floor >= 1);
    window->top = floor - 1;
    window->first = 0;
    window->marked = 0;
    memset(window->bits, 0xff, sizeof(window->bits));
}

int msock__window_check(const struct msock__window *window, uint64_t counter)
{
    if (counter > window->top) {
        return 0;
    }
    if (window->top - counter >= MSOCK__WINDOW_SIZE) {
        return MSOCK_DROP_OLD;
    }
    uint64_t word = window->bits[counter % MSOCK__WINDOW_SIZE / WORD_BITS];
    return (word & mask_of(counter)) != 0 ? MSOCK_DROP_DUPLICATE : 0;
}

void msock__window_mark(struct msock__window *window, uint64_t counter)
{
    assert(msock__window_check(window, counter) == 0);
    if (counter > window->top) {
        advance(window, counter);
    }
    *word_of(window, counter) |= mask_of(counter);
    if (window->first == 0 || counter < window->first) {
        window->first = counter;
    }
    window->marked++;
}

uint64_t msock__window_missed(const struct msock__window *window)
{
    return window->marked > 0 ? window->top - window->first + 1 - window->marked
                              : 0;
}
