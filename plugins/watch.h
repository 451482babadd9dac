/* SPDX-License-Identifier: Apache-2.0 */
/* Watches each call into a plugin's code: how long it took and what it
 * returned. What is wrong is reported under the plugin's name, and a plugin
 * that fails again and again is no longer called.
 *
 * A call that never returns cannot be ended from here: it stops the program. */
#ifndef MSOCK_PLUGINS_WATCH_H
#define MSOCK_PLUGINS_WATCH_H

#include "plugins/plugin.h"

/** Begins a call: no plugin is unloaded until it ends.
 *  Returns the time, to be given to the end. */
uint64_t msock__watch_begin(msock_host *host);

/** Ends a call that started or stopped a plugin: such may take their time. */
void msock__watch_end(msock_host *host);

/** Ends the call of a handler with a message on `topic`.
 *  Returns the result for the channel: 0 or a code. */
int msock__watch_end_message(msock_plugin_host *plugin, uint64_t began_ns,
                             int result, const char *topic);

/** Ends the call of one that keeps states, with one of `topic`. */
void msock__watch_end_state(msock_plugin_host *plugin, uint64_t began_ns,
                            const char *topic);

/** Ends the call of a timer. */
void msock__watch_end_timer(msock_plugin_host *plugin, uint64_t began_ns);

/** Reports, now and then, that a plugin wants more than `count` of a `kind`. */
void msock__watch_limit(msock_plugin_host *plugin, size_t count,
                        const char *kind);

#endif
