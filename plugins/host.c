/* SPDX-License-Identifier: Apache-2.0 */
/* The host and its list of plugins: the public entry points. */
#include <multisock/host.h>

#include "codec/error.h"
#include "plugins/check.h"
#include "plugins/plugin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOW_MS = 50,
    SLOW_MAX = 100,
    FAIL_MAX = 10,
    SUBSCRIPTIONS_MAX = 1024,
    TIMERS_MAX = 256
};

/* -- Names -- */

static bool name_is_bare(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789_-")] == '\0';
}

/* Splits an absolute path, or a bare name of the directory `home` (may be
 * NULL), into the directory (to be freed) and the plugin's name. */
static int name_split(const char *home, const char *path, char **directory,
                      char name[static MSOCK__NAME_SIZE])
{
    bool absolute = path[0] == '/';
    if (!absolute && home == NULL) {
        return msock__fail(MSOCK_EINVAL,
                           "plugin \"%s\": this host has no directory of "
                           "plugins; give an absolute path, or the directory "
                           "(msock hub: \"plugins_directory\")",
                           path);
    }
    const char *base = absolute ? strrchr(path, '/') + 1 : path;
    size_t size = strlen(base);
    if (absolute && size > 3 && strcmp(base + size - 3, ".so") == 0) {
        size -= 3;
    } else if (absolute) {
        size = 0; /* no name */
    }
    size_t kept = size < MSOCK__NAME_SIZE ? size : 0;
    memcpy(name, base, kept);
    name[kept] = '\0';
    if (!name_is_bare(name)) {
        return msock__fail(MSOCK_EINVAL,
                           "plugin \"%s\": give 1 to %d letters, digits, '_' "
                           "and '-', or the absolute path of such a NAME.so",
                           path, MSOCK__PLUGIN_NAME_MAX);
    }
    char *copy = absolute ? strndup(path, (size_t)(base - path)) : strdup(home);
    if (copy == NULL) {
        return msock__fail_memory();
    }
    *directory = copy;
    return 0;
}

/* -- The list -- */

