/* SPDX-License-Identifier: Apache-2.0 */
/* How hub and node find their channel where the command line names none: in
 * $MSOCK_CHANNEL and $MSOCK_KEY_FILE, as msock does. */
#ifndef SAMPLES_SURROUNDINGS_H
#define SAMPLES_SURROUNDINGS_H

#include <stdbool.h>

/** Returns `option`, else the value of the environment's `variable`, else NULL.
 *  An empty variable is none. */
const char *option_or_env(const char *option, const char *variable);

/** Says whether a channel so opened has a key. */
bool is_sealed(const char *url, const char *key_file);

#endif
