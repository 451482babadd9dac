/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that counts numbered messages on `storm`, misses none without
 * noticing, and hands its count over when it is reloaded. Built as several
 * plugins and versions: COUNT_NAME, COUNT_VERSION; version 3 does not start,
 * and none does while the environment has COUNT_MOOD. */
#include <multisock/plugin.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 256, BROKEN_VERSION = 3 };

struct count {
    const msock_services *services;
    unsigned long count;
    unsigned long last; /* number of the last message */
    unsigned long gaps; /* messages that did not follow the one before */
    unsigned long starts;
    int timer;
};

static unsigned long number(const msock_services *services, const char *key)
{
    const char *kept = services->kept;
    const char *value;
    return kept != NULL &&
                   services->json_get(kept, strlen(kept), key, &value) > 0
               ? strtoul(value, NULL, 10)
               : 0;
}

static void write_state(const struct count *count, char text[static TEXT_SIZE])
{
    snprintf(text, TEXT_SIZE,
             "{\"version\":%d,\"count\":%lu,\"gaps\":%lu,\"starts\":%lu,"
             "\"last\":%lu}",
             COUNT_VERSION, count->count, count->gaps, count->starts,
             count->last);
}

static int on_storm(const msock_message *message, void *user)
{
    struct count *count = user;
    bool quoted = message->data[0] == '"'; /* text with a number in front */
    unsigned long now = strtoul(message->data + quoted, NULL, 10);
    count->gaps += now != count->last + 1;
    count->last = now;
    count->count++;
    return 0;
}

static int on_ask(const msock_message *message, void *user)
{
    const struct count *count = user;
    char text[TEXT_SIZE];
    (void)message;
    write_state(count, text);
    return count->services->publish(count->services->host, COUNT_NAME "/told",
                                    text, NULL);
}

static void on_timer(void *user)
{
    (void)user;
}

/* Takes its time to start, if it is configured so. */
static void nap(const msock_services *services)
{
    const char *config = services->config;
    const char *value;
    if (services->json_get(config, strlen(config), "nap_ms", &value) > 0) {
        long nap_ms = strtol(value, NULL, 10);
        struct timespec left = {.tv_nsec = nap_ms * 1000000};
        while (nanosleep(&left, &left) != 0) {
        }
    }
}

static int start(const msock_services *services, void **state)
{
    const char *value;
    if (COUNT_VERSION == BROKEN_VERSION || getenv(COUNT_MOOD) != NULL ||
        services->json_get(services->config, strlen(services->config), "break",
                           &value) > 0) {
        services->log(services->host, MSOCK_ERROR, "this version is broken");
        return MSOCK_ESYSTEM;
    }
    nap(services);
    struct count *count = calloc(1, sizeof *count);
    if (count == NULL) {
        return MSOCK_ENOMEM;
    }
    count->services = services;
    count->count = number(services, "count");
    count->gaps = number(services, "gaps");
    count->last = number(services, "last");
    count->starts = number(services, "starts") + 1;
    services->subscribe(services->host, "storm", on_storm, count, NULL);
    services->subscribe(services->host, "ask", on_ask, count, NULL);
    count->timer = services->timer_start(services->host, 1, 1, on_timer, count);
    *state = count;
    return 0;
}

static void stop(void *state)
{
    struct count *count = state;
    const msock_services *services = count->services;
    char text[TEXT_SIZE];
    write_state(count, text);
    services->keep(services->host, text);
    services->timer_stop(services->host, count->timer);
    free(count);
}

static const msock_config_key keys[] = {
    {.name = "nap_ms", .types = MSOCK_CONFIG_WHOLE, .most = 999},
    {.name = "break", .types = MSOCK_CONFIG_SWITCH},
    {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = COUNT_NAME,
    .description = "counts",
    .start = start,
    .stop = stop,
    .config = keys,
};
