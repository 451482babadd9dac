/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events on their way to the application's logger, and the
 * rate of those that others can cause: of each kind one line at once, others 1
 * s, 10 s, 1 min and 10 min later, then one an hour. After ten minutes without
 * one of its kind a line comes at once again. */
#ifndef MSOCK_CORE_LOG_H
#define MSOCK_CORE_LOG_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stdint.h>

/** All zero: there was none yet. */
struct msock__log_rate {
    uint64_t line_us; /* when the last line was written */
    uint64_t last_us; /* when something was to be said last */
    unsigned lines;   /* since it was quiet */
};

struct msock__log {
    msock_logger *logger; /* NULL: nobody listens */
    struct msock__log_rate drops[MSOCK_COUNTER_COUNT];
    uint64_t counted[MSOCK_COUNTER_COUNT]; /* drops of which was told */
    struct msock__log_rate names;
};

/** Whether something may be said now; if so it counts as said. */
bool msock__log_may(struct msock__log_rate *rate, uint64_t now_us);

/** Reports a drop, or MSOCK_TX_ERRORS, whose counter now stands at `count`; the
 *  line says how many there were since the last one. */
void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count);

/** Reports that a name is that of two living sessions, the later one at
 *  `address`; `own`: the first one is this node's. */
void msock__log_name(struct msock__log *log, uint64_t now_us, const char *name,
                     const char *address, bool own);

#endif
