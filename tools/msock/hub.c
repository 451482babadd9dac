/* SPDX-License-Identifier: Apache-2.0 */
/* The hub as a service. */
#include "tools/msock/hub.h"

#include "tools/msock/hub_notify.h"
#include "tools/msock/hub_plugins.h"
#include "tools/msock/hub_status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNTS_SIZE = 64 };

/* -- The status -- */

static struct hub_view view_of(const struct hub *hub, const char *state)
{
    const char *url = hub->config.channel;

    return (struct hub_view){.state = state,
                             .channel_url = url ? url : MSOCK_DEFAULT_URL,
                             .started = hub->started,
                             .channel = hub->channel,
                             .host = hub->host,
                             .config = &hub->config,
                             .reports = &hub->reports};
}

/* Logs a failure once, not at every try. */
static void write_status(struct hub *hub, const struct cli_buffer *text)
{
    int error = hub_status_write(hub->config.status_file, text);

    if (error != 0 && error != hub->status_error) {
        msock_log(hub->logger, MSOCK_ERROR,
                  "cannot write the status file %s: %s",
                  hub->config.status_file, strerror(error));
    }
    hub->status_error = error;
}

void hub_report(struct hub *hub)
{
    struct cli_buffer text = {0};
    struct hub_view view = view_of(hub, "running");

    if (hub->status_timer > 0) {
        msock_timer_stop(hub->channel, hub->status_timer);
        hub->status_timer = 0;
    }
    if (hub->config.status_file) {
        hub_status_render(&view, &text);
        write_status(hub, &text);
        free(text.bytes);
    }
}

static void on_status_due(msock_channel *channel, void *user)
{
    struct hub *hub = user;

    (void)channel;
    hub->status_timer = 0;
    hub_report(hub);
}

/* Has the status written soon, once for all that changes until then. */
static void status_changed(struct hub *hub)
{
    if (hub->config.status_file && hub->status_timer <= 0) {
        hub->status_timer = msock_timer_start(
            hub->channel, 1000 * (uint64_t)hub->config.status_every_s, 0,
            on_status_due, hub);
    }
}

static void on_quarantined(const char *name, void *user)
{
    (void)name;
    status_changed(user);
}

/* -- Reports -- */

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct hub *hub = user;
    int code = hub_reports_take(&hub->reports, message);

    (void)channel;
    status_changed(hub);
    return code;
}

/* Subscribes to what the status shall show, and to nothing else. A message that
 * two filters match is taken twice, to the same effect. */
static int subscribe(struct hub *hub)
{
    struct hub_config *config = &hub->config;

    while (hub->subscription_count > 0) {
        msock_unsubscribe(hub->channel,
                          hub->subscriptions[--hub->subscription_count]);
    }
    hub_reports_keep(&hub->reports, config->filters, config->filter_count);
    for (size_t i = 0; i < config->filter_count; i++) {
        int id = msock_subscribe(hub->channel, config->filters[i], on_message,
                                 hub, NULL);
        if (id < 0) {
            problem_tell(&hub->problems, "%s", msock_error_detail());
            return CLI_FAILURE;
        }
        hub->subscriptions[hub->subscription_count++] = id;
    }
    return CLI_OK;
}

/* -- The configuration -- */

/* Reads and checks the file.  Returns CLI_OK with *config given to the caller,
 * or CLI_FAILURE after having logged why. */
static int read_config(struct hub *hub, struct hub_config *config,
                       enum hub_asker asker)
{
    int code = hub_config_read(config, hub->file, &hub->problems);

    if (config->whole &&
        hub_config_check(config, asker, false, &hub->problems) != CLI_OK) {
        code = CLI_FAILURE;
    }
    if (code != CLI_OK) {
        hub_config_fini(config);
    }
    return code;
}

/* How many plugins serve, and how many cannot. */
static const char *show_plugins(const struct hub *hub,
                                char text[static COUNTS_SIZE])
{
    size_t failed = hub_plugins_failed(hub->host, &hub->config);
    int size = snprintf(text, COUNTS_SIZE, "plugins: %zu",
                        hub->config.plugin_count - failed);

    if (failed > 0) {
        snprintf(text + size, COUNTS_SIZE - (size_t)size, ", failed: %zu",
                 failed);
    }
    return text;
}

static void tell_ready(const struct hub *hub, const char *more)
{
    char counts[COUNTS_SIZE];

    hub_notify_status("READY=1", "serving, %s%s", show_plugins(hub, counts),
                      more);
}

/* Takes the new configuration.  Returns whether all of it could be had. */
static bool change(struct hub *hub, struct hub_config *config)
{
    unsigned before = hub->problems.count;
    struct hub_config old = hub->config;

    hub->config = *config;
    msock_logger_level(hub->logger, (enum msock_level)config->log_level);
    subscribe(hub);
    size_t left =
        hub_plugins_change(hub->host, &old, &hub->config, &hub->problems);
    size_t failed = hub_plugins_failed(hub->host, &hub->config);
    hub_config_fini(&old);
    if (hub->problems.count == before) {
        msock_log(hub->logger, MSOCK_INFO, "configuration reloaded");
        return true;
    }
    msock_log(hub->logger, MSOCK_WARNING,
              "configuration reloaded; plugins that run on as before: %zu, "
              "that are failed: %zu",
              left, failed);
    return false;
}

