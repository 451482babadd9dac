/* SPDX-License-Identifier: Apache-2.0 */
/* Loads handler plugins, serves them, and takes back what they leave behind. */
#include <multisock/host.h>

#include "codec/error.h"
#include "plugins/library.h"

#include <assert.h>
#include <multisock/plugin.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_SIZE = MSOCK__PLUGIN_NAME_MAX + 1,
    REASON_SIZE = 256 /* why a plugin did not start, and a NUL */
};

/* What a plugin asked for: a subscription or a timer. Its address is the
 * `user` of the channel's callback, so it never moves. */
struct grant {
    struct grant *next;
    msock_plugin_host *plugin;
    int id;
    bool once; /* a timer that has no period */
    union {
        msock_plugin_callback *message;
        msock_plugin_timer *timer;
    } callback;
    void *user;
};

/* A loaded plugin: to itself, its handle to the host. */
struct msock_plugin_host {
    struct msock_plugin_host *next;
    msock_host *host;
    struct msock__library library;
    void *state;
    char *config;
    struct grant *subscriptions;
    struct grant *timers;
    msock_services services;
    char name[NAME_SIZE];
    char reason[REASON_SIZE]; /* its last error in the log */
};

struct msock_host {
    msock_channel *channel;
    msock_logger *logger;
    char *directory;            /* NULL: absolute paths only */
    msock_plugin_host *plugins; /* newest first */
    unsigned running;           /* plugin code on the stack */
};

static int fail_memory(void)
{
    return msock__fail(MSOCK_ENOMEM, "%s", msock_error_text(MSOCK_ENOMEM));
}

/* -- Grants -- */

/* Makes a grant in `list`; its id is still to be set. */
static struct grant *grant_new(msock_plugin_host *plugin, struct grant **list,
                               void *user)
{
    struct grant *grant = calloc(1, sizeof *grant);
    if (grant == NULL) {
        fail_memory();
        return NULL;
    }
    grant->plugin = plugin;
    grant->user = user;
    grant->next = *list;
    *list = grant;
    return grant;
}

static void grant_free(struct grant **list, struct grant *grant)
{
    while (*list != grant) {
        assert(*list != NULL);
        list = &(*list)->next;
    }
    *list = grant->next;
    free(grant);
}

static struct grant *grant_find(struct grant *list, int id)
{
    while (list != NULL && list->id != id) {
        list = list->next;
    }
    return list;
}

/* A grant may be gone when its callback returns: nothing of it is used after
 * that. */
static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    const struct grant *grant = user;
    msock_host *host = grant->plugin->host;
    assert(host->channel == channel);

    host->running++;
    int result = grant->callback.message(message, grant->user);
    host->running--;
    return result;
}

static void on_timer(msock_channel *channel, void *user)
{
    struct grant *grant = user;
    msock_plugin_timer *callback = grant->callback.timer;
    void *callback_user = grant->user;
    msock_host *host = grant->plugin->host;
    assert(host->channel == channel);
    if (grant->once) {
        grant_free(&grant->plugin->timers, grant);
    }

    host->running++;
    callback(callback_user);
    host->running--;
}

/* -- Services -- */

static int service_subscribe(msock_plugin_host *plugin, const char *filter,
                             msock_plugin_callback *callback, void *user,
                             const msock_subscribe_options *options)
{
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "a subscription needs a callback");
    }
    struct grant *grant = grant_new(plugin, &plugin->subscriptions, user);
    if (grant == NULL) {
        return MSOCK_ENOMEM;
    }
    grant->callback.message = callback;
    grant->id = msock_subscribe(plugin->host->channel, filter, on_message,
                                grant, options);
    int id = grant->id;
    if (id < 0) {
        grant_free(&plugin->subscriptions, grant);
    }
    return id;
}

static int service_unsubscribe(msock_plugin_host *plugin, int id)
{
    struct grant *grant = grant_find(plugin->subscriptions, id);
    if (grant == NULL) {
        return msock__fail(MSOCK_ENOENT,
                           "plugin %s has no subscription with the id %d",
                           plugin->name, id);
    }
    grant_free(&plugin->subscriptions, grant);
    return msock_unsubscribe(plugin->host->channel, id);
}

static int service_publish(msock_plugin_host *plugin, const char *topic,
                           const char *json,
                           const msock_publish_options *options)
{
    return msock_publish(plugin->host->channel, topic, json, options);
}

