/* SPDX-License-Identifier: Apache-2.0 */
/* Order and gaps of one reliable stream. */
#include "core/repair.h"

#include "core/number.h"
#include "core/repair_state.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdlib.h>

/* -- The window -- */

/* Widens it up to `until` - 1; what is new there is missing. */
static void widen(struct msock__repair *repair,
                  const struct msock__repair_round *round, uint64_t until)
{
    struct msock__reorder *window = &repair->window;
    if (window->end >= until) {
        return;
    }
    uint64_t due_us = round->now_us + MSOCK__REPAIR_FIRST_US +
                      msock__repair_spread(repair, round);
    while (window->end < until && msock__reorder_extend(window)) {
        if (window->end > repair->oldest) {
            msock__reorder_set(window, window->end - 1, due_us);
        }
    }
}

/* Goes after what is missing, as far as there is room for it. */
static void track(struct msock__repair *repair,
                  const struct msock__repair_round *round)
{
    struct msock__reorder *window = &repair->window;
    uint64_t until =
        msock__least(repair->last + 1, window->next + MSOCK__REORDER_MAX);
    widen(repair, round,
          msock__least(until, window->end + msock__reorder_spare(window)));
}

/* Widens the window over a frame that came early. Fails if that would leave no
 * room for what is missing before it. */
static bool reach(struct msock__repair *repair,
                  const struct msock__repair_round *round, uint64_t counter)
{
    struct msock__reorder *window = &repair->window;
    if (counter < window->end) {
        return true;
    }
    if (counter - window->next >= MSOCK__REORDER_MAX ||
        counter - window->end >= msock__reorder_spare(window)) {
        return false;
    }
    widen(repair, round, counter + 1);
    return counter < window->end;
}

/* Moves `next` on by one that is not kept. */
static void pass(struct msock__repair *repair)
{
    struct msock__reorder *window = &repair->window;
    if (window->next == window->end) {
        msock__reorder_skip(window, window->next + 1);
    } else {
        struct msock__kept *kept = msock__reorder_shift(window);
        assert(!kept);
    }
}

static bool is_known(const struct msock__repair *repair, uint64_t counter)
{
    const struct msock__reorder *window = &repair->window;
    return counter < window->next ||
           (counter < window->end &&
            msock__reorder_slot(window, counter)->kept != NULL);
}

/* -- Giving up -- */

/* Whatever has left the history is on its way, or lost: 100 ms tell. */
static void watch_oldest(struct msock__repair *repair, uint64_t now_us)
{
    uint64_t from = msock__most(repair->window.next, repair->lost_below);
    if (repair->passed_us == UINT64_MAX && repair->oldest > from) {
        repair->passed = repair->oldest;
        repair->passed_us = now_us + MSOCK__REPAIR_PASSED_US;
    }
}

static bool next_is_lost(const struct msock__repair *repair)
{
    const struct msock__reorder *window = &repair->window;
    if (window->next == window->end) {
        return false;
    }
    const struct msock__slot *slot = msock__reorder_slot(window, window->next);
    return !slot->kept && (slot->lost || window->next < repair->lost_below);
}

/* Moves `next` behind what is given up, a whole hole at a time. */
static void pass_lost(struct msock__repair *repair)
{
    struct msock__reorder *window = &repair->window;
    while (next_is_lost(repair)) {
        pass(repair);
    }
    if (window->next == window->end && window->next < repair->lost_below) {
        msock__reorder_skip(window, repair->lost_below);
    }
}

/* -- Public -- */

int msock__repair_new(struct msock__repair **repair,
                      struct msock__repair_pool *pool, size_t bytes_max,
                      uint64_t next)
{
    struct msock__repair *made = calloc(1, sizeof(*made));
    if (!made) {
        return MSOCK_ENOMEM;
    }
    msock__reorder_init(&made->window, pool, bytes_max, next);
    made->reach = MSOCK__REORDER_MAX;
    made->last = next - 1;
    made->again_from = UINT64_MAX;
    made->passed_us = UINT64_MAX;
    made->sweep.due_us = UINT64_MAX;
    *repair = made;
    return 0;
}

void msock__repair_free(struct msock__repair *repair)
{
    if (repair) {
        msock__reorder_fini(&repair->window);
        free(repair);
    }
}

