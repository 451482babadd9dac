/* SPDX-License-Identifier: Apache-2.0 */
/* What was last said on some topics, by whom: a table sorted by topic, then
 * sender. What one node says about another does not replace what that one says
 * itself.
 *
 * Memory: at most HUB_REPORTS_MAX entries of HUB_REPORT_DATA_MAX bytes each;
 * larger data is noted by its size, and further entries are counted only. */
#ifndef MSOCK_TOOLS_HUB_REPORTS_H
#define MSOCK_TOOLS_HUB_REPORTS_H

#include "tools/msock/cli.h"

#include <time.h>

enum { HUB_REPORTS_MAX = 1024, HUB_REPORT_DATA_MAX = 4096 };

/** One entry; its texts are in one piece of memory with it. */
struct hub_report {
    struct timespec time; /* wall clock */
    bool raw;             /* data is bytes, not JSON */
    bool sealed;          /* came authenticated */
    size_t data_size;     /* as it was received */
    const char *data;     /* NULL: raw, or over HUB_REPORT_DATA_MAX bytes */
    const char *sender;
    char topic[];
};

/** Zeros at first. */
struct hub_reports {
    size_t count;
    uint64_t missed; /* messages that found no room */
    struct hub_report *entries[HUB_REPORTS_MAX];
};

/** Takes a message in the place of what its sender last said on its topic.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM. */
int hub_reports_take(struct hub_reports *reports, const msock_message *message);

/** Forgets what matches none of the filters. */
void hub_reports_keep(struct hub_reports *reports, char *const *filters,
                      size_t filter_count);

#endif
