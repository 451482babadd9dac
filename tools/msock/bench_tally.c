/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers of one sender came. */
#include "tools/msock/bench_tally.h"

#include <string.h>

static uint64_t *word_of(struct bench_tally *tally, uint64_t number)
{
    return &tally->window[number % BENCH_WINDOW / 64];
}

static uint64_t bit_of(uint64_t number)
{
    return UINT64_C(1) << number % 64;
}

/* Forgets what the window had in the places of the numbers that now come into
 * it, up to `number`. */
static void advance(struct bench_tally *tally, uint64_t number)
{
    if (number - tally->highest >= BENCH_WINDOW) {
        memset(tally->window, 0, sizeof(tally->window));
    } else {
        for (uint64_t i = tally->highest + 1; i <= number; i++) {
            *word_of(tally, i) &= ~bit_of(i);
        }
    }
    tally->highest = number;
}

void bench_tally_begin(struct bench_tally *tally)
{
    if (tally->received == 0) {
        tally->begun = true;
        tally->first = 0;
    }
}

/* Takes one that is not above the highest. */
static bool add_late(struct bench_tally *tally, uint64_t number)
{
    if (tally->highest - number >= BENCH_WINDOW) {
        tally->stale++;
        return false;
    }
    if (*word_of(tally, number) & bit_of(number)) {
        tally->repeated++;
        return false;
    }
    tally->reordered++;
    tally->below += number < tally->first;
    return true;
}

bool bench_tally_add(struct bench_tally *tally, uint64_t number)
{
    if (tally->received == 0) {
        tally->first = tally->begun ? 0 : number;
        tally->highest = number;
    } else if (number > tally->highest) {
        advance(tally, number);
    } else if (!add_late(tally, number)) {
        return false;
    }
    *word_of(tally, number) |= bit_of(number);
    tally->received++;
    return true;
}

void bench_tally_end(struct bench_tally *tally, uint64_t sent)
{
    if (tally->received == 0 && !tally->begun) {
        tally->first = sent;
    }
    tally->sent = sent;
    tally->ended = true;
}

/* How many there were, as far as is known. */
static uint64_t known(const struct bench_tally *tally)
{
    uint64_t seen = tally->received > 0 ? tally->highest + 1 : 0;

    return tally->ended && tally->sent > seen ? tally->sent : seen;
}

uint64_t bench_tally_early(const struct bench_tally *tally)
{
    return tally->first - tally->below;
}

uint64_t bench_tally_lost(const struct bench_tally *tally)
{
    uint64_t all = known(tally) - bench_tally_early(tally);

    return all - tally->received;
}

bool bench_tally_complete(const struct bench_tally *tally)
{
    return tally->ended && bench_tally_early(tally) == 0 &&
           bench_tally_lost(tally) == 0;
}
