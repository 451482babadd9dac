/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's plugins. */
#include "tools/msock/hub_plugins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256 }; /* of a plugin's file, longer than any is */

/* Whether the host has a plugin of this name, and how it does. */
static bool find_loaded(const msock_host *host, const char *name,
                        msock_plugin_status *status)
{
    for (size_t i = 0; msock_host_status(host, i, status) == 0; i++) {
        if (strcmp(status->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *base_name(const char *path, char name[static NAME_SIZE])
{
    size_t size;
    const char *base = hub_plugin_base(path, &size);

    snprintf(name, NAME_SIZE, "%.*s", (int)size, base);
    return name;
}

/* Returns the plugin of this name in the configuration, or NULL. */
static const struct hub_plugin *find(const struct hub_config *config,
                                     const char *name)
{
    char base[NAME_SIZE];

    for (size_t i = 0; i < config->plugin_count; i++) {
        if (strcmp(base_name(config->plugins[i].name, base), name) == 0) {
            return &config->plugins[i];
        }
    }
    return NULL;
}

static void load(msock_host *host, const struct hub_config *config,
                 struct hub_plugin *plugin, struct problems *problems)
{
    int code = msock_host_load(host, plugin->name, plugin->config);

    if (code < 0) {
        plugin->error = strdup(msock_error_detail());
        hub_plugin_problem(config, plugin, code, problems);
        return;
    }
    msock_log(problems->logger, MSOCK_INFO, "plugin %s started", plugin->name);
}

static void unload(msock_host *host, const char *name, msock_logger *logger)
{
    if (msock_host_unload(host, name) == 0) {
        msock_log(logger, MSOCK_INFO, "plugin %s stopped", name);
    }
}

void hub_plugins_start(msock_host *host, struct hub_config *config,
                       struct problems *problems)
{
    for (size_t i = 0; i < config->plugin_count; i++) {
        load(host, config, &config->plugins[i], problems);
    }
}

/* Returns whether it runs on as it was: the host has logged why. */
static bool reload(msock_host *host, const struct hub_plugin *plugin,
                   struct problems *problems)
{
    char name[NAME_SIZE];
    msock_plugin_status status = {.struct_size = sizeof(status)};

    base_name(plugin->name, name);
    /* None is not "as before". */
    if (msock_host_reload(host, name, plugin->config ? plugin->config : "{}") ==
        0) {
        return false;
    }
    problems->count++;
    return find_loaded(host, name, &status) &&
           status.condition != MSOCK_PLUGIN_FAILED;
}

static void unload_others(msock_host *host, const struct hub_config *old,
                          const struct hub_config *config, msock_logger *logger)
{
    char name[NAME_SIZE];

    for (size_t i = old->plugin_count; i > 0; i--) {
        const char *was = old->plugins[i - 1].name;
        const struct hub_plugin *wanted = find(config, base_name(was, name));
        /* Another file of the same name is another plugin. */
        if (!wanted || strcmp(wanted->name, was) != 0) {
            unload(host, name, logger);
        }
    }
}

size_t hub_plugins_change(msock_host *host, const struct hub_config *old,
                          struct hub_config *config, struct problems *problems)
{
    char name[NAME_SIZE];
    msock_plugin_status status = {.struct_size = sizeof(status)};
    size_t left = 0;

    unload_others(host, old, config, problems->logger);
    for (size_t i = 0; i < config->plugin_count; i++) {
        struct hub_plugin *plugin = &config->plugins[i];
        if (find_loaded(host, base_name(plugin->name, name), &status)) {
            left += reload(host, plugin, problems);
        } else {
            load(host, config, plugin, problems);
        }
    }
    return left;
}

size_t hub_plugins_failed(const msock_host *host,
                          const struct hub_config *config)
{
    msock_plugin_status status = {.struct_size = sizeof(status)};
    size_t count = 0;

    for (size_t i = 0; i < config->plugin_count; i++) {
        count += config->plugins[i].error != NULL;
    }
    for (size_t i = 0; msock_host_status(host, i, &status) == 0; i++) {
        count += status.condition == MSOCK_PLUGIN_FAILED;
    }
    return count;
}

void hub_plugins_stop(msock_host *host, msock_logger *logger)
{
    char name[NAME_SIZE];
    msock_plugin_status status = {.struct_size = sizeof(status)};
    size_t count = 0;

    while (msock_host_status(host, count, &status) == 0) {
        count++;
    }
    while (count > 0 && msock_host_status(host, --count, &status) == 0) {
        snprintf(name, sizeof(name), "%s", status.name);
        unload(host, name, logger);
    }
}
