/* SPDX-License-Identifier: Apache-2.0 */
/* Best-effort frames that are sent more than once. */
#include "core/copies.h"

#include <multisock/error.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct copy {
    struct msock__heap_node node; /* first */
    unsigned times;               /* left */
    size_t size;
    uint8_t bytes[];
};

static_assert(offsetof(struct copy, node) == 0, "a node is its copy");

static struct copy *copy_of(struct msock__heap_node *node)
{
    return (struct copy *)node;
}

static size_t memory_of(size_t size)
{
    return sizeof(struct copy) + size;
}

/* One spacing from now, give or take a quarter. */
static uint64_t next_us(const struct msock__copies *copies, uint64_t now_us,
                        struct msock__dice *dice)
{
    uint64_t quarter = copies->spacing_us / 4;
    return now_us + copies->spacing_us - quarter +
           msock__dice_below(dice, 2 * quarter + 1);
}

void msock__copies_init(struct msock__copies *copies, uint64_t spacing_us,
                        size_t bytes_max)
{
    assert(spacing_us > 0);
    *copies = (struct msock__copies){.spacing_us = spacing_us,
                                     .bytes_max = bytes_max};
}

static void drop_first(struct msock__copies *copies)
{
    struct copy *copy = copy_of(msock__heap_first(&copies->heap));
    msock__heap_pop(&copies->heap);
    assert(copies->bytes >= memory_of(copy->size));
    copies->bytes -= memory_of(copy->size);
    free(copy);
}

void msock__copies_clear(struct msock__copies *copies)
{
    while (copies->heap.count > 0) {
        drop_first(copies);
    }
}

void msock__copies_fini(struct msock__copies *copies)
{
    msock__copies_clear(copies);
    msock__heap_fini(&copies->heap);
}

int msock__copies_add(struct msock__copies *copies, uint64_t now_us,
                      struct msock__dice *dice, const uint8_t *bytes,
                      size_t size, unsigned times)
{
    assert(times >= 1);
    size_t room = copies->bytes_max - copies->bytes;
    if (size > room || memory_of(size) > room) {
        return MSOCK_EAGAIN;
    }
    struct copy *copy = malloc(memory_of(size));
    if (!copy || !msock__heap_add(&copies->heap, &copy->node,
                                  next_us(copies, now_us, dice))) {
        free(copy);
        return MSOCK_ENOMEM;
    }
    copy->times = times;
    copy->size = size;
    memcpy(copy->bytes, bytes, size);
    copies->bytes += memory_of(size);
    return 0;
}

/* Compared this way round, no due time overflows. */
static bool too_late(const struct msock__heap_node *node, uint64_t now_us)
{
    return now_us > node->due_us &&
           now_us - node->due_us > MSOCK__COPIES_LATE_US;
}

bool msock__copies_next(struct msock__copies *copies, uint64_t now_us,
                        const uint8_t **bytes, size_t *size)
{
    struct msock__heap_node *first = msock__heap_first(&copies->heap);
    while (first && too_late(first, now_us)) {
        drop_first(copies);
        first = msock__heap_first(&copies->heap);
    }
    if (!first || first->due_us > now_us) {
        return false;
    }
    const struct copy *copy = copy_of(first);
    *bytes = copy->bytes;
    *size = copy->size;
    return true;
}

void msock__copies_sent(struct msock__copies *copies, uint64_t now_us,
                        struct msock__dice *dice)
{
    struct copy *copy = copy_of(msock__heap_first(&copies->heap));
    assert(copy->node.due_us <= now_us);
    assert(copy->times >= 1);
    copy->times--;
    if (copy->times == 0) {
        drop_first(copies);
    } else {
        msock__heap_again(&copies->heap, next_us(copies, now_us, dice));
    }
}

uint64_t msock__copies_deadline(const struct msock__copies *copies)
{
    return msock__heap_deadline(&copies->heap);
}