void hub_reload(struct hub *hub)
{
    struct hub_config config;

    hub_notify_reloading();
    if (read_config(hub, &config, HUB_RELOADS) != CLI_OK) {
        msock_log(hub->logger, MSOCK_ERROR,
                  "%s is not taken: the hub goes on as before", hub->file);
        tell_ready(hub, "; the new configuration is not valid");
        return;
    }
    const char *fixed = hub_config_fixed(&hub->config, &config);
    if (fixed) {
        msock_log(hub->logger, MSOCK_ERROR,
                  "%s is not taken: another \"%s\" needs a restart; the hub "
                  "goes on as before",
                  hub->file, fixed);
        hub_config_fini(&config);
        tell_ready(hub, "; the new configuration needs a restart");
        return;
    }
    bool whole = change(hub, &config);
    hub_report(hub);
    tell_ready(hub, whole ? "" : "; not all could be reloaded");
}

/* -- Start and end -- */

/* Being called at all says that the loop turns. */
static void on_watchdog(msock_channel *channel, void *user)
{
    (void)channel;
    (void)user;
    hub_notify("WATCHDOG=1");
}

static int start_watchdog(struct hub *hub)
{
    unsigned period_ms = hub_notify_watchdog_ms();

    return period_ms == 0 ? 0
                          : msock_timer_start(hub->channel, period_ms,
                                              period_ms, on_watchdog, hub);
}

/* Opens the channel and a host on it. */
static int join(struct hub *hub)
{
    const struct hub_config *config = &hub->config;
    msock_options options = {.struct_size = sizeof(options),
                             .name = config->name,
                             .key_file = config->key_file,
                             .logger = hub->logger};
    msock_host_options host = {.struct_size = sizeof(host),
                               .directory = config->plugins_directory,
                               .logger = hub->logger,
                               .slow_ms = config->slow_ms,
                               .slow_max = config->slow_max,
                               .fail_max = config->fail_max,
                               .subscriptions_max = config->subscriptions_max,
                               .timers_max = config->timers_max,
                               .quarantined = on_quarantined,
                               .user = hub};

    if (msock_open(&hub->channel, config->channel, &options) < 0 ||
        msock_host_open(&hub->host, hub->channel, &host) < 0 ||
        start_watchdog(hub) < 0) {
        problem_tell(&hub->problems, "%s", msock_error_detail());
        return CLI_FAILURE;
    }
    return CLI_OK;
}

/* Two hubs that write one status would show each other's.  Returns an exit
 * code. What else is wrong with the file is told when it is written. */
static int claim_status(struct hub *hub)
{
    const char *file = hub->config.status_file;

    if (file && hub_status_claim(file, &hub->status_lock) == EWOULDBLOCK) {
        problem_tell(&hub->problems,
                     "another hub writes the status file %s: stop that one, or "
                     "give this one another",
                     file);
        return CLI_FAILURE;
    }
    return CLI_OK;
}

int hub_open(struct hub *hub, const char *file)
{
    *hub = (struct hub){.file = file, .started = time(NULL), .status_lock = -1};
    char counts[COUNTS_SIZE];
    int code = msock_logger_open(&hub->logger, "hub", "-");
    if (code < 0) {
        return cli_error_code(code);
    }
    hub->problems.logger = hub->logger;
    if (read_config(hub, &hub->config, HUB_STARTS) != CLI_OK) {
        return CLI_CONFIG;
    }
    msock_logger_level(hub->logger, (enum msock_level)hub->config.log_level);
    if (claim_status(hub) != CLI_OK || join(hub) != CLI_OK ||
        subscribe(hub) != CLI_OK) {
        return CLI_FAILURE;
    }
    hub_plugins_start(hub->host, &hub->config, &hub->problems);
    msock_log(hub->logger, MSOCK_INFO, "%s is ready, %s%s",
              msock_name(hub->channel), show_plugins(hub, counts),
              hub_config_has_key(&hub->config) ? "" : ", on an open channel");
    hub_report(hub);
    tell_ready(hub, "");
    return CLI_OK;
}

/* Ends the channel; the status is of the moment before, when all that plugins
 * said at their end had been sent, but they themselves are as they were. */
static void leave(struct hub *hub)
{
    struct cli_buffer text = {0};

    msock_dispatch(hub->channel);
    struct hub_view view = view_of(hub, "stopped");
    view.plugins = &hub->last;
    if (hub->config.status_file) {
        hub_status_render(&view, &text);
    }
    msock_close(hub->channel, NULL, NULL);
    msock_log(hub->logger, MSOCK_INFO, "channel closed");
    if (hub->config.status_file) {
        write_status(hub, &text);
    }
    free(text.bytes);
}

void hub_close(struct hub *hub)
{
    hub_notify_status("STOPPING=1", "stopping");
    if (hub->host) {
        struct hub_view view = view_of(hub, "stopping");
        hub_status_render_plugins(&view, &hub->last);
        hub_plugins_stop(hub->host, hub->logger);
        msock_host_close(hub->host);
    }
    if (hub->channel) {
        leave(hub);
    }
    if (hub->status_lock >= 0) {
        close(hub->status_lock);
    }
    free(hub->last.bytes);
    hub_reports_keep(&hub->reports, NULL, 0);
    hub_config_fini(&hub->config);
    msock_logger_close(hub->logger);
}
