/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin from its file to its end. */
#include "plugins/plugin.h"

#include "codec/error.h"
#include "plugins/config.h"
#include "plugins/grants.h"
#include "plugins/services.h"
#include "plugins/watch.h"

#include <assert.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int msock__fail_memory(void)
{
    return msock__fail(MSOCK_ENOMEM, "%s", msock_error_text(MSOCK_ENOMEM));
}

void msock__plugin_report(msock_plugin_host *plugin, enum msock_level level,
                          const char *format, ...)
{
    char reason[sizeof plugin->reason];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    msock_text_escape(reason, strlen(reason), plugin->reason,
                      sizeof plugin->reason);
    msock_log(plugin->host->logger, level, "plugin %s: %s", plugin->name,
              plugin->reason);
}

void msock__plugin_tell(msock_plugin_host *plugin)
{
    if (plugin->held) {
        plugin->held = false;
        msock_log(plugin->host->logger, MSOCK_ERROR, "%s: %s", plugin->name,
                  plugin->reason);
    }
}

static void memory_free(msock_plugin_host *plugin)
{
    free(plugin->directory);
    free(plugin->config);
    free(plugin->kept);
    free(plugin);
}

static msock_plugin_host *memory_new(msock_host *host, const char *directory,
                                     const char *name, const char *config)
{
    msock_plugin_host *plugin = calloc(1, sizeof *plugin);
    if (plugin == NULL) {
        return NULL;
    }
    plugin->host = host;
    plugin->directory = strdup(directory);
    plugin->config = strdup(config);
    if (plugin->directory == NULL || plugin->config == NULL) {
        memory_free(plugin);
        return NULL;
    }
    snprintf(plugin->name, sizeof plugin->name, "%s", name);
    plugin->services = msock__services_of(plugin);
    return plugin;
}

int msock__plugin_new(msock_plugin_host **plugin, msock_host *host,
                      const char *directory, const char *name,
                      const char *config)
{
    msock_plugin_host *made = memory_new(host, directory, name, config);
    if (made == NULL) {
        return msock__fail_memory();
    }
    int result = msock__library_open(&made->library, directory, name, config);
    if (result < 0) {
        memory_free(made);
        return result;
    }
    *plugin = made;
    return 0;
}

/* Says why a plugin did not start: what it logged, or what it returned. */
static int fail_start(const msock_plugin_host *plugin, int result)
{
    if (plugin->reason[0] != '\0') {
        return msock__fail(MSOCK_EPLUGIN, "plugin %s did not start: %s",
                           plugin->name, plugin->reason);
    }
    if (msock__guard_judge(result) == MSOCK__GARBAGE) {
        return msock__fail(MSOCK_EPLUGIN,
                           "plugin %s did not start: it returned %d, which is "
                           "neither 0 nor an error code",
                           plugin->name, result);
    }
    return msock__fail(MSOCK_EPLUGIN, "plugin %s did not start: %s",
                       plugin->name, msock_error_text(result));
}

int msock__plugin_start(msock_plugin_host *plugin, const char *kept)
{
    assert(plugin->condition == MSOCK_PLUGIN_RUNNING);
    plugin->reason[0] = '\0';
    plugin->held = false;
    plugin->guard = (struct msock__guard){0};
    plugin->services.kept = kept;
    plugin->state = NULL;

    plugin->starting = true;
    msock__watch_begin(plugin->host);
    int result =
        plugin->library.descriptor.start(&plugin->services, &plugin->state);
    msock__watch_end(plugin->host);
    plugin->starting = false;

    plugin->services.kept = NULL;
    if (result == 0) {
        msock__plugin_tell(plugin);
        return 0;
    }
    msock__grants_end_subscriptions(plugin);
    msock__grants_end_timers(plugin);
    msock__grants_end_keeps(plugin);
    return fail_start(plugin, result);
}

void msock__plugin_stop(msock_plugin_host *plugin)
{
    assert(plugin->condition != MSOCK_PLUGIN_FAILED);
    if (plugin->library.descriptor.stop != NULL) {
        msock__watch_begin(plugin->host);
        plugin->library.descriptor.stop(plugin->state);
        msock__watch_end(plugin->host);
    }
    if (plugin->timer_count > 0) {
        plugin->leaked += plugin->timer_count;
        msock__plugin_report(plugin, MSOCK_WARNING,
                             "leaked: it left %zu timer%s running when it "
                             "stopped; removed",
                             plugin->timer_count,
                             plugin->timer_count == 1 ? "" : "s");
    }
    msock__grants_end_subscriptions(plugin);
    msock__grants_end_timers(plugin);
    msock__grants_end_keeps(plugin);
}

void msock__plugin_free(msock_plugin_host *plugin)
{
    assert(plugin->subscriptions == NULL && plugin->timers == NULL &&
           plugin->keeps == NULL);
    struct msock__library library = plugin->library;
    bool loaded = plugin->condition != MSOCK_PLUGIN_FAILED;

    memory_free(plugin);
    if (loaded) {
        msock__library_close(&library);
    }
}
