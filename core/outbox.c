/* SPDX-License-Identifier: Apache-2.0 */
/* Queue of bundles: batches and large messages. */
#include "core/outbox.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>

struct msock__bundle {
    struct msock__bundle *next;
    size_t size;
    size_t capacity;
    size_t piece_size; /* 0: a batch */
    uint32_t index;    /* of the next piece */
    uint32_t count;
    unsigned copies;
    bool is_signed;
    uint8_t bytes[];
};

static size_t cost(const struct msock__bundle *bundle)
{
    return sizeof(*bundle) + bundle->capacity;
}

void msock__outbox_init(struct msock__outbox *outbox, size_t bytes_max,
                        size_t pieces_max, bool alone)
{
    assert(pieces_max <= UINT32_MAX);
    *outbox = (struct msock__outbox){
        .bytes_max = bytes_max, .pieces_max = pieces_max, .alone = alone};
}

void msock__outbox_fini(struct msock__outbox *outbox)
{
    while (outbox->head) {
        struct msock__bundle *bundle = outbox->head;
        outbox->head = bundle->next;
        free(bundle);
    }
    free(outbox->reserved);
    *outbox = (struct msock__outbox){0};
}

void msock__outbox_space(struct msock__outbox *outbox, size_t batch_space,
                         size_t piece_space)
{
    assert(batch_space > 0 && piece_space > 0);
    outbox->batch_space = batch_space;
    outbox->piece_space = piece_space;
}

/* The batch that still takes messages, if `bound` bytes fit. */
static struct msock__bundle *open_batch(const struct msock__outbox *outbox,
                                        size_t bound, unsigned copies)
{
    struct msock__bundle *tail = outbox->tail;
    if (!tail || outbox->alone || tail->piece_size > 0 ||
        tail->copies != copies) {
        return NULL;
    }
    size_t space = tail->capacity < outbox->batch_space ? tail->capacity
                                                        : outbox->batch_space;
    return tail->size <= space && bound <= space - tail->size ? tail : NULL;
}

/* What a new bundle for `bound` bytes holds. */
static size_t capacity_for(const struct msock__outbox *outbox, size_t bound)
{
    return !outbox->alone && bound < outbox->batch_space ? outbox->batch_space
                                                         : bound;
}

int msock__outbox_reserve(struct msock__outbox *outbox, size_t bound,
                          unsigned copies, uint8_t **room)
{
    assert(outbox->batch_space > 0);
    free(outbox->reserved);
    outbox->reserved = NULL;
    struct msock__bundle *batch = open_batch(outbox, bound, copies);
    if (batch) {
        *room = batch->bytes + batch->size;
        return 0;
    }

    size_t capacity = capacity_for(outbox, bound);
    size_t wanted = sizeof(*batch) + capacity;
    if (wanted < capacity || wanted > outbox->bytes_max) {
        return MSOCK_ETOOBIG;
    }
    if (wanted > outbox->bytes_max - outbox->bytes) {
        return MSOCK_EAGAIN;
    }
    batch = malloc(wanted);
    if (!batch) {
        return MSOCK_ENOMEM;
    }
    *batch = (struct msock__bundle){.capacity = capacity, .copies = copies};
    outbox->reserved = batch;
    *room = batch->bytes;
    return 0;
}

bool msock__outbox_takes(const struct msock__outbox *outbox, size_t size,
                         unsigned copies)
{
    size_t wanted = sizeof(struct msock__bundle) + capacity_for(outbox, size);
    return open_batch(outbox, size, copies) ||
           wanted <= outbox->bytes_max - outbox->bytes;
}

size_t msock__outbox_largest(const struct msock__outbox *outbox)
{
    size_t queued = outbox->bytes_max - sizeof(struct msock__bundle);
    size_t sent = outbox->alone ? outbox->batch_space
                                : outbox->piece_space * outbox->pieces_max;
    return queued < sent ? queued : sent;
}

bool msock__outbox_fits(const struct msock__outbox *outbox, size_t size)
{
    return size <= outbox->batch_space ||
           (!outbox->alone &&
            (size - 1) / outbox->piece_space < outbox->pieces_max);
}

void msock__outbox_commit(struct msock__outbox *outbox, size_t size)
{
    assert((size > 0 || outbox->alone) && msock__outbox_fits(outbox, size));
    struct msock__bundle *bundle = outbox->reserved;
    if (!bundle) {
        outbox->tail->size += size;
        assert(outbox->tail->size <= outbox->tail->capacity);
        return;
    }
    assert(size <= bundle->capacity);
    outbox->reserved = NULL;
    bundle->size = size;
    if (size > outbox->batch_space) {
        bundle->piece_size = outbox->piece_space;
        bundle->count = (uint32_t)((size - 1) / bundle->piece_size + 1);
    }
    if (outbox->tail) {
        outbox->tail->next = bundle;
    } else {
        outbox->head = bundle;
    }
    outbox->tail = bundle;
    outbox->bytes += cost(bundle);
}

void msock__outbox_sign(struct msock__outbox *outbox)
{
    assert(outbox->tail);
    outbox->tail->is_signed = true;
}

bool msock__outbox_peek(const struct msock__outbox *outbox,
                        struct msock__chunk *chunk)
{
    const struct msock__bundle *bundle = outbox->head;
    if (!bundle) {
        return false;
    }
    if (bundle->piece_size == 0) {
        *chunk = (struct msock__chunk){.bytes = bundle->bytes,
                                       .size = bundle->size,
                                       .copies = bundle->copies,
                                       .is_signed = bundle->is_signed};
        return true;
    }
    size_t offset = (size_t)bundle->index * bundle->piece_size;
    size_t left = bundle->size - offset;
    *chunk = (struct msock__chunk){
        .bytes = bundle->bytes + offset,
        .size = left < bundle->piece_size ? left : bundle->piece_size,
        .index = bundle->index,
        .count = bundle->count,
        .copies = bundle->copies,
        .is_signed = bundle->is_signed,
    };
    return true;
}

void msock__outbox_pop(struct msock__outbox *outbox)
{
    struct msock__bundle *bundle = outbox->head;
    assert(bundle);
    if (bundle->piece_size > 0 && ++bundle->index < bundle->count) {
        return;
    }
    outbox->head = bundle->next;
    if (!outbox->head) {
        outbox->tail = NULL;
    }
    outbox->bytes -= cost(bundle);
    free(bundle);
}

void msock__outbox_restart(struct msock__outbox *outbox)
{
    if (outbox->head) {
        outbox->head->index = 0;
    }
}
