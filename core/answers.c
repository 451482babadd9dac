/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that wait for an answer. */
#include "core/answers.h"

#include "core/number.h"
#include "core/rate.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdlib.h>

struct entry {
    struct msock__floor floor;
    uint64_t order;  /* of additions, while it waits */
    uint64_t due_us; /* while it waits */
    uint64_t answered_us[MSOCK__ANSWERS_NONCE_MAX]; /* a ring */
    uint32_t answered;                              /* how often; its head */
    bool waiting;
    bool admitted;
};

struct msock__answers {
    struct entry entries[MSOCK__ANSWERS_MAX];
    size_t count;
    uint64_t added;       /* gives each its order */
    uint64_t due_us;      /* of strangers, rates aside; UINT64_MAX: none */
    uint64_t admitted_us; /* the same of admitted askers */
    size_t strangers;     /* that wait */
    struct msock__rate stranger_rate;
    struct msock__rate admitted_rate; /* kept for them */
    struct msock__rate byte_rate;
};

/* -- Entries -- */

static struct entry *find(struct msock__answers *answers, uint64_t nonce)
{
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->entries[i].floor.nonce == nonce) {
            return &answers->entries[i];
        }
    }
    return NULL;
}

static uint64_t last_answered(const struct entry *entry)
{
    assert(entry->answered > 0);
    return entry->answered_us[(entry->answered - 1) % MSOCK__ANSWERS_NONCE_MAX];
}

/* A new entry, or the one answered longest ago of those that do not wait: its
 * limit is forgotten early, that of frames still holds. */
static struct entry *make(struct msock__answers *answers)
{
    struct entry *oldest = NULL;
    if (answers->count < MSOCK__ANSWERS_MAX) {
        return &answers->entries[answers->count++];
    }
    for (size_t i = 0; i < answers->count; i++) {
        struct entry *entry = &answers->entries[i];
        if (!entry->waiting &&
            (oldest == NULL || last_answered(entry) < last_answered(oldest))) {
            oldest = entry;
        }
    }
    return oldest;
}

static bool used_up(const struct entry *entry, uint64_t now_us)
{
    size_t oldest = entry->answered % MSOCK__ANSWERS_NONCE_MAX;
    return entry->answered >= MSOCK__ANSWERS_NONCE_MAX &&
           now_us - entry->answered_us[oldest] < MSOCK__ANSWERS_SECOND_US;
}

/* -- When -- */

static uint64_t frame_due(const struct msock__rate *rate)
{
    return msock__rate_due(rate, MSOCK__RATE_FRAMES_AHEAD_US);
}

/* When a frame may leave that answers an admitted asker. */
static uint64_t admitted_rate_due(const struct msock__answers *answers)
{
    uint64_t frame_us = msock__least(frame_due(&answers->admitted_rate),
                                     frame_due(&answers->stranger_rate));
    return msock__most(frame_us, msock__rate_due(&answers->byte_rate,
                                                 MSOCK__RATE_BYTES_AHEAD_US));
}

/* When one may that does not: half of the bytes are left for the others. */
static uint64_t stranger_rate_due(const struct msock__answers *answers)
{
    return msock__most(
        frame_due(&answers->stranger_rate),
        msock__rate_due(&answers->byte_rate, MSOCK__RATE_BYTES_AHEAD_US / 2));
}

static void note_due(struct msock__answers *answers, const struct entry *entry)
{
    uint64_t *due_us =
        entry->admitted ? &answers->admitted_us : &answers->due_us;
    *due_us = msock__least(*due_us, entry->due_us);
    answers->strangers += entry->admitted ? 0 : 1;
}

/* Finds out again who waits: after what is rare. */
static void refresh(struct msock__answers *answers)
{
    answers->due_us = answers->admitted_us = UINT64_MAX;
    answers->strangers = 0;
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->entries[i].waiting) {
            note_due(answers, &answers->entries[i]);
        }
    }
}

static uint64_t admitted_due(const struct msock__answers *answers)
{
    uint64_t due_us = answers->admitted_us;
    return due_us == UINT64_MAX
               ? due_us
               : msock__most(due_us, admitted_rate_due(answers));
}

static uint64_t stranger_due(const struct msock__answers *answers)
{
    uint64_t due_us = answers->due_us;
    return due_us == UINT64_MAX
               ? due_us
               : msock__most(due_us, stranger_rate_due(answers));
}

