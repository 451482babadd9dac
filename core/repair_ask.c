/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask for what is missing in a reliable stream. */
#include "core/repair.h"

#include "core/number.h"
#include "core/repair_state.h"

#include <assert.h>

/* A NACK must reach the others while they still wait: the more listen, and the
 * longer it takes, the wider they spread. */
uint64_t msock__repair_spread(const struct msock__repair *repair,
                              const struct msock__repair_round *round)
{
    uint64_t listeners = round->nodes > 1 ? round->nodes - 1 : 1;
    uint64_t others = msock__least(listeners - 1, MSOCK__REPAIR_OTHERS);
    uint64_t by_number = msock__least(listeners * MSOCK__REPAIR_SPREAD_US,
                                      MSOCK__REPAIR_SPREAD_MAX_US);
    uint64_t by_delay =
        2 * repair->response.smoothed_us * others / MSOCK__REPAIR_OTHERS;
    return msock__dice_below(round->dice, msock__most(by_number, by_delay) + 1);
}

static uint64_t wait_us(const struct msock__repair *repair,
                        const struct msock__slot *slot)
{
    return msock__response_wait(&repair->response, slot->unproved);
}

/* -- What comes back -- */

/* Measures how long the first repair of a NACK takes. What was asked for
 * before, by whomever, would not tell which time it answers. */
static void measure(struct msock__repair *repair, uint64_t now_us,
                    uint64_t counter)
{
    const struct msock__reorder *window = &repair->window;
    if (repair->probe_us == 0) {
        return;
    }
    const struct msock__slot *slot = msock__reorder_slot(window, counter);
    if (slot->kept == NULL && slot->probe &&
        slot->mine_us == repair->probe_us) {
        msock__response_note(&repair->response, now_us - repair->probe_us);
        repair->probe_us = 0;
    }
}

/* Whether a counter was asked for and did not come since; it did now. */
static bool was_awaited(const struct msock__reorder *window, uint64_t counter)
{
    if (counter < window->next || counter >= window->end) {
        return false;
    }
    struct msock__slot *slot = msock__reorder_slot(window, counter);
    bool awaited = slot->awaited;
    slot->awaited = false;
    return awaited;
}

void msock__repair_again(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         uint64_t counter)
{
    struct msock__sweep *sweep = &repair->sweep;
    uint64_t now_us = round->now_us;
    if (!was_awaited(&repair->window, counter)) {
        return;
    }
    measure(repair, now_us, counter);
    repair->again_from = counter;
    repair->again_us = now_us;
    if (counter == repair->window.next) {
        return; /* nothing is missing below it */
    }
    if (sweep->due_us == UINT64_MAX) {
        sweep->below = 0;
        sweep->began_us = now_us;
        sweep->extra_us = msock__repair_spread(repair, round);
    }
    if (counter >= sweep->below) {
        sweep->below = counter;
        sweep->at_us = now_us;
    }
    sweep->due_us = msock__least(now_us + MSOCK__REPAIR_PAUSE_US,
                                 sweep->began_us + MSOCK__REPAIR_SWEEP_US) +
                    sweep->extra_us;
}

/* Whether the sender was known to hold it since it was last asked for. */
static bool is_proved(const struct msock__repair *repair, uint64_t counter,
                      uint64_t asked_us)
{
    bool told = counter >= repair->oldest && counter <= repair->told_last;
    bool again = counter >= repair->again_from;
    return (told && repair->told_us >= asked_us) ||
           (again && repair->again_us >= asked_us);
}

static void note_proof(const struct msock__repair *repair, uint64_t counter,
                       struct msock__slot *slot)
{
    if (is_proved(repair, counter, slot->asked_us)) {
        slot->unproved = 0;
    }
}

/* -- Timers -- */

/* Until when it need not be asked for again: lower ones still come, and its
 * turn is after them. Others' repairs must not put it off for ever. */
