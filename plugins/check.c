/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's own check of its configuration. */
#include "plugins/check.h"

#include "codec/error.h"
#include "plugins/plugin.h"

#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

enum { SOME_ID = 1 };

/* -- Services that do nothing -- */

/* A filter is valid if it matches the topic that has a letter for each of its
 * wildcards; a topic is, if it matches itself. */
static bool filter_valid(const char *filter)
{
    char topic[MSOCK_TOPIC_MAX + 1];

    if (strlen(filter) > MSOCK_TOPIC_MAX) {
        return false;
    }
    strcpy(topic, filter);
    for (char *at = topic; *at != '\0'; at++) {
        *at = *at == '+' || *at == '#' ? 'a' : *at;
    }
    return msock_topic_match(filter, topic);
}

static int judge_subscribe(msock_plugin_host *plugin, const char *filter,
                           msock_plugin_callback *callback, void *user,
                           const msock_subscribe_options *options)
{
    (void)plugin;
    (void)user;
    (void)options;
    if (callback == NULL || filter == NULL) {
        return MSOCK_EINVAL;
    }
    return filter_valid(filter) ? SOME_ID : MSOCK_EFILTER;
}

static int judge_publish(msock_plugin_host *plugin, const char *topic,
                         const char *json, const msock_publish_options *options)
{
    (void)plugin;
    (void)options;
    if (topic == NULL || !msock_topic_match(topic, topic)) {
        return MSOCK_ETOPIC;
    }
    return json != NULL ? msock_json_check(json, strlen(json)) : 0;
}

static int judge_timer(msock_plugin_host *plugin, uint64_t delay_ms,
                       uint64_t period_ms, msock_plugin_timer *callback,
                       void *user)
{
    (void)plugin;
    (void)delay_ms;
    (void)period_ms;
    (void)user;
    return callback != NULL ? SOME_ID : MSOCK_EINVAL;
}

static int judge_keep(msock_plugin_host *plugin, const char *filter,
                      msock_plugin_state *callback, void *user)
{
    (void)plugin;
    (void)user;
    if (callback == NULL || filter == NULL) {
        return MSOCK_EINVAL;
    }
    return filter_valid(filter) ? 0 : MSOCK_EFILTER;
}

static int find_none(msock_plugin_host *plugin, const char *filter,
                     msock_plugin_state *callback, void *user)
{
    (void)plugin;
    (void)callback;
    (void)user;
    return filter != NULL && filter_valid(filter) ? 0 : MSOCK_EFILTER;
}

static int judge_restore(msock_plugin_host *plugin, const char *topic,
                         uint64_t version, const char *owner,
                         const uint8_t session[MSOCK_SESSION_SIZE],
                         const char *json)
{
    (void)session;
    if (version == 0 || owner == NULL) {
        return MSOCK_EINVAL;
    }
    return judge_publish(plugin, topic, json, NULL);
}

static int defer_nothing(msock_plugin_host *plugin, uint64_t *token)
{
    (void)plugin;
    (void)token;
    return MSOCK_EINVAL;
}

static int reply_nothing(msock_plugin_host *plugin, const char *json,
                         const msock_publish_options *options)
{
    (void)plugin;
    (void)json;
    (void)options;
    return MSOCK_EINVAL;
}

static int reply_to_nobody(msock_plugin_host *plugin, uint64_t token,
                           const char *json,
                           const msock_publish_options *options)
{
    (void)plugin;
    (void)token;
    (void)json;
    (void)options;
    return MSOCK_ENOENT;
}

static int drop_nothing(msock_plugin_host *plugin, uint64_t token)
{
    (void)plugin;
    (void)token;
    return MSOCK_ENOENT;
}

static int do_nothing(msock_plugin_host *plugin, uint64_t token, int code)
{
    (void)plugin;
    (void)token;
    (void)code;
    return MSOCK_ENOENT;
}

static int end_nothing(msock_plugin_host *plugin, int id)
{
    (void)plugin;
    (void)id;
    return 0;
}

static int keep_nothing(msock_plugin_host *plugin, const char *json)
{
    (void)plugin;
    return json != NULL ? msock_json_check(json, strlen(json)) : MSOCK_EJSON;
}

static void note_error(msock_plugin_host *plugin, enum msock_level level,
                       const char *text)
{
    if (level >= MSOCK_ERROR) {
        snprintf(plugin->reason, sizeof plugin->reason, "%s", text);
    }
}

/* -- The check -- */

static msock_services services_of(msock_plugin_host *plugin, const char *config)
{
    return (msock_services){
        .struct_size = sizeof(msock_services),
        .host = plugin,
        .node = "node",
        .config = config,
        .subscribe = judge_subscribe,
        .unsubscribe = end_nothing,
        .publish = judge_publish,
        .timer_start = judge_timer,
        .timer_stop = end_nothing,
        .log = note_error,
        .json_get = msock_json_get,
        .json_next = msock_json_next,
        .json_member = msock_json_member,
        .json_text = msock_json_text,
        .json_quote = msock_json_quote,
        .topic_match = msock_topic_match,
        .keep = keep_nothing,
        .json_escape = msock_json_escape,
        .state_keep = judge_keep,
        .state_each = find_none,
        .state_restore = judge_restore,
        .defer = defer_nothing,
        .done = do_nothing,
        .reply = reply_nothing,
        .reply_later = defer_nothing,
        .reply_to = reply_to_nobody,
        .reply_drop = drop_nothing,
    };
}

int msock__check_plugin(const struct msock__library *library, const char *name,
                        const char *config)
{
    msock_plugin_host plugin = {.library = *library};
    const msock_services services = services_of(&plugin, config);

    if (library->descriptor.check == NULL) {
        return 0;
    }
    int result = library->descriptor.check(&services);
    if (result == 0) {
        return 0;
    }
    return msock__fail(MSOCK_EPLUGIN, "plugin %s would not start: %s", name,
                       plugin.reason[0] != '\0' ? plugin.reason
                                                : msock_error_text(result));
}
