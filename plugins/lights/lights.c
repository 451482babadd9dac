/* SPDX-License-Identifier: Apache-2.0 */
/* lights: switches the LEDs of a Linux machine, as /sys/class/leds shows them.
 *
 * A message on `lights` or NODE/lights sets all LEDs of the plugin; what they
 * show then is the state of the topic NODE/lights/state, told anew when asked
 * on lights/query. The messages, the configuration and what a real LED needs
 * are in docs/plugins.md. Which LEDs there are comes from the configuration
 * alone, never from the network. */
#include <multisock/plugin.h>

#include "plugins/lights/led.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILTERS_MAX = 8,
    PATH_SIZE = 1024,
    TOPIC_SIZE = MSOCK_TOPIC_MAX + 1,
    LINE_SIZE = 512,
    DIGITS_MAX = 9 /* of a brightness: fits an int */
};

struct lights {
    const msock_services *services;
    struct msock__leds leds;
    char state_topic[TOPIC_SIZE];
};

/* What a message asks for. */
struct order {
    bool on;
    int brightness; /* -1: as bright as it gets */
};

__attribute__((format(printf, 3, 4))) static void
say(const struct lights *lights, enum msock_level level, const char *format,
    ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    lights->services->log(lights->services->host, level, line);
}

/* -- Reports -- */

/* Where there are no states (codec=raw), they are events. */
static int publish_state(const struct lights *lights, const char *json)
{
    const msock_services *services = lights->services;
    const msock_publish_options state = {.state = true, .conflate = true};
    int result =
        services->publish(services->host, lights->state_topic, json, &state);

    return result != MSOCK_ENOTSUP
               ? result
               : services->publish(services->host, lights->state_topic, json,
                                   NULL);
}

static int report(const struct lights *lights)
{
    int brightest = 0;
    bool known = true;
    char json[LINE_SIZE] = "{\"on\":null}";

    for (size_t i = 0; i < lights->leds.count; i++) {
        int brightness = msock__led_get(&lights->leds, &lights->leds.items[i]);
        brightest = brightness > brightest ? brightness : brightest;
        known = known && brightness >= 0;
    }
    /* A lamp that cannot be read is not dark: nobody knows. */
    if (known) {
        snprintf(json, sizeof json, "{\"on\":%s,\"brightness\":%d}",
                 brightest > 0 ? "true" : "false", brightest);
    }
    int result = publish_state(lights, json);
    if (result < 0) {
        say(lights, MSOCK_ERROR, "cannot report on \"%s\": error %d",
            lights->state_topic, result);
    }
    return result;
}

static int on_query(const msock_message *message, void *user)
{
    (void)message;
    return report(user);
}

/* -- Orders -- */

