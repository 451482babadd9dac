/* SPDX-License-Identifier: Apache-2.0 */
/* Rates by a window that slides. */
#include "tools/msock/top/rate.h"

#include <string.h>

/* Empties what the window has left behind. */
static void slide(struct rate *rate, int64_t now_ms)
{
    int64_t slot = now_ms / RATE_SLOT_MS;

    if (slot - rate->slot >= RATE_SLOTS) {
        memset(rate, 0, sizeof(*rate));
        rate->slot = slot;
    }
    while (rate->slot < slot) {
        rate->slot++;
        rate->bytes[rate->slot % RATE_SLOTS] = 0;
        rate->messages[rate->slot % RATE_SLOTS] = 0;
    }
}

void rate_add(struct rate *rate, int64_t now_ms, uint64_t bytes)
{
    slide(rate, now_ms);
    rate->bytes[rate->slot % RATE_SLOTS] += bytes;
    rate->messages[rate->slot % RATE_SLOTS]++;
}

void rate_tell(struct rate *rate, int64_t now_ms, int64_t began_ms,
               double *messages, double *bytes)
{
    uint64_t message_sum = 0, byte_sum = 0;

    slide(rate, now_ms);
    for (int i = 0; i < RATE_SLOTS; i++) {
        message_sum += rate->messages[i];
        byte_sum += rate->bytes[i];
    }
    int64_t since_ms = (rate->slot - RATE_SLOTS + 1) * RATE_SLOT_MS;
    since_ms = since_ms > began_ms ? since_ms : began_ms;
    /* One message that came just now is none of thousands a second. */
    int64_t span_ms = now_ms - since_ms;
    double seconds =
        (double)(span_ms > RATE_SLOT_MS ? span_ms : RATE_SLOT_MS) / 1000;
    *messages = (double)message_sum / seconds;
    *bytes = (double)byte_sum / seconds;
}
