/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to ask when, and what an answer must bear. */
#include "core/admission.h"

#include "core/number.h"
#include "core/pending.h"
#include "core/rate.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MILLI = 1000, JITTER_NODE_US = 2000, JITTER_MAX_US = 500000 };

struct msock__admission {
    struct msock__admission_limits limits;
    struct msock__pending_table table;
    uint8_t secret[MSOCK__ADMISSION_SECRET_SIZE];
    uint64_t mark_us;
    struct msock__rate frame_rate;
    struct msock__rate byte_rate;
};

/* -- Nonces -- */

static uint64_t epoch_of(const struct msock__admission *admission,
                         uint64_t now_us)
{
    assert(now_us >= admission->mark_us);
    return (now_us - admission->mark_us) / MSOCK__EPOCH_US;
}

static uint64_t nonce_of(const struct msock__admission *admission,
                         uint64_t epoch)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(epoch >> (56 - 8 * i));
    }
    return msock__hash(admission->secret, bytes, sizeof(bytes));
}

static void set_mark(struct msock__admission *admission, uint64_t now_us,
                     const uint8_t *secret)
{
    assert(now_us >= admission->mark_us);
    admission->mark_us = now_us;
    memcpy(admission->secret, secret, sizeof(admission->secret));
}

/* -- Asking -- */

/* U[0, min(500, 2 x nodes) ms] */
static uint64_t jitter(struct msock__dice *dice, size_t nodes)
{
    uint64_t most = nodes < JITTER_MAX_US / JITTER_NODE_US
                        ? nodes * JITTER_NODE_US
                        : JITTER_MAX_US;
    return msock__dice_below(dice, most + 1);
}

/* Lets a session wait for an answer from now on, to be asked at `ask_us`. */
static void wake(struct msock__pending_table *table, struct msock__pending *one,
                 uint64_t now_us, uint64_t ask_us)
{
    if (one->vain) {
        ask_us = msock__most(ask_us, one->asked_us + MSOCK__ASK_MAX_US);
    }
    ask_us = one->waiting ? msock__least(one->due.due_us, ask_us) : ask_us;
    msock__pending_wait(table, one, ask_us, now_us + MSOCK__UNANSWERED_US);
}

static void ask(struct msock__pending_table *table, struct msock__pending *one,
                uint64_t now_us, uint64_t more_us)
{
    /* Who publishes once and leaves does not wait for long. */
    bool quick = one->pause_us == 0 || one->asked < MSOCK__ASK_QUICK;
    one->pause_us = quick ? MSOCK__ASK_MIN_US
                          : msock__least(2 * one->pause_us, MSOCK__ASK_MAX_US);
    msock__pending_asked(table, one, now_us);
    msock__pending_ask_at(table, one, now_us + one->pause_us + more_us);
}

static void ask_no_more(struct msock__pending_table *table,
                        struct msock__pending *one)
{
    msock__pending_unasked(table, one);
    msock__pending_ask_at(table, one, one->asked_us);
    one->pause_us = msock__most(one->pause_us / 2, MSOCK__ASK_MIN_US);
}

static uint64_t challenge_due(const struct msock__admission *admission)
{
    uint64_t frame_us =
        msock__rate_due(&admission->frame_rate, MSOCK__RATE_FRAMES_AHEAD_US);
    uint64_t byte_us =
        msock__rate_due(&admission->byte_rate, MSOCK__RATE_BYTES_AHEAD_US);
    return msock__most(msock__pending_ask_us(&admission->table),
                       msock__most(frame_us, byte_us));
}

static bool lists(const struct msock__control *challenge, size_t index,
                  const struct msock__pending *one)
{
    uint64_t session = msock__session_short(one->id);
    while (index < challenge->count && challenge->sessions[index] != session) {
        index++;
    }
    return index < challenge->count;
}

/* -- Holding -- */

static struct msock__held *copy(const struct msock__frame *frame,
                                uint64_t received_us, const uint8_t *body,
                                size_t size)
{
    struct msock__held *made = malloc(sizeof(*made) + size + 1);
    if (made == NULL) {
        return NULL;
    }
    made->next = NULL;
    made->counter = frame->counter;
    made->received_us = received_us;
    made->size = size;
    made->stream = frame->stream;
    made->flags = frame->flags;
    made->key_id = frame->key_id;
    memcpy(made->bytes, body, size);
    return made;
}

