/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's plugins, as its configuration wants them. */
#ifndef MSOCK_TOOLS_HUB_PLUGINS_H
#define MSOCK_TOOLS_HUB_PLUGINS_H

#include "tools/msock/hub_config.h"

#include <multisock/host.h>

/** Loads all plugins in their order.  Returns CLI_OK, or CLI_FAILURE after
 *  having reported the first that cannot be used. */
int hub_plugins_start(msock_host *host, const struct hub_config *config,
                      struct hub_problems *problems);

/** Makes what runs as `config` wants it, where `old` was wanted before: plugins
 *  that are no longer named end, those that still are load their file again,
 *  new ones start. One that cannot is reported, and what ran in its place runs
 *  on. */
void hub_plugins_change(msock_host *host, const struct hub_config *old,
                        const struct hub_config *config,
                        struct hub_problems *problems);

/** Stops all, newest first, each with a line of the log. */
void hub_plugins_stop(msock_host *host, msock_logger *logger);

#endif
