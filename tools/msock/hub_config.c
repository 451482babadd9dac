/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of msock hub: from a file to a checked struct. */
#include "tools/msock/hub_config.h"

#include "tools/msock/hub_fields.h"

#include <errno.h>
#include <fcntl.h>
#include <multisock/host.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_EVERY_S = 5, PATH_SIZE = 4096 };

/* -- The file -- */

static void parse(struct hub_config *config, const char *file, char *text,
                  struct problems *problems)
{
    size_t size = strlen(text);
    struct hub_reader reader = {.source = {.file = file, .problems = problems},
                                .config = config};

    if (json_file_check(&reader.source, text)) {
        hub_fields_read(&reader, text, size);
    }
}

/* -- Defaults -- */

/* The folder of plugins that was installed together with this program. */
static char *installed_plugins(void)
{
    char path[PATH_SIZE + sizeof(MSOCK_PLUGINS_BESIDE)];
    ssize_t size = readlink("/proc/self/exe", path, PATH_SIZE);

    while (size > 0 && path[size - 1] != '/') {
        size--;
    }
    if (size <= 0) {
        return NULL;
    }
    strcpy(path + size, MSOCK_PLUGINS_BESIDE);
    return realpath(path, NULL);
}

/* Where the service manager puts what it hands over, or NULL. */
static const char *credentials(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    return folder && folder[0] == '/' ? folder : NULL;
}

/* The key that the service manager hands over, if it does. */
static char *credential_key(void)
{
    const char *folder = credentials();
    char path[PATH_SIZE];

    if (!folder ||
        snprintf(path, sizeof(path), "%s/key", folder) >= PATH_SIZE ||
        access(path, F_OK) < 0) {
        return NULL;
    }
    return strdup(path);
}

static void set_defaults(struct hub_config *config)
{
    if (!config->plugins_directory && !config->doubtful) {
        config->plugins_directory = installed_plugins();
    }
    if (!config->key_file && !config->open) {
        config->key_file = credential_key();
    }
    if (config->status_file && !config->filtered) {
        config->filters[0] = strdup("+/lights/state");
        config->filter_count = config->filters[0] != NULL;
    }
}

int hub_config_read(struct hub_config *config, const char *file,
                    struct problems *problems)
{
    unsigned before = problems->count;

    *config = (struct hub_config){.file = file,
                                  .log_level = MSOCK_INFO,
                                  .status_every_s = STATUS_EVERY_S};
    char *text = json_file_read(file,
                                "; --config names another file, and "
                                "multisock-hub(5), docs/man/multisock-hub.5 of "
                                "the source, says what is in it",
                                problems);
    if (text) {
        parse(config, file, text, problems);
    } else if (problems->count == before) {
        problem_tell(problems, "out of memory");
    }
    free(text);
    set_defaults(config);
    return problems->count == before ? CLI_OK : CLI_FAILURE;
}

/* -- Checks -- */

void hub_plugin_problem(const struct hub_config *config,
                        const struct hub_plugin *plugin, int code,
                        struct problems *problems)
{
    unsigned line = code == MSOCK_EOPTION ? plugin->config_line : plugin->line;

    problem_tell(problems, "%s:%u: %s", config->file, line,
                 msock_error_detail());
}

bool hub_config_has_key(const struct hub_config *config)
{
    return config->key_file ||
           (config->channel && strstr(config->channel, "key_file="));
}

/* The key that the unit hands over lies beside the configuration. */
static char *unit_key(const char *file)
{
    const char *slash = strrchr(file, '/');
    int folder_size = slash ? (int)(slash + 1 - file) : 0;
    char path[PATH_SIZE];

    if (snprintf(path, sizeof(path), "%.*shub.key", folder_size, file) >=
            PATH_SIZE ||
        access(path, F_OK) < 0) {
        return NULL;
    }
    return strdup(path);
}

bool hub_config_await_key(struct hub_config *config)
{
    if (hub_config_has_key(config) || config->open) {
        return false;
    }
    char *key = unit_key(config->file);
    /* While a service reloads, systemd 252 hides its credentials. */
    bool awaited = key || credentials();
    if (key && access(key, R_OK) == 0) {
        config->key_file = key;
    } else {
        free(key);
    }
    return awaited;
}

