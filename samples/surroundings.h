/* SPDX-License-Identifier: Apache-2.0 */
/* How hub, node and sensor find their channel where the command line names
 * none: in $MSOCK_CHANNEL and $MSOCK_KEY_FILE, as msock does. */
#ifndef SAMPLES_SURROUNDINGS_H
#define SAMPLES_SURROUNDINGS_H

#include <stdbool.h>

/** Completes what the options name, NULL for nothing, by the environment.
 *  Returns true; or false, after having told it under `program`, if the key
 *  file has no name: without a key the channel would be open to anybody. */
bool surroundings_complete(const char *program, const char **url,
                           const char **key_file);

/** Says whether a channel so opened has a key. */
bool is_sealed(const char *url, const char *key_file);

#endif
