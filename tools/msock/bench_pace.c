/* SPDX-License-Identifier: Apache-2.0 */
/* When the next message is due. */
#include "tools/msock/bench_pace.h"

enum { SECOND_NS = 1000000000, MS_NS = 1000000 };

/* Returns when number `number`, from 0 on, is due. */
static uint64_t moment(const struct bench_pace *pace, uint64_t number)
{
    uint64_t rest = number % pace->rate * SECOND_NS / pace->rate;

    return pace->start_ns + pace->slipped_ns + number / pace->rate * SECOND_NS +
           rest;
}

uint64_t bench_pace_due(struct bench_pace *pace, uint64_t now_ns, uint64_t sent)
{
    const uint64_t lag_ns = (uint64_t)BENCH_LAG_MS * MS_NS;

    if (pace->rate == 0) {
        return UINT64_MAX;
    }
    uint64_t next_ns = moment(pace, sent);
    if (now_ns < next_ns) {
        return sent;
    }
    if (now_ns - next_ns > lag_ns) {
        pace->slipped_ns += now_ns - next_ns;
        next_ns = now_ns;
    }
    return sent + 1 + (now_ns - next_ns) * pace->rate / SECOND_NS;
}

int bench_pace_wait_ms(const struct bench_pace *pace, uint64_t now_ns,
                       uint64_t sent)
{
    if (pace->rate == 0) {
        return 0;
    }
    uint64_t next_ns = moment(pace, sent);

    return next_ns <= now_ns ? 0 : (int)((next_ns - now_ns - 1) / MS_NS) + 1;
}
