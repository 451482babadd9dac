/* SPDX-License-Identifier: Apache-2.0 */
/* node: a machine with lights. The plugin `lights` does the work: it obeys on
 * `lights` and NODE/lights, says whether it did to who asks, and NODE/lights/
 * state is the state of its lights. A node that is gone leaves a will. What the
 * channel refuses is logged as it happens and summed up at the end. */
#include "samples/say.h"
#include "samples/signals.h"
#include "samples/surroundings.h"

#include <errno.h>
#include <multisock/host.h>
#include <multisock/multisock.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_SIZE = 8192, LEDS_MAX = 16 };

struct settings {
    struct surroundings at;
    const char *plugins;
    const char *leds;
    const char *led[LEDS_MAX]; /* names of those to take, else all */
    size_t led_count;
    const char *will;
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
        "            [--plugins DIR] [--leds DIR] [--led LED]...\n"
        "            [--will TEXT]\n"
        "Obeys on `lights` and NAME/lights with the LEDs in DIR\n"
        "[/sys/class/leds], or only with those named, as ACT, until\n"
        "SIGTERM. From the first order on they follow no trigger (mmc0,\n"
        "heartbeat) any more, also afterwards. SIGHUP reloads the plugin.\n"
        "If the node is gone without a bye, others hear TEXT [cut off, or\n"
        "out of power] on NAME/will.\n"
        "Without -c and --key-file, $MSOCK_CHANNEL and $MSOCK_KEY_FILE\n"
        "name them; without a key the channel is open to anybody.\n",
        asked);
    return status;
}

static bool take_option(struct settings *settings, int letter)
{
    switch (letter) {
    case 'p':
        settings->plugins = optarg;
        return true;
    case 'l':
        settings->leds = optarg;
        return true;
    case 'L':
        if (settings->led_count == LEDS_MAX) {
            complain("node: more than %d --led", LEDS_MAX);
            return false;
        }
        settings->led[settings->led_count++] = optarg;
        return true;
    case 'w':
        settings->will = optarg;
        return true;
    default:
        return false;
    }
}

/* Reads the arguments.  Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct settings *settings)
{
    static const struct option more[] = {
        {"plugins", required_argument, NULL, 'p'},
        {"leds", required_argument, NULL, 'l'},
        {"led", required_argument, NULL, 'L'},
        {"will", required_argument, NULL, 'w'},
        {0}};
    int letter;

    while ((letter = surroundings_next(&settings->at, argc, argv, more)) !=
           -1) {
        if (letter == 'h') {
            return usage(true, 0);
        }
        if (!take_option(settings, letter)) {
            return usage(false, 2);
        }
    }
    if (settings->at.name == NULL || optind < argc) {
        return usage(false, 2);
    }
    return surroundings_complete(&settings->at, "node") ? -1 : 2;
}

/* Appends `before` and `text` as a JSON string.  Returns 0 or an error code. */
static int append(char config[static CONFIG_SIZE], const char *before,
                  const char *text)
{
    char quoted[CONFIG_SIZE];
    size_t used = strlen(config);
    int result = msock_json_quote(text, strlen(text), quoted, sizeof quoted);

    if (result < 0) {
        return result;
    }
    int size =
        snprintf(config + used, CONFIG_SIZE - used, "%s%s", before, quoted);
    return (size_t)size < CONFIG_SIZE - used ? 0 : MSOCK_ETOOBIG;
}

static int load_lights(msock_host *host, const struct settings *settings)
{
    char config[CONFIG_SIZE] = "";
    const char *leds = settings->leds ? settings->leds : "/sys/class/leds";
    int result = append(config, "{\"directory\":", leds);

    for (size_t i = 0; i < settings->led_count && result == 0; i++) {
        result = append(config, i == 0 ? ",\"leds\":[" : ",", settings->led[i]);
    }
    if (result == 0) {
        const char *end = settings->led_count > 0 ? "]}" : "}";
        size_t used = strlen(config);
        int size = snprintf(config + used, sizeof config - used, "%s", end);
        result = (size_t)size < sizeof config - used ? 0 : MSOCK_ETOOBIG;
    }
    return result < 0 ? result : msock_host_load(host, "lights", config);
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
        load_lights(host, settings) < 0) {
        status = fail("lights (--leds and --plugins name folders)");
    } else {
        msock_log(logger, MSOCK_INFO, "ready, %s",
                  is_sealed(&settings->at) ? "sealed" : "open: no key");
        status = run(channel, host, logger) < 0 ? fail("running") : 0;
        print_refused(channel);
    }
    msock_host_close(host);
    free(plugins);
    return status;
}

/* Opens a channel that leaves a will, and serves it.  Returns the exit status.
 */
static int live(const struct settings *settings, msock_logger *logger)
{
    char topic[MSOCK_TOPIC_MAX + 1];
    char will[CONFIG_SIZE];
    const char *text = settings->will;
    msock_channel *channel;

    if (msock_json_quote(text, strlen(text), will, sizeof will) < 0) {
        return fail("--will");
    }
    snprintf(topic, sizeof topic, "%s/will", settings->at.name);
    msock_options options = {.name = settings->at.name,
                             .key_file = settings->at.key_file,
                             .logger = logger,
                             .will_topic = topic,
                             .will = will};
    if (msock_open(&channel, settings->at.url, &options) < 0) {
        return fail("channel");
    }
    signals_wake(channel);
    int status = serve(channel, settings, logger);
    signals_wake(NULL);
    msock_close(channel, NULL, NULL);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.plugins = SAMPLE_PLUGINS,
                                .will = "cut off, or out of power"};
    int status = parse(argc, argv, &settings);
    if (status >= 0) {
        return status;
    }

    msock_logger *logger;
    if (msock_logger_open(&logger, settings.at.name, NULL) < 0) {
        return fail("logger");
    }
    status = live(&settings, logger);
    msock_logger_close(logger);
    return status;
}
