/* SPDX-License-Identifier: Apache-2.0 */
/* What one may tell a hub. */
#ifndef SAMPLES_HUB_COMMAND_H
#define SAMPLES_HUB_COMMAND_H

#include <multisock/multisock.h>

enum hub_verb {
    HUB_NOTHING,
    HUB_LIGHTS,
    HUB_STATUS,
    HUB_WATCH,
    HUB_HELP,
    HUB_QUIT
};

enum { HUB_COMMAND_SIZE = 3 * (MSOCK_NAME_MAX + 1) };

struct hub_command {
    enum hub_verb verb;
    char node[MSOCK_NAME_MAX + 1]; /* lights: whose; "": everybody's */
    bool on;
    int brightness; /* as the LED counts it; -1: the brightest, or none */
    char text[HUB_COMMAND_SIZE]; /* lights: how it was said */
};

/** How commands are spelt, for users. */
extern const char hub_command_help[];

/** Reads a line: "[all|NODE] lights on|off|NUMBER", "status" or "nodes",
 *  "watch", "help", "quit"; a blank line is HUB_NOTHING.  Returns 0, or
 * MSOCK_EINVAL (none of these). */
int hub_command_parse(struct hub_command *command, const char *line);

#endif
