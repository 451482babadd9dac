/* SPDX-License-Identifier: Apache-2.0 */
/* The pending table, nonces and challenges. */
#include "core/admission.h"

#include "core/rate.h"
#include "core/table.h"

#include <multisock/multisock.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MILLI = 1000, JITTER_NODE_US = 2000, JITTER_MAX_US = 500000 };

struct pending {
    uint8_t id[MSOCK__SESSION_SIZE];
    bool waiting; /* for an answer; otherwise it sleeps */
    bool vain;    /* it has slept: to be asked slowly */
    uint32_t asked;
    uint64_t asked_us;       /* last */
    uint64_t ask_us;         /* next, while it waits */
    uint64_t pause_us;       /* that followed the last asking; 0: none did */
    uint64_t until_us;       /* it waits */
    struct msock__hold hold; /* empty while it sleeps */
    struct pending *sooner, *later; /* by asked_us */
    UT_hash_handle hh;
};

struct msock__admission {
    struct msock__admission_limits limits;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
    uint8_t secret[MSOCK__ADMISSION_SECRET_SIZE];
    uint64_t mark_us;
    struct pending *table; /* uthash head */
    struct pending *first; /* asked least recently; new ones last */
    struct pending *last;
    uint64_t ask_us;   /* lowest of those that wait, or UINT64_MAX */
    uint64_t until_us; /* the same */
    size_t bytes;      /* of all holds */
    struct msock__rate frame_rate;
    struct msock__rate byte_rate;
};

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* -- The table -- */

static void link_last(struct msock__admission *admission, struct pending *one)
{
    one->later = NULL;
    one->sooner = admission->last;
    *(one->sooner != NULL ? &one->sooner->later : &admission->first) = one;
    admission->last = one;
}

static void unlink_one(struct msock__admission *admission, struct pending *one)
{
    *(one->later != NULL ? &one->later->sooner : &admission->last) =
        one->sooner;
    *(one->sooner != NULL ? &one->sooner->later : &admission->first) =
        one->later;
}

static unsigned hash_of(const struct msock__admission *admission,
                        const uint8_t *id)
{
    return msock__table_hash(admission->hash_key, id, MSOCK__SESSION_SIZE);
}

static struct pending *find(const struct msock__admission *admission,
                            const uint8_t *id)
{
    struct pending *found;
    HASH_FIND_BYHASHVALUE(hh, admission->table, id, MSOCK__SESSION_SIZE,
                          hash_of(admission, id), found);
    return found;
}

/* What is due may be later than it was. */
static void refresh(struct msock__admission *admission)
{
    admission->ask_us = UINT64_MAX;
    admission->until_us = UINT64_MAX;
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        if (one->waiting) {
            admission->ask_us = lower(admission->ask_us, one->ask_us);
            admission->until_us = lower(admission->until_us, one->until_us);
        }
    }
}

/* Drops what a session holds.  Returns how many frames. */
static size_t clear(struct msock__admission *admission, struct pending *one)
{
    assert(admission->bytes >= one->hold.bytes);
    admission->bytes -= one->hold.bytes;
    return msock__hold_clear(&one->hold);
}

static void forget(struct msock__admission *admission, struct pending *one)
{
    assert(one->hold.count == 0);
    unlink_one(admission, one);
    HASH_DELETE(hh, admission->table, one);
    free(one);
}

/* Who makes room: of those asked as often, the one asked longest ago. */
static struct pending *most_in_vain(const struct msock__admission *admission)
{
    struct pending *most = NULL;
    uint32_t asked = 0;
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        if (one->asked > asked) {
            asked = one->asked;
            most = one;
        }
    }
    return most;
}

