/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap by due time. */
#include "transport/sim_heap.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_before(const struct msock__sim_entry *a,
                      const struct msock__sim_entry *b)
{
    if (a->due_us != b->due_us) {
        return a->due_us < b->due_us;
    }
    return a->order < b->order;
}

static void put(struct msock__sim_heap *heap, struct msock__sim_entry *entry,
                size_t place)
{
    heap->entries[place] = entry;
    entry->place = place;
}

static void sift_up(struct msock__sim_heap *heap,
                    struct msock__sim_entry *entry)
{
    size_t place = entry->place;
    while (place > 0) {
        struct msock__sim_entry *parent = heap->entries[(place - 1) / 2];
        if (!is_before(entry, parent)) {
            break;
        }
        size_t above = parent->place;
        put(heap, parent, place);
        place = above;
    }
    put(heap, entry, place);
}

static void sift_down(struct msock__sim_heap *heap,
                      struct msock__sim_entry *entry)
{
    size_t place = entry->place;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count &&
            is_before(heap->entries[child + 1], heap->entries[child])) {
            child++;
        }
        if (!is_before(heap->entries[child], entry)) {
            break;
        }
        put(heap, heap->entries[child], place);
        place = child;
    }
    put(heap, entry, place);
}

void msock__sim_heap_fini(struct msock__sim_heap *heap)
{
    free(heap->entries);
    *heap = (struct msock__sim_heap){0};
}

static int grow(struct msock__sim_heap *heap)
{
    size_t capacity = heap->capacity == 0 ? 16 : 2 * heap->capacity;
    struct msock__sim_entry **entries =
        realloc(heap->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        return MSOCK_ENOMEM;
    }
    heap->entries = entries;
    heap->capacity = capacity;
    return 0;
}

int msock__sim_heap_add(struct msock__sim_heap *heap,
                        struct msock__sim_entry *entry)
{
    if (heap->count == heap->capacity && grow(heap) < 0) {
        return MSOCK_ENOMEM;
    }
    put(heap, entry, heap->count);
    heap->count++;
    sift_up(heap, entry);
    return 0;
}

void msock__sim_heap_remove(struct msock__sim_heap *heap,
                            struct msock__sim_entry *entry)
{
    assert(heap->count > 0 && heap->entries[entry->place] == entry);

    heap->count--;
    struct msock__sim_entry *last = heap->entries[heap->count];
    if (last != entry) {
        put(heap, last, entry->place);
        sift_up(heap, last);
        sift_down(heap, last);
    }
}

void msock__sim_heap_move(struct msock__sim_heap *heap,
                          struct msock__sim_entry *entry, uint64_t due_us)
{
    assert(heap->count > 0 && heap->entries[entry->place] == entry);

    entry->due_us = due_us;
    sift_up(heap, entry);
    sift_down(heap, entry);
}

struct msock__sim_entry *
msock__sim_heap_first(const struct msock__sim_heap *heap)
{
    return heap->count == 0 ? NULL : heap->entries[0];
}

uint64_t msock__sim_heap_due(const struct msock__sim_heap *heap)
{
    return heap->count == 0 ? MSOCK__SIM_NEVER : heap->entries[0]->due_us;
}
