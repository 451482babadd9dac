/* SPDX-License-Identifier: Apache-2.0 */
/* The application's timers: a binary heap by due time. */
#include "core/timer.h"

#include "codec/error.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static const uint64_t interval_max_ms = UINT64_C(1) << 40;

struct timer {
    uint64_t due_us;
    uint64_t order; /* of starting; decides ties */
    uint64_t period_us;
    msock_timer_callback *callback;
    void *user;
    int id;
};

struct msock__timers {
    struct timer *heap;
    size_t count;
    size_t capacity;
    uint64_t started; /* order of the newest */
    uint64_t ran_us;  /* time of the last run: no timer starts before it */
    int last_id;
};

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

/* Moves the hole at `index` up to where `timer` belongs, and puts it there. */
static void rise(struct msock__timers *timers, size_t index, struct timer timer)
{
    while (index > 0 && before(&timer, &timers->heap[(index - 1) / 2])) {
        timers->heap[index] = timers->heap[(index - 1) / 2];
        index = (index - 1) / 2;
    }
    timers->heap[index] = timer;
}

/* The same downwards. */
static void sink(struct msock__timers *timers, size_t index, struct timer timer)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < timers->count &&
            before(&timers->heap[child + 1], &timers->heap[child])) {
            child++;
        }
        if (child >= timers->count || before(&timer, &timers->heap[child])) {
            break;
        }
        timers->heap[index] = timers->heap[child];
        index = child;
    }
    timers->heap[index] = timer;
}

static void remove_at(struct msock__timers *timers, size_t index)
{
    assert(index < timers->count);
    struct timer last = timers->heap[--timers->count];
    if (index == timers->count) {
        return;
    }
    if (index > 0 && before(&last, &timers->heap[(index - 1) / 2])) {
        rise(timers, index, last);
    } else {
        sink(timers, index, last);
    }
}

/* Index of a timer, or `count`. */
static size_t find(const struct msock__timers *timers, int id)
{
    size_t index = 0;
    while (index < timers->count && timers->heap[index].id != id) {
        index++;
    }
    return index;
}

static int reserve(struct msock__timers *timers)
{
    if (timers->count < timers->capacity) {
        return 0;
    }
    size_t capacity = timers->capacity == 0 ? 8 : 2 * timers->capacity;
    struct timer *heap = realloc(timers->heap, capacity * sizeof(*heap));
    if (heap == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a timer");
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

static int next_id(struct msock__timers *timers)
{
    do {
        timers->last_id = timers->last_id == INT_MAX ? 1 : timers->last_id + 1;
    } while (find(timers, timers->last_id) < timers->count);
    return timers->last_id;
}

int msock__timers_new(struct msock__timers **timers)
{
    struct msock__timers *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    *timers = made;
    return 0;
}

void msock__timers_free(struct msock__timers *timers)
{
    if (timers == NULL) {
        return;
    }
    free(timers->heap);
    free(timers);
}

int msock__timers_start(struct msock__timers *timers, uint64_t now_us,
                        uint64_t delay_ms, uint64_t period_ms,
                        msock_timer_callback *callback, void *user)
{
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "a timer needs a callback");
    }
    if (delay_ms > interval_max_ms || period_ms > interval_max_ms) {
        return msock__fail(MSOCK_EINVAL,
                           "a timer's delay or period is over 2^40 ms");
    }
    if (timers->count == MSOCK__TIMERS_MAX) {
        return msock__fail(MSOCK_ELIMIT, "%d timers run already: stop some",
                           MSOCK__TIMERS_MAX);
    }
    int result = reserve(timers);
    if (result < 0) {
        return result;
    }

    uint64_t start_us = now_us > timers->ran_us ? now_us : timers->ran_us;
    struct timer timer = {.due_us = start_us + delay_ms * 1000,
                          .order = ++timers->started,
                          .period_us = period_ms * 1000,
                          .callback = callback,
                          .user = user,
                          .id = next_id(timers)};
    rise(timers, timers->count++, timer);
    return timer.id;
}

int msock__timers_stop(struct msock__timers *timers, int id)
{
    size_t index = find(timers, id);
    if (index == timers->count) {
        return msock__fail(MSOCK_ENOENT, "no timer %d: it has run or never was",
                           id);
    }
    remove_at(timers, index);
    return 0;
}

void msock__timers_clear(struct msock__timers *timers)
{
    timers->count = 0;
}

/* Takes the first timer off the heap; a periodic one goes back in at its next
 * due time that lies ahead, before its callback, which may stop it. */
static struct timer take(struct msock__timers *timers, uint64_t now_us)
{
    struct timer first = timers->heap[0];
    if (first.period_us == 0) {
        remove_at(timers, 0);
        return first;
    }

    struct timer again = first;
    uint64_t missed = (now_us - first.due_us) / first.period_us;
    again.due_us += (missed + 1) * first.period_us;
    sink(timers, 0, again);
    return first;
}

void msock__timers_run(struct msock__timers *timers, uint64_t now_us,
                       msock_channel *channel)
{
    /* Timers started by callbacks are due no earlier than now and come behind
     * all others that are, so the first of them ends the run. */
    uint64_t newest = timers->started;
    if (now_us > timers->ran_us) {
        timers->ran_us = now_us;
    }
    while (timers->count > 0 && timers->heap[0].due_us <= now_us &&
           timers->heap[0].order <= newest) {
        struct timer timer = take(timers, now_us);
        timer.callback(channel, timer.user);
    }
}

uint64_t msock__timers_deadline(const struct msock__timers *timers)
{
    return timers->count > 0 ? timers->heap[0].due_us : UINT64_MAX;
}