uint64_t msock__repair_next(const struct msock__repair *repair)
{
    return repair->window.next;
}

size_t msock__repair_room(const struct msock__repair *repair)
{
    const struct msock__reorder *window = &repair->window;
    size_t room =
        (size_t)(window->end - window->next) + msock__reorder_spare(window);
    return room < MSOCK__REORDER_MAX ? room : MSOCK__REORDER_MAX;
}

void msock__repair_reach(struct msock__repair *repair, uint64_t count,
                         uint64_t promised)
{
    assert(count > 0);
    repair->reach = count;
    if (promised != repair->promised) {
        repair->promised = promised;
        repair->known = repair->last;
    }
}

int msock__repair_add(struct msock__repair *repair,
                      const struct msock__repair_round *round, uint64_t counter,
                      uint8_t flags, const uint8_t *body, size_t size)
{
    assert(counter >= 1);
    repair->last = msock__most(repair->last, counter);
    msock__repair_again(repair, round, counter);
    if (is_known(repair, counter)) {
        return -MSOCK_DROP_DUPLICATE;
    }

    int result = -MSOCK_DROP_REORDER;
    if (counter == repair->window.next) {
        pass(repair);
        result = 1;
    } else if (reach(repair, round, counter)) {
        const struct msock__early frame = {
            .received_us = round->now_us,
            .body = body,
            .size = size,
            .flags = flags,
        };
        result = msock__reorder_keep(&repair->window, counter, &frame);
    }
    track(repair, round);
    return result;
}

void msock__repair_lose(struct msock__repair *repair,
                        const struct msock__repair_round *round,
                        uint64_t counter)
{
    assert(counter >= 1);
    if (is_known(repair, counter)) {
        return;
    }
    repair->last = msock__most(repair->last, counter);
    track(repair, round);
    if (counter < repair->window.end) {
        msock__reorder_unset(&repair->window, counter);
        msock__reorder_slot(&repair->window, counter)->lost = true;
    }
}

int msock__repair_pop(struct msock__repair *repair,
                      const struct msock__repair_round *round,
                      struct msock__ready *ready)
{
    struct msock__reorder *window = &repair->window;
    uint64_t first = window->next;
    struct msock__kept *kept = NULL;
    if (first < window->end && msock__reorder_slot(window, first)->kept) {
        kept = msock__reorder_shift(window);
    } else {
        pass_lost(repair);
    }
    if (window->next == first) {
        return 0;
    }
    *ready = (struct msock__ready){
        .kind = kept ? MSOCK__READY_FRAME : MSOCK__READY_LOSS,
        .range = {first, window->next - 1},
        .kept = kept,
    };
    track(repair, round);
    return 1;
}

void msock__repair_range(struct msock__repair *repair,
                         const struct msock__repair_round *round,
                         struct msock__range held)
{
    if (held.first < 1 || held.first > held.last + 1) {
        return;
    }
    repair->oldest = msock__most(repair->oldest, held.first);
    repair->last = msock__most(repair->last, held.last);
    if (held.last >= repair->told_last) {
        repair->told_last = held.last;
        repair->told_us = round->now_us;
    }
    watch_oldest(repair, round->now_us);
    track(repair, round);
}

void msock__repair_expire(struct msock__repair *repair,
                          const struct msock__repair_round *round)
{
    if (repair->passed_us <= round->now_us) {
        repair->lost_below = msock__most(repair->lost_below, repair->passed);
        repair->passed_us = UINT64_MAX;
        watch_oldest(repair, round->now_us);
    }
    msock__repair_run(repair, round->now_us);
    track(repair, round);
}

void msock__repair_end(struct msock__repair *repair)
{
    repair->lost_below = repair->last + 1;
}

uint64_t msock__repair_deadline(const struct msock__repair *repair)
{
    const struct msock__reorder *window = &repair->window;
    if (window->next > repair->last) {
        return UINT64_MAX;
    }
    uint64_t first = msock__reorder_first(window);
    uint64_t due_us =
        first > 0 ? msock__reorder_slot(window, first)->due_us : UINT64_MAX;
    return msock__least(msock__least(due_us, repair->passed_us),
                        repair->sweep.due_us);
}
