/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events on their way to the application's logger, and the
 * rate limit on those that strangers can cause: one line a second per drop
 * counter, saying how many were dropped since the last line. */
#ifndef MSOCK_CORE_LOG_H
#define MSOCK_CORE_LOG_H

#include <multisock/multisock.h>
#include <stdint.h>

struct msock__log {
    msock_logger *logger;                  /* NULL: nobody listens */
    uint64_t line_us[MSOCK_COUNTER_COUNT]; /* last line */
    uint64_t counted[MSOCK_COUNTER_COUNT]; /* drops it had counted */
};

/** Reports a drop, or MSOCK_TX_ERRORS, whose counter now stands at `count`, at
 *  most once a second per counter; the first at once. */
void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count);

#endif
