/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of a window's missing frames: a heap of counters, each of which knows
 * its place in it. */
#include "core/reorder.h"

#include <assert.h>

/* Of two that are due together the lower one goes first. */
static bool before(const struct msock__reorder *reorder, uint64_t a, uint64_t b)
{
    uint64_t due_a = msock__reorder_slot(reorder, a)->due_us;
    uint64_t due_b = msock__reorder_slot(reorder, b)->due_us;
    return due_a != due_b ? due_a < due_b : a < b;
}

static void put(struct msock__reorder *reorder, size_t index, uint64_t counter)
{
    reorder->heap[index] = counter;
    msock__reorder_slot(reorder, counter)->place = (uint32_t)index + 1;
}

/* Moves the hole at `index` up to where `counter` belongs, or stops. */
static size_t rise(struct msock__reorder *reorder, size_t index,
                   uint64_t counter)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!before(reorder, counter, reorder->heap[parent])) {
            break;
        }
        put(reorder, index, reorder->heap[parent]);
        index = parent;
    }
    return index;
}

static size_t sink(struct msock__reorder *reorder, size_t index,
                   uint64_t counter)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < reorder->heap_count &&
            before(reorder, reorder->heap[child + 1], reorder->heap[child])) {
            child++;
        }
        if (child >= reorder->heap_count ||
            before(reorder, counter, reorder->heap[child])) {
            return index;
        }
        put(reorder, index, reorder->heap[child]);
        index = child;
    }
}

/* Puts a counter where it belongs, beginning at the hole at `index`. */
static void settle(struct msock__reorder *reorder, size_t index,
                   uint64_t counter)
{
    index = rise(reorder, index, counter);
    index = sink(reorder, index, counter);
    put(reorder, index, counter);
}

static void leave_heap(struct msock__reorder *reorder, struct msock__slot *slot)
{
    size_t index = slot->place - 1;
    uint64_t last = reorder->heap[--reorder->heap_count];
    slot->place = 0;
    if (index < reorder->heap_count) {
        settle(reorder, index, last);
    }
}

void msock__reorder_set(struct msock__reorder *reorder, uint64_t counter,
                        uint64_t due_us)
{
    struct msock__slot *slot = msock__reorder_slot(reorder, counter);
    assert(counter < reorder->end && !slot->kept);
    msock__reorder_unset(reorder, counter);
    assert(reorder->heap_count < reorder->capacity);
    slot->due_us = due_us;
    settle(reorder, reorder->heap_count++, counter);
}

void msock__reorder_unset(struct msock__reorder *reorder, uint64_t counter)
{
    struct msock__slot *slot = msock__reorder_slot(reorder, counter);
    assert(counter < reorder->end);
    msock__marks_remove(&reorder->asking, counter);
    if (slot->place > 0) {
        leave_heap(reorder, slot);
    }
}

uint64_t msock__reorder_first(const struct msock__reorder *reorder)
{
    return reorder->heap_count > 0 ? reorder->heap[0] : 0;
}
