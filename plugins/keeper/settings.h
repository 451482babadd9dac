/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a keeper, whose keys, types and ranges the host has
 * checked. What is wrong with the rest is logged as an error. */
#ifndef MSOCK_PLUGINS_KEEPER_SETTINGS_H
#define MSOCK_PLUGINS_KEEPER_SETTINGS_H

#include <multisock/plugin.h>

enum { MSOCK__FILTERS_MAX = 32, MSOCK__PATH_SIZE = 1024 };

struct msock__settings {
    uint64_t quota; /* bytes of all states */
    bool confirms;  /* filters were named: others wait until it has stored */
    size_t filter_count;
    char path[MSOCK__PATH_SIZE];
    char filters[MSOCK__FILTERS_MAX][MSOCK_TOPIC_MAX + 1]; /* unchecked */
};

/** Reads services->config.  Returns 0, MSOCK_EINVAL. */
int msock__settings_read(struct msock__settings *settings,
                         const msock_services *services);

/** Looks whether the file is one, or could be made. It is not opened: to close
 *  it would give back the locks of a keeper that runs in this process.
 *  Returns 0, MSOCK_EINVAL, MSOCK_ESYSTEM. */
int msock__settings_look(const struct msock__settings *settings,
                         const msock_services *services);

#endif
