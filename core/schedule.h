/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for their moment (`after`, docs/protocol.md 2), those of
 * others and one's own: encoded as they came, with what the engine must know to
 * deliver them later as if they had just arrived. Ties go in order of arrival.
 *
 * Invariant: at most 1024 messages, and `bytes`, their memory, never exceeds
 * the limit (8 KiB of pointers at most come on top); what does not fit is
 * refused. Adding and taking cost O(log n), forgetting a session O(n). */
#ifndef MSOCK_CORE_SCHEDULE_H
#define MSOCK_CORE_SCHEDULE_H

#include "codec/frame.h"
#include "core/heap.h"

#include <stddef.h>
#include <stdint.h>

enum { MSOCK__SCHEDULED_MAX = 1024 };

/** Where a message came from. */
struct msock__scheduled_origin {
    uint8_t session[MSOCK__SESSION_SIZE]; /* the sender's; local: one's own */
    uint64_t sent_us; /* of its frame; of piece 0; on the session's clock */
    uint64_t counter; /* of its reliable frame, or 0 */
    uint64_t newest;  /* subscription that hears it (local), or UINT64_MAX */
    unsigned flags;   /* msock_message_flags: LOCAL, SEALED, RELIABLE */
};

struct msock__scheduled {
    struct msock__heap_node node; /* first; due_us in it */
    struct msock__scheduled_origin origin;
    size_t size;
    uint8_t bytes[]; /* size + 1: one encoded message, and a spare byte */
};

struct msock__schedule {
    struct msock__heap heap;
    size_t bytes;
    size_t bytes_max;
};

void msock__schedule_init(struct msock__schedule *schedule, size_t bytes_max);

/** Frees all. */
void msock__schedule_fini(struct msock__schedule *schedule);

/** Copies a message that is due at `due_us`.
 *  Returns 0, or minus the drop counter: MSOCK_DROP_SCHEDULED (beyond the
 *  bounds), MSOCK_DROP_MEMORY. */
int msock__schedule_add(struct msock__schedule *schedule, uint64_t due_us,
                        const struct msock__scheduled_origin *origin,
                        const uint8_t *bytes, size_t size);

/** Takes the first message that is due at `now_us`; the caller frees it with
 *  free().  Returns NULL if none is. */
struct msock__scheduled *msock__schedule_take(struct msock__schedule *schedule,
                                              uint64_t now_us);

/** Drops what a session sent that has ended.  Returns how many. */
size_t
msock__schedule_forget(struct msock__schedule *schedule,
                       const uint8_t session[static MSOCK__SESSION_SIZE]);

/** When the next is due in us, UINT64_MAX if none. */
uint64_t msock__schedule_deadline(const struct msock__schedule *schedule);

#endif
