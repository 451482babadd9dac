/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler plugin exports, and the services the host gives it.
 *
 * A plugin is a shared object that exports one symbol, `msock_plugin`, and
 * links nothing of multisock: all it needs is in the services table. Everything
 * runs on the channel's thread; a plugin must not block it. */
#ifndef MULTISOCK_PLUGIN_H
#define MULTISOCK_PLUGIN_H

#include <multisock/multisock.h>
#include <multisock/request.h>
#include <multisock/state.h>

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

/** As msock_callback, without the channel. Returns 0 when it acted. A negative
 *  code refuses the message; MSOCK_ENOMEM, MSOCK_ESYSTEM, MSOCK_ELIMIT,
 *  MSOCK_EPLUGIN, MSOCK_EABI and what is no result at all (above 0, or no code
 *  of error.h) say that the plugin itself failed: after some in a row the host
 *  no longer calls it (docs/plugins.md). */
typedef int msock_plugin_callback(const msock_message *message, void *user);
typedef void msock_plugin_timer(void *user);

/** As msock_state_callback, without the channel. */
typedef void msock_plugin_state(const msock_state *state, void *user);

enum { MSOCK_PLUGIN_KEEP_MAX = 1 << 20 }; /* bytes that `keep` takes */

/** What the host does for a plugin; valid until its `stop` returned. Each
 *  returns as the msock_ function of the same name. New services are appended:
 *  look at `struct_size` before using one that is newer than the ABI's first
 *  version. */
typedef struct msock_services {
    size_t struct_size;
    msock_plugin_host *host;
    const char *node;   /* name of the node */
    const char *config; /* the plugin's own configuration: a JSON object */
    const char *kept;   /* what `keep` was given before a reload, or NULL; valid
                           until `start` returned */
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
    int (*json_member)(const char *json, size_t size, size_t *cursor,
                       const char **key, size_t *key_size, const char **value);
    int (*json_quote)(const char *text, size_t size, char *out,
                      size_t capacity);
    bool (*topic_match)(const char *filter, const char *topic);
    /* Copies `json` (any JSON value, at most MSOCK_PLUGIN_KEEP_MAX bytes; it
     * replaces an earlier one) for the code that takes this one's place at a
     * reload: older, newer or the same, so it is text. `stop` is the place to
     * call it. Returns 0, MSOCK_EJSON, MSOCK_ETOOBIG, MSOCK_ENOMEM. */
    int (*keep)(msock_plugin_host *host, const char *json);
    /* As in text.h: for what is written where people read it */
    int (*json_escape)(const char *json, size_t size, char *out,
                       size_t capacity);
    /* As msock_keep(), msock_state_each() and msock_state_restore(); what is
     * kept ends with the plugin, and is up to the host's bound of
     * subscriptions, too. */
    int (*state_keep)(msock_plugin_host *host, const char *filter,
                      msock_plugin_state *callback, void *user);
    int (*state_each)(msock_plugin_host *host, const char *filter,
                      msock_plugin_state *callback, void *user);
    int (*state_restore)(msock_plugin_host *host, const char *topic,
                         uint64_t version, const char *owner,
                         const uint8_t session[MSOCK_SESSION_SIZE],
                         const char *json);
    /* As msock_defer() and msock_done(): also for the callback of state_keep */
    int (*defer)(msock_plugin_host *host, uint64_t *token);
    int (*done)(msock_plugin_host *host, uint64_t token, int code);
    /* As msock_reply(), msock_reply_later(), msock_reply_to() and
     * msock_reply_drop(), for messages with MSOCK_MESSAGE_REQUEST. Give back in
     * `stop` the tokens that are left. */
    int (*reply)(msock_plugin_host *host, const char *json,
                 const msock_publish_options *options);
    int (*reply_later)(msock_plugin_host *host, uint64_t *token);
    int (*reply_to)(msock_plugin_host *host, uint64_t token, const char *json,
                    const msock_publish_options *options);
    int (*reply_drop)(msock_plugin_host *host, uint64_t token);
} msock_services;

/** Types of a configured value; several may be allowed. */
enum msock_config_type {
    MSOCK_CONFIG_TEXT = 1,   /* a string */
    MSOCK_CONFIG_WHOLE = 2,  /* a whole number from 0 on, at most 2^53-1 */
    MSOCK_CONFIG_NUMBER = 4, /* any number */
    MSOCK_CONFIG_SWITCH = 8, /* true or false */
    MSOCK_CONFIG_LIST = 16,
    MSOCK_CONFIG_OBJECT = 32
};

/** A member that a plugin's configuration may have; its layout stays as it is
 *  as long as the ABI. A table of them ends with a member without a name. */
typedef struct msock_config_key {
    const char *name;
    unsigned types; /* of enum msock_config_type, or-ed */
    bool required;
    const char *help;                       /* one line, or NULL */
    uint64_t least;                         /* of a whole number */
    uint64_t most;                          /* of a whole number; 0: no bound */
    const struct msock_config_key *members; /* of an object, or of each object
                                               of a list; NULL: any */
} msock_config_key;

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
    /** Stops it: stops its timers and gives back *state. Subscriptions end with
     *  the plugin; a timer that is left is removed by the host and reported as
     *  leaked. NULL: there is nothing to give back. */
    void (*stop)(void *state);
    /** The members its configuration may have: checked before `start`. NULL:
     *  any. */
    const msock_config_key *config;
    /** Says, without starting, whether `start` could do with
     *  services->config: what a table cannot say, such as whether a folder is
     *  there. For msock_host_check(), on any thread, perhaps while the plugin
     *  runs. The services judge what they are given, and do nothing: what is
     *  subscribed gets no message, and what is published goes nowhere; `node`
     *  stands for the node's name. So a `start` that changes nothing outside
     *  of the services may be called here, and `stop` after it. Returns 0, or
     *  a negative code, having logged why as an error. NULL: there is no more
     *  to say. */
    int (*check)(const msock_services *services);
} msock_plugin_descriptor;

extern MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin;

#ifdef __cplusplus
}
#endif

#endif
