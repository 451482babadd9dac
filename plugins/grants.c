/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin was granted: its subscriptions, its timers, what it keeps. */
#include "plugins/grants.h"

#include "codec/error.h"
#include "plugins/watch.h"

#include <assert.h>
#include <multisock/state.h>
#include <stdlib.h>
#include <string.h>

/* A subscription, a timer or a filter of states. Its address is the `user` of
 * the channel's callback, so it never moves. */
struct msock__grant {
    struct msock__grant *next;
    msock_plugin_host *plugin;
    int id;       /* not of a filter of states */
    char *filter; /* of states */
    bool once;    /* a timer that has no period */
    union {
        msock_plugin_callback *message;
        msock_plugin_timer *timer;
        msock_plugin_state *state;
    } callback;
    void *user;
};

/* The grants of one kind that a plugin has. */
struct shelf {
    struct msock__grant **list;
    size_t *count;
    size_t most;
    const char *kind;
};

static struct shelf subscriptions_of(msock_plugin_host *plugin)
{
    return (struct shelf){.list = &plugin->subscriptions,
                          .count = &plugin->subscription_count,
                          .most = plugin->host->subscriptions_max,
                          .kind = "subscription"};
}

static struct shelf timers_of(msock_plugin_host *plugin)
{
    return (struct shelf){.list = &plugin->timers,
                          .count = &plugin->timer_count,
                          .most = plugin->host->timers_max,
                          .kind = "timer"};
}

static struct shelf keeps_of(msock_plugin_host *plugin)
{
    return (struct shelf){.list = &plugin->keeps,
                          .count = &plugin->keep_count,
                          .most = plugin->host->subscriptions_max,
                          .kind = "filter of states"};
}

/* -- Shelves -- */

static int fail_limit(msock_plugin_host *plugin, const struct shelf *shelf)
{
    msock__watch_limit(plugin, *shelf->count, shelf->kind);
    return msock__fail(MSOCK_ELIMIT,
                       "plugin %s has %zu %ss, and may have no more",
                       plugin->name, *shelf->count, shelf->kind);
}

/* Makes a grant; its id and callback are still to be set.
 * Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM. */
static int grant_new(msock_plugin_host *plugin, const struct shelf *shelf,
                     void *user, struct msock__grant **grant)
{
    if (*shelf->count >= shelf->most) {
        return fail_limit(plugin, shelf);
    }
    struct msock__grant *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return msock__fail_memory();
    }
    made->plugin = plugin;
    made->user = user;
    made->next = *shelf->list;
    *shelf->list = made;
    ++*shelf->count;
    *grant = made;
    return 0;
}

static void grant_free(const struct shelf *shelf, struct msock__grant *grant)
{
    struct msock__grant **at = shelf->list;
    while (*at != grant) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = grant->next;
    --*shelf->count;
    free(grant->filter);
    free(grant);
}

/* Removes the grant with this id.  Returns 0, MSOCK_ENOENT. */
static int grant_remove(msock_plugin_host *plugin, const struct shelf *shelf,
                        int id)
{
    struct msock__grant *grant = *shelf->list;
    while (grant != NULL && grant->id != id) {
        grant = grant->next;
    }
    if (grant == NULL) {
        return msock__fail(MSOCK_ENOENT, "plugin %s has no %s with the id %d",
                           plugin->name, shelf->kind, id);
    }
    grant_free(shelf, grant);
    return 0;
}

/* -- Calls into the plugin -- */

/* A grant may be gone when its callback returns: nothing of it is used after
 * that. The plugin stays, since none is unloaded while one runs. */
static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    const struct msock__grant *grant = user;
    msock_plugin_host *plugin = grant->plugin;
    assert(plugin->host->channel == channel);
    if (plugin->condition != MSOCK_PLUGIN_RUNNING) {
        plugin->guard.dropped++;
        return MSOCK_EPLUGIN;
    }
    uint64_t began = msock__watch_begin(plugin->host);
    int result = grant->callback.message(message, grant->user);
    return msock__watch_end_message(plugin, began, result, message->topic);
}

static void on_state(msock_channel *channel, const msock_state *state,
                     void *user)
{
    const struct msock__grant *grant = user;
    msock_plugin_host *plugin = grant->plugin;
    assert(plugin->host->channel == channel);
    if (plugin->condition != MSOCK_PLUGIN_RUNNING) {
        plugin->guard.dropped++;
        return;
    }
    uint64_t began = msock__watch_begin(plugin->host);
    grant->callback.state(state, grant->user);
    msock__watch_end_state(plugin, began, state->topic);
}