/* Whether a body is over a bound by itself: others must not go in vain. */
static bool never_fits(const struct msock__admission *admission, size_t size)
{
    const struct msock__admission_limits *limits = &admission->limits;
    return msock__held_cost(size) >
           msock__least(limits->bytes_max, limits->all_max);
}

/* Who holds too much, the session that was just added to first, or NULL. */
static struct msock__pending *
over_bounds(const struct msock__admission *admission,
            struct msock__pending *added)
{
    const struct msock__admission_limits *limits = &admission->limits;
    if (added->hold.count > limits->frames_max ||
        added->hold.bytes > limits->bytes_max) {
        return added;
    }
    return admission->table.bytes > limits->all_max
               ? msock__pending_heaviest(&admission->table)
               : NULL;
}

/* Gets below the bounds again after `newcomer` was added to `added`.  Returns 0
 * or MSOCK_DROP_PENDING: the newcomer had to go. */
static int make_room(struct msock__admission *admission,
                     struct msock__pending *added,
                     const struct msock__held *newcomer, size_t *lost)
{
    int result = 0;
    for (struct msock__pending *one = over_bounds(admission, added);
         one != NULL; one = over_bounds(admission, added)) {
        struct msock__held *frame = msock__pending_shed(&admission->table, one);
        if (frame == newcomer) {
            result = MSOCK_DROP_PENDING;
        } else {
            ++*lost;
        }
        free(frame);
    }
    return result;
}

/* -- Public -- */

int msock__admission_new(struct msock__admission **admission,
                         const struct msock__admission_limits *limits,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    struct msock__admission *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->limits = *limits;
    msock__pending_init(&made->table, limits->pending_max, hash_key);
    *admission = made;
    return 0;
}

void msock__admission_free(struct msock__admission *admission)
{
    if (admission == NULL) {
        return;
    }
    msock__pending_fini(&admission->table);
    free(admission);
}

void msock__admission_start(
    struct msock__admission *admission, uint64_t now_us,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE])
{
    assert(msock__admission_count(admission) == 0);
    set_mark(admission, now_us, secret);
}

size_t msock__admission_restart(
    struct msock__admission *admission, uint64_t now_us,
    struct msock__dice *dice, size_t nodes,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE])
{
    struct msock__pending_table *table = &admission->table;
    size_t lost = 0;
    set_mark(admission, now_us, secret);
    for (struct msock__pending *one = table->first; one != NULL;
         one = one->later) {
        lost += msock__pending_clear(table, one);
        one->pause_us = one->vain ? one->pause_us : 0;
        wake(table, one, now_us, now_us + jitter(dice, nodes));
    }
    return lost;
}

bool msock__admission_hear(struct msock__admission *admission, uint64_t now_us,
                           struct msock__dice *dice, size_t nodes,
                           const uint8_t id[static MSOCK__SESSION_SIZE],
                           size_t *lost)
{
    struct msock__pending_table *table = &admission->table;
    struct msock__pending *one = msock__pending_find(table, id);
    *lost = 0;
    if (one == NULL) {
        one = msock__pending_add(table, id, lost);
    }
    if (one != NULL && !one->waiting) {
        wake(table, one, now_us, now_us + jitter(dice, nodes));
    }
    return one != NULL;
}

int msock__admission_hold(struct msock__admission *admission,
                          uint64_t received_us,
                          const struct msock__frame *frame, const uint8_t *body,
                          size_t size, size_t *lost)
{
    assert(frame->stream <= MSOCK__RELIABLE);
    assert(size <= MSOCK__FRAME_MAX);
    struct msock__pending *one =
        msock__pending_find(&admission->table, frame->session);
    *lost = 0;
    if (one == NULL || !one->waiting || never_fits(admission, size)) {
        return MSOCK_DROP_PENDING;
    }
    struct msock__held *made = copy(frame, received_us, body, size);
    if (made == NULL) {
        return MSOCK_DROP_MEMORY;
    }

    int result = msock__pending_hold(&admission->table, one, made);
    if (result != 0) {
        free(made);
        return result;
    }
    return make_room(admission, one, made, lost);
}

