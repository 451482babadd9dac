/* SPDX-License-Identifier: Apache-2.0 */
/* The user's configuration, changed: whoever reads it meanwhile, or after a
 * crash at any moment, finds the old one or the new one whole. */
#ifndef MSOCK_TOOLS_CONFIG_WRITE_H
#define MSOCK_TOOLS_CONFIG_WRITE_H

#include "tools/msock/config.h"

/** Makes the new text of the user's file from its text (config_edit.h), knowing
 *  what both files say. Sets *changed to be freed.  Returns CLI_OK, or another
 *  exit code after having told why nothing is changed. */
typedef int config_edit(const struct config *config, const char *text,
                        char **changed, void *user);

/** Reads both files, has `edit` change the user's, checks that, and writes it:
 *  to a temporary file beside it, which is synchronised and then renamed. It
 *  keeps its mode; a new one, and folders that are missing, are the user's
 *  alone. Others that change it at the same time wait. A symbolic link stays
 *  one.  Returns CLI_OK, or another exit code after having told why. */
int config_write(config_edit *edit, void *user);

#endif
