/* SPDX-License-Identifier: Apache-2.0 */
/* node: a machine with lights. The plugin `lights` does the work: it obeys on
 * `lights` and NODE/lights and reports on NODE/lights/state. What the channel
 * refuses is logged as it happens and summed up at the end. */
#include "samples/say.h"
#include "samples/signals.h"
#include "samples/surroundings.h"

#include <errno.h>
#include <getopt.h>
#include <multisock/host.h>
#include <multisock/multisock.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_SIZE = 8192 };

struct settings {
    const char *name;
    const char *key_file;
    const char *url;
    const char *plugins;
    const char *leds;
};

static int fail(const char *what)
{
    complain("node: %s: %s", what, msock_error_detail());
    return 1;
}

static int usage(bool asked, int status)
{
    show_help(
        "usage: node --name NAME [--key-file FILE] [-c CHANNEL]\n"
        "            [--plugins DIR] [--leds DIR]\n"
        "Obeys on `lights` and NAME/lights with the LEDs in DIR\n"
        "[/sys/class/leds], until SIGTERM; SIGHUP reloads the plugin.\n"
        "Without -c and --key-file, $MSOCK_CHANNEL and $MSOCK_KEY_FILE name "
        "them;\nwithout a key the channel is open to anybody.\n",
        asked);
    return status;
}

/* Reads the arguments.  Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'},
        {"key-file", required_argument, NULL, 'k'},
        {"channel", required_argument, NULL, 'c'},
        {"plugins", required_argument, NULL, 'p'},
        {"leds", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {0}};
    int letter;

    while ((letter = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (letter) {
        case 'n':
            settings->name = optarg;
            break;
        case 'k':
            settings->key_file = optarg;
            break;
        case 'c':
            settings->url = optarg;
            break;
        case 'p':
            settings->plugins = optarg;
            break;
        case 'l':
            settings->leds = optarg;
            break;
        case 'h':
            return usage(true, 0);
        default:
            return usage(false, 2);
        }
    }
    if (settings->name == NULL || optind < argc) {
        return usage(false, 2);
    }
    if (!surroundings_complete("node", &settings->url, &settings->key_file)) {
        return 2;
    }
    return -1;
}

static int load_lights(msock_host *host, const char *leds)
{
    char quoted[CONFIG_SIZE];
    char config[CONFIG_SIZE + sizeof "{\"directory\":}"];

    if (leds == NULL) {
        return msock_host_load(host, "lights", NULL);
    }
    int result = msock_json_quote(leds, strlen(leds), quoted, sizeof quoted);
    if (result < 0) {
        return result;
    }
    snprintf(config, sizeof config, "{\"directory\":%s}", quoted);
    return msock_host_load(host, "lights", config);
}

/* One's own frames come back on every multicast socket: nothing to tell. */
static void print_refused(const msock_channel *channel)
{
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t count = msock_counter_get(channel, counter);
        if (count > 0 && counter != MSOCK_DROP_OWN) {
            say("%s: refused %llu: %s (%s)", msock_name(channel),
                (unsigned long long)count, msock_counter_name(counter),
                msock_counter_text(counter));
        }
    }
}

/* Between two turns of the loop: no message is in delivery. */
static void reload(msock_host *host, msock_logger *logger)
{
    if (msock_host_reload(host, NULL, NULL) < 0) {
        msock_log(logger, MSOCK_ERROR, "%s", msock_error_detail());
    }
}

/* Runs the channel; SIGHUP reloads the plugins, other signals end it.
 * Returns 0, or why it ended. */
static int run(msock_channel *channel, msock_host *host, msock_logger *logger)
{
    while (!signals_want_end()) {
        int result = msock_run(channel);
        if (result < 0) {
            return result;
        }
        if (signals_want_reload()) {
            reload(host, logger);
        }
    }
    return 0;
}

/* Serves an open channel until a signal.  Returns the exit status. */
static int serve(msock_channel *channel, const struct settings *settings,
                 msock_logger *logger)
{
    msock_host *host = NULL;
    char *plugins = realpath(settings->plugins, NULL);
    int status = 0;

    if (plugins == NULL) {
        complain("node: --plugins %s: %s", settings->plugins, strerror(errno));
        return 1;
    }
    msock_host_options options = {.directory = plugins, .logger = logger};
    if (msock_host_open(&host, channel, &options) < 0 ||
        load_lights(host, settings->leds) < 0) {
        status = fail(settings->leds != NULL
                          ? "lights"
                          : "lights (--leds DIR names another folder)");
    } else {
        msock_log(logger, MSOCK_INFO, "ready, %s",
                  is_sealed(settings->url, settings->key_file)
                      ? "sealed"
                      : "open: no key");
        status = run(channel, host, logger) < 0 ? fail("running") : 0;
        print_refused(channel);
    }
    msock_host_close(host);
    free(plugins);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.plugins = SAMPLE_PLUGINS};
    int status = parse(argc, argv, &settings);
    if (status >= 0) {
        return status;
    }

    msock_logger *logger;
    if (msock_logger_open(&logger, settings.name, NULL) < 0) {
        return fail("logger");
    }
    /* What the hub hears once this node is gone: nobody knows its lights. */
    char state[MSOCK_TOPIC_MAX + 1];
    snprintf(state, sizeof state, "%s/lights/state", settings.name);
    msock_options options = {.name = settings.name,
                             .key_file = settings.key_file,
                             .logger = logger,
                             .will_topic = state,
                             .will = "{\"on\":null}"};
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
