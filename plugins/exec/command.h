/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the plugin `exec`, as its configuration lists them. */
#ifndef MSOCK_PLUGINS_EXEC_COMMAND_H
#define MSOCK_PLUGINS_EXEC_COMMAND_H

#include <multisock/plugin.h>

enum {
    MSOCK__COMMANDS_MAX = 32,
    MSOCK__WORDS_MAX = 32, /* arguments, or variables, of a command */
    MSOCK__WORD_MAX = 1023 /* bytes of each */
};

struct msock__command {
    char *filter;
    char *reply; /* topic of the output, or NULL */
    char *argv[MSOCK__WORDS_MAX + 2];
    char *environment[MSOCK__WORDS_MAX + 1]; /* "NAME=VALUE" */
    uint64_t timeout_ms;
};

struct msock__commands {
    size_t count;
    struct msock__command items[MSOCK__COMMANDS_MAX];
};

/** The configuration, for the plugin's descriptor. */
extern const msock_config_key msock__exec_keys[];

/** Reads the list "commands" of the plugin's configuration into an empty set,
 *  and looks at each program: it must be a file that we may execute and others
 *  may not write or replace. `commands` is to be freed in any case.
 *  Returns 0, or a code, having logged why. */
int msock__commands_read(struct msock__commands *commands,
                         const msock_services *services);

void msock__commands_fini(struct msock__commands *commands);

/** Returns the number at a key of the configuration. */
uint64_t msock__config_number(const msock_services *services, const char *json,
                              size_t size, const char *key, uint64_t otherwise);

#endif
