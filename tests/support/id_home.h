/* SPDX-License-Identifier: Apache-2.0 */
/* A folder with a group key, id files and a trust file, for tests that run with
 * it as their directory. */
#ifndef TESTS_SUPPORT_ID_HOME_H
#define TESTS_SUPPORT_ID_HOME_H

#include <multisock/multisock.h>

/** Makes the folder, which is the current one then, with home.key. */
void id_home_make(void);
void id_home_remove(void);

/** Makes NAME.id, for names without a slash. */
void id_home_node(const char *name);

/** Adds "NAME ed25519 KEY RIGHTS" with the key of `id`.id to the trust file.
 */
void id_home_trust(const char *name, const char *id, const char *rights);

/** Adds a line to the trust file. */
void id_home_line(const char *line);

/** Empties the trust file. */
void id_home_distrust(void);

/** Options with the group key, the trust file and, unless it is NULL, `id`.id;
 *  valid until the next call. */
const msock_options *id_home_options(const char *id);

#endif
