/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin from its file to its end: made, started, watched, stopped, freed.
 *
 * What a plugin is granted, its subscriptions, timers and filters of states,
 * hangs on it, so that nothing outlives it. It is in the host's list only from
 * when it is started; the functions here change no list but those of the plugin
 * itself. */
#ifndef MSOCK_PLUGINS_PLUGIN_H
#define MSOCK_PLUGINS_PLUGIN_H

#include "plugins/guard.h"
#include "plugins/library.h"

#include <multisock/host.h>
#include <multisock/plugin.h>

enum {
    MSOCK__PLUGINS_MAX = 64, /* of a host */
    MSOCK__NAME_SIZE = MSOCK__PLUGIN_NAME_MAX + 1,
    MSOCK__REASON_SIZE = 512 /* of what went wrong, with a NUL */
};

struct msock__grant;

/* To itself, a plugin is its handle to the host. */
struct msock_plugin_host {
    struct msock_plugin_host *next; /* in the host's list */
    msock_host *host;
    struct msock__library library; /* condition FAILED: none is open */
    void *state;
    char *directory; /* of its file */
    char *config;
    char *kept; /* what it gave to `keep`, or NULL */
    struct msock__grant *subscriptions;
    struct msock__grant *timers;
    struct msock__grant *keeps;
    size_t subscription_count;
    size_t timer_count;
    size_t keep_count;
    msock_services services;
    struct msock__guard guard;
    enum msock_plugin_condition condition;
    unsigned reloads;
    uint64_t leaked; /* timers, by code that was stopped */
    bool starting;   /* within its `start` */
    bool held;       /* `reason` is its own error, and not logged yet */
    char name[MSOCK__NAME_SIZE];
    char reason[MSOCK__REASON_SIZE]; /* the last thing that went wrong */
};

struct msock_host {
    msock_channel *channel;
    msock_logger *logger;
    char *directory;            /* NULL: absolute paths only */
    msock_plugin_host *plugins; /* newest first */
    unsigned running;           /* plugin code on the stack */
    unsigned slow_ms;
    unsigned slow_max;
    unsigned fail_max;
    unsigned subscriptions_max;
    unsigned timers_max;
    void (*quarantined)(const char *name, void *user);
    void *user;
};

/** Loads NAME.so from `directory` and checks `config` against its keys; it is
 *  not started. All text is copied. *plugin is written on success.
 *  Returns 0, or a code of msock_host_load(). */
int msock__plugin_new(msock_plugin_host **plugin, msock_host *host,
                      const char *directory, const char *name,
                      const char *config);

/** Starts it; `kept` (may be NULL) is lent to it.
 *  Returns 0, MSOCK_EPLUGIN: then it has neither subscriptions nor timers, and
 *  the error that it logged last is part of the detail, and not in the log. */
int msock__plugin_start(msock_plugin_host *plugin, const char *kept);

/** Logs the plugin's own error that was held back, if there is one. */
void msock__plugin_tell(msock_plugin_host *plugin);

/** Stops it and takes back what it was granted. Timers that it left running
 *  are reported, and counted as leaked. */
void msock__plugin_stop(msock_plugin_host *plugin);

/** Unloads and frees one that is not running. */
void msock__plugin_free(msock_plugin_host *plugin);

/** Logs a line under the plugin's name, and keeps it as its reason. */
__attribute__((format(printf, 3, 4))) void
msock__plugin_report(msock_plugin_host *plugin, enum msock_level level,
                     const char *format, ...);

/** Returns where the host's list has the plugin called `name`: NULL is there if
 *  it has none. */
msock_plugin_host **msock__host_find(msock_host *host, const char *name);

/** Returns the number of the host's plugins, and where its list has the one
 *  number `index`, in the order of loading. */
size_t msock__host_count(const msock_host *host);
msock_plugin_host **msock__host_at(msock_host *host, size_t index);

/** Keeps "out of memory" as the detail.  Returns MSOCK_ENOMEM. */
int msock__fail_memory(void);

#endif
