/* SPDX-License-Identifier: Apache-2.0 */
/* Ring of sent frames by counter. */
#include "core/history.h"

#include "core/marks.h"
#include "core/number.h"

#include <multisock/error.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = MSOCK__MARKS_WORD, ASK_MAX = MSOCK__NACK_FRAMES };

struct frame {
    uint64_t added_us;
    uint64_t again_us; /* not sent again before */
    size_t size;
    uint8_t bytes[];
};

struct msock__history {
    struct msock__history_limits limits;
    uint64_t oldest; /* held: oldest..last */
    uint64_t last;
    struct frame **frames; /* by counter, `capacity` of them */
    size_t capacity;
    size_t bytes;
    struct msock__marks wanted; /* to be sent again */
    uint64_t lowest;            /* no frame below it is wanted */
    uint64_t hold;              /* from here on somebody waits for them */
    uint64_t room_us;           /* see msock__history_room_deadline() */
};

/* A ring is never more than twice as large as what it holds once needed, so a
 * frame pays for two places and their marks. */
static size_t cost(size_t size)
{
    return sizeof(struct frame) + size + 2 * sizeof(struct frame *) + 1;
}

static bool is_empty(const struct msock__history *history)
{
    return history->oldest > history->last;
}

static struct frame **place(const struct msock__history *history,
                            uint64_t counter)
{
    assert(counter >= history->oldest);
    return &history->frames[counter & (history->capacity - 1)];
}

static void drop_oldest(struct msock__history *history)
{
    assert(!is_empty(history));
    struct frame *frame = *place(history, history->oldest);
    msock__marks_remove(&history->wanted, history->oldest);
    assert(history->bytes >= cost(frame->size));
    history->bytes -= cost(frame->size);
    history->oldest++;
    free(frame);
}

/* Who holds nothing keeps no memory. */
static void drop_ring_if_empty(struct msock__history *history)
{
    if (is_empty(history)) {
        assert(history->bytes == 0 && history->wanted.count == 0);
        free(history->wanted.words);
        free(history->frames);
        history->wanted = (struct msock__marks){0};
        history->frames = NULL;
        history->capacity = 0;
    }
}

/* Makes place for one more. */
static int reserve(struct msock__history *history)
{
    uint64_t count = history->last + 1 - history->oldest;
    if (count < history->capacity) {
        return 0;
    }
    size_t capacity =
        history->capacity > 0 ? 2 * history->capacity : CAPACITY_MIN;
    struct frame **frames = calloc(capacity, sizeof(struct frame *));
    uint64_t *words =
        calloc(capacity / MSOCK__MARKS_WORD, sizeof(*history->wanted.words));
    if (!frames || !words) {
        free(frames);
        free(words);
        return MSOCK_ENOMEM;
    }
    for (uint64_t i = history->oldest; i <= history->last; i++) {
        frames[i & (capacity - 1)] = *place(history, i);
    }
    uint64_t *old_words = history->wanted.words;
    msock__marks_move(&history->wanted, words, capacity, history->oldest,
                      history->last + 1);
    free(old_words);
    free(history->frames);
    history->frames = frames;
    history->capacity = capacity;
    return 0;
}

/* From when on a frame may go for a new one, as far as is known now. */
static uint64_t may_leave_us(const struct msock__history *history,
                             uint64_t counter, const struct frame *frame)
{
    uint64_t age_us = history->limits.age_us;
    return frame->added_us +
           (counter >= history->hold
                ? age_us
                : msock__least(age_us, MSOCK__HISTORY_HOLD_US));
}

int msock__history_new(struct msock__history **history,
                       const struct msock__history_limits *limits)
{
    assert(limits->bytes_max > 0 && limits->age_us > 0);
    struct msock__history *made = calloc(1, sizeof(*made));
    if (!made) {
        return MSOCK_ENOMEM;
    }
    made->limits = *limits;
    made->oldest = 1;
    made->lowest = 1;
    made->room_us = UINT64_MAX;
    made->hold = UINT64_MAX;
    *history = made;
    return 0;
}

void msock__history_free(struct msock__history *history)
{
    if (history) {
        msock__history_reset(history);
        free(history);
    }
}

