/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's own events on their way to the application's logger, and the
 * rate of those that others can cause: of each kind one line at once, others 1
 * s, 10 s, 1 min and 10 min later, then one an hour. After ten minutes without
 * one of its kind a line comes at once again.
 *
 * A kind is a counter, or what is said of one name or topic. Of those the first
 * 16 have a rate each, and all others share one, until some were quiet for ten
 * minutes: who invents names fills no disk. Memory: 2.5 KiB. */
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

enum { MSOCK__LOG_SUBJECTS = 16 };

/** What is said of names and topics. */
enum msock__log_about {
    MSOCK__LOG_NAME,   /* two have it */
    MSOCK__LOG_PUSH,   /* keys that this node pushed were not taken */
    MSOCK__LOG_RIGHTS, /* others will not hear this topic */
};

struct msock__log_subject {
    uint64_t hash; /* of what is said and of whom */
    struct msock__log_rate rate;
};

struct msock__log {
    msock_logger *logger; /* NULL: nobody listens */
    struct msock__log_rate drops[MSOCK_COUNTER_COUNT];
    uint64_t counted[MSOCK_COUNTER_COUNT]; /* drops of which was told */
    struct msock__log_subject subjects[MSOCK__LOG_SUBJECTS];
    struct msock__log_rate others;
};

/** Whether something may be said of `name`, any text, now; if so it counts as
 *  said. */
bool msock__log_may(struct msock__log *log, uint64_t now_us,
                    enum msock__log_about about, const char *name);

/** Reports a drop, or MSOCK_TX_ERRORS, whose counter now stands at `count`; the
 *  line says how many there were since the last one. */
void msock__log_drop(struct msock__log *log, uint64_t now_us,
                     enum msock_counter counter, uint64_t count);

/** That so many drops were counted is told by no line: not by the next one
 *  either. */
void msock__log_skip(struct msock__log *log, enum msock_counter counter,
                     uint64_t count);

/** Reports that a name is that of two living sessions, the later one at
 *  `address`; `own`: the first one is this node's. */
void msock__log_name(struct msock__log *log, uint64_t now_us, const char *name,
                     const char *address, bool own);

#endif
