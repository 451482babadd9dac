/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler plugin exports, and the services the host gives it.
 *
 * A plugin is a shared object that exports one symbol, `msock_plugin`, and
 * links nothing of multisock: all it needs is in the services table. Everything
 * runs on the channel's thread; a plugin must not block it. */
#ifndef MULTISOCK_PLUGIN_H
#define MULTISOCK_PLUGIN_H

#include <multisock/multisock.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rises when a plugin built for an older host could not work any more. */
#define MSOCK_PLUGIN_ABI 1

/** Put before the definition of `msock_plugin`. */
#if defined(__GNUC__)
#define MSOCK_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define MSOCK_PLUGIN_EXPORT
#endif

/** The plugin's own handle to the host: pass it to every service. */
typedef struct msock_plugin_host msock_plugin_host;

/** As msock_callback, without the channel. */
typedef int msock_plugin_callback(const msock_message *message, void *user);
typedef void msock_plugin_timer(void *user);

/** What the host does for a plugin; valid until its `stop` returned. Each
 *  returns as the msock_ function of the same name. New services are appended:
 *  look at `struct_size` before using one that is newer than the ABI's first
 *  version. */
typedef struct msock_services {
    size_t struct_size;
    msock_plugin_host *host;
    const char *node;   /* name of the node */
    const char *config; /* the plugin's own configuration: a JSON object */
    int (*subscribe)(msock_plugin_host *host, const char *filter,
                     msock_plugin_callback *callback, void *user,
                     const msock_subscribe_options *options);
    int (*unsubscribe)(msock_plugin_host *host, int id);
    int (*publish)(msock_plugin_host *host, const char *topic, const char *json,
                   const msock_publish_options *options);
    int (*timer_start)(msock_plugin_host *host, uint64_t delay_ms,
                       uint64_t period_ms, msock_plugin_timer *callback,
                       void *user);
    int (*timer_stop)(msock_plugin_host *host, int id);
    void (*log)(msock_plugin_host *host, enum msock_level level,
                const char *text);
    /* Text helpers, as in text.h */
    int (*json_get)(const char *json, size_t size, const char *key,
                    const char **value);
    int (*json_next)(const char *json, size_t size, size_t *cursor,
                     const char **value);
    int (*json_text)(const char *json, size_t size, char *out, size_t capacity);
    int (*json_quote)(const char *text, size_t size, char *out,
                      size_t capacity);
} msock_services;

/** The descriptor that a plugin exports under the name `msock_plugin`. */
typedef struct msock_plugin_descriptor {
    unsigned abi;            /* MSOCK_PLUGIN_ABI */
    size_t struct_size;      /* sizeof(msock_plugin_descriptor) */
    const char *name;        /* as the file is called: NAME.so */
    const char *description; /* one line */
    /** Starts the plugin: subscribes and so on, and sets *state. Returns 0, or
     *  a negative code, having logged why: then it is unloaded, and its
     *  subscriptions and timers are removed. */
    int (*start)(const msock_services *services, void **state);
    /** Stops it: gives back *state. Subscriptions and timers that are left are
     *  removed by the host. NULL: there is nothing to give back. */
    void (*stop)(void *state);
} msock_plugin_descriptor;

extern MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin;

#ifdef __cplusplus
}
#endif

#endif
