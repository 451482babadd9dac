/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap by due time. */
#include "core/heap.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 8 };

static bool before(const struct msock__heap_node *a,
                   const struct msock__heap_node *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void put(struct msock__heap *heap, size_t index,
                struct msock__heap_node *node)
{
    heap->nodes[index] = node;
    node->index = index;
}

/* Moves the hole at `index` up to where `node` belongs, and puts it there. */
static void rise(struct msock__heap *heap, size_t index,
                 struct msock__heap_node *node)
{
    while (index > 0 && before(node, heap->nodes[(index - 1) / 2])) {
        put(heap, index, heap->nodes[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(heap, index, node);
}

/* The same downwards. */
static void sink(struct msock__heap *heap, size_t index,
                 struct msock__heap_node *node)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < heap->count &&
            before(heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (child >= heap->count || before(node, heap->nodes[child])) {
            break;
        }
        put(heap, index, heap->nodes[child]);
        index = child;
    }
    put(heap, index, node);
}

/* Puts `node` at the hole at `index`, or where it belongs instead. */
static void settle(struct msock__heap *heap, size_t index,
                   struct msock__heap_node *node)
{
    if (index > 0 && before(node, heap->nodes[(index - 1) / 2])) {
        rise(heap, index, node);
    } else {
        sink(heap, index, node);
    }
}

void msock__heap_fini(struct msock__heap *heap)
{
    free(heap->nodes);
    *heap = (struct msock__heap){0};
}

bool msock__heap_reserve(struct msock__heap *heap, size_t count)
{
    if (count <= heap->capacity) {
        return true;
    }
    size_t capacity = heap->capacity == 0 ? FIRST_CAPACITY : 2 * heap->capacity;
    capacity = capacity < count ? count : capacity;
    struct msock__heap_node **nodes =
        realloc(heap->nodes, capacity * sizeof(struct msock__heap_node *));
    if (!nodes) {
        return false;
    }
    heap->nodes = nodes;
    heap->capacity = capacity;
    return true;
}

bool msock__heap_add(struct msock__heap *heap, struct msock__heap_node *node,
                     uint64_t due_us)
{
    if (!msock__heap_reserve(heap, heap->count + 1)) {
        return false;
    }
    node->due_us = due_us;
    node->order = ++heap->arrived;
    rise(heap, heap->count++, node);
    return true;
}

struct msock__heap_node *msock__heap_first(const struct msock__heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}

void msock__heap_pop(struct msock__heap *heap)
{
    assert(heap->count > 0);
    struct msock__heap_node *last = heap->nodes[--heap->count];
    if (heap->count > 0) {
        sink(heap, 0, last);
    }
}

void msock__heap_again(struct msock__heap *heap, uint64_t due_us)
{
    assert(heap->count > 0);
    struct msock__heap_node *node = heap->nodes[0];
    assert(due_us >= node->due_us);
    node->due_us = due_us;
    node->order = ++heap->arrived;
    sink(heap, 0, node);
}

void msock__heap_remove(struct msock__heap *heap, struct msock__heap_node *node)
{
    assert(node->index < heap->count && heap->nodes[node->index] == node);
    struct msock__heap_node *last = heap->nodes[--heap->count];
    if (last != node) {
        settle(heap, node->index, last);
    }
}

void msock__heap_move(struct msock__heap *heap, struct msock__heap_node *node,
                      uint64_t due_us)
{
    assert(node->index < heap->count && heap->nodes[node->index] == node);
    node->due_us = due_us;
    node->order = ++heap->arrived;
    settle(heap, node->index, node);
}

size_t msock__heap_sieve(struct msock__heap *heap,
                         bool (*leaves)(struct msock__heap_node *node,
                                        void *user),
                         void *user)
{
    size_t kept = 0;
    for (size_t i = 0; i < heap->count; i++) {
        struct msock__heap_node *node = heap->nodes[i];
        if (!leaves(node, user)) {
            put(heap, kept++, node);
        }
    }
    size_t left = heap->count - kept;
    heap->count = kept;
    for (size_t i = kept / 2; i > 0; i--) {
        sink(heap, i - 1, heap->nodes[i - 1]);
    }
    return left;
}

uint64_t msock__heap_deadline(const struct msock__heap *heap)
{
    return heap->count > 0 ? heap->nodes[0]->due_us : UINT64_MAX;
}