msock_plugin_host **msock__host_find(msock_host *host, const char *name)
{
    msock_plugin_host **at = &host->plugins;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

size_t msock__host_count(const msock_host *host)
{
    size_t count = 0;
    const msock_plugin_host *plugin = host->plugins;
    for (; plugin != NULL; plugin = plugin->next) {
        count++;
    }
    return count;
}

msock_plugin_host **msock__host_at(msock_host *host, size_t index)
{
    size_t count = msock__host_count(host);
    assert(index < count);
    msock_plugin_host **at = &host->plugins; /* newest first */
    for (size_t i = count - 1; i > index; i--) {
        at = &(*at)->next;
    }
    return at;
}

/* Takes the plugin at *at out of the host: it stops, loses what it was granted
 * and is unloaded, in this order. */
static void plugin_remove(msock_plugin_host **at)
{
    msock_plugin_host *plugin = *at;
    *at = plugin->next;
    if (plugin->condition != MSOCK_PLUGIN_FAILED) {
        msock__plugin_stop(plugin);
    }
    msock__plugin_free(plugin);
}

/* Loads NAME.so from `directory` and starts it. */
static int plugin_add(msock_host *host, const char *directory, const char *name,
                      const char *config)
{
    msock_plugin_host *plugin;
    int result = msock__plugin_new(&plugin, host, directory, name, config);
    if (result < 0) {
        return result;
    }
    result = msock__plugin_start(plugin, NULL);
    if (result < 0) {
        msock__plugin_tell(plugin);
        msock__plugin_free(plugin);
        return result;
    }
    plugin->next = host->plugins;
    host->plugins = plugin;
    return 0;
}

/* -- The host -- */

static int fail_size(const char *type, size_t size)
{
    return msock__fail(MSOCK_EINVAL,
                       "%s.struct_size is %zu: set it to sizeof(%s) or 0", type,
                       size, type);
}

static int fail_directory(const char *directory)
{
    return msock__fail(MSOCK_EINVAL,
                       "the directory of plugins \"%s\" must be an absolute "
                       "path",
                       directory);
}

static unsigned given(unsigned value, unsigned otherwise)
{
    return value != 0 ? value : otherwise;
}

int msock_host_open(msock_host **host, msock_channel *channel,
                    const msock_host_options *options)
{
    static const msock_host_options defaults;
    assert(host != NULL && channel != NULL);
    options = options != NULL ? options : &defaults;
    const char *directory = options->directory;
    if (options->struct_size != 0 && options->struct_size != sizeof *options) {
        return fail_size("msock_host_options", options->struct_size);
    }
    if (directory != NULL && directory[0] != '/') {
        return fail_directory(directory);
    }
    msock_host *made = calloc(1, sizeof *made);
    char *copy = directory != NULL ? strdup(directory) : NULL;
    if (made == NULL || (directory != NULL && copy == NULL)) {
        free(made);
        free(copy);
        return msock__fail_memory();
    }
    *made = (msock_host){
        .channel = channel,
        .logger = options->logger,
        .directory = copy,
        .slow_ms = given(options->slow_ms, SLOW_MS),
        .slow_max = given(options->slow_max, SLOW_MAX),
        .fail_max = given(options->fail_max, FAIL_MAX),
        .subscriptions_max =
            given(options->subscriptions_max, SUBSCRIPTIONS_MAX),
        .timers_max = given(options->timers_max, TIMERS_MAX),
        .quarantined = options->quarantined,
        .user = options->user,
    };
    *host = made;
    return 0;
}

int msock_host_load(msock_host *host, const char *name, const char *config)
{
    assert(host != NULL && name != NULL);
    char *directory = NULL;
    char base[MSOCK__NAME_SIZE];
    int result = name_split(host->directory, name, &directory, base);
    if (result < 0) {
        return result;
    }
    if (*msock__host_find(host, base) != NULL) {
        result = msock__fail(MSOCK_EBUSY, "a plugin %s is loaded", base);
    } else if (msock__host_count(host) == MSOCK__PLUGINS_MAX) {
        result = msock__fail(MSOCK_ELIMIT, "%d plugins are loaded, the most",
                             MSOCK__PLUGINS_MAX);
    } else {
        result =
            plugin_add(host, directory, base, config != NULL ? config : "{}");
    }
    free(directory);
    return result;
}

int msock_host_check(const char *directory, const char *name,
                     const char *config)
{
    assert(name != NULL);
    struct msock__library library;
    char *folder = NULL;
    char base[MSOCK__NAME_SIZE];
    if (directory != NULL && directory[0] != '/') {
        return fail_directory(directory);
    }
    int result = name_split(directory, name, &folder, base);
    if (result < 0) {
        return result;
    }
    result = msock__library_open(&library, folder, base,
                                 config != NULL ? config : "{}");
    if (result == 0) {
        result =
            msock__check_plugin(&library, base, config != NULL ? config : "{}");
        msock__library_close(&library);
    }
    free(folder);
    return result;
}

int msock_host_unload(msock_host *host, const char *name)
{
    assert(host != NULL && name != NULL);
    if (host->running > 0) {
        return msock__fail(MSOCK_EBUSY,
                           "a plugin cannot be unloaded while one runs");
    }
    msock_plugin_host **at = msock__host_find(host, name);
    if (*at == NULL) {
        return msock__fail(MSOCK_ENOENT, "no plugin %s is loaded", name);
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

/* -- What plugins do -- */

static msock_plugin_status status_of(const msock_plugin_host *plugin)
{
    const struct msock__guard *guard = &plugin->guard;
    bool loaded = plugin->condition != MSOCK_PLUGIN_FAILED;
    const char *description = plugin->library.descriptor.description;
    return (msock_plugin_status){
        .struct_size = sizeof(msock_plugin_status),
        .name = plugin->name,
        .description = loaded && description != NULL ? description : "",
        .error = plugin->reason,
        .condition = plugin->condition,
        .reloads = plugin->reloads,
        .subscriptions = plugin->subscription_count,
        .timers = plugin->timer_count,
        .calls = guard->calls,
        .refused = guard->refused,
        .failed = guard->failed,
        .garbage = guard->garbage,
        .slow = guard->slow,
        .dropped = guard->dropped,
        .slowest_ms = guard->slowest_ms,
        .leaked = plugin->leaked,
    };
}

int msock_host_status(const msock_host *host, size_t index,
                      msock_plugin_status *status)
{
    assert(host != NULL && status != NULL);
    if (status->struct_size != 0 && status->struct_size != sizeof *status) {
        return fail_size("msock_plugin_status", status->struct_size);
    }
    size_t count = msock__host_count(host);
    if (index >= count) {
        return msock__fail(MSOCK_ENOENT, "there are %zu plugins", count);
    }
    const msock_plugin_host *plugin = host->plugins; /* newest first */
    for (size_t i = count - 1; i > index; i--) {
        plugin = plugin->next;
    }
    *status = status_of(plugin);
    return 0;
}

const char *msock_plugin_condition_name(enum msock_plugin_condition condition)
{
    switch (condition) {
    case MSOCK_PLUGIN_RUNNING:
        return "running";
    case MSOCK_PLUGIN_QUARANTINED:
        return "quarantined";
    case MSOCK_PLUGIN_FAILED:
        return "failed";
    default:
        return NULL;
    }
}
