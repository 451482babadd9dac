/* SPDX-License-Identifier: Apache-2.0 */
/* The table of services that a plugin is given. */
#include "plugins/services.h"

#include "codec/error.h"
#include "plugins/grants.h"

#include <assert.h>
#include <multisock/request.h>
#include <multisock/state.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int service_publish(msock_plugin_host *plugin, const char *topic,
                           const char *json,
                           const msock_publish_options *options)
{
    return msock_publish(plugin->host->channel, topic, json, options);
}

static void service_log(msock_plugin_host *plugin, enum msock_level level,
                        const char *text)
{
    msock__plugin_tell(plugin);
    if (level >= MSOCK_ERROR) {
        msock_text_escape(text, strlen(text), plugin->reason,
                          sizeof plugin->reason);
        /* Who starts it says with this line what comes of it. */
        plugin->held = plugin->starting;
    }
    if (!plugin->held) {
        msock_log(plugin->host->logger, level, "%s: %s", plugin->name, text);
    }
}

static int service_keep(msock_plugin_host *plugin, const char *json)
{
    size_t size = json != NULL ? strlen(json) : 0;
    if (size > MSOCK_PLUGIN_KEEP_MAX) {
        return msock__fail(MSOCK_ETOOBIG,
                           "plugin %s would keep %zu bytes, at most %d are "
                           "taken",
                           plugin->name, size, MSOCK_PLUGIN_KEEP_MAX);
    }
    int result = msock_json_check(json != NULL ? json : "", size);
    if (result < 0) {
        return result;
    }
    char *copy = strdup(json);
    if (copy == NULL) {
        return msock__fail_memory();
    }
    free(plugin->kept);
    plugin->kept = copy;
    return 0;
}

/* Who asked for each state. */
struct visit {
    msock_plugin_state *callback;
    void *user;
};

static void on_state(msock_channel *channel, const msock_state *state,
                     void *user)
{
    const struct visit *visit = user;
    (void)channel;
    visit->callback(state, visit->user);
}

static int service_state_each(msock_plugin_host *plugin, const char *filter,
                              msock_plugin_state *callback, void *user)
{
    struct visit visit = {.callback = callback, .user = user};
    return msock_state_each(plugin->host->channel, filter,
                            callback != NULL ? on_state : NULL, &visit);
}

static int service_state_restore(msock_plugin_host *plugin, const char *topic,
                                 uint64_t version, const char *owner,
                                 const uint8_t session[MSOCK_SESSION_SIZE],
                                 const char *json)
{
    return msock_state_restore(plugin->host->channel, topic, version, owner,
                               session, json);
}

static int service_defer(msock_plugin_host *plugin, uint64_t *token)
{
    return msock_defer(plugin->host->channel, token);
}

static int service_done(msock_plugin_host *plugin, uint64_t token, int code)
{
    return msock_done(plugin->host->channel, token, code);
}

static int service_reply(msock_plugin_host *plugin, const char *json,
                         const msock_publish_options *options)
{
    return msock_reply(plugin->host->channel, json, options);
}

static int service_reply_later(msock_plugin_host *plugin, uint64_t *token)
{
    return msock_reply_later(plugin->host->channel, token);
}

static int service_reply_to(msock_plugin_host *plugin, uint64_t token,
                            const char *json,
                            const msock_publish_options *options)
{
    return msock_reply_to(plugin->host->channel, token, json, options);
}

static int service_reply_drop(msock_plugin_host *plugin, uint64_t token)
{
    return msock_reply_drop(plugin->host->channel, token);
}

msock_services msock__services_of(msock_plugin_host *plugin)
{
    assert(plugin->host != NULL && plugin->config != NULL);
    return (msock_services){
        .struct_size = sizeof(msock_services),
        .host = plugin,
        .node = msock_name(plugin->host->channel),
        .config = plugin->config,
        .subscribe = msock__grant_subscription,
        .unsubscribe = msock__grant_unsubscribe,
        .publish = service_publish,
        .timer_start = msock__grant_timer,
        .timer_stop = msock__grant_timer_stop,
        .log = service_log,
        .json_get = msock_json_get,
        .json_next = msock_json_next,
        .json_member = msock_json_member,
        .json_text = msock_json_text,
        .json_quote = msock_json_quote,
        .topic_match = msock_topic_match,
        .keep = service_keep,
        .json_escape = msock_json_escape,
        .state_keep = msock__grant_keep,
        .state_each = service_state_each,
        .state_restore = service_state_restore,
        .defer = service_defer,
        .done = service_done,
        .reply = service_reply,
        .reply_later = service_reply_later,
        .reply_to = service_reply_to,
        .reply_drop = service_reply_drop,
    };
}
