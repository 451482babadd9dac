/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin host: loads handler plugins into a channel of an application.
 *
 * A plugin is named by an absolute path, or by a bare name that is looked up in
 * the host's directory only, as NAME.so. Nothing is searched elsewhere. A file
 * or directory that others may write is refused. A plugin that cannot be used
 * is an error of that call; the host and its other plugins run on. */
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

/** Makes a host on `channel` (borrowed: close the host first) with plugins in
 *  `directory` (absolute; NULL: absolute paths only). `logger` may be NULL.
 *  *host is written on success and given to the caller.
 *  Returns 0, MSOCK_EINVAL (directory not absolute), MSOCK_ENOMEM.
 *  Thread: loop only. */
int msock_host_open(msock_host **host, msock_channel *channel,
                    const char *directory, msock_logger *logger);

/** Loads and starts the plugin `name` with `config`, a JSON object (NULL: {}),
 *  copied.
 *  Returns 0, MSOCK_EINVAL (neither absolute path nor bare name), MSOCK_ENOENT
 *  (no such file), MSOCK_EACCESS (file or directory owned by another user, or
 *  others may write), MSOCK_EPLUGIN (not a shared object, no descriptor, or its
 *  start failed), MSOCK_EABI (built for another version), MSOCK_EJSON
 *  (config), MSOCK_EBUSY (a plugin of that name runs), MSOCK_ENOMEM.
 *  Thread: loop only. */
int msock_host_load(msock_host *host, const char *name, const char *config);

/** Stops and unloads the plugin with the descriptor's name `name`.
 *  Returns 0, MSOCK_ENOENT, MSOCK_EBUSY (called while a plugin runs).
 *  Thread: loop only, not from a plugin. */
int msock_host_unload(msock_host *host, const char *name);

/** Stops and unloads all plugins, newest first. NULL is ignored.
 *  Thread: loop only, not from a plugin. */
void msock_host_close(msock_host *host);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
