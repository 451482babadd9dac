/* SPDX-License-Identifier: Apache-2.0 */
/* Window of early and missing frames: memory and places. */
#include "core/reorder.h"

#include <multisock/counter.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TYPICAL_FIRST = 1500, TYPICAL_SHARE = 16 };

/* A grown ring is one block: places, heap, marks. */
struct ring {
    struct msock__slot *slots;
    uint64_t *heap;
    uint64_t *words;
};

static size_t ring_size(size_t capacity)
{
    return capacity * (sizeof(struct msock__slot) + sizeof(uint64_t)) +
           capacity / MSOCK__MARKS_WORD * sizeof(uint64_t);
}

static bool is_grown(const struct msock__reorder *reorder)
{
    return reorder->slots != reorder->first_slots;
}

static size_t free_bytes(const struct msock__reorder *reorder)
{
    const struct msock__repair_pool *pool = reorder->pool;
    size_t mine = reorder->bytes_max - reorder->bytes;
    size_t all = pool->bytes_max - pool->bytes;
    return mine < all ? mine : all;
}

static void charge(struct msock__reorder *reorder, size_t size)
{
    assert(size <= free_bytes(reorder));
    reorder->bytes += size;
    reorder->pool->bytes += size;
}

static void discharge(struct msock__reorder *reorder, size_t size)
{
    assert(size <= reorder->bytes && size <= reorder->pool->bytes);
    reorder->bytes -= size;
    reorder->pool->bytes -= size;
}

static void use_first_ring(struct msock__reorder *reorder)
{
    reorder->slots = reorder->first_slots;
    reorder->heap = reorder->first_heap;
    reorder->capacity = MSOCK__REORDER_FIRST;
    msock__marks_init(&reorder->asking, reorder->first_words,
                      MSOCK__MARKS_WORD);
}

static void drop_ring(struct msock__reorder *reorder)
{
    assert(reorder->heap_count == 0);
    if (is_grown(reorder)) {
        discharge(reorder, ring_size(reorder->capacity));
        free(reorder->slots);
    }
    use_first_ring(reorder);
}

static bool make_ring(size_t capacity, struct ring *ring)
{
    uint8_t *block = malloc(ring_size(capacity));
    if (!block) {
        return false;
    }
    size_t heap_at = capacity * sizeof(struct msock__slot);
    ring->slots = (void *)block;
    ring->heap = (void *)(block + heap_at);
    ring->words = ring->heap + capacity;
    return true;
}

/* Doubles the ring, at least to a word of marks. */
static bool grow(struct msock__reorder *reorder)
{
    size_t old = reorder->capacity;
    size_t capacity = old < MSOCK__MARKS_WORD ? MSOCK__MARKS_WORD : 2 * old;
    struct ring ring;
    if (capacity > MSOCK__REORDER_MAX ||
        ring_size(capacity) > free_bytes(reorder) ||
        !make_ring(capacity, &ring)) {
        return false;
    }
    charge(reorder, ring_size(capacity));
    for (uint64_t i = reorder->next; i < reorder->end; i++) {
        ring.slots[i & (capacity - 1)] = *msock__reorder_slot(reorder, i);
    }
    memcpy(ring.heap, reorder->heap, reorder->heap_count * sizeof(uint64_t));
    msock__marks_move(&reorder->asking, ring.words, capacity, reorder->next,
                      reorder->end);
    if (is_grown(reorder)) {
        discharge(reorder, ring_size(old));
        free(reorder->slots);
    }
    reorder->slots = ring.slots;
    reorder->heap = ring.heap;
    reorder->capacity = capacity;
    return true;
}

static size_t cost(size_t size)
{
    return sizeof(struct msock__kept) + size + 1;
}

void msock__reorder_init(struct msock__reorder *reorder,
                         struct msock__repair_pool *pool, size_t bytes_max,
                         uint64_t next)
{
    assert(pool->bytes <= pool->bytes_max && next >= 1);
    *reorder = (struct msock__reorder){
        .pool = pool,
        .bytes_max = bytes_max,
        .typical = TYPICAL_FIRST,
        .next = next,
        .end = next,
    };
    use_first_ring(reorder);
}

void msock__reorder_fini(struct msock__reorder *reorder)
{
    while (reorder->next < reorder->end) {
        free(msock__reorder_shift(reorder));
    }
    assert(reorder->bytes == 0 && !is_grown(reorder));
}

struct msock__slot *msock__reorder_slot(const struct msock__reorder *reorder,
                                        uint64_t counter)
{
    assert(counter >= reorder->next);
    return &reorder->slots[counter & (reorder->capacity - 1)];
}

size_t msock__reorder_spare(const struct msock__reorder *reorder)
{
    size_t all = free_bytes(reorder) / reorder->typical + 1;
    return all > reorder->missing ? all - reorder->missing : 0;
}

bool msock__reorder_extend(struct msock__reorder *reorder)
{
    uint64_t width = reorder->end - reorder->next;
    assert(width <= reorder->capacity);
    if (width == reorder->capacity && !grow(reorder)) {
        return false;
    }
    *msock__reorder_slot(reorder, reorder->end) = (struct msock__slot){0};
    reorder->end++;
    reorder->missing++;
    return true;
}

/* Follows larger frames at once, smaller ones slowly. */
static void note_size(struct msock__reorder *reorder, size_t size)
{
    size_t typical = reorder->typical;
    reorder->typical =
        size > typical ? size : typical - (typical - size) / TYPICAL_SHARE;
}

int msock__reorder_keep(struct msock__reorder *reorder, uint64_t counter,
                        const struct msock__early *frame)
{
    struct msock__slot *slot = msock__reorder_slot(reorder, counter);
    size_t size = frame->size;
    assert(counter < reorder->end && !slot->kept);
    note_size(reorder, cost(size));
    if (cost(size) > free_bytes(reorder)) {
        return -MSOCK_DROP_REORDER;
    }
    struct msock__kept *kept = malloc(cost(size));
    if (!kept) {
        return -MSOCK_DROP_MEMORY;
    }
    charge(reorder, cost(size));
    *kept = (struct msock__kept){
        .received_us = frame->received_us,
        .size = size,
        .flags = frame->flags,
    };
    memcpy(kept->bytes, frame->body, size);
    msock__reorder_unset(reorder, counter);
    slot->kept = kept;
    slot->lost = false;
    assert(reorder->missing > 0);
    reorder->missing--;
    return 0;
}

struct msock__kept *msock__reorder_shift(struct msock__reorder *reorder)
{
    assert(reorder->next < reorder->end);
    struct msock__kept *kept =
        msock__reorder_slot(reorder, reorder->next)->kept;
    if (kept) {
        discharge(reorder, cost(kept->size));
    } else {
        msock__reorder_unset(reorder, reorder->next);
        reorder->missing--;
    }
    reorder->next++;
    if (reorder->next == reorder->end) {
        drop_ring(reorder);
    }
    return kept;
}

void msock__reorder_skip(struct msock__reorder *reorder, uint64_t next)
{
    assert(next >= reorder->end && reorder->next == reorder->end);
    reorder->next = next;
    reorder->end = next;
}