static uint64_t comes_by_us(const struct msock__repair *repair,
                            uint64_t counter, const struct msock__slot *slot)
{
    bool flows = slot->asked_us > 0 && repair->again_from < counter &&
                 repair->again_us > slot->asked_us;
    return flows ? msock__least(repair->again_us +
                                    msock__response_wait(&repair->response, 1),
                                slot->asked_us + MSOCK__RESPONSE_MOST_US)
                 : 0;
}

/* A timer has run out. */
static void look_at(struct msock__repair *repair, uint64_t counter,
                    uint64_t now_us)
{
    struct msock__slot *slot = msock__reorder_slot(&repair->window, counter);
    uint64_t comes_us = comes_by_us(repair, counter, slot);
    if (comes_us > now_us) {
        msock__reorder_set(&repair->window, counter, comes_us);
        return;
    }
    msock__reorder_unset(&repair->window, counter);
    note_proof(repair, counter, slot);
    if (slot->unproved >= MSOCK__REPAIR_TRIES) {
        slot->lost = true;
    } else {
        msock__marks_add(&repair->window.asking, counter);
    }
}

/* Whether its repair was lost: it was asked for so long ago that the sender
 * knew it when it sent a higher one again. */
static bool was_passed(const struct msock__repair *repair,
                       const struct msock__slot *slot)
{
    return slot->place > 0 && slot->asked_us > 0 &&
           slot->unproved < MSOCK__REPAIR_TRIES &&
           slot->asked_us + msock__response_typical(&repair->response) <=
               repair->sweep.at_us;
}

static void sweep(struct msock__repair *repair)
{
    struct msock__reorder *window = &repair->window;
    uint64_t end = msock__least(window->end, repair->sweep.below);
    for (uint64_t counter = window->next; counter < end; counter++) {
        struct msock__slot *slot = msock__reorder_slot(window, counter);
        if (was_passed(repair, slot)) {
            slot->in_vain = 0; /* it was answered, if to no avail */
            msock__reorder_unset(window, counter);
            msock__marks_add(&window->asking, counter);
        }
    }
    repair->sweep.due_us = UINT64_MAX;
}

/* What has left the history is not asked for any more: it is given up together
 * with all that did. */
static void forget_passed(struct msock__repair *repair)
{
    struct msock__reorder *window = &repair->window;
    uint64_t end = msock__least(window->end, repair->oldest);
    for (uint64_t counter = window->next; counter < end; counter++) {
        counter = msock__marks_first(&window->asking, counter, end);
        if (counter < end) {
            msock__marks_remove(&window->asking, counter);
        }
    }
}

void msock__repair_run(struct msock__repair *repair, uint64_t now_us)
{
    struct msock__reorder *window = &repair->window;
    if (repair->sweep.due_us <= now_us) {
        sweep(repair);
    }
    for (uint64_t first = msock__reorder_first(window);
         first > 0 && msock__reorder_slot(window, first)->due_us <= now_us;
         first = msock__reorder_first(window)) {
        look_at(repair, first, now_us);
    }
    forget_passed(repair);
}

/* -- Others ask -- */

/* Puts the timer of one off, unless that happened twice. */
static void put_off(struct msock__repair *repair, uint64_t counter,
                    const struct msock__repair_round *round, uint64_t extra_us)
{
    struct msock__slot *slot = msock__reorder_slot(&repair->window, counter);
    bool timed = slot->place > 0;
    bool asking = msock__marks_has(&repair->window.asking, counter);
    if ((!timed && !asking) || slot->heard >= MSOCK__REPAIR_HEARD_MAX) {
        return;
    }
    note_proof(repair, counter, slot);
    slot->asked_us = round->now_us;
    slot->heard++;
    uint64_t due_us = round->now_us + wait_us(repair, slot) + extra_us;
    msock__reorder_set(&repair->window, counter,
                       timed ? msock__most(slot->due_us, due_us) : due_us);
}

