/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that wait for their session's admission. */
#include "core/held.h"

#include "codec/frame.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static_assert(MSOCK__BEST_EFFORT == 0 && MSOCK__RELIABLE == 1,
              "streams index the shelves");

/* Where a counter is, or belongs. */
static size_t place_of(const struct msock__shelf *shelf, uint64_t counter)
{
    size_t begin = 0;
    size_t end = shelf->count;
    /* Most frames arrive in order. */
    if (end > 0 && shelf->frames[end - 1]->counter < counter) {
        return end;
    }
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (shelf->frames[middle]->counter < counter) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

static bool reserve(struct msock__hold *hold, struct msock__shelf *shelf)
{
    if (shelf->count < shelf->capacity) {
        return true;
    }
    size_t more = shelf->capacity == 0 ? 8 : shelf->capacity;
    size_t capacity = shelf->capacity + more;
    struct msock__held **frames =
        realloc(shelf->frames, capacity * sizeof(struct msock__held *));
    if (frames == NULL) {
        return false;
    }
    shelf->frames = frames;
    shelf->capacity = capacity;
    hold->bytes += more * sizeof(struct msock__held *);
    return true;
}

/* Without frames it takes no memory: whoever sheds enough gets below any
 * bound. */
static void release(struct msock__hold *hold, struct msock__shelf *shelf)
{
    hold->bytes -= shelf->capacity * sizeof(struct msock__held *);
    free(shelf->frames);
    shelf->frames = NULL;
    shelf->capacity = 0;
}

size_t msock__held_cost(size_t size)
{
    return sizeof(struct msock__held) + size + 1;
}

int msock__hold_add(struct msock__hold *hold, struct msock__held *frame)
{
    assert(frame->stream <= MSOCK__RELIABLE);
    struct msock__shelf *shelf = &hold->streams[frame->stream];
    size_t place = place_of(shelf, frame->counter);
    if (place < shelf->count &&
        shelf->frames[place]->counter == frame->counter) {
        return MSOCK_DROP_DUPLICATE;
    }
    if (!reserve(hold, shelf)) {
        return MSOCK_DROP_MEMORY;
    }

    memmove(&shelf->frames[place + 1], &shelf->frames[place],
            (shelf->count - place) * sizeof(struct msock__held *));
    shelf->frames[place] = frame;
    shelf->count++;
    shelf->bytes += msock__held_cost(frame->size);
    hold->count++;
    hold->bytes += msock__held_cost(frame->size);
    return 0;
}

struct msock__held *msock__hold_shed(struct msock__hold *hold)
{
    assert(hold->count > 0);
    bool reliable = hold->streams[1].bytes > hold->streams[0].bytes;
    struct msock__shelf *shelf = &hold->streams[reliable ? 1 : 0];
    struct msock__held *lowest = shelf->frames[0];
    size_t cost = msock__held_cost(lowest->size);
    assert(shelf->bytes >= cost && hold->bytes >= cost);

    memmove(&shelf->frames[0], &shelf->frames[1],
            (shelf->count - 1) * sizeof(struct msock__held *));
    shelf->count--;
    shelf->bytes -= cost;
    hold->count--;
    hold->bytes -= cost;
    if (shelf->count == 0) {
        release(hold, shelf);
    }
    return lowest;
}

struct msock__held *msock__hold_take(struct msock__hold *hold)
{
    struct msock__held *first = NULL;
    struct msock__held **link = &first;
    for (size_t stream = 0; stream < 2; stream++) {
        struct msock__shelf *shelf = &hold->streams[stream];
        for (size_t i = 0; i < shelf->count; i++) {
            *link = shelf->frames[i];
            link = &shelf->frames[i]->next;
        }
        free(shelf->frames);
    }
    *link = NULL;
    *hold = (struct msock__hold){.count = 0};
    return first;
}

size_t msock__hold_clear(struct msock__hold *hold)
{
    size_t count = hold->count;
    struct msock__held *frame = msock__hold_take(hold);
    while (frame != NULL) {
        struct msock__held *next = frame->next;
        free(frame);
        frame = next;
    }
    return count;
}
