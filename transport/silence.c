/* SPDX-License-Identifier: Apache-2.0 */
/* Silence on an interface. */
#include "transport/silence.h"

/* How long to wait after so many tries. */
static uint64_t patience(uint64_t first_ms, uint64_t most_ms, uint64_t tries)
{
    uint64_t wait_ms = first_ms << (tries < 16 ? tries : 16);

    return wait_ms < most_ms ? wait_ms : most_ms;
}

/* Zero means never. */
static uint64_t stamp(uint64_t now_ms)
{
    return now_ms > 0 ? now_ms : 1;
}

void msock__silence_sent(struct msock__silence *silence, uint64_t now_ms)
{
    if (silence->awaited_ms == 0) {
        silence->awaited_ms = stamp(now_ms);
    }
}

void msock__silence_own(struct msock__silence *silence)
{
    silence->awaited_ms = 0;
    silence->own_tries = 0;
}

void msock__silence_other(struct msock__silence *silence, uint64_t now_ms)
{
    silence->others_ms = stamp(now_ms);
    silence->others_tries = 0;
}

enum msock__silence_remedy
msock__silence_check(const struct msock__silence *silence, uint64_t now_ms)
{
    uint64_t own_ms = patience(MSOCK__SILENCE_OWN_MS, MSOCK__SILENCE_OWN_MAX_MS,
                               silence->own_tries);
    uint64_t others_ms =
        patience(MSOCK__SILENCE_OTHERS_MS, MSOCK__SILENCE_OTHERS_MAX_MS,
                 silence->others_tries);

    if (silence->awaited_ms != 0 && now_ms - silence->awaited_ms >= own_ms) {
        return MSOCK__SILENCE_RENEW;
    }
    if (silence->others_ms != 0 && now_ms - silence->others_ms >= others_ms) {
        return MSOCK__SILENCE_REJOIN;
    }
    return MSOCK__SILENCE_FINE;
}

void msock__silence_tried(struct msock__silence *silence, uint64_t now_ms,
                          enum msock__silence_remedy remedy)
{
    if (remedy == MSOCK__SILENCE_RENEW) {
        silence->awaited_ms = stamp(now_ms);
        silence->own_tries++;
    } else if (remedy == MSOCK__SILENCE_REJOIN) {
        silence->others_ms = stamp(now_ms);
        silence->others_tries++;
    }
}
