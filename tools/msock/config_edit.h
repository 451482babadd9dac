/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a configuration's text, which keep all that they are not about:
 * order, white space, and comments outside of what is replaced or removed. */
#ifndef MSOCK_TOOLS_CONFIG_EDIT_H
#define MSOCK_TOOLS_CONFIG_EDIT_H

#include "tools/msock/cli.h"

/** The texts are an object, valid JSON but for comments. Each function returns
 *  the new one, to be freed, or NULL after having told that memory is short. */

/** Sets `context`; NULL removes it. */
char *config_edit_use(const char *text, const char *name);

/** Adds or replaces the context `name`; `object` is its JSON. */
char *config_edit_add(const char *text, const char *name, const char *object);

/** Removes the context `name`. */
char *config_edit_remove(const char *text, const char *name);

#endif