static void check_channel(const struct hub_config *config,
                          struct problems *problems)
{
    msock_options options = {.struct_size = sizeof(options),
                             .name = config->name,
                             .key_file = config->key_file};
    char why[PATH_SIZE];

    if (msock_check(config->channel, &options) == 0) {
        return;
    }
    snprintf(why, sizeof(why), "%s", msock_error_detail());
    options.key_file = NULL;
    bool without =
        config->key_file && msock_check(config->channel, &options) == 0;
    problem_tell(problems, "%s: %s: %s", config->file,
                 without ? "key_file" : "channel", why);
}

/* Whether it is said where the plugin is. */
static bool plugin_known(const struct hub_config *config,
                         const struct hub_plugin *plugin)
{
    return plugin->name[0] == '/' || config->plugins_directory ||
           !config->doubtful;
}

static void check_plugins(const struct hub_config *config, enum hub_asker asker,
                          struct problems *problems)
{
    for (size_t i = 0; i < config->plugin_count; i++) {
        const struct hub_plugin *plugin = &config->plugins[i];
        int code = plugin_known(config, plugin)
                       ? msock_host_check(config->plugins_directory,
                                          plugin->name, plugin->config)
                       : 0;
        /* What would not start is left out of a reload, and told by it. */
        if (code < 0 && (code != MSOCK_EPLUGIN || asker == HUB_TESTS)) {
            hub_plugin_problem(config, plugin, code, problems);
        }
    }
}

/* The service manager makes these two, when it starts the unit. */
static bool unit_makes(const char *folder)
{
    return strcmp(folder, "/run/multisock-hub") == 0 ||
           strcmp(folder, "/var/lib/multisock-hub") == 0;
}

static void check_status(const struct hub_config *config,
                         struct problems *problems)
{
    char folder[PATH_SIZE];

    if (!config->status_file) {
        return;
    }
    snprintf(folder, sizeof(folder), "%s", config->status_file);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    if (access(folder, W_OK | X_OK) < 0 && !unit_makes(folder)) {
        problem_tell(problems, "%s: status: no file can be written in %s: %s",
                     config->file, folder, strerror(errno));
    }
}

int hub_config_check(const struct hub_config *config, enum hub_asker asker,
                     bool awaited, struct problems *problems)
{
    unsigned before = problems->count;

    if (!hub_config_has_key(config) && !config->open && !awaited &&
        !config->doubtful) {
        problem_tell(
            problems,
            "%s: there is no key: give \"key_file\", or let the "
            "service manager load the credential \"key\", as the unit "
            "does from hub.key beside this file; \"key_file\": null is "
            "for a channel that anybody may speak on",
            config->file);
    }
    check_channel(config, problems);
    if (asker != HUB_STARTS) {
        check_plugins(config, asker, problems);
    }
    if (asker == HUB_TESTS) {
        check_status(config, problems);
    }
    return problems->count == before ? CLI_OK : CLI_FAILURE;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

const char *hub_config_fixed(const struct hub_config *old,
                             const struct hub_config *config)
{
    const struct {
        const char *name;
        bool same;
    } members[] = {
        {"channel", same(old->channel, config->channel)},
        {"name", same(old->name, config->name)},
        {"key_file", same(old->key_file, config->key_file)},
        {"plugins_directory",
         same(old->plugins_directory, config->plugins_directory)},
        {"slow_ms", old->slow_ms == config->slow_ms},
        {"slow_max", old->slow_max == config->slow_max},
        {"fail_max", old->fail_max == config->fail_max},
        {"subscriptions_max",
         old->subscriptions_max == config->subscriptions_max},
        {"timers_max", old->timers_max == config->timers_max},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!members[i].same) {
            return members[i].name;
        }
    }
    return NULL;
}

const char *hub_plugin_base(const char *name, size_t *size)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t length = strlen(base);

    if (slash && length > 3 && strcmp(base + length - 3, ".so") == 0) {
        length -= 3;
    }
    *size = length;
    return base;
}

void hub_config_fini(struct hub_config *config)
{
    free(config->channel);
    free(config->name);
    free(config->key_file);
    free(config->plugins_directory);
    free(config->status_file);
    for (size_t i = 0; i < config->filter_count; i++) {
        free(config->filters[i]);
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        free(config->plugins[i].name);
        free(config->plugins[i].config);
        free(config->plugins[i].error);
    }
    *config = (struct hub_config){0};
}
