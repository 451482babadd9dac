/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's own check of its configuration: it is called with services that
 * judge what they are given as those of a host would, and do nothing. */
#ifndef MSOCK_PLUGINS_CHECK_H
#define MSOCK_PLUGINS_CHECK_H

#include "plugins/library.h"

/** Asks the plugin in `library`, called `name`, whether it would start with
 *  `config`, which the table of its keys allows.
 *  Returns 0, or MSOCK_EPLUGIN with what it logged. */
int msock__check_plugin(const struct msock__library *library, const char *name,
                        const char *config);

#endif