/* Adds a session, without memory or room for it NULL. */
static struct pending *add(struct msock__admission *admission,
                           const uint8_t *id, size_t *lost)
{
    bool full =
        msock__admission_count(admission) >= admission->limits.pending_max;
    struct pending *victim = full ? most_in_vain(admission) : NULL;
    struct pending *made = calloc(1, sizeof(*made));
    if (made == NULL || (full && victim == NULL)) {
        free(made);
        return NULL;
    }

    memcpy(made->id, id, sizeof(made->id));
    /* First the one in, then the other out: lack of memory changes nothing. */
    HASH_ADD_BYHASHVALUE(hh, admission->table, id, MSOCK__SESSION_SIZE,
                         hash_of(admission, id), made);
    if (made->hh.tbl == NULL) {
        free(made);
        return NULL;
    }
    link_last(admission, made);
    if (victim != NULL) {
        *lost += clear(admission, victim);
        forget(admission, victim);
        refresh(admission);
    }
    return made;
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

/* Lets a session wait for an answer from now on, to be asked `after_us`. */
static void wake(struct msock__admission *admission, struct pending *one,
                 uint64_t now_us, uint64_t after_us)
{
    uint64_t ask_us = now_us + after_us;
    if (one->vain) {
        ask_us = higher(ask_us, one->asked_us + MSOCK__ASK_MAX_US);
    }
    one->ask_us = one->waiting ? lower(one->ask_us, ask_us) : ask_us;
    one->until_us = now_us + MSOCK__UNANSWERED_US;
    one->waiting = true;
    admission->ask_us = lower(admission->ask_us, one->ask_us);
    admission->until_us = lower(admission->until_us, one->until_us);
}

static void ask(struct msock__admission *admission, struct pending *one,
                uint64_t now_us, uint64_t more_us)
{
    one->pause_us = one->pause_us == 0
                        ? MSOCK__ASK_MIN_US
                        : lower(2 * one->pause_us, MSOCK__ASK_MAX_US);
    one->asked++;
    one->asked_us = now_us;
    one->ask_us = now_us + one->pause_us + more_us;
    unlink_one(admission, one);
    link_last(admission, one);
}

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

static uint64_t challenge_due(const struct msock__admission *admission)
{
    uint64_t frame_us =
        msock__rate_due(&admission->frame_rate, MSOCK__RATE_FRAMES_AHEAD_US);
    uint64_t byte_us =
        msock__rate_due(&admission->byte_rate, MSOCK__RATE_BYTES_AHEAD_US);
    return higher(admission->ask_us, higher(frame_us, byte_us));
}

/* -- Holding -- */

/* Whose frames go when all hold too much: never a newcomer's before those of
 * one who was asked and stays silent. */
static struct pending *heaviest(const struct msock__admission *admission)
{
    struct pending *found = NULL;
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        if (one->hold.count == 0) {
            continue;
        }
        if (found == NULL || one->asked > found->asked ||
            (one->asked == found->asked &&
             one->hold.bytes > found->hold.bytes)) {
            found = one;
        }
    }
    assert(found != NULL);
    return found;
}

/* Sheds a frame of a session.  Returns whether it was `newcomer`. */
static bool shed(struct msock__admission *admission, struct pending *one,
                 const struct msock__held *newcomer)
{
    size_t before = one->hold.bytes;
    struct msock__held *lowest = msock__hold_shed(&one->hold);
    bool same = lowest == newcomer;
    admission->bytes -= before - one->hold.bytes;
    free(lowest);
    return same;
}

/* Gets below the bounds after `newcomer` was added to `one`. */
static int make_room(struct msock__admission *admission, struct pending *one,
                     const struct msock__held *newcomer, size_t *lost)
{
    const struct msock__admission_limits *limits = &admission->limits;
    bool gone = false;
    size_t count = 0;
    while (one->hold.count > limits->frames_max ||
           one->hold.bytes > limits->bytes_max) {
        gone |= shed(admission, one, newcomer);
        count++;
    }
    while (admission->bytes > limits->all_max) {
        gone |= shed(admission, heaviest(admission), newcomer);
        count++;
    }
    *lost = count - (gone ? 1 : 0);
    return gone ? MSOCK_DROP_PENDING : 0;
}

static struct msock__held *copy(const struct msock__frame *frame,
                                uint64_t now_us, const uint8_t *body,
                                size_t size)
{
    struct msock__held *made = malloc(sizeof(*made) + size + 1);
    if (made == NULL) {
        return NULL;
    }
    made->next = NULL;
    made->counter = frame->counter;
    made->received_us = now_us;
    made->size = size;
    made->stream = frame->stream;
    made->flags = frame->flags;
    memcpy(made->bytes, body, size);
    return made;
}

/* -- Public -- */

int msock__admission_new(struct msock__admission **admission,
                         const struct msock__admission_limits *limits,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    assert(limits->pending_max >= 1 && limits->pending_max <= UINT32_MAX);
    struct msock__admission *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->limits = *limits;
    memcpy(made->hash_key, hash_key, sizeof(made->hash_key));
    refresh(made);
    *admission = made;
    return 0;
}

void msock__admission_free(struct msock__admission *admission)
{
    if (admission == NULL) {
        return;
    }
    while (admission->first != NULL) {
        clear(admission, admission->first);
        forget(admission, admission->first);
    }
    assert(admission->bytes == 0);
    free(admission);
}

void msock__admission_start(
    struct msock__admission *admission, uint64_t now_us,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE])
{
    assert(admission->first == NULL);
    admission->mark_us = now_us;
    memcpy(admission->secret, secret, sizeof(admission->secret));
}

size_t msock__admission_restart(
    struct msock__admission *admission, uint64_t now_us,
    struct msock__dice *dice, size_t nodes,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE])
{
    size_t lost = 0;
    assert(now_us >= admission->mark_us);
    admission->mark_us = now_us;
    memcpy(admission->secret, secret, sizeof(admission->secret));
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        lost += clear(admission, one);
        if (!one->vain) {
            one->pause_us = 0;
        }
        wake(admission, one, now_us, jitter(dice, nodes));
    }
    refresh(admission);
    return lost;
}

bool msock__admission_hear(struct msock__admission *admission, uint64_t now_us,
                           struct msock__dice *dice, size_t nodes,
                           const uint8_t id[static MSOCK__SESSION_SIZE],
                           size_t *lost)
{
    *lost = 0;
    struct pending *one = find(admission, id);
    if (one == NULL) {
        one = add(admission, id, lost);
    }
    if (one != NULL && !one->waiting) {
        wake(admission, one, now_us, jitter(dice, nodes));
    }
    return one != NULL;
}

