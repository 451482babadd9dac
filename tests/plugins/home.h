/* SPDX-License-Identifier: Apache-2.0 */
/* A home for tests of real plugins: a hub and a node "kitchen" with a plugin
 * host on a simulated network in virtual time. It hears what is published on
 * NODE/lights/state and on porch/lights. */
#ifndef MSOCK_TESTS_HOME_H
#define MSOCK_TESTS_HOME_H

#include "tests/plugins/folder.h"

#include <multisock/host.h>
#include <multisock/sim.h>

enum { HOME_TEXT_SIZE = 1024 };

struct home {
    char folder[FOLDER_PATH_SIZE]; /* of the plugin, and what a test adds */
    msock_sim *sim;
    msock_channel *hub;
    msock_channel *node;
    msock_host *host;
    char heard[HOME_TEXT_SIZE]; /* by the hub: "TOPIC JSON\n"... */
};

/** Makes a home with a copy of the plugin at "BUILD/`path`". */
void home_open(struct home *home, const char *path);

void home_close(struct home *home);

/** Publishes from the hub and lets 100 ms pass, having emptied `heard`. */
void home_say(struct home *home, const char *topic, const char *json);

#endif
