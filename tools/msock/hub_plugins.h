/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's plugins, as its configuration wants them. */
#ifndef MSOCK_TOOLS_HUB_PLUGINS_H
#define MSOCK_TOOLS_HUB_PLUGINS_H

#include "tools/msock/hub_config.h"

#include <multisock/host.h>

/** Loads all plugins in their order. One that cannot be used is reported, and
 *  its `error` set; the others are loaded all the same. */
void hub_plugins_start(msock_host *host, struct hub_config *config,
                       struct problems *problems);

/** Makes what runs as `config` wants it, where `old` was wanted before: plugins
 *  that are no longer named end, those that still are load their file again,
 *  new ones start. One that cannot is reported, and what ran in its place runs
 *  on; where nothing did, its `error` is set.
 *  Returns how many of them run on as they were. */
size_t hub_plugins_change(msock_host *host, const struct hub_config *old,
                          struct hub_config *config, struct problems *problems);

/** Returns how many plugins of the configuration are failed: they could not be
 *  loaded, or neither their new nor their old code starts. */
size_t hub_plugins_failed(const msock_host *host,
                          const struct hub_config *config);

/** Stops all, newest first, each with a line of the log. */
void hub_plugins_stop(msock_host *host, msock_logger *logger);

#endif