int msock__admission_hold(struct msock__admission *admission, uint64_t now_us,
                          const struct msock__frame *frame, const uint8_t *body,
                          size_t size, size_t *lost)
{
    assert(frame->stream <= MSOCK__RELIABLE);
    assert(size <= MSOCK__FRAME_MAX);
    *lost = 0;
    struct pending *one = find(admission, frame->session);
    if (one == NULL || !one->waiting) {
        return MSOCK_DROP_PENDING;
    }
    struct msock__held *made = copy(frame, now_us, body, size);
    if (made == NULL) {
        return MSOCK_DROP_MEMORY;
    }

    size_t before = one->hold.bytes;
    int result = msock__hold_add(&one->hold, made);
    if (result != 0) {
        free(made);
        return result;
    }
    admission->bytes += one->hold.bytes - before;
    return make_room(admission, one, made, lost);
}

struct msock__held *
msock__admission_take(struct msock__admission *admission,
                      const uint8_t id[static MSOCK__SESSION_SIZE])
{
    struct pending *one = find(admission, id);
    if (one == NULL) {
        return NULL;
    }
    admission->bytes -= one->hold.bytes;
    struct msock__held *held = msock__hold_take(&one->hold);
    forget(admission, one);
    refresh(admission);
    return held;
}

size_t msock__admission_expire(struct msock__admission *admission,
                               uint64_t now_us)
{
    size_t lost = 0;
    if (admission->until_us > now_us) {
        return 0;
    }
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        if (one->waiting && one->until_us <= now_us) {
            lost += clear(admission, one);
            one->waiting = false;
            one->vain = true;
        }
    }
    refresh(admission);
    return lost;
}

void msock__admission_nonces(const struct msock__admission *admission,
                             uint64_t now_us, uint64_t nonces[static 2])
{
    uint64_t epoch = epoch_of(admission, now_us);
    nonces[0] = nonce_of(admission, epoch);
    nonces[1] = nonce_of(admission, epoch > 0 ? epoch - 1 : 0);
}

bool msock__admission_nonce_valid(const struct msock__admission *admission,
                                  uint64_t now_us, uint64_t nonce)
{
    uint64_t nonces[2];
    msock__admission_nonces(admission, now_us, nonces);
    return nonce == nonces[0] || nonce == nonces[1];
}

size_t msock__admission_challenge(struct msock__admission *admission,
                                  uint64_t now_us, struct msock__dice *dice,
                                  size_t nodes,
                                  struct msock__control *challenge)
{
    if (challenge_due(admission) > now_us) {
        return 0;
    }
    challenge->kind = MSOCK__CHALLENGE;
    challenge->nonce = nonce_of(admission, epoch_of(admission, now_us));
    challenge->up_ms = (now_us - admission->mark_us) / MILLI;
    challenge->up_ms = lower(challenge->up_ms, MSOCK__UP_MAX_MS);
    challenge->count = 0;

    /* Who is asked moves behind those who were there at the beginning. */
    struct pending *next = admission->first;
    for (size_t left = msock__admission_count(admission);
         left > 0 && challenge->count < MSOCK__CHALLENGE_MAX; left--) {
        struct pending *one = next;
        next = one->later;
        if (one->waiting && one->ask_us <= now_us) {
            challenge->sessions[challenge->count++] =
                msock__session_short(one->id);
            ask(admission, one, now_us, jitter(dice, nodes));
        }
    }
    assert(challenge->count > 0);
    msock__rate_take(&admission->frame_rate, now_us, MSOCK__RATE_FRAME_US);
    refresh(admission);
    return challenge->count;
}

void msock__admission_return(struct msock__admission *admission,
                             const struct msock__control *challenge,
                             size_t index)
{
    for (struct pending *one = admission->first; one != NULL;
         one = one->later) {
        uint64_t short_id = msock__session_short(one->id);
        bool listed = false;
        for (size_t i = index; i < challenge->count; i++) {
            listed |= challenge->sessions[i] == short_id;
        }
        if (listed && one->waiting && one->asked > 0) {
            one->asked--;
            one->ask_us = one->asked_us;
            one->pause_us /= 2;
        }
    }
    refresh(admission);
}

void msock__admission_sent(struct msock__admission *admission, uint64_t now_us,
                           size_t size)
{
    msock__rate_take(&admission->byte_rate, now_us,
                     (uint64_t)size * MSOCK__RATE_BYTE_US);
}

uint64_t msock__admission_deadline(const struct msock__admission *admission)
{
    /* Nobody asks for a frame when there is nothing to ask. */
    uint64_t challenge_us =
        admission->ask_us == UINT64_MAX ? UINT64_MAX : challenge_due(admission);
    return lower(admission->until_us, challenge_us);
}

size_t msock__admission_bytes(const struct msock__admission *admission)
{
    return admission->bytes;
}

size_t msock__admission_count(const struct msock__admission *admission)
{
    return HASH_CNT(hh, admission->table);
}
