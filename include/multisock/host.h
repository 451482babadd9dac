/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin host: loads handler plugins into a channel of an application,
 * watches over them, and replaces them while the channel runs.
 *
 * A plugin is named by an absolute path, or by a bare name that is looked up in
 * the host's directory only, as NAME.so. Nothing is searched elsewhere. A file
 * or directory that others may write is refused. A plugin that cannot be used
 * is an error of that call; the host and its other plugins run on. What a
 * running plugin does wrong is logged under its name and counted. */
#ifndef MULTISOCK_HOST_H
#define MULTISOCK_HOST_H

#include <multisock/multisock.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct msock_host msock_host;

/** How a host is opened; zero means the default in every field. */
typedef struct msock_host_options {
    size_t struct_size;    /* sizeof(msock_host_options), or 0: layout of
                              1.0 */
    const char *directory; /* of plugins, absolute; copied [absolute paths
                              only] */
    msock_logger *logger;  /* kept until the host is closed [nobody] */
    unsigned slow_ms;      /* a handler that runs longer is reported [50] */
    unsigned fail_max;     /* failures in a row until quarantine [10] */
    unsigned slow_max; /* calls over slow_ms in a row until quarantine [100] */
    unsigned subscriptions_max; /* of one plugin [1024] */
    unsigned timers_max;        /* of one plugin [256] */
    /* called within the turn of the loop in which the plugin `name` (lent) was
       quarantined; it may use the channel and the host, but to unload or
       reload plugins there is MSOCK_EBUSY [nobody] */
    void (*quarantined)(const char *name, void *user);
    void *user; /* of `quarantined` */
} msock_host_options;

/** Makes a host on `channel` (borrowed: close the host first; it uses the
 *  channel until then, and cannot see that it is gone). `options` may be NULL.
 *  *host is written on success and given to the caller.
 *  Returns 0, MSOCK_EINVAL (directory not absolute, struct_size),
 *  MSOCK_ENOMEM.
 *  Thread: loop only. */
int msock_host_open(msock_host **host, msock_channel *channel,
                    const msock_host_options *options);

/** Loads and starts the plugin `name` with `config`, a JSON object (NULL: {}),
 *  copied. What the plugin itself does in it may leave a detail behind
 *  (msock_error_detail()), although this returns 0. The configuration is
 * checked against the keys that the plugin declares before anything of it is
 * started. Returns 0, MSOCK_EINVAL (neither absolute path nor bare name),
 * MSOCK_ENOENT (no such file), MSOCK_EACCESS (file or directory owned by
 * another user, or others may write), MSOCK_EPLUGIN (not a whole shared object,
 * no descriptor, or its start failed), MSOCK_EABI (built for another version),
 * MSOCK_EJSON (config is no JSON object), MSOCK_EOPTION (unknown, missing or
 * wrong member of config; the detail names the nearest known one), MSOCK_EBUSY
 * (a plugin of that name is loaded), MSOCK_ELIMIT (64 plugins), MSOCK_ESYSTEM,
 *  MSOCK_ENOMEM.
 *  Thread: loop only. */
int msock_host_load(msock_host *host, const char *name, const char *config);

/** Does all that msock_host_load() checks, and asks the plugin, if it has a
 *  `check`, whether it would start. It is not started. (Its code is opened, so
 *  constructors of the shared object run.)
 *  `directory` as in msock_host_options; it may be NULL.
 *  Returns as msock_host_load(), without MSOCK_EBUSY; MSOCK_EPLUGIN also if the
 *  plugin says that it would not start.  Thread: any. */
int msock_host_check(const char *directory, const char *name,
                     const char *config);

/** Loads the file of the loaded plugin `name` again and puts it in the place of
 *  what runs, with `config` (NULL: as before). In this order: the new file and
 *  the configuration are checked; the old plugin is stopped, its subscriptions
 *  and timers end; the new one starts, and finds what the old one gave to the
 *  service `keep`. All this happens within the call: the channel stays joined,
 *  and what arrives meanwhile waits in its receive buffer (`rcvbuf`; an
 *  overflow is counted as drop_kernel). Whatever fails, the old code goes on:
 *  without a pause if the check fails, else started again with what it kept.
 *  A quarantined plugin starts anew, and its counts with it.
 *
 *  `name` NULL: all plugins, oldest first, each as above; `config` is NULL.
 *
 *  Call it outside of callbacks (a message in delivery would pass the plugin
 *  by): where a loop turns, such as when msock_run() returned after SIGHUP.
 *  Returns 0, or the first failure: MSOCK_ENOENT (no such plugin, or its file
 *  is gone), MSOCK_EBUSY (called while a plugin runs), or as msock_host_load().
 *  Thread: loop only, not from a plugin. */
int msock_host_reload(msock_host *host, const char *name, const char *config);

/** Stops and unloads the plugin with the descriptor's name `name`.
 *  Returns 0, MSOCK_ENOENT, MSOCK_EBUSY (called while a plugin runs).
 *  Thread: loop only, not from a plugin. */
int msock_host_unload(msock_host *host, const char *name);

/** Stops and unloads all plugins, newest first. NULL is ignored.
 *  Thread: loop only, not from a plugin. */
void msock_host_close(msock_host *host);

/* -- What plugins do -- */

enum msock_plugin_condition {
    MSOCK_PLUGIN_RUNNING,     /* its handlers are called */
    MSOCK_PLUGIN_QUARANTINED, /* failed fail_max times in a row, or was slow
                                 slow_max times in a row: loaded, but no longer
                                 called, until it is reloaded */
    MSOCK_PLUGIN_FAILED       /* a reload failed, and so did the old code: not
                                 loaded, until it is reloaded */
};

/** A plugin as it is now. Counts begin when its code was started. */
typedef struct msock_plugin_status {
    size_t struct_size; /* in: sizeof(msock_plugin_status), or 0: layout of
                           1.0 */
    const char *name;
    const char *description; /* its own, one line; "" if it has none */
    const char *error;       /* the last thing that went wrong, or "" */
    enum msock_plugin_condition condition;
    unsigned reloads;     /* how often it was replaced since it was loaded */
    size_t subscriptions; /* that it has now */
    size_t timers;        /* that it has now */
    uint64_t calls;       /* of its handlers and timers */
    uint64_t refused;     /* negative results: the message was at fault */
    uint64_t failed;      /* negative results: the plugin was at fault */
    uint64_t garbage;     /* of `failed`: results that are no result */
    uint64_t slow;        /* calls that took longer than slow_ms */
    uint64_t dropped;     /* messages that came while quarantined */
    uint64_t slowest_ms;  /* the longest call */
    uint64_t leaked;      /* timers that earlier code left running when it
                             stopped, since it was loaded */
} msock_plugin_status;

/** Tells how the plugin number `index` does: from 0, in the order of loading.
 *  *status is written on success; its texts are valid until the next call with
 *  this host or turn of the loop.
 *  Returns 0, MSOCK_ENOENT (there are no more), MSOCK_EINVAL (struct_size).
 *  Thread: loop only. */
int msock_host_status(const msock_host *host, size_t index,
                      msock_plugin_status *status);

/** Returns "running", "quarantined", "failed", or NULL. Static text.
 *  Thread: any. */
const char *msock_plugin_condition_name(enum msock_plugin_condition condition);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
