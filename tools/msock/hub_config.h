/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of msock hub: one JSON file, in which // begins a comment.
 * Its keys are in docs/man/multisock-hub.5. Reading reports every problem, not
 * only the first, each with the file and the line. */
#ifndef MSOCK_TOOLS_HUB_CONFIG_H
#define MSOCK_TOOLS_HUB_CONFIG_H

#include "tools/msock/problems.h"

enum { HUB_PLUGINS_MAX = 64, HUB_FILTERS_MAX = 16 };

/** A plugin to load; its texts are owned. */
struct hub_plugin {
    char *name;           /* bare, or an absolute path */
    char *config;         /* a JSON object, or NULL */
    char *error;          /* why it is not loaded, or NULL */
    unsigned line;        /* of the file, where its object begins */
    unsigned config_line; /* where its configuration does; else as `line` */
};

/** All texts are owned; NULL is the default, which hub_config_read() puts in
 *  where the library has none of its own. */
struct hub_config {
    const char *file; /* that it was read from; borrowed */
    bool whole;       /* it is one JSON object: there is something to check */
    bool doubtful;    /* a key could not be taken: what seems to be missing may
                         have been meant by it */
    char *channel;    /* [NULL: the library's] */
    char *name;       /* [NULL: the host's] */
    char *key_file;
    bool open;               /* "key_file": null: no key is wanted */
    char *plugins_directory; /* absolute; NULL: absolute plugins only */
    unsigned slow_ms;        /* 0: the plugin host's default */
    unsigned slow_max;       /* likewise, up to timers_max */
    unsigned fail_max;
    unsigned subscriptions_max;
    unsigned timers_max;
    unsigned log_level;      /* enum msock_level */
    char *status_file;       /* absolute; NULL: none */
    unsigned status_every_s; /* least time between two writes [5] */
    bool filtered;           /* filters were given, if only none */
    size_t filter_count;     /* of what the status shows [+/lights/state] */
    char *filters[HUB_FILTERS_MAX];
    size_t plugin_count;
    struct hub_plugin plugins[HUB_PLUGINS_MAX];
};

/** Reports, with file and line, that the plugin host refused `plugin` with
 *  `code`, for the reason in msock_error_detail(). */
void hub_plugin_problem(const struct hub_config *config,
                        const struct hub_plugin *plugin, int code,
                        struct problems *problems);

/** Reads `file` (borrowed) into *config, which is given to the caller in any
 *  case: end it with hub_config_fini().  Returns CLI_OK, or CLI_FAILURE after
 * having reported all problems of the file. */
int hub_config_read(struct hub_config *config, const char *file,
                    struct problems *problems);

/** Says whether something names a key: a file, a credential, or the channel. */
bool hub_config_has_key(const struct hub_config *config);

/** For a test outside of the service: where nothing names a key and none is
 *  declined, looks for the one that the service manager would hand over. That
 *  is `hub.key` beside the configuration, as the unit has it, or what a service
 *  manager that runs the test does not show to it. If it can be read, it
 *  becomes the key file. Returns whether there is one. */
bool hub_config_await_key(struct hub_config *config);

/** Who asks what is wrong with what a file names. */
enum hub_asker {
    HUB_STARTS, /* plugins are not looked at: to load them tells */
    HUB_RELOADS,
    HUB_TESTS
};

/** Checks what the file cannot show alone: channel and key, and each plugin
 *  with its configuration; for a reload but for what only a start can tell, for
 *  a test with that, and with the folder of the status. Nothing is joined or
 *  started. That there is no key is a problem unless it was declined, or one is
 *  `awaited`. Of a file with problems it checks what was understood. Returns
 *  CLI_OK, or CLI_FAILURE after having reported all problems. */
int hub_config_check(const struct hub_config *config, enum hub_asker asker,
                     bool awaited, struct problems *problems);

/** Says in one word what differs from `old` that a running channel or plugin
 *  host cannot take over, or returns NULL. */
const char *hub_config_fixed(const struct hub_config *old,
                             const struct hub_config *config);

/** The name of a plugin without folder and ending, *size bytes of `name`. */
const char *hub_plugin_base(const char *name, size_t *size);

/** Frees what it holds. */
void hub_config_fini(struct hub_config *config);

#endif
