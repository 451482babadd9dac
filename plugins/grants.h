/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin was granted: its subscriptions, timers and filters of states
 * that it keeps, up to the host's bounds. A grant goes when the plugin gives it
 * back, when a timer without a period has run, or with the plugin. */
#ifndef MSOCK_PLUGINS_GRANTS_H
#define MSOCK_PLUGINS_GRANTS_H

#include "plugins/plugin.h"

/** As the services of the same name; MSOCK_ELIMIT is the host's bound too. */
int msock__grant_subscription(msock_plugin_host *plugin, const char *filter,
                              msock_plugin_callback *callback, void *user,
                              const msock_subscribe_options *options);
int msock__grant_unsubscribe(msock_plugin_host *plugin, int id);
int msock__grant_timer(msock_plugin_host *plugin, uint64_t delay_ms,
                       uint64_t period_ms, msock_plugin_timer *callback,
                       void *user);
int msock__grant_timer_stop(msock_plugin_host *plugin, int id);
int msock__grant_keep(msock_plugin_host *plugin, const char *filter,
                      msock_plugin_state *callback, void *user);

/** Takes back all subscriptions, all timers, or all that it keeps. */
void msock__grants_end_subscriptions(msock_plugin_host *plugin);
void msock__grants_end_timers(msock_plugin_host *plugin);
void msock__grants_end_keeps(msock_plugin_host *plugin);

#endif