static int service_timer_start(msock_plugin_host *plugin, uint64_t delay_ms,
                               uint64_t period_ms, msock_plugin_timer *callback,
                               void *user)
{
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "a timer needs a callback");
    }
    struct grant *grant = grant_new(plugin, &plugin->timers, user);
    if (grant == NULL) {
        return MSOCK_ENOMEM;
    }
    grant->callback.timer = callback;
    grant->once = period_ms == 0;
    grant->id = msock_timer_start(plugin->host->channel, delay_ms, period_ms,
                                  on_timer, grant);
    int id = grant->id;
    if (id < 0) {
        grant_free(&plugin->timers, grant);
    }
    return id;
}

static int service_timer_stop(msock_plugin_host *plugin, int id)
{
    struct grant *grant = grant_find(plugin->timers, id);
    if (grant == NULL) {
        return msock__fail(MSOCK_ENOENT,
                           "plugin %s has no timer with the id %d",
                           plugin->name, id);
    }
    grant_free(&plugin->timers, grant);
    return msock_timer_stop(plugin->host->channel, id);
}

static void service_log(msock_plugin_host *plugin, enum msock_level level,
                        const char *text)
{
    if (level >= MSOCK_ERROR) {
        snprintf(plugin->reason, sizeof plugin->reason, "%s", text);
    }
    msock_log(plugin->host->logger, level, "%s: %s", plugin->name, text);
}

static msock_services services_for(msock_plugin_host *plugin)
{
    return (msock_services){
        .struct_size = sizeof(msock_services),
        .host = plugin,
        .node = msock_name(plugin->host->channel),
        .config = plugin->config,
        .subscribe = service_subscribe,
        .unsubscribe = service_unsubscribe,
        .publish = service_publish,
        .timer_start = service_timer_start,
        .timer_stop = service_timer_stop,
        .log = service_log,
        .json_get = msock_json_get,
        .json_next = msock_json_next,
        .json_text = msock_json_text,
        .json_quote = msock_json_quote,
    };
}

/* -- Names -- */

static bool name_is_bare(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789_-")] == '\0';
}

/* Splits an absolute path, or a bare name of the host's directory, into the
 * directory (to be freed) and the plugin's name. */
static int name_split(const msock_host *host, const char *path,
                      char **directory, char name[static NAME_SIZE])
{
    bool absolute = path[0] == '/';
    if (!absolute && host->directory == NULL) {
        return msock__fail(MSOCK_EINVAL,
                           "plugin \"%s\": this host has no directory of "
                           "plugins; give an absolute path",
                           path);
    }
    const char *base = absolute ? strrchr(path, '/') + 1 : path;
    size_t size = strlen(base);
    if (absolute && size > 3 && strcmp(base + size - 3, ".so") == 0) {
        size -= 3;
    } else if (absolute) {
        size = 0; /* no name */
    }
    size_t kept = size < NAME_SIZE ? size : 0;
    memcpy(name, base, kept);
    name[kept] = '\0';
    if (!name_is_bare(name)) {
        return msock__fail(MSOCK_EINVAL,
                           "plugin \"%s\": give 1 to %d letters, digits, '_' "
                           "and '-', or the absolute path of such a NAME.so",
                           path, MSOCK__PLUGIN_NAME_MAX);
    }
    char *copy = absolute ? strndup(path, (size_t)(base - path))
                          : strdup(host->directory);
    if (copy == NULL) {
        return fail_memory();
    }
    *directory = copy;
    return 0;
}

