/* SPDX-License-Identifier: Apache-2.0 */
/* Puts new code in the place of a plugin that runs.
 *
 * All of it happens in one call, between two turns of the loop: nothing is
 * delivered meanwhile, so no message meets a plugin that is half there. The old
 * code stays loaded until the new one has started. */
#include <multisock/host.h>

#include "codec/error.h"
#include "plugins/plugin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* The detail of a failure, saved from the failures that follow. */
struct reason {
    char text[MSOCK__REASON_SIZE];
};

static struct reason reason_now(void)
{
    struct reason reason;
    snprintf(reason.text, sizeof reason.text, "%s", msock_error_detail());
    return reason;
}

/* Starts the old code again, or gives it up. `kept` is given. */
static void go_back(msock_plugin_host *old, char *kept,
                    const struct reason *why)
{
    old->condition = MSOCK_PLUGIN_RUNNING;
    if (msock__plugin_start(old, kept) == 0) {
        free(kept);
        msock__plugin_report(old, MSOCK_ERROR,
                             "not reloaded, the old code was started again: %s",
                             why->text);
        return;
    }
    free(old->kept);
    old->kept = kept;
    old->condition = MSOCK_PLUGIN_FAILED;
    msock__library_close(&old->library);
    msock__plugin_report(old, MSOCK_ERROR,
                         "not reloaded: %s; and the old code did not start "
                         "again: %s",
                         why->text, msock_error_detail());
}

/* Stops the plugin at *at and starts `made` instead, which is given.
 * Returns 0, or MSOCK_EPLUGIN when `made` did not start. */
static int replace(msock_plugin_host **at, msock_plugin_host *made)
{
    msock_plugin_host *old = *at;
    bool failed = old->condition == MSOCK_PLUGIN_FAILED;
    if (!failed) {
        msock__plugin_stop(old);
    }
    char *kept = old->kept;
    old->kept = NULL;

    int result = msock__plugin_start(made, kept);
    if (result == 0) {
        made->next = old->next;
        made->reloads = old->reloads + 1;
        made->leaked = old->leaked;
        *at = made;
        free(kept);
        msock__plugin_free(old);
        msock_log(made->host->logger, MSOCK_INFO, "plugin %s: reloaded",
                  made->name);
        return 0;
    }
    struct reason why = reason_now();
    msock__plugin_free(made);
    if (failed) {
        old->kept = kept;
        msock__plugin_report(old, MSOCK_ERROR, "not reloaded: %s", why.text);
    } else {
        go_back(old, kept, &why);
    }
    return msock__fail(result, "%s", why.text);
}

/* Reloads the plugin at *at. */
static int reload(msock_plugin_host **at, const char *config)
{
    msock_plugin_host *old = *at;
    msock_plugin_host *made;
    int result = msock__plugin_new(&made, old->host, old->directory, old->name,
                                   config != NULL ? config : old->config);
    if (result == 0) {
        return replace(at, made);
    }
    struct reason why = reason_now();
    msock__plugin_report(old, MSOCK_ERROR, "not reloaded, it stays %s: %s",
                         msock_plugin_condition_name(old->condition), why.text);
    return msock__fail(result, "%s", why.text);
}

static int reload_all(msock_host *host)
{
    int first = 0;
    struct reason why = {""};

    for (size_t i = 0; i < msock__host_count(host); i++) {
        int result = reload(msock__host_at(host, i), NULL);
        if (result < 0 && first == 0) {
            first = result;
            why = reason_now();
        }
    }
    return first < 0 ? msock__fail(first, "%s", why.text) : 0;
}

int msock_host_reload(msock_host *host, const char *name, const char *config)
{
    assert(host != NULL && (name != NULL || config == NULL));
    if (host->running > 0) {
        return msock__fail(MSOCK_EBUSY,
                           "a plugin cannot be reloaded while one runs");
    }
    if (name == NULL) {
        return reload_all(host);
    }
    msock_plugin_host **at = msock__host_find(host, name);
    if (*at == NULL) {
        return msock__fail(MSOCK_ENOENT, "no plugin %s is loaded", name);
    }
    return reload(at, config);
}
