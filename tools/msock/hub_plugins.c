/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's plugins. */
#include "tools/msock/hub_plugins.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 }; /* of a plugin's file, longer than any is */

/* Whether the host has a plugin of this name. */
static bool is_loaded(const msock_host *host, const char *name)
{
    msock_plugin_status status = {.struct_size = sizeof(status)};

    for (size_t i = 0; msock_host_status(host, i, &status) == 0; i++) {
        if (strcmp(status.name, name) == 0) {
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

static int load(msock_host *host, const struct hub_config *config,
                const struct hub_plugin *plugin, struct hub_problems *problems)
{
    int code = msock_host_load(host, plugin->name, plugin->config);

    if (code < 0) {
        hub_plugin_problem(config, plugin, code, problems);
        return CLI_FAILURE;
    }
    msock_log(problems->logger, MSOCK_INFO, "plugin %s started", plugin->name);
    return CLI_OK;
}

static void unload(msock_host *host, const char *name, msock_logger *logger)
{
    if (msock_host_unload(host, name) == 0) {
        msock_log(logger, MSOCK_INFO, "plugin %s stopped", name);
    }
}

int hub_plugins_start(msock_host *host, const struct hub_config *config,
                      struct hub_problems *problems)
{
    for (size_t i = 0; i < config->plugin_count; i++) {
        if (load(host, config, &config->plugins[i], problems) != CLI_OK) {
            return CLI_FAILURE;
        }
    }
    return CLI_OK;
}

static void reload(msock_host *host, const struct hub_config *config,
                   const struct hub_plugin *plugin,
                   struct hub_problems *problems)
{
    char name[NAME_SIZE];
    /* None is not "as before". */
    int code = msock_host_reload(host, base_name(plugin->name, name),
                                 plugin->config ? plugin->config : "{}");

    if (code < 0) {
        hub_plugin_problem(config, plugin, code, problems);
    }
}

void hub_plugins_change(msock_host *host, const struct hub_config *old,
                        const struct hub_config *config,
                        struct hub_problems *problems)
{
    char name[NAME_SIZE];

    for (size_t i = old->plugin_count; i > 0; i--) {
        const char *was = old->plugins[i - 1].name;
        const struct hub_plugin *wanted = find(config, base_name(was, name));
        /* Another file of the same name is another plugin. */
        if (!wanted || strcmp(wanted->name, was) != 0) {
            unload(host, name, problems->logger);
        }
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        const struct hub_plugin *plugin = &config->plugins[i];
        if (is_loaded(host, base_name(plugin->name, name))) {
            reload(host, config, plugin, problems);
        } else {
            load(host, config, plugin, problems);
        }
    }
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