static void on_timer(msock_channel *channel, void *user)
{
    struct msock__grant *grant = user;
    msock_plugin_timer *callback = grant->callback.timer;
    void *callback_user = grant->user;
    msock_plugin_host *plugin = grant->plugin;
    assert(plugin->host->channel == channel);
    if (grant->once) {
        const struct shelf shelf = timers_of(plugin);
        grant_free(&shelf, grant);
    }
    uint64_t began = msock__watch_begin(plugin->host);
    callback(callback_user);
    msock__watch_end_timer(plugin, began);
}

/* -- Granting -- */

int msock__grant_subscription(msock_plugin_host *plugin, const char *filter,
                              msock_plugin_callback *callback, void *user,
                              const msock_subscribe_options *options)
{
    const struct shelf shelf = subscriptions_of(plugin);
    struct msock__grant *grant = NULL;
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "a subscription needs a callback");
    }
    int result = grant_new(plugin, &shelf, user, &grant);
    if (result < 0) {
        return result;
    }
    grant->callback.message = callback;
    int id = msock_subscribe(plugin->host->channel, filter, on_message, grant,
                             options);
    grant->id = id;
    if (id < 0) {
        grant_free(&shelf, grant);
    }
    return id;
}

int msock__grant_unsubscribe(msock_plugin_host *plugin, int id)
{
    const struct shelf shelf = subscriptions_of(plugin);
    int result = grant_remove(plugin, &shelf, id);
    return result < 0 ? result : msock_unsubscribe(plugin->host->channel, id);
}

int msock__grant_timer(msock_plugin_host *plugin, uint64_t delay_ms,
                       uint64_t period_ms, msock_plugin_timer *callback,
                       void *user)
{
    const struct shelf shelf = timers_of(plugin);
    struct msock__grant *grant = NULL;
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "a timer needs a callback");
    }
    int result = grant_new(plugin, &shelf, user, &grant);
    if (result < 0) {
        return result;
    }
    grant->callback.timer = callback;
    grant->once = period_ms == 0;
    int id = msock_timer_start(plugin->host->channel, delay_ms, period_ms,
                               on_timer, grant);
    grant->id = id;
    if (id < 0) {
        grant_free(&shelf, grant);
    }
    return id;
}

int msock__grant_timer_stop(msock_plugin_host *plugin, int id)
{
    const struct shelf shelf = timers_of(plugin);
    int result = grant_remove(plugin, &shelf, id);
    return result < 0 ? result : msock_timer_stop(plugin->host->channel, id);
}

int msock__grant_keep(msock_plugin_host *plugin, const char *filter,
                      msock_plugin_state *callback, void *user)
{
    const struct shelf shelf = keeps_of(plugin);
    struct msock__grant *grant = NULL;
    if (callback == NULL) {
        return msock__fail(MSOCK_EINVAL, "to keep states needs a callback");
    }
    int result = grant_new(plugin, &shelf, user, &grant);
    if (result < 0) {
        return result;
    }
    grant->callback.state = callback;
    grant->filter = strdup(filter);
    result = grant->filter != NULL
                 ? msock_keep(plugin->host->channel, filter, on_state, grant)
                 : msock__fail_memory();
    if (result < 0) {
        grant_free(&shelf, grant);
    }
    return result;
}

/* -- Taking back -- */

void msock__grants_end_subscriptions(msock_plugin_host *plugin)
{
    const struct shelf shelf = subscriptions_of(plugin);
    while (plugin->subscriptions != NULL) {
        msock_unsubscribe(plugin->host->channel, plugin->subscriptions->id);
        grant_free(&shelf, plugin->subscriptions);
    }
}

void msock__grants_end_timers(msock_plugin_host *plugin)
{
    const struct shelf shelf = timers_of(plugin);
    while (plugin->timers != NULL) {
        msock_timer_stop(plugin->host->channel, plugin->timers->id);
        grant_free(&shelf, plugin->timers);
    }
}

void msock__grants_end_keeps(msock_plugin_host *plugin)
{
    const struct shelf shelf = keeps_of(plugin);
    while (plugin->keeps != NULL) {
        msock_unkeep(plugin->host->channel, plugin->keeps->filter, on_state,
                     plugin->keeps);
        grant_free(&shelf, plugin->keeps);
    }
}
