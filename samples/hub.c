/* SPDX-License-Identifier: Apache-2.0 */
/* hub: tells the house what to do and says who did it, and shows who is there
 * and the state of their lights. Commands come as arguments, or as lines of
 * standard input. The hub runs the channel in a poll(2) loop of its own,
 * between keyboard and network, and never waits for an answer in it. */
#include "samples/hub_command.h"
#include "samples/hub_input.h"
#include "samples/hub_nodes.h"
#include "samples/hub_order.h"
#include "samples/hub_settings.h"
#include "samples/hub_show.h"
#include "samples/say.h"
#include "samples/signals.h"

#include <errno.h>
#include <multisock/host.h>
#include <multisock/multisock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    REDRAW_MS = 1000, /* ages change */
    CHANGED_MS = 200  /* between two redraws at least */
};

struct hub {
    msock_channel *channel;
    msock_host *host; /* NULL: no plugins */
    const struct hub_settings *settings;
    struct hub_input input;
    struct hub_nodes nodes;
    struct hub_orders orders;
    struct hub_command next; /* HUB_NOTHING: none waits */
    bool look;               /* somebody came, went, or is different */
    bool settled;            /* whoever is there is known by now */
    bool quit;
    bool watching;
    bool redraws; /* what is watched is a table, not lines */
    bool changed; /* since it was drawn */
    uint64_t opened_ms;
    uint64_t drawn_ms;
    int status;
};

static int fail(const char *what)
{
    complain("hub: %s: %s", what, msock_error_detail());
    return 1;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* -- What the channel tells -- */

static int on_state(msock_channel *channel, const msock_message *message,
                    void *user)
{
    struct hub *hub = user;
    (void)channel;
    return hub_nodes_state(&hub->nodes, message, now_ms());
}

static int on_will(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct hub *hub = user;
    (void)channel;
    return hub_nodes_will(&hub->nodes, message);
}

/* A burst of them is looked at once, at the end of the turn. */
static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    struct hub *hub = user;
    (void)channel;
    (void)event;
    hub->look = true;
}

static void on_change(const struct hub_node *node, enum hub_change change,
                      void *user)
{
    struct hub *hub = user;
    bool tells = hub->watching || hub->input.interactive;
    hub->changed = true;
    if (hub->settled && tells && !hub->redraws) {
        hub_show_change(node, change);
    }
}

/* When whoever is there has had its time to say so. */
static uint64_t settles_ms(const struct hub *hub)
{
    return hub->opened_ms + hub->settings->wait_ms;
}

/* -- Commands -- */

static void show_status(struct hub *hub)
{
    unsigned expect = hub->settings->expect;
    unsigned ready = hub_nodes_ready(&hub->nodes);

    hub_show_table(&hub->nodes, now_ms());
    if (ready < expect) {
        complain("hub: %u of %u nodes are not there", expect - ready, expect);
        hub->status = 1;
    }
}

/* Who reads lines begins with the table that they change. */
static void watch(struct hub *hub)
{
    hub->watching = true;
    hub->redraws = is_screen();
    hub->changed = true;
    hub->drawn_ms = 0;
    if (!hub->redraws) {
        hub_show_table(&hub->nodes, now_ms());
    }
}

static void redraw(struct hub *hub, uint64_t now)
{
    clear_screen();
    hub_show_table(&hub->nodes, now);
    hub->drawn_ms = now;
    hub->changed = false;
}

static uint64_t redraw_due_ms(const struct hub *hub)
{
    return hub->drawn_ms + (hub->changed ? CHANGED_MS : REDRAW_MS);
}

static void obey(struct hub *hub)
{
    const struct hub_command *command = &hub->next;

    switch (command->verb) {
    case HUB_LIGHTS:
        if (hub_orders_send(&hub->orders, hub->channel, command) < 0) {
            fail("cannot publish");
        }
        break;
    case HUB_STATUS:
        show_status(hub);
        break;
    case HUB_WATCH:
        watch(hub);
        break;
    case HUB_HELP:
        show_help(hub_command_help, true);
        break;
    case HUB_QUIT:
        hub->quit = true;
        break;
    case HUB_NOTHING:
        break;
    }
    hub->next.verb = HUB_NOTHING;
}