bool msock__admission_look(struct msock__admission *admission, uint64_t now_us,
                           const uint8_t id[static MSOCK__SESSION_SIZE])
{
    struct msock__pending *one = msock__pending_find(&admission->table, id);
    if (one == NULL || msock__rate_due(&one->looks, MSOCK__LOOK_US) > now_us) {
        return false;
    }
    msock__rate_take(&one->looks, now_us, MSOCK__LOOK_US);
    return true;
}

struct msock__held *
msock__admission_take(struct msock__admission *admission,
                      const uint8_t id[static MSOCK__SESSION_SIZE])
{
    struct msock__pending *one = msock__pending_find(&admission->table, id);
    if (one == NULL) {
        return NULL;
    }
    struct msock__held *held = msock__pending_take(&admission->table, one);
    msock__pending_remove(&admission->table, one);
    return held;
}

size_t msock__admission_expire(struct msock__admission *admission,
                               uint64_t now_us)
{
    struct msock__pending_table *table = &admission->table;
    size_t lost = 0;
    struct msock__pending *one = msock__pending_first_end(table);
    for (; one != NULL && one->end.due_us <= now_us;
         one = msock__pending_first_end(table)) {
        lost += msock__pending_clear(table, one);
        msock__pending_sleep(table, one);
        one->vain = true;
    }
    return lost;
}

void msock__admission_nonces(const struct msock__admission *admission,
                             uint64_t now_us, uint64_t nonces[static 2])
{
    uint64_t epoch =
        epoch_of(admission, msock__most(now_us, admission->mark_us));
    nonces[0] = nonce_of(admission, epoch);
    nonces[1] = nonce_of(admission, epoch > 0 ? epoch - 1 : 0);
}

size_t msock__admission_challenge(struct msock__admission *admission,
                                  uint64_t now_us, struct msock__dice *dice,
                                  size_t nodes,
                                  struct msock__control *challenge)
{
    struct msock__pending_table *table = &admission->table;
    if (challenge_due(admission) > now_us) {
        return 0;
    }
    challenge->kind = MSOCK__CHALLENGE;
    challenge->nonce = nonce_of(admission, epoch_of(admission, now_us));
    challenge->up_ms =
        msock__least((now_us - admission->mark_us) / MILLI, MSOCK__UP_MAX_MS);
    challenge->count = 0;

    /* Who is asked moves behind those who were there at the beginning. */
    struct msock__pending *next = table->first;
    for (size_t left = msock__pending_count(table);
         left > 0 && challenge->count < MSOCK__CHALLENGE_MAX; left--) {
        struct msock__pending *one = next;
        next = one->later;
        if (one->waiting && one->due.due_us <= now_us) {
            challenge->sessions[challenge->count++] =
                msock__session_short(one->id);
            ask(table, one, now_us, jitter(dice, nodes));
        }
    }
    assert(challenge->count > 0);
    msock__rate_take(&admission->frame_rate, now_us, MSOCK__RATE_FRAME_US);
    return challenge->count;
}

void msock__admission_return(struct msock__admission *admission,
                             const struct msock__control *challenge,
                             size_t index)
{
    struct msock__pending_table *table = &admission->table;
    struct msock__pending *one = index < challenge->count ? table->first : NULL;
    for (; one != NULL; one = one->later) {
        if (one->waiting && one->asked > 0 && lists(challenge, index, one)) {
            ask_no_more(table, one);
        }
    }
}

void msock__admission_sent(struct msock__admission *admission, uint64_t now_us,
                           size_t size)
{
    msock__rate_take(&admission->byte_rate, now_us,
                     (uint64_t)size * MSOCK__RATE_BYTE_US);
}

uint64_t msock__admission_deadline(const struct msock__admission *admission)
{
    const struct msock__pending *one =
        msock__pending_first_end(&admission->table);
    return msock__least(one != NULL ? one->end.due_us : UINT64_MAX,
                        challenge_due(admission));
}

size_t msock__admission_bytes(const struct msock__admission *admission)
{
    return admission->table.bytes;
}

size_t msock__admission_frames(const struct msock__admission *admission)
{
    size_t count = 0;
    for (const struct msock__pending *one = admission->table.first; one != NULL;
         one = one->later) {
        count += one->hold.count;
    }
    return count;
}

size_t msock__admission_most(const struct msock__admission *admission,
                             size_t *frames)
{
    return msock__pending_most(&admission->table, frames);
}

size_t msock__admission_count(const struct msock__admission *admission)
{
    return msock__pending_count(&admission->table);
}
