/* SPDX-License-Identifier: Apache-2.0 */
/* sensor: tells how warm a machine is. NAME/temperature is a state topic: who
 * subscribes later has the value at once, and it says how old it is and whether
 * the sensor still lives. {"celsius":41.5}, or null while the thermometer
 * cannot be read. */
#include "samples/say.h"
#include "samples/signals.h"
#include "samples/surroundings.h"
#include "samples/thermometer.h"

#include <errno.h>
#include <limits.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOPIC_SIZE = MSOCK_TOPIC_MAX + 1,
    JSON_SIZE = 32,
    EVERY_MAX_S = 86400,
    UNKNOWN = INT_MAX /* tenths: the thermometer cannot be read */
};

struct sensor {
    struct surroundings at;
    const char *file; /* NULL: the machine's own */
    unsigned every_s;
    char path[THERMOMETER_PATH_SIZE];
    char topic[TOPIC_SIZE];
    msock_logger *logger;
    bool told;  /* ... a value: */
    int tenths; /* of a degree, or UNKNOWN */
};

static int fail(const char *what)
{
    complain("sensor: %s: %s", what, msock_error_detail());
    return 1;
}

static int usage(bool asked, int status)
{
    show_help("usage: sensor --name NAME [--key-file FILE] [-c CHANNEL]\n"
              "              [--file FILE] [--every SECONDS]\n"
              "Publishes NAME/temperature as state, when it changes by a tenth "
              "of a\ndegree: of the machine's thermometer, or of FILE, which "
              "holds thousandths of\na degree Celsius. It is read every "
              "SECONDS [10], until SIGTERM.\n"
              "Without -c and --key-file, $MSOCK_CHANNEL and $MSOCK_KEY_FILE "
              "name them;\nwithout a key the channel is open to anybody.\n",
              asked);
    return status;
}

/* -- Arguments -- */

static bool parse_every(const char *text, unsigned *seconds)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 1 ||
        value > EVERY_MAX_S) {
        complain("sensor: --every %s: 1 to %d seconds", text, EVERY_MAX_S);
        return false;
    }
    *seconds = (unsigned)value;
    return true;
}

/* Takes one option.  Returns whether it is right. */
static bool take_option(struct sensor *sensor, int letter)
{
    switch (letter) {
    case 'f':
        sensor->file = optarg;
        return true;
    case 'e':
        return parse_every(optarg, &sensor->every_s);
    default:
        return false;
    }
}

/* Reads the arguments.  Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct sensor *sensor)
{
    static const struct option more[] = {
        {"file", required_argument, NULL, 'f'},
        {"every", required_argument, NULL, 'e'},
        {0}};
    int letter;

    while ((letter = surroundings_next(&sensor->at, argc, argv, more)) != -1) {
        if (letter == 'h') {
            return usage(true, 0);
        }
        if (!take_option(sensor, letter)) {
            return usage(false, 2);
        }
    }
    if (sensor->at.name == NULL || optind < argc) {
        return usage(false, 2);
    }
    return surroundings_complete(&sensor->at, "sensor") ? -1 : 2;
}

/* -- Measuring -- */

static int measure(struct sensor *sensor)
{
    long thousandths;
    int code = thermometer_read(sensor->path, &thousandths);
    bool was_known = !sensor->told || sensor->tenths != UNKNOWN;

    if (code == 0) {
        return (int)((thousandths + (thousandths < 0 ? -50 : 50)) / 100);
    }
    if (was_known) {
        msock_log(sensor->logger, MSOCK_WARNING, "%s: %s", sensor->path,
                  code == MSOCK_ESYSTEM ? strerror(errno)
                                        : "that is no temperature");
    }
    return UNKNOWN;
}

/* Tells what changed. What cannot be queued now is told the next time. */
static void on_time(msock_channel *channel, void *user)
{
    struct sensor *sensor = user;
    char json[JSON_SIZE] = "{\"celsius\":null}";
    int tenths = measure(sensor);

    if (sensor->told && tenths == sensor->tenths) {
        return;
    }
    if (tenths != UNKNOWN) {
        snprintf(json, sizeof json, "{\"celsius\":%.1f}", tenths / 10.0);
    }
    const msock_publish_options options = {.state = true};
    if (msock_publish(channel, sensor->topic, json, &options) < 0) {
        msock_log(sensor->logger, MSOCK_WARNING, "%s", msock_error_detail());
        return;
    }
    sensor->told = true;
    sensor->tenths = tenths;
}

/* -- Life -- */

static bool find_thermometer(struct sensor *sensor)
{
    if (sensor->file != NULL) {
        snprintf(sensor->path, sizeof sensor->path, "%s", sensor->file);
        return true;
    }
    if (thermometer_find("/sys/class", sensor->path) < 0) {
        complain("sensor: this machine tells no temperature in /sys/class; "
                 "--file FILE names one that holds it");
        return false;
    }
    return true;
}

/* Serves an open channel until a signal.  Returns the exit status. */
static int serve(msock_channel *channel, struct sensor *sensor)
{
    if (msock_timer_start(channel, 0, (uint64_t)sensor->every_s * 1000, on_time,
                          sensor) < 0) {
        return fail("cannot start");
    }
    msock_log(sensor->logger, MSOCK_INFO, "ready, %s: %s from %s",
              is_sealed(&sensor->at) ? "sealed" : "open: no key", sensor->topic,
              sensor->path);
    while (!signals_want_end()) {
        if (msock_run(channel) < 0) {
            return fail("running");
        }
        (void)signals_want_reload(); /* there is nothing to be loaded again */
    }
    return 0;
}

static int run(struct sensor *sensor)
{
    msock_options options = {.name = sensor->at.name,
                             .key_file = sensor->at.key_file,
                             .logger = sensor->logger};
    msock_channel *channel;

    if (msock_open(&channel, sensor->at.url, &options) < 0) {
        return fail("channel");
    }
    snprintf(sensor->topic, sizeof sensor->topic, "%s/temperature",
             sensor->at.name);
    signals_wake(channel);
    int status = serve(channel, sensor);
    signals_wake(NULL);
    msock_close(channel, NULL, NULL);
    return status;
}

int main(int argc, char **argv)
{
    static struct sensor sensor = {.every_s = 10};
    int status = parse(argc, argv, &sensor);

    if (status >= 0) {
        return status;
    }
    if (!find_thermometer(&sensor)) {
        return 1;
    }
    if (msock_logger_open(&sensor.logger, sensor.at.name, NULL) < 0) {
        return fail("logger");
    }
    status = run(&sensor);
    msock_logger_close(sensor.logger);
    return status;
}