/* Reads the next command, if one is there and none waits. */
static void read_command(struct hub *hub)
{
    char line[HUB_LINE_SIZE];

    while (hub->next.verb == HUB_NOTHING && hub_input_next(&hub->input, line)) {
        hub->watching = hub->redraws = false;
        if (hub_command_parse(&hub->next, line) < 0) {
            complain("hub: not understood: %s", line);
            show_help(hub_command_help, false);
            hub->next.verb = HUB_NOTHING;
            hub->status = 1;
        }
    }
}

/* Whether another command may begin. Arguments are obeyed one after the
 * other, lines as they come. */
static bool may_begin(const struct hub *hub)
{
    const struct hub_input *input = &hub->input;
    bool free = input->interactive ? hub->orders.under_way < HUB_ORDERS_MAX
                                   : hub->orders.under_way == 0;
    return free && !hub->quit && (input->interactive || !hub->watching);
}

/* A hub that was just started knows nobody: whom a command is for is waited
 * for, but not for ever. */
static bool is_ready(const struct hub *hub)
{
    const struct hub_command *next = &hub->next;
    const struct hub_node *node = hub_nodes_find(&hub->nodes, next->node);

    return next->verb != HUB_NOTHING &&
           (hub->settled || next->verb == HUB_HELP || next->verb == HUB_QUIT ||
            (node != NULL && node->presence == HUB_UP && node->obeys));
}

static void take_commands(struct hub *hub)
{
    while (may_begin(hub)) {
        read_command(hub);
        if (!is_ready(hub)) {
            return;
        }
        obey(hub);
    }
}

static bool is_over(const struct hub *hub)
{
    bool read =
        hub->input.end && hub->input.size == 0 && hub->next.verb == HUB_NOTHING;
    return (hub->quit || read) && hub->orders.under_way == 0;
}

/* -- The loop -- */

static int until_ms(uint64_t due, uint64_t now, int timeout)
{
    int left = due > now ? (int)(due - now) : 0;
    return timeout < 0 || left < timeout ? left : timeout;
}

/* Sleeps until a line or the network has something, or something is due. */
static void wait_for_work(struct hub *hub)
{
    bool listens = hub->input.interactive && !hub->input.end &&
                   hub->next.verb == HUB_NOTHING && may_begin(hub);
    struct pollfd waits[] = {
        {.fd = msock_fd(hub->channel), .events = POLLIN},
        {.fd = listens ? STDIN_FILENO : -1, .events = POLLIN}};
    int timeout = msock_timeout(hub->channel);
    uint64_t now = now_ms();

    if (!hub->settled) {
        timeout = until_ms(settles_ms(hub), now, timeout);
    }
    if (hub->redraws) {
        timeout = until_ms(redraw_due_ms(hub), now, timeout);
    }
    if (poll(waits, 2, timeout) > 0 && waits[1].revents != 0) {
        hub_input_read(&hub->input);
    }
}

/* Looks at what the turn has brought. */
static void look(struct hub *hub)
{
    unsigned expect = hub->settings->expect;
    uint64_t now = now_ms();

    if (hub->look) {
        hub->look = false;
        hub_nodes_look(&hub->nodes, hub->channel);
    }
    hub->settled = hub->settled || now >= settles_ms(hub) ||
                   (expect > 0 && hub_nodes_ready(&hub->nodes) >= expect);
    if (hub->redraws && now >= redraw_due_ms(hub)) {
        redraw(hub, now);
    }
}

/* Between two turns of the loop: no message is in delivery. */
static void reload(struct hub *hub)
{
    if (hub->host != NULL && msock_host_reload(hub->host, NULL, NULL) < 0) {
        fail("cannot reload");
    }
}

static void loop(struct hub *hub)
{
    while (!signals_want_end()) {
        if (signals_want_reload()) {
            reload(hub);
        }
        take_commands(hub);
        if (is_over(hub)) {
            return;
        }
        wait_for_work(hub);
        if (msock_dispatch(hub->channel) < 0) {
            hub->status = fail("the channel ended");
            return;
        }
        look(hub);
    }
}

