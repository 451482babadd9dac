/* SPDX-License-Identifier: Apache-2.0 */
/* Queue of bundles: batches and large messages. */
#include "core/outbox.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

struct msock__bundle {
    struct msock__bundle *previous, *next;
    struct msock__place *places; /* of those that may be replaced */
    size_t size;
    size_t capacity;
    size_t piece_size; /* 0: a batch */
    uint32_t index;    /* of the next piece */
    uint32_t count;
    unsigned copies;
    bool is_signed;
    int confirm; /* 0: others may join it */
    uint8_t bytes[];
};

static size_t cost(const struct msock__bundle *bundle)
{
    return sizeof(*bundle) + bundle->capacity;
}

/* -- Places -- */

bool msock__place_taken(const struct msock__place *place)
{
    return place->bundle != NULL;
}

void msock__place_leave(struct msock__place *place)
{
    if (!place->bundle) {
        return;
    }
    *(place->previous ? &place->previous->next : &place->bundle->places) =
        place->next;
    if (place->next) {
        place->next->previous = place->previous;
    }
    *place = (struct msock__place){0};
}

static void enter(struct msock__place *place, struct msock__bundle *bundle,
                  size_t offset, size_t size)
{
    msock__place_leave(place);
    *place = (struct msock__place){bundle, offset, size, NULL, bundle->places};
    if (place->next) {
        place->next->previous = place;
    }
    bundle->places = place;
}

static void leave_all(struct msock__bundle *bundle)
{
    while (bundle->places) {
        msock__place_leave(bundle->places);
    }
}

/* -- Bundles -- */

/* Takes a bundle out of the queue. */
static void discard(struct msock__outbox *outbox, struct msock__bundle *bundle)
{
    *(bundle->previous ? &bundle->previous->next : &outbox->head) =
        bundle->next;
    *(bundle->next ? &bundle->next->previous : &outbox->tail) =
        bundle->previous;
    outbox->bytes -= cost(bundle);
    leave_all(bundle);
    free(bundle);
}