void msock__history_reset(struct msock__history *history)
{
    while (!is_empty(history)) {
        drop_oldest(history);
    }
    drop_ring_if_empty(history);
    history->oldest = 1;
    history->last = 0;
    history->lowest = 1;
    history->hold = UINT64_MAX;
}

bool msock__history_room(struct msock__history *history, uint64_t now_us,
                         size_t size)
{
    size_t max = history->limits.bytes_max;
    size_t bytes = history->bytes;
    history->room_us = UINT64_MAX;
    if (cost(size) > max) {
        return false;
    }
    for (uint64_t i = history->oldest; bytes > max - cost(size); i++) {
        const struct frame *frame = *place(history, i);
        uint64_t leaves_us = may_leave_us(history, i, frame);
        if (leaves_us > now_us) {
            history->room_us = leaves_us;
            return false;
        }
        bytes -= cost(frame->size);
    }
    return true;
}

uint64_t msock__history_room_deadline(const struct msock__history *history)
{
    return history->room_us;
}

int msock__history_add(struct msock__history *history, uint64_t now_us,
                       uint64_t counter, const uint8_t *bytes, size_t size)
{
    assert(counter == history->last + 1);
    assert(cost(size) <= history->limits.bytes_max);
    struct frame *frame = malloc(sizeof(*frame) + size);
    if (!frame || reserve(history) < 0) {
        free(frame);
        return MSOCK_ENOMEM;
    }
    *frame = (struct frame){.added_us = now_us, .size = size};
    memcpy(frame->bytes, bytes, size);

    while (history->bytes > history->limits.bytes_max - cost(size)) {
        drop_oldest(history);
    }
    history->bytes += cost(size);
    history->last = counter;
    *place(history, counter) = frame;
    return 0;
}

static bool too_old(const struct msock__history *history, uint64_t now_us)
{
    const struct frame *oldest = *place(history, history->oldest);
    return oldest->added_us + history->limits.age_us <= now_us;
}

void msock__history_expire(struct msock__history *history, uint64_t now_us)
{
    while (!is_empty(history) && too_old(history, now_us)) {
        drop_oldest(history);
    }
    drop_ring_if_empty(history);
}

struct msock__range msock__history_range(const struct msock__history *history)
{
    return (struct msock__range){history->oldest, history->last};
}

void msock__history_hold(struct msock__history *history, uint64_t counter)
{
    history->hold = counter;
}

size_t msock__history_ask(struct msock__history *history, uint64_t now_us,
                          struct msock__range asked)
{
    assert(asked.first <= asked.last);
    uint64_t first = msock__most(asked.first, history->oldest);
    uint64_t last = msock__least(asked.last, history->last);
    size_t before = history->wanted.count;
    for (uint64_t i = first; i <= last && i - first < ASK_MAX; i++) {
        const struct frame *frame = *place(history, i);
        if (now_us >= frame->again_us) {
            msock__marks_add(&history->wanted, i);
        }
    }
    history->lowest = msock__least(history->lowest, first);
    return history->wanted.count - before;
}

bool msock__history_repair(struct msock__history *history,
                           const uint8_t **bytes, size_t *size,
                           uint64_t *counter)
{
    if (history->wanted.count == 0) {
        return false;
    }
    uint64_t first = msock__most(history->lowest, history->oldest);
    first = msock__marks_first(&history->wanted, first, history->last + 1);
    assert(first <= history->last);
    const struct frame *frame = *place(history, first);
    history->lowest = first;
    *bytes = frame->bytes;
    *size = frame->size;
    *counter = first;
    return true;
}

void msock__history_resent(struct msock__history *history, uint64_t now_us,
                           uint64_t counter)
{
    assert(counter >= history->oldest && counter <= history->last);
    msock__marks_remove(&history->wanted, counter);
    (*place(history, counter))->again_us = now_us + MSOCK__HISTORY_RESENT_US;
}

uint64_t msock__history_deadline(const struct msock__history *history)
{
    if (is_empty(history)) {
        return UINT64_MAX;
    }
    if (history->wanted.count > 0) {
        return 0;
    }
    uint64_t age_us = history->limits.age_us;
    const struct frame *oldest = *place(history, history->oldest);
    return oldest->added_us + age_us + age_us / 8;
}

size_t msock__history_bytes(const struct msock__history *history)
{
    return history->bytes;
}
