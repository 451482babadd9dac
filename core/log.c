/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events, at most one line a second per drop counter. */
#include "core/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

static const uint64_t line_interval_us = 1000000;

void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count)
{
    assert(counter >= MSOCK_TX_ERRORS && counter < MSOCK_COUNTER_COUNT);
    uint64_t reported = log->counted[counter];
    if (log->logger == NULL || count <= reported) {
        return;
    }
    if (reported != 0 && now_us - log->line_us[counter] < line_interval_us) {
        return;
    }

    log->line_us[counter] = now_us;
    log->counted[counter] = count;
    msock_log(log->logger, MSOCK_WARNING, "dropped %" PRIu64 ": %s (%s)",
              count - reported, msock_counter_name(counter),
              msock_counter_text(counter));
}