static msock_plugin_host **plugin_find(msock_host *host, const char *name)
{
    msock_plugin_host **at = &host->plugins;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

/* -- Plugins -- */

static int config_check(const char *name, const char *config)
{
    size_t size = strlen(config);
    int result = msock_json_check(config, size);
    if (result < 0) {
        return result;
    }
    if (config[strspn(config, " \t\r\n")] != '{') {
        return msock__fail(MSOCK_EJSON,
                           "the configuration of plugin %s must be a JSON "
                           "object, such as {}",
                           name);
    }
    return 0;
}

static msock_plugin_host *plugin_new(msock_host *host, const char *name,
                                     const char *config)
{
    msock_plugin_host *plugin = calloc(1, sizeof *plugin);
    if (plugin == NULL) {
        return NULL;
    }
    plugin->host = host;
    plugin->config = strdup(config);
    if (plugin->config == NULL) {
        free(plugin);
        return NULL;
    }
    snprintf(plugin->name, sizeof plugin->name, "%s", name);
    plugin->services = services_for(plugin);
    return plugin;
}

/* Frees a plugin that is not loaded (any more), with what it was granted. */
static void plugin_free(msock_plugin_host *plugin)
{
    while (plugin->subscriptions != NULL) {
        msock_unsubscribe(plugin->host->channel, plugin->subscriptions->id);
        grant_free(&plugin->subscriptions, plugin->subscriptions);
    }
    while (plugin->timers != NULL) {
        msock_timer_stop(plugin->host->channel, plugin->timers->id);
        grant_free(&plugin->timers, plugin->timers);
    }
    free(plugin->config);
    free(plugin);
}

static int plugin_start(msock_plugin_host *plugin)
{
    msock_host *host = plugin->host;

    host->running++;
    int result =
        plugin->library.descriptor->start(&plugin->services, &plugin->state);
    host->running--;
    if (result >= 0) {
        return 0;
    }
    const char *reason =
        plugin->reason[0] != '\0' ? plugin->reason : msock_error_text(result);
    return msock__fail(MSOCK_EPLUGIN, "plugin %s did not start: %s",
                       plugin->name, reason);
}

/* Takes the plugin at *at out of the host: it stops, loses what it was granted
 * and is unloaded, in this order. */
static void plugin_remove(msock_plugin_host **at)
{
    msock_plugin_host *plugin = *at;
    struct msock__library library = plugin->library;
    *at = plugin->next;

    if (library.descriptor->stop != NULL) {
        plugin->host->running++;
        library.descriptor->stop(plugin->state);
        plugin->host->running--;
    }
    plugin_free(plugin);
    msock__library_close(&library);
}

/* Loads NAME.so from `directory` and starts it. */
static int plugin_add(msock_host *host, const char *directory, const char *name,
                      const char *config)
{
    msock_plugin_host *plugin = plugin_new(host, name, config);
    if (plugin == NULL) {
        return fail_memory();
    }
    struct msock__library library;
    int result = msock__library_open(&library, directory, name);
    if (result < 0) {
        plugin_free(plugin);
        return result;
    }
    plugin->library = library;
    result = plugin_start(plugin);
    if (result < 0) {
        plugin_free(plugin);
        msock__library_close(&library);
        return result;
    }
    plugin->next = host->plugins;
    host->plugins = plugin;
    return 0;
}

/* -- The host -- */

int msock_host_open(msock_host **host, msock_channel *channel,
                    const msock_host_options *options)
{
    static const msock_host_options defaults;
    assert(host != NULL && channel != NULL);
    options = options != NULL ? options : &defaults;
    const char *directory = options->directory;
    if (options->struct_size != 0 && options->struct_size != sizeof *options) {
        return msock__fail(MSOCK_EINVAL,
                           "msock_host_options.struct_size is %zu: set it to "
                           "sizeof(msock_host_options) or 0",
                           options->struct_size);
    }
    if (directory != NULL && directory[0] != '/') {
        return msock__fail(MSOCK_EINVAL,
                           "the directory of plugins \"%s\" must be an "
                           "absolute path",
                           directory);
    }
    msock_host *made = calloc(1, sizeof *made);
    char *copy = directory != NULL ? strdup(directory) : NULL;
    if (made == NULL || (directory != NULL && copy == NULL)) {
        free(made);
        free(copy);
        return fail_memory();
    }
    made->channel = channel;
    made->logger = options->logger;
    made->directory = copy;
    *host = made;
    return 0;
}

int msock_host_load(msock_host *host, const char *name, const char *config)
{
    assert(host != NULL && name != NULL);
    char *directory = NULL;
    char base[NAME_SIZE];
    if (config == NULL) {
        config = "{}";
    }
    int result = name_split(host, name, &directory, base);
    if (result < 0) {
        return result;
    }
    result = config_check(base, config);
    if (result == 0 && *plugin_find(host, base) != NULL) {
        result = msock__fail(MSOCK_EBUSY, "a plugin %s runs already", base);
    }
    if (result == 0) {
        result = plugin_add(host, directory, base, config);
    }
    free(directory);
    return result;
}

int msock_host_unload(msock_host *host, const char *name)
{
    assert(host != NULL && name != NULL);
    if (host->running > 0) {
        return msock__fail(MSOCK_EBUSY,
                           "a plugin cannot be unloaded while one runs");
    }
    msock_plugin_host **at = plugin_find(host, name);
    if (*at == NULL) {
        return msock__fail(MSOCK_ENOENT, "no plugin %s runs", name);
    }
    plugin_remove(at);
    return 0;
}

void msock_host_close(msock_host *host)
{
    if (host == NULL) {
        return;
    }
    assert(host->running == 0);
    while (host->plugins != NULL) {
        plugin_remove(&host->plugins);
    }
    free(host->directory);
    free(host);
}