/* -- Start and end -- */

/* Loads NAME or NAME=JSON.  Returns 0, or 1 after having told why not. */
static int load_plugin(msock_host *host, const struct hub_settings *settings,
                       char *load)
{
    char *config = strchr(load, '=');
    if (config != NULL) {
        *config++ = '\0';
    }
    if (msock_host_load(host, load, config) == 0) {
        return 0;
    }
    complain("hub: --load %s, from %s:", load, settings->plugins);
    return fail("cannot start");
}

/* Loads what was asked for, if anything.  Returns 0, or 1 after having told why
 * not. */
static int load_plugins(msock_host **host, msock_channel *channel,
                        const struct hub_settings *settings,
                        msock_logger *logger)
{
    if (settings->load_count == 0) {
        return 0;
    }
    char *directory = realpath(settings->plugins, NULL);
    if (directory == NULL) {
        complain("hub: --plugins %s: %s", settings->plugins, strerror(errno));
        return 1;
    }
    msock_host_options options = {.directory = directory, .logger = logger};
    int status =
        msock_host_open(host, channel, &options) < 0 ? fail("cannot start") : 0;
    free(directory);
    for (size_t i = 0; status == 0 && i < settings->load_count; i++) {
        status = load_plugin(*host, settings, settings->loads[i]);
    }
    return status;
}

/* Tells people what they can do, and programs what they should not overlook. */
static void greet(const struct hub_settings *settings, bool terminal)
{
    bool sealed = is_sealed(&settings->at);

    if (terminal || !sealed) {
        complain("hub: ready, %s%s", sealed ? "sealed" : "open: no key",
                 terminal ? "; type help, or quit" : "");
    }
}

/* Listens to what nodes say of themselves.  Returns a status. */
static int listen_to_nodes(struct hub *hub)
{
    msock_channel *channel = hub->channel;

    return msock_watch(channel, on_event, hub) < 0 ||
                   msock_subscribe(channel, "+/lights/state", on_state, hub,
                                   NULL) < 0 ||
                   msock_subscribe(channel, "+/will", on_will, hub, NULL) < 0
               ? fail("cannot start")
               : 0;
}

/* Runs the hub on an open channel.  Returns the exit status. */
static int serve(msock_channel *channel, const struct hub_settings *settings,
                 msock_logger *logger)
{
    static struct hub hub;

    hub.channel = channel;
    hub.settings = settings;
    hub.opened_ms = now_ms();
    hub.nodes.told = on_change;
    hub.nodes.user = &hub;
    hub.orders.nodes = &hub.nodes;
    hub.orders.deadline_ms = settings->wait_ms;
    hub.orders.expect = settings->expect;
    hub.input.words = settings->words;
    hub.input.word_count = settings->word_count;
    hub.input.interactive = settings->word_count == 0;
    hub.status = listen_to_nodes(&hub);
    if (hub.status == 0) {
        hub.status = load_plugins(&hub.host, channel, settings, logger);
    }
    if (hub.status == 0) {
        greet(settings, hub.input.interactive && isatty(STDIN_FILENO));
        loop(&hub);
    }
    msock_host_close(hub.host);
    return hub.status != 0 || hub.orders.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct hub_settings settings = {
        .at.name = "hub", .plugins = SAMPLE_PLUGINS, .wait_ms = 1000};
    int status = hub_settings_read(&settings, argc, argv);
    if (status >= 0) {
        return status;
    }

    msock_logger *logger;
    if (msock_logger_open(&logger, settings.at.name, NULL) < 0) {
        return fail("logger");
    }
    msock_logger_level(logger, MSOCK_WARNING);
    msock_options options = {.name = settings.at.name,
                             .key_file = settings.at.key_file,
                             .logger = logger};
    msock_channel *channel;
    if (msock_open(&channel, settings.at.url, &options) < 0) {
        status = fail("channel");
    } else {
        signals_wake(channel);
        status = serve(channel, &settings, logger);
        signals_wake(NULL);
        msock_close(channel, NULL, NULL);
    }
    msock_logger_close(logger);
    return status;
}
