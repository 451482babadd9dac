/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender can send again: its reliable frames, byte for byte, and which
 * of them are asked for (docs/protocol.md 5).
 *
 * Invariants: it holds the frames oldest..last without a hole; `bytes` of all
 * of them, bookkeeping included, never exceed the limit. A frame leaves when it
 * is older than the age, or when a new one needs its room, it has been held for
 * 125 ms, long enough for the group to ask (docs/decisions/0014), and nobody is
 * known to wait for it (msock__history_hold). One allocation a frame;
 * look-up and eviction are O(1), the next repair is found 64 frames a step. */
#ifndef MSOCK_CORE_HISTORY_H
#define MSOCK_CORE_HISTORY_H

#include "codec/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__HISTORY_HOLD_US = 125000,
    MSOCK__HISTORY_RESENT_US = 2000 /* not sent again before */
};

struct msock__history;

struct msock__history_limits {
    size_t bytes_max; /* at least one frame and its bookkeeping (64 bytes) */
    uint64_t age_us;
};

/** Returns 0, MSOCK_ENOMEM. */
int msock__history_new(struct msock__history **history,
                       const struct msock__history_limits *limits);

/** NULL is ignored. */
void msock__history_free(struct msock__history *history);

/** Forgets all: a new session begins, its first counter is 1. */
void msock__history_reset(struct msock__history *history);

/** Whether a frame of `size` bytes may enter now; a message of several frames
 *  asks before each. False is never forever as long as the frame alone fits. */
bool msock__history_room(struct msock__history *history, uint64_t now_us,
                         size_t size);

/** After msock__history_room() said no: when to ask it again, in us;
 *  UINT64_MAX if such a frame never fits. */
uint64_t msock__history_room_deadline(const struct msock__history *history);

/** Copies the finished frame `counter`, the last one's successor, for which
 *  msock__history_room() just said yes; what must go for it goes.
 *  Returns 0, MSOCK_ENOMEM: then nothing has changed, and the frame must not
 *  leave. */
int msock__history_add(struct msock__history *history, uint64_t now_us,
                       uint64_t counter, const uint8_t *bytes, size_t size);

/** Lets frames go that are older than the age. */
void msock__history_expire(struct msock__history *history, uint64_t now_us);

/** What can be sent again; first = last + 1 if nothing. `last` is the last
 *  reliable frame of the session, 0 if there was none. */
struct msock__range msock__history_range(const struct msock__history *history);

/** From frame `counter` on somebody waits for what is held: it leaves for its
 *  age alone. UINT64_MAX: nobody does. */
void msock__history_hold(struct msock__history *history, uint64_t counter);

/** A NACK asked for `asked`: marks what is held of its first 1024, unless it
 *  was sent again less than 2 ms ago.
 *  Returns how many frames were marked that were not before. */
size_t msock__history_ask(struct msock__history *history, uint64_t now_us,
                          struct msock__range asked);

/** The lowest frame that is to be sent again; *bytes is borrowed until the next
 *  call that lets frames go. The caller sends it and calls
 *  msock__history_resent().  Returns whether there is one. */
bool msock__history_repair(struct msock__history *history,
                           const uint8_t **bytes, size_t *size,
                           uint64_t *counter);

/** Frame `counter` has been sent again. */
void msock__history_resent(struct msock__history *history, uint64_t now_us,
                           uint64_t counter);

/** 0: a repair waits, and what lets it go (the pace) knows when. Else when to
 *  call msock__history_expire() in us (up to an eighth of the age late, so that
 *  many frames share a wake-up), UINT64_MAX if never. */
uint64_t msock__history_deadline(const struct msock__history *history);

/** Bytes held, bookkeeping included. */
size_t msock__history_bytes(const struct msock__history *history);

#endif
