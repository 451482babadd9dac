/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events, seldom enough for a disk. */
#include "core/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

enum { GAPS = 5 };

static const uint64_t quiet_us = 600000000;

/* Behind the first line, the second one, ... */
static const uint64_t gaps_us[GAPS] = {1000000, 10000000, 60000000, 600000000,
                                       3600000000};

bool msock__log_may(struct msock__log_rate *rate, uint64_t now_us)
{
    if (now_us - rate->last_us >= quiet_us) {
        rate->lines = 0;
    }
    rate->last_us = now_us;
    if (rate->lines > 0 && now_us - rate->line_us < gaps_us[rate->lines - 1]) {
        return false;
    }
    rate->line_us = now_us;
    rate->lines += rate->lines < GAPS ? 1 : 0;
    return true;
}

void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count)
{
    assert(counter >= MSOCK_TX_ERRORS && counter < MSOCK_COUNTER_COUNT);
    uint64_t reported = log->counted[counter];
    if (log->logger == NULL || count <= reported ||
        !msock__log_may(&log->drops[counter], now_us)) {
        return;
    }
    log->counted[counter] = count;
    msock_log(log->logger, MSOCK_WARNING, "dropped %" PRIu64 ": %s (%s)",
              count - reported, msock_counter_name(counter),
              msock_counter_text(counter));
}

void msock__log_name(struct msock__log *log, uint64_t now_us, const char *name,
                     const char *address, bool own)
{
    if (log->logger == NULL || !msock__log_may(&log->names, now_us)) {
        return;
    }
    msock_log(log->logger, MSOCK_WARNING,
              own ? "%s is the name of another program, too, at %s: give one "
                    "of them another name"
                  : "two programs speak as %s, one of them at %s: give one of "
                    "them another name",
              name, address);
}