/* Takes the right to send a frame.  Returns whether there is one. */
static bool spend(struct msock__answers *answers, uint64_t now_us)
{
    bool admitted = admitted_due(answers) <= now_us;
    if (!admitted && stranger_due(answers) > now_us) {
        return false;
    }
    bool kept = admitted && frame_due(&answers->admitted_rate) <= now_us;
    msock__rate_take(kept ? &answers->admitted_rate : &answers->stranger_rate,
                     now_us, MSOCK__RATE_FRAME_US);
    return true;
}

/* -- Choosing -- */

static int compare_urgency(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a;
    const struct entry *right = *(struct entry *const *)b;
    if (left->admitted != right->admitted) {
        return left->admitted ? -1 : 1;
    }
    return left->order < right->order ? -1 : 1;
}

static int compare_floors(const void *a, const void *b)
{
    const struct msock__floor *left = a;
    const struct msock__floor *right = b;
    if (left->best_effort != right->best_effort) {
        return left->best_effort < right->best_effort ? -1 : 1;
    }
    if (left->reliable != right->reliable) {
        return left->reliable < right->reliable ? -1 : 1;
    }
    return 0;
}

static void mark_answered(struct entry *entry, uint64_t now_us)
{
    size_t oldest = entry->answered % MSOCK__ANSWERS_NONCE_MAX;
    entry->answered_us[oldest] = now_us;
    entry->answered++;
    entry->waiting = false;
}

/* -- Public -- */

int msock__answers_new(struct msock__answers **answers)
{
    struct msock__answers *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    msock__answers_reset(made);
    *answers = made;
    return 0;
}

void msock__answers_free(struct msock__answers *answers)
{
    free(answers);
}

void msock__answers_reset(struct msock__answers *answers)
{
    answers->count = 0;
    refresh(answers);
}

bool msock__answers_add(struct msock__answers *answers, uint64_t now_us,
                        const struct msock__floor *floor, bool admitted)
{
    assert(floor->best_effort >= 1 && floor->reliable >= 1);
    struct entry *entry = find(answers, floor->nonce);
    if (entry != NULL && entry->waiting) {
        struct msock__floor *known = &entry->floor;
        known->best_effort =
            msock__least(known->best_effort, floor->best_effort);
        known->reliable = msock__least(known->reliable, floor->reliable);
        if (admitted && !entry->admitted) {
            entry->admitted = true;
            refresh(answers);
        }
        return true;
    }
    if (!admitted && answers->strangers >= MSOCK__ANSWERS_STRANGERS) {
        return false;
    }
    if (entry != NULL && used_up(entry, now_us)) {
        return false;
    }
    if (entry == NULL) {
        entry = make(answers);
        if (entry == NULL) {
            return false;
        }
        entry->answered = 0;
    }
    entry->floor = *floor;
    entry->order = answers->added++;
    entry->due_us = now_us + MSOCK__ANSWERS_WAIT_US;
    entry->waiting = true;
    entry->admitted = admitted;
    note_due(answers, entry);
    return true;
}

size_t msock__answers_take(struct msock__answers *answers, uint64_t now_us,
                           struct msock__floor *floors, size_t max)
{
    assert(max >= 1);
    struct entry *waiting[MSOCK__ANSWERS_MAX];
    size_t count = 0;
    if (!spend(answers, now_us)) {
        return 0;
    }
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->entries[i].waiting) {
            waiting[count++] = &answers->entries[i];
        }
    }
    qsort(waiting, count, sizeof(waiting[0]), compare_urgency);

    count = count < max ? count : max;
    for (size_t i = 0; i < count; i++) {
        floors[i] = waiting[i]->floor;
        mark_answered(waiting[i], now_us);
    }
    refresh(answers);
    qsort(floors, count, sizeof(floors[0]), compare_floors);
    return count;
}

void msock__answers_return(struct msock__answers *answers,
                           const struct msock__floor *floors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = find(answers, floors[i].nonce);
        assert(entry != NULL && entry->answered > 0 && !entry->waiting);
        entry->answered--;
        entry->waiting = true;
        note_due(answers, entry);
    }
}

void msock__answers_sent(struct msock__answers *answers, uint64_t now_us,
                         size_t size)
{
    msock__rate_take(&answers->byte_rate, now_us,
                     (uint64_t)size * MSOCK__RATE_BYTE_US);
}

uint64_t msock__answers_deadline(const struct msock__answers *answers)
{
    return msock__least(admitted_due(answers), stranger_due(answers));
}
