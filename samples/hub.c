/* SPDX-License-Identifier: Apache-2.0 */
/* hub: tells the house what to do, and shows what each node last reported.
 * Commands come as arguments, or as lines of standard input. The hub runs the
 * channel in a poll(2) loop of its own, between keyboard and network. */
#include "samples/hub_command.h"
#include "samples/hub_nodes.h"
#include "samples/hub_settings.h"
#include "samples/say.h"
#include "samples/signals.h"
#include "samples/surroundings.h"

#include <errno.h>
#include <multisock/host.h>
#include <multisock/multisock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 256, TOPIC_SIZE = MSOCK_TOPIC_MAX + 1 };

/* Where commands come from: the arguments, or standard input. */
struct input {
    char *const *words;
    int word_count;
    bool interactive; /* standard input */
    bool end;         /* nothing more to read */
    char buffer[LINE_SIZE];
    size_t size;
};

struct hub {
    msock_channel *channel;
    msock_host *host; /* NULL: no plugins */
    const struct hub_settings *settings;
    struct hub_nodes nodes;
    struct hub_command command; /* the one that waits for reports */
    bool waiting;
    bool quit;
    uint64_t asked_ms; /* when it was published */
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

/* -- Commands -- */

static int on_report(msock_channel *channel, const msock_message *message,
                     void *user)
{
    struct hub *hub = user;
    (void)channel;
    return hub_nodes_report(&hub->nodes, message, now_ms());
}

/* How many nodes have done what the command asked for: for a status, to
 * report; for lights, to report them as they shall be. */
static unsigned done_count(const struct hub *hub)
{
    const struct hub_command *command = &hub->command;
    const char *node = command->node[0] != '\0' ? command->node : NULL;
    const bool *on = command->verb == HUB_LIGHTS ? &command->on : NULL;
    return hub_nodes_count(&hub->nodes, hub->asked_ms, node, on);
}

/* How many are wanted; 0: as many as there are. */
static unsigned wanted_count(const struct hub *hub)
{
    return hub->command.node[0] != '\0' ? 1 : hub->settings->expect;
}

static void publish(struct hub *hub, const char *topic, const char *json)
{
    hub->asked_ms = now_ms();
    hub->waiting = true;
    if (msock_publish(hub->channel, topic, json, NULL) < 0) {
        hub->waiting = false;
        hub->status = fail("cannot publish");
    }
}

static void publish_lights(struct hub *hub)
{
    const struct hub_command *command = &hub->command;
    char topic[TOPIC_SIZE] = "lights";
    char json[LINE_SIZE];

    if (command->node[0] != '\0') {
        snprintf(topic, sizeof topic, "%s/lights", command->node);
    }
    if (command->brightness >= 0) {
        snprintf(json, sizeof json, "{\"brightness\":%d}", command->brightness);
    } else {
        snprintf(json, sizeof json, "{\"on\":%s}",
                 command->on ? "true" : "false");
    }
    publish(hub, topic, json);
}

static void obey(struct hub *hub, const char *line)
{
    if (hub_command_parse(&hub->command, line) < 0) {
        complain("hub: not understood: %s", line);
        show_help(hub_command_help, false);
        hub->status = 1;
        return;
    }
    switch (hub->command.verb) {
    case HUB_LIGHTS:
        publish_lights(hub);
        break;
    case HUB_STATUS:
        publish(hub, "lights/query", NULL);
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
}

static void print_result(const struct hub *hub)
{
    const struct hub_command *command = &hub->command;
    const char *state = command->on ? "on" : "off";
    const char *who = command->node[0] != '\0' ? command->node : "all";
    unsigned wanted = wanted_count(hub);

    if (command->verb == HUB_STATUS) {
        hub_nodes_print(&hub->nodes, now_ms());
    } else if (wanted > 0) {
        say("%s lights %s: %u of %u report %s", who, state, done_count(hub),
            wanted, state);
    } else {
        say("%s lights %s: %u report %s", who, state, done_count(hub), state);
    }
}

/* Ends waiting when all that are wanted have reported, or time is up. */
static void look_at_reports(struct hub *hub)
{
    unsigned wanted = wanted_count(hub);
    bool complete = wanted > 0 && done_count(hub) >= wanted;
    bool late = now_ms() - hub->asked_ms >= hub->settings->wait_ms;
    if (!complete && !late) {
        return;
    }
    hub->waiting = false;
    print_result(hub);
    if (wanted > 0 && !complete) {
        complain("hub: %u of %u nodes did not report", wanted - done_count(hub),
                 wanted);
        hub->status = 1;
    }
}

/* -- Input -- */

static void input_read(struct input *input)
{
    size_t room = sizeof input->buffer - 1 - input->size;
    ssize_t size = read(STDIN_FILENO, input->buffer + input->size, room);
    if (size > 0) {
        input->size += (size_t)size;
    } else if (size == 0 || errno != EINTR) {
        input->end = true;
    }
}

/* Takes a line from what was read: up to a newline, or all there is if no more
 * can come or fit.  Returns whether there was one. */
static bool input_line(struct input *input, char line[static LINE_SIZE])
{
    const char *newline = memchr(input->buffer, '\n', input->size);
    bool whole = input->end || input->size == sizeof input->buffer - 1;
    if (input->size == 0 || (newline == NULL && !whole)) {
        return false;
    }
    size_t size =
        newline != NULL ? (size_t)(newline - input->buffer) : input->size;
    size_t taken = newline != NULL ? size + 1 : size;
    memcpy(line, input->buffer, size);
    line[size] = '\0';
    input->size -= taken;
    memmove(input->buffer, input->buffer + taken, input->size);
    return true;
}

static bool input_next(struct input *input, char line[static LINE_SIZE])
{
    if (input->interactive) {
        return input_line(input, line);
    }
    if (input->word_count == 0) {
        input->end = true;
        return false;
    }
    snprintf(line, LINE_SIZE, "%s", *input->words);
    input->words++;
    input->word_count--;
    return true;
}

/* -- The loop -- */

/* Sleeps until a line or the network has something, or something is due. */
static void wait_for_work(const struct hub *hub, struct input *input)
{
    bool listen = input->interactive && !input->end && !hub->waiting;
    struct pollfd waits[] = {
        {.fd = msock_fd(hub->channel), .events = POLLIN},
        {.fd = listen ? STDIN_FILENO : -1, .events = POLLIN}};
    int timeout = msock_timeout(hub->channel);

    if (hub->waiting) {
        uint64_t due = hub->asked_ms + hub->settings->wait_ms;
        uint64_t now = now_ms();
        int left = due > now ? (int)(due - now) : 0;
        timeout = timeout < 0 || left < timeout ? left : timeout;
    }
    if (poll(waits, 2, timeout) > 0 && waits[1].revents != 0) {
        input_read(input);
    }
}

/* Between two turns of the loop: no message is in delivery. */
static void reload(struct hub *hub)
{
    if (hub->host != NULL && msock_host_reload(hub->host, NULL, NULL) < 0) {
        fail("cannot reload");
    }
}

static void loop(struct hub *hub, struct input *input)
{
    char line[LINE_SIZE];

    while (!signals_want_end() && !hub->quit) {
        if (signals_want_reload()) {
            reload(hub);
        }
        if (!hub->waiting && input_next(input, line)) {
            obey(hub, line);
        } else if (!hub->waiting && input->end) {
            return;
        } else {
            wait_for_work(hub, input);
        }
        if (msock_dispatch(hub->channel) < 0) {
            hub->status = fail("the channel ended");
            return;
        }
        if (hub->waiting) {
            look_at_reports(hub);
        }
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
    bool sealed = is_sealed(settings->url, settings->key_file);

    if (terminal || !sealed) {
        complain("hub: ready, %s%s", sealed ? "sealed" : "open: no key",
                 terminal ? "; type help, or quit" : "");
    }
}

/* Runs the hub on an open channel.  Returns the exit status. */
static int serve(msock_channel *channel, const struct hub_settings *settings,
                 msock_logger *logger)
{
    static struct hub hub;
    static struct input input;

    hub.channel = channel;
    hub.settings = settings;
    input.words = settings->words;
    input.word_count = settings->word_count;
    input.interactive = settings->word_count == 0;
    hub.status =
        msock_subscribe(channel, "+/lights/state", on_report, &hub, NULL) < 0
            ? fail("cannot start")
            : load_plugins(&hub.host, channel, settings, logger);
    if (hub.status == 0) {
        greet(settings, input.interactive && isatty(STDIN_FILENO));
        loop(&hub, &input);
    }
    msock_host_close(hub.host);
    return hub.status;
}

int main(int argc, char **argv)
{
    struct hub_settings settings = {
        .name = "hub", .plugins = SAMPLE_PLUGINS, .wait_ms = 1000};
    int status = hub_settings_read(&settings, argc, argv);
    if (status >= 0) {
        return status;
    }

    msock_logger *logger;
    if (msock_logger_open(&logger, settings.name, NULL) < 0) {
        return fail("logger");
    }
    msock_logger_level(logger, MSOCK_WARNING);
    msock_options options = {
        .name = settings.name, .key_file = settings.key_file, .logger = logger};
    msock_channel *channel;
    if (msock_open(&channel, settings.url, &options) < 0) {
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