/* Puts a bundle behind another one, or behind nothing if that is NULL. */
static void insert(struct msock__outbox *outbox, struct msock__bundle *bundle,
                   struct msock__bundle *behind)
{
    struct msock__bundle **link = behind ? &behind->next : &outbox->head;
    bundle->previous = behind;
    bundle->next = *link;
    *link = bundle;
    *(bundle->next ? &bundle->next->previous : &outbox->tail) = bundle;
    outbox->bytes += cost(bundle);
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
        discard(outbox, outbox->head);
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

/* What a batch holds at most from now on. */
static size_t space_of(const struct msock__outbox *outbox,
                       const struct msock__bundle *batch)
{
    return batch->capacity < outbox->batch_space ? batch->capacity
                                                 : outbox->batch_space;
}

/* The batch that still takes messages, if `bound` bytes fit. */
static struct msock__bundle *open_batch(const struct msock__outbox *outbox,
                                        size_t bound, unsigned copies)
{
    struct msock__bundle *tail = outbox->tail;
    if (!tail || outbox->alone || outbox->closed || tail->confirm != 0 ||
        tail->piece_size > 0 || tail->copies != copies) {
        return NULL;
    }
    size_t space = space_of(outbox, tail);
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

/* Whether a message of `size` bytes fits the frame of the one at a place. */
static bool fits_there(const struct msock__outbox *outbox,
                       const struct msock__place *place, size_t size)
{
    const struct msock__bundle *bundle = place->bundle;
    size_t others = bundle->size - place->size;
    size_t space = space_of(outbox, bundle);
    return bundle->piece_size == 0 && others <= space && size <= space - others;
}

int msock__outbox_reserve_at(struct msock__outbox *outbox,
                             const struct msock__place *place, size_t bound,
                             uint8_t **room)
{
    const struct msock__bundle *old = place->bundle;
    assert(old && !outbox->alone);
    free(outbox->reserved);
    outbox->reserved = NULL;
    size_t wanted = sizeof(*old) + bound;
    size_t kept = outbox->bytes - (old->size == place->size ? cost(old) : 0);
    if (wanted < bound || wanted > outbox->bytes_max) {
        return MSOCK_ETOOBIG;
    }
    if (!fits_there(outbox, place, bound) &&
        wanted > outbox->bytes_max - kept) {
        return MSOCK_EAGAIN;
    }
    struct msock__bundle *bundle = malloc(wanted);
    if (!bundle) {
        return MSOCK_ENOMEM;
    }
    *bundle = (struct msock__bundle){
        .capacity = bound, .copies = old->copies, .is_signed = old->is_signed};
    outbox->reserved = bundle;
    *room = bundle->bytes;
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

/* Gives a new bundle its size, and cuts it if it is large. */
static void fill(const struct msock__outbox *outbox,
                 struct msock__bundle *bundle, size_t size)
{
    assert(size <= bundle->capacity);
    bundle->size = size;
    if (size > outbox->batch_space) {
        bundle->piece_size = outbox->piece_space;
        bundle->count = (uint32_t)((size - 1) / bundle->piece_size + 1);
    }
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
    outbox->reserved = NULL;
    outbox->closed = false;
    fill(outbox, bundle, size);
    insert(outbox, bundle, outbox->tail);
}

void msock__outbox_mark(struct msock__outbox *outbox,
                        struct msock__place *place, size_t size)
{
    struct msock__bundle *bundle = outbox->tail;
    assert(bundle && size <= bundle->size && bundle->index == 0);
    enter(place, bundle, bundle->size - size, size);
}

/* Makes `size` bytes of room for the message at a place, more or less. */
static void stretch(struct msock__place *place, size_t size)
{
    struct msock__bundle *bundle = place->bundle;
    size_t end = place->offset + place->size;
    memmove(bundle->bytes + place->offset + size, bundle->bytes + end,
            bundle->size - end);
    bundle->size = bundle->size - place->size + size;
    for (struct msock__place *one = bundle->places; one; one = one->next) {
        if (one->offset >= end) {
            one->offset = one->offset - place->size + size;
        }
    }
    place->size = size;
}

void msock__outbox_commit_at(struct msock__outbox *outbox,
                             struct msock__place *place, size_t size)
{
    struct msock__bundle *bundle = outbox->reserved;
    struct msock__bundle *old = place->bundle;
    assert(bundle && old && size > 0 && msock__outbox_fits(outbox, size));
    outbox->reserved = NULL;
    if (fits_there(outbox, place, size)) {
        stretch(place, size);
        memcpy(old->bytes + place->offset, bundle->bytes, size);
        free(bundle);
        return;
    }
    fill(outbox, bundle, size);
    insert(outbox, bundle, old);
    if (old->size == place->size) {
        discard(outbox, old);
    } else {
        stretch(place, 0);
    }
    enter(place, bundle, 0, size);
}

void msock__outbox_sign(struct msock__outbox *outbox)
{
    assert(outbox->tail);
    outbox->tail->is_signed = true;
}

void msock__outbox_close(struct msock__outbox *outbox)
{
    outbox->closed = true;
}

void msock__outbox_confirm(struct msock__outbox *outbox, int id)
{
    assert(outbox->tail && id != 0);
    outbox->tail->confirm = id;
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
                                       .is_signed = bundle->is_signed,
                                       .confirm = bundle->confirm};
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
        .confirm = bundle->index + 1 == bundle->count ? bundle->confirm : 0,
    };
    return true;
}

void msock__outbox_pop(struct msock__outbox *outbox)
{
    struct msock__bundle *bundle = outbox->head;
    assert(bundle);
    leave_all(bundle);
    if (bundle->piece_size > 0 && ++bundle->index < bundle->count) {
        return;
    }
    discard(outbox, bundle);
}

void msock__outbox_restart(struct msock__outbox *outbox)
{
    if (outbox->head) {
        outbox->head->index = 0;
    }
}
