/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's configuration against the keys that the plugin declares. It keeps
 * and allocates nothing; its stack is bounded by the nesting of JSON. */
#ifndef MSOCK_PLUGINS_CONFIG_H
#define MSOCK_PLUGINS_CONFIG_H

#include <multisock/plugin.h>

enum { MSOCK__CONFIG_KEYS_MAX = 64 }; /* of one table */

/** Checks that `config` is one JSON object, without looking into it.
 *  Returns 0, MSOCK_EJSON. `plugin` is for the detail. */
int msock__config_object(const char *plugin, const char *config);

/** Checks the members of an object against a table of keys.
 *  Returns 0, MSOCK_EOPTION (an unknown, doubled or missing member, a wrong
 *  type or size; the detail names it, and what was probably meant),
 *  MSOCK_EPLUGIN (the table is too long). */
int msock__config_check(const char *plugin, const msock_config_key *keys,
                        const char *config);

#endif