void msock__repair_heard(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         const struct msock__range *ranges, size_t count)
{
    const struct msock__reorder *window = &repair->window;
    if (window->missing == 0) {
        return;
    }
    uint64_t extra_us = msock__repair_spread(repair, round);
    for (size_t i = 0; i < count; i++) {
        uint64_t counter = msock__most(ranges[i].first, window->next);
        while (counter <= ranges[i].last && counter < window->end) {
            msock__reorder_slot(window, counter)->awaited = true;
            put_off(repair, counter++, round, extra_us);
        }
    }
}

/* -- Asking -- */

static uint64_t asking_end(const struct msock__repair *repair)
{
    const struct msock__reorder *window = &repair->window;
    return msock__least(window->end, window->next + repair->reach);
}

bool msock__repair_asks(const struct msock__repair *repair)
{
    const struct msock__reorder *window = &repair->window;
    uint64_t end = asking_end(repair);
    return window->asking.count > 0 &&
           (end == window->end ||
            msock__marks_first(&window->asking, window->next, end) < end);
}

/* Whether a NACK that leaves now names it: it is due, or has waited enough and
 * only the spread is left, or would be asked for soon for the first time. */
static bool goes_along(const struct msock__repair *repair, uint64_t counter,
                       uint64_t now_us)
{
    const struct msock__reorder *window = &repair->window;
    const struct msock__slot *slot = msock__reorder_slot(window, counter);
    if (slot->place == 0) {
        return msock__marks_has(&window->asking, counter);
    }
    return slot->asked_us == 0 ||
           (slot->unproved < MSOCK__REPAIR_TRIES &&
            slot->asked_us + wait_us(repair, slot) <= now_us &&
            comes_by_us(repair, counter, slot) <= now_us);
}

size_t msock__repair_nack(struct msock__repair *repair,
                          const struct msock__repair_round *round,
                          struct msock__range ranges[static MSOCK__NACK_MAX])
{
    const struct msock__reorder *window = &repair->window;
    msock__repair_run(repair, round->now_us);
    size_t count = 0;
    size_t frames = 0;
    uint64_t counter = msock__most(window->next, repair->oldest);
    uint64_t end = msock__repair_asks(repair) ? asking_end(repair) : counter;
    for (; counter < end && frames < MSOCK__NACK_FRAMES; counter++) {
        if (!goes_along(repair, counter, round->now_us)) {
            continue;
        }
        bool joins = count > 0 && ranges[count - 1].last + 1 == counter;
        if (!joins && count == MSOCK__NACK_MAX) {
            break;
        }
        if (!joins) {
            ranges[count++].first = counter;
        }
        ranges[count - 1].last = counter;
        frames++;
    }
    return count;
}

/* Returns whether it came too thick, most likely. */
static bool count_try(struct msock__repair *repair, uint64_t counter,
                      uint64_t now_us, uint64_t extra_us)
{
    struct msock__slot *slot = msock__reorder_slot(&repair->window, counter);
    bool promised = counter > repair->known && counter <= repair->promised;
    bool thick = slot->mine_us > 0 || promised;
    note_proof(repair, counter, slot);
    msock__response_missed(&repair->response, slot->in_vain);
    slot->probe = slot->asked_us == 0;
    slot->asked_us = now_us;
    slot->mine_us = now_us;
    slot->awaited = true;
    slot->heard = 0;
    slot->unproved++;
    if (slot->in_vain < UINT8_MAX) {
        slot->in_vain++;
    }
    msock__reorder_set(&repair->window, counter,
                       now_us + wait_us(repair, slot) + extra_us);
    return thick;
}

size_t msock__repair_asked(struct msock__repair *repair,
                           const struct msock__repair_round *round,
                           const struct msock__range *ranges, size_t count)
{
    uint64_t extra_us = msock__repair_spread(repair, round);
    size_t thick = 0;
    for (size_t i = 0; i < count; i++) {
        assert(ranges[i].first >= repair->window.next);
        assert(ranges[i].last < repair->window.end);
        for (uint64_t j = ranges[i].first; j <= ranges[i].last; j++) {
            thick += count_try(repair, j, round->now_us, extra_us);
        }
    }
    repair->probe_us = round->now_us;
    return thick;
}
