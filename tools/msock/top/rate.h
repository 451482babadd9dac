/* SPDX-License-Identifier: Apache-2.0 */
/* How much came in the last four seconds: a window of eight halves that slides
 * along; all zero: nothing came. Times are of turn_now_ms(). */
#ifndef MSOCK_TOOLS_TOP_RATE_H
#define MSOCK_TOOLS_TOP_RATE_H

#include <stdint.h>

enum { RATE_SLOTS = 8, RATE_SLOT_MS = 500 };

struct rate {
    int64_t slot; /* the newest one's number since 0 ms */
    uint64_t bytes[RATE_SLOTS];
    uint32_t messages[RATE_SLOTS];
};

/** Counts a message of so many bytes. */
void rate_add(struct rate *rate, int64_t now_ms, uint64_t bytes);

/** Tells messages and bytes a second; nothing came before `began_ms`. */
void rate_tell(struct rate *rate, int64_t now_ms, int64_t began_ms,
               double *messages, double *bytes);

#endif
