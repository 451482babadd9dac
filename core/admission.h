/* SPDX-License-Identifier: Apache-2.0 */
/* Freshness without clocks, the asking side (docs/protocol.md 6): sessions that
 * are heard and not believed yet, the challenges that ask them, and their data
 * frames meanwhile.
 *
 * A pending session waits for an answer, asked again and again, or after 10 s
 * in vain it sleeps until it is heard once more. The nonce is a MAC
 * (SipHash-2-4 under a local secret, 64 bits) of a 2 s epoch, so an answer is
 * checked without state and whether or not its session is still pending.
 *
 * Bounds: sessions, frames and bytes a session, bytes in all. Memory is taken a
 * session and a frame. Hearing and an admission cost O(log pending), a
 * challenge O(pending). */
#ifndef MSOCK_CORE_ADMISSION_H
#define MSOCK_CORE_ADMISSION_H

#include "codec/control.h"
#include "codec/frame.h"
#include "codec/hash.h"
#include "core/dice.h"
#include "core/held.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__PENDING_MAX = 256,
    MSOCK__HELD_FRAMES_MAX = 1024, /* a session */
    MSOCK__EPOCH_US = 2000000,
    MSOCK__UNANSWERED_US = 10000000,
    MSOCK__ASK_MIN_US = 100000, /* before asking again ... */
    MSOCK__ASK_QUICK = 4,       /* ... so often, then doubling */
    MSOCK__ASK_MAX_US = 5000000,
    MSOCK__LOOK_US = 500000, /* and two at once */
    MSOCK__ADMISSION_SECRET_SIZE = MSOCK__HASH_KEY_SIZE
};

struct msock__admission;

struct msock__admission_limits {
    size_t pending_max; /* sessions, at least 1 [MSOCK__PENDING_MAX] */
    size_t frames_max;  /* held a session [MSOCK__HELD_FRAMES_MAX] */
    size_t bytes_max;   /* held a session */
    size_t all_max;     /* bytes held in all */
};

/** Returns 0, MSOCK_ENOMEM. */
int msock__admission_new(struct msock__admission **admission,
                         const struct msock__admission_limits *limits,
                         const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE]);

/** Frees it with all that is held. NULL is ignored. */
void msock__admission_free(struct msock__admission *admission);

/* -- The mark -- */

/** The channel opens: what is first sent from now on may be believed. Called
 *  once, before everything below, with a secret that nobody can guess. */
void msock__admission_start(
    struct msock__admission *admission, uint64_t now_us,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE]);

/** The mark moves to now, under a new secret: answers that are on their way are
 *  void, and all pending sessions are asked again.  Returns how many held
 *  frames went: they left before the mark, no floor could let them in. */
size_t msock__admission_restart(
    struct msock__admission *admission, uint64_t now_us,
    struct msock__dice *dice, size_t nodes,
    const uint8_t secret[static MSOCK__ADMISSION_SECRET_SIZE]);

/* -- Pending sessions -- */

/** An authentic frame of a session that is not admitted was heard (or one that
 *  is admitted shall be asked again): it is pending from now on, and is asked.
 *  `nodes` are the sessions up, oneself included. When the table is full, the
 *  one asked most often in vain makes room; *lost gets its held frames.
 *  Returns whether it is pending: not, if nobody in a full table was asked yet,
 *  or without memory. */
bool msock__admission_hear(struct msock__admission *admission, uint64_t now_us,
                           struct msock__dice *dice, size_t nodes,
                           const uint8_t id[static MSOCK__SESSION_SIZE],
                           size_t *lost);

/** Holds the plaintext body (copied) of a frame of stream 0 or 1 that came at
 *  `received_us` and whose session msock__admission_hear() just took. What is
 * full loses its lowest frames: of the session; in all, of the session asked
 * most often in vain, then of the one that holds most. *lost gets the number of
 * other frames that went. Returns 0, MSOCK_DROP_DUPLICATE (held already),
 * MSOCK_DROP_PENDING (the frame itself had to go, or its session is not
 * pending), MSOCK_DROP_MEMORY. */
int msock__admission_hold(struct msock__admission *admission,
                          uint64_t received_us,
                          const struct msock__frame *frame, const uint8_t *body,
                          size_t size, size_t *lost);

/** Whether the signature of a pending session's answer may be looked at, out of
 *  an allowance that is its own: two at once, one every 500 ms. If so, that is
 *  paid for. */
bool msock__admission_look(struct msock__admission *admission, uint64_t now_us,
                           const uint8_t id[static MSOCK__SESSION_SIZE]);

/** The session is admitted: it is pending no more.  Returns the frames held,
 *  best effort first, each stream in order; NULL if none, or if it was not
 *  pending. Each is given to the caller, for free(). */
struct msock__held *
msock__admission_take(struct msock__admission *admission,
                      const uint8_t id[static MSOCK__SESSION_SIZE]);

/** Lets those sleep that gave no answer for 10 s: their frames are dropped, and
 *  only when heard again are they asked again, 5 s after the last time at the
 *  earliest.  Returns how many frames went. */
size_t msock__admission_expire(struct msock__admission *admission,
                               uint64_t now_us);

/* -- Challenges -- */

/** The nonces that an answer may bear that comes now: the current epoch's, then
 *  the previous one's (in the first epoch: the same). One that came before the
 *  mark moved has to bear those since. */
void msock__admission_nonces(const struct msock__admission *admission,
                             uint64_t now_us, uint64_t nonces[static 2]);

/** Makes the challenge that is due now, if the rates allow one: all sessions
 *  that are due, at most 64, those asked least recently first. They count as
 *  asked. To be sent at once, or later: a delay only raises floors. Call it
 *  until it returns 0.
 *  Returns the number of sessions in *challenge; 0: none, *challenge is as it
 *  was. */
size_t msock__admission_challenge(struct msock__admission *admission,
                                  uint64_t now_us, struct msock__dice *dice,
                                  size_t nodes,
                                  struct msock__control *challenge);

/** The sessions of a challenge from `index` on did not fit its frame: they are
 *  due again, as if not asked. */
void msock__admission_return(struct msock__admission *admission,
                             const struct msock__control *challenge,
                             size_t index);

/** Pays for a challenge frame of `size` bytes, header and tag included, out of
 *  admission's budget. */
void msock__admission_sent(struct msock__admission *admission, uint64_t now_us,
                           size_t size);

/* -- What it comes to -- */

/** When msock__admission_expire() or msock__admission_challenge() has something
 *  to do, in us; UINT64_MAX if never. Once both are done (and the frame paid
 *  for) it is in the future. */
uint64_t msock__admission_deadline(const struct msock__admission *admission);

/** Bytes held, bookkeeping included. */
size_t msock__admission_bytes(const struct msock__admission *admission);

/** Frames held. */
size_t msock__admission_frames(const struct msock__admission *admission);

/** The most bytes that are held of one session; *frames gets the most frames,
 *  which may be of another. */
size_t msock__admission_most(const struct msock__admission *admission,
                             size_t *frames);

/** Sessions pending, asleep ones too. */
size_t msock__admission_count(const struct msock__admission *admission);

#endif