static bool text_is(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

/* Reads true, false, "on" or "off".  Returns 0 or MSOCK_EINVAL. */
static int parse_switch(const char *text, size_t size, bool *on)
{
    bool yes = text_is(text, size, "true") || text_is(text, size, "\"on\"");
    bool no = text_is(text, size, "false") || text_is(text, size, "\"off\"");
    if (!yes && !no) {
        return MSOCK_EINVAL;
    }
    *on = yes;
    return 0;
}

/* Reads a plain number (valid JSON, so it has no leading zeros).
 * Returns it, or -1. */
static int parse_brightness(const char *text, size_t size)
{
    int value = 0;

    if (size > DIGITS_MAX) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

/* Reads what a message asks for: a switch, or an object with "on" (a switch),
 * "brightness" (a number), or both.  Returns 0 or MSOCK_EINVAL. */
static int parse_order(const msock_services *services,
                       const msock_message *message, struct order *order)
{
    const char *on;
    const char *brightness;
    const char *data = message->data;
    size_t size = message->data_size;
    *order = (struct order){.on = true, .brightness = -1};

    if ((message->flags & MSOCK_MESSAGE_RAW) != 0) {
        return MSOCK_EINVAL;
    }
    if (parse_switch(data, size, &order->on) == 0) {
        return 0;
    }
    int on_size = services->json_get(data, size, "on", &on);
    int brightness_size =
        services->json_get(data, size, "brightness", &brightness);
    if (on_size < 0 && brightness_size < 0) {
        return MSOCK_EINVAL;
    }
    if (brightness_size >= 0) {
        order->brightness =
            parse_brightness(brightness, (size_t)brightness_size);
        order->on = order->brightness > 0;
        if (order->brightness < 0) {
            return MSOCK_EINVAL;
        }
    }
    return on_size < 0 ? 0 : parse_switch(on, (size_t)on_size, &order->on);
}

/* Whether every LED can be as bright as that: else none is touched. */
static bool in_range(const struct msock__leds *leds, int brightness)
{
    for (size_t i = 0; i < leds->count; i++) {
        if (brightness > leds->items[i].max) {
            return false;
        }
    }
    return true;
}

/* Sets all LEDs.  Returns 0, or MSOCK_ESYSTEM if one could not be set. */
static int obey(const struct lights *lights, const struct order *order)
{
    int result = 0;

    for (size_t i = 0; i < lights->leds.count; i++) {
        const struct msock__led *led = &lights->leds.items[i];
        int bright = order->brightness >= 0 ? order->brightness : led->max;
        if (msock__led_set(&lights->leds, led, order->on ? bright : 0) < 0) {
            say(lights, MSOCK_ERROR, "cannot set LED %s: %s", led->name,
                strerror(errno));
            result = MSOCK_ESYSTEM;
        }
    }
    return result;
}

/* Reports are no orders, whatever filters are configured: two nodes that took
 * each other's for orders would never fall silent. */
static bool is_report(const struct lights *lights, const char *topic)
{
    const char *slash = strrchr(topic, '/');
    const char *last = slash != NULL ? slash + 1 : topic;
    return strcmp(topic, lights->state_topic) == 0 ||
           strcmp(last, "state") == 0;
}

/* That a state is no more is no order, either. */
static bool is_cleared(const msock_message *message)
{
    const unsigned cleared = MSOCK_MESSAGE_STATE | MSOCK_MESSAGE_EMPTY;
    return (message->flags & cleared) == cleared;
}

static int on_lights(const msock_message *message, void *user)
{
    const struct lights *lights = user;
    struct order order;
    if (is_report(lights, message->topic) || is_cleared(message)) {
        return 0;
    }
    if (parse_order(lights->services, message, &order) < 0) {
        say(lights, MSOCK_WARNING, "refused what %s asked: not understood",
            message->sender);
        return MSOCK_EINVAL;
    }
    if (!in_range(&lights->leds, order.brightness)) {
        say(lights, MSOCK_WARNING, "refused what %s asked: %d is too bright",
            message->sender, order.brightness);
        return MSOCK_EINVAL;
    }
    int result = obey(lights, &order);
    if (result == 0) {
        say(lights, MSOCK_INFO, "%s, as %s asked", order.on ? "on" : "off",
            message->sender);
    }
    (void)report(lights); /* the order was carried out all the same */
    return result;
}

/* -- Configuration: each function returns 0, or a code, having said why -- */

static int config_get(const struct lights *lights, const char *key,
                      const char **value)
{
    const char *config = lights->services->config;
    return lights->services->json_get(config, strlen(config), key, value);
}

/* Copies the text of a member; leaves `out`, the default, if there is none. */
static int config_text(const struct lights *lights, const char *key, char *out,
                       size_t capacity)
{
    const char *value;
    int size = config_get(lights, key, &value);
    if (size < 0) {
        return 0;
    }
    int result =
        lights->services->json_text(value, (size_t)size, out, capacity);
    if (result < 0) {
        say(lights, MSOCK_ERROR, "\"%s\" must be a string of at most %zu bytes",
            key, capacity - 1);
        return result;
    }
    return 0;
}

/* Gives each text of a list to `add`. */
static int config_each(struct lights *lights, const char *key, size_t most,
                       int (*add)(struct lights *lights, const char *text))
{
    const msock_services *services = lights->services;
    const char *list;
    const char *item;
    size_t cursor = 0;
    size_t count = 0;
    int list_size = config_get(lights, key, &list);
    int item_size;

    while ((item_size = services->json_next(list, (size_t)list_size, &cursor,
                                            &item)) >= 0) {
        char text[TOPIC_SIZE];
        if (count++ == most || services->json_text(item, (size_t)item_size,
                                                   text, sizeof text) < 0) {
            count = 0;
            break;
        }
        int result = add(lights, text);
        if (result < 0) {
            return result;
        }
    }
    if (count == 0) {
        say(lights, MSOCK_ERROR, "\"%s\" must be a list of 1 to %zu names", key,
            most);
        return MSOCK_EINVAL;
    }
    return 0;
}

static int add_led(struct lights *lights, const char *name)
{
    if (msock__leds_add(&lights->leds, name) < 0) {
        say(lights, MSOCK_ERROR, "cannot use LED \"%s\": %s", name,
            strerror(errno));
        return MSOCK_ENOENT;
    }
    return 0;
}

static int add_filter(struct lights *lights, const char *filter)
{
    const msock_services *services = lights->services;
    int id =
        services->subscribe(services->host, filter, on_lights, lights, NULL);
    if (id < 0) {
        say(lights, MSOCK_ERROR, "cannot subscribe to \"%s\": error %d", filter,
            id);
        return id;
    }
    return 0;
}

static int choose_leds(struct lights *lights, const char *directory)
{
    const char *value;
    int size = config_get(lights, "leds", &value);
    if (size >= 0 && !text_is(value, (size_t)size, "\"*\"")) {
        return config_each(lights, "leds", MSOCK__LEDS_MAX, add_led);
    }
    if (msock__leds_add_all(&lights->leds) < 0) {
        say(lights, MSOCK_ERROR, "no LED in %s: %s", directory,
            strerror(errno));
        return MSOCK_ENOENT;
    }
    return 0;
}

static int subscribe(struct lights *lights)
{
    const msock_services *services = lights->services;
    const char *value;
    char topic[TOPIC_SIZE] = "lights/query";

    int result = config_text(lights, "query", topic, sizeof topic);
    if (result < 0) {
        return result;
    }
    result = services->subscribe(services->host, topic, on_query, lights, NULL);
    if (result < 0) {
        say(lights, MSOCK_ERROR, "cannot subscribe to \"%s\": error %d", topic,
            result);
        return result;
    }
    if (config_get(lights, "filters", &value) >= 0) {
        return config_each(lights, "filters", FILTERS_MAX, add_filter);
    }
    snprintf(topic, sizeof topic, "%s/lights", services->node);
    result = add_filter(lights, "lights");
    return result < 0 ? result : add_filter(lights, topic);
}

/* Opens the LEDs that the configuration names, and subscribes. */
static int set_up(struct lights *lights)
{
    char directory[PATH_SIZE] = "/sys/class/leds";

    snprintf(lights->state_topic, sizeof lights->state_topic, "%s/lights/state",
             lights->services->node);
    int result = config_text(lights, "state", lights->state_topic,
                             sizeof lights->state_topic);
    if (result == 0) {
        result = config_text(lights, "directory", directory, sizeof directory);
    }
    if (result < 0) {
        return result;
    }
    if (msock__leds_open(&lights->leds, directory) < 0) {
        say(lights, MSOCK_ERROR, "cannot open the directory of LEDs %s: %s",
            directory, strerror(errno));
        return MSOCK_ENOENT;
    }
    result = choose_leds(lights, directory);
    if (result == 0) {
        result = subscribe(lights);
    }
    if (result == 0) {
        result = report(lights);
    }
    if (result < 0) {
        msock__leds_close(&lights->leds);
    }
    return result;
}

/* -- The plugin -- */

static int start(const msock_services *services, void **state)
{
    struct lights *lights = calloc(1, sizeof *lights);
    if (lights == NULL) {
        return MSOCK_ENOMEM;
    }
    lights->services = services;
    int result = set_up(lights);
    if (result < 0) {
        free(lights);
        return result;
    }
    *state = lights;
    return 0;
}

static void stop(void *state)
{
    struct lights *lights = state;
    msock__leds_close(&lights->leds);
    free(lights);
}

/* To start changes no LED. */
static int check(const msock_services *services)
{
    void *state;
    int result = start(services, &state);
    if (result == 0) {
        stop(state);
    }
    return result;
}

static const msock_config_key keys[] = {
    {.name = "directory",
     .types = MSOCK_CONFIG_TEXT,
     .help = "where the LEDs are [/sys/class/leds]"},
    {.name = "leds",
     .types = MSOCK_CONFIG_TEXT | MSOCK_CONFIG_LIST,
     .help = "\"*\", or a list of names [\"*\"]"},
    {.name = "filters",
     .types = MSOCK_CONFIG_LIST,
     .help = "filters of orders [lights and NODE/lights]"},
    {.name = "query",
     .types = MSOCK_CONFIG_TEXT,
     .help = "filter of what asks for a report [lights/query]"},
    {.name = "state",
     .types = MSOCK_CONFIG_TEXT,
     .help = "topic of the report [NODE/lights/state]"},
    {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "lights",
    .description = "switches the LEDs of this machine",
    .start = start,
    .stop = stop,
    .config = keys,
    .check = check,
};
