/* SPDX-License-Identifier: Apache-2.0 */
/* The hub as a service: a channel, plugins, what nodes last reported, and a
 * status file. An idle hub has no timer but the watchdog's: the status is
 * written when something was reported or a plugin quarantined, and not again
 * before the next time. */
#ifndef MSOCK_TOOLS_HUB_H
#define MSOCK_TOOLS_HUB_H

#include "tools/msock/hub_config.h"
#include "tools/msock/hub_reports.h"

#include <multisock/host.h>

struct hub {
    const char *file; /* of the configuration; borrowed */
    struct hub_config config;
    struct problems problems;
    msock_logger *logger;
    msock_channel *channel;
    msock_host *host;
    struct cli_buffer last; /* of the plugins, before they ended */
    struct hub_reports reports;
    int subscriptions[HUB_FILTERS_MAX]; /* one for each filter */
    size_t subscription_count;
    int status_timer; /* that will write the status; 0: none runs */
    int status_error; /* errno of the last writing */
    int status_lock;  /* that no other hub writes it; negative: none */
    time_t started;
};

/** Reads `file` (borrowed until hub_close()) and starts all that it asks for.
 *  Returns CLI_OK, CLI_CONFIG if the file or what it names is wrong, so that to
 *  try again is vain, or CLI_FAILURE; having logged why. hub_close() ends what
 *  was begun in any case. */
int hub_open(struct hub *hub, const char *file);

/** Reads the configuration again. What is wrong in it is logged, and then
 *  nothing changes. */
void hub_reload(struct hub *hub);

/** Writes the status now. */
void hub_report(struct hub *hub);

/** Ends in order: plugins, the newest first; the channel, after what is queued
 *  was sent; and the status, which says so. */
void hub_close(struct hub *hub);

#endif
