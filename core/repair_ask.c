/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask for what is missing in a reliable stream. */
#include "core/repair.h"

#include "core/repair_state.h"

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t msock__repair_spread(const struct msock__repair_round *round)
{
    uint64_t most = round->nodes > MSOCK__REPAIR_MANY
                        ? MSOCK__REPAIR_SPREAD_MANY_US
                        : MSOCK__REPAIR_SPREAD_US;
    return msock__dice_below(round->dice, most + 1);
}

/* How long the answer to the latest of `tries` is waited for. */
static uint64_t again_us(unsigned tries)
{
    uint64_t wait_us = MSOCK__REPAIR_AGAIN_US;
    for (unsigned i = 1; i < tries && wait_us < MSOCK__REPAIR_AGAIN_MAX_US;
         i++) {
        wait_us *= 2;
    }
    return lower(wait_us, MSOCK__REPAIR_AGAIN_MAX_US);
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

/* A timer has run out. */
static void look_at(struct msock__repair *repair, uint64_t counter)
{
    struct msock__slot *slot = msock__reorder_slot(&repair->window, counter);
    msock__reorder_unset(&repair->window, counter);
    if (is_proved(repair, counter, slot->asked_us)) {
        slot->unproved = 0;
    }
    if (slot->unproved >= MSOCK__REPAIR_TRIES) {
        slot->lost = true;
    } else {
        msock__marks_add(&repair->window.asking, counter);
    }
}

/* What has left the history is not asked for any more: it is given up together
 * with all that did. */
static void forget_passed(struct msock__repair *repair)
{
    struct msock__reorder *window = &repair->window;
    uint64_t end = lower(window->end, repair->oldest);
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
    for (uint64_t first = msock__reorder_first(window);
         first > 0 && msock__reorder_slot(window, first)->due_us <= now_us;
         first = msock__reorder_first(window)) {
        look_at(repair, first);
    }
    forget_passed(repair);
}

static void count_try(struct msock__repair *repair, uint64_t counter,
                      uint64_t now_us, uint64_t extra_us)
{
    struct msock__slot *slot = msock__reorder_slot(&repair->window, counter);
    slot->asked_us = now_us;
    slot->unproved++;
    if (slot->tries < UINT8_MAX) {
        slot->tries++;
    }
    msock__reorder_set(&repair->window, counter,
                       now_us + again_us(slot->tries) + extra_us);
}

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
    uint64_t due_us = round->now_us + again_us(slot->tries) + extra_us;
    slot->heard++;
    msock__reorder_set(&repair->window, counter,
                       timed ? higher(slot->due_us, due_us) : due_us);
}

void msock__repair_heard(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         const struct msock__range *ranges, size_t count)
{
    const struct msock__reorder *window = &repair->window;
    if (window->missing == 0) {
        return;
    }
    uint64_t extra_us = msock__repair_spread(round);
    for (size_t i = 0; i < count; i++) {
        uint64_t counter = higher(ranges[i].first, window->next);
        while (counter <= ranges[i].last && counter < window->end) {
            put_off(repair, counter++, round, extra_us);
        }
    }
}

bool msock__repair_asks(const struct msock__repair *repair)
{
    return repair->window.asking.count > 0;
}

size_t msock__repair_nack(struct msock__repair *repair,
                          const struct msock__repair_round *round,
                          struct msock__range ranges[static MSOCK__NACK_MAX])
{
    struct msock__reorder *window = &repair->window;
    msock__repair_run(repair, round->now_us);
    if (!msock__repair_asks(repair)) {
        return 0;
    }
    uint64_t extra_us = msock__repair_spread(round);
    size_t count = 0;
    uint64_t counter = higher(window->next, repair->oldest);
    for (size_t i = 0; i < MSOCK__NACK_FRAMES; i++, counter++) {
        counter = msock__marks_first(&window->asking, counter, window->end);
        bool joins = count > 0 && ranges[count - 1].last + 1 == counter;
        if (counter >= window->end || (!joins && count == MSOCK__NACK_MAX)) {
            break;
        }
        if (!joins) {
            ranges[count++].first = counter;
        }
        ranges[count - 1].last = counter;
        count_try(repair, counter, round->now_us, extra_us);
    }
    return count;
}
