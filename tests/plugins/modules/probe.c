/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that uses every service, for tests: it answers orders on the topic
 * `probe` with what the service returned. */
#include <multisock/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    const msock_services *services;
    int subscription;
    int once;
    int periodic;
    int ticks;
};

static void on_tick(void *user)
{
    struct probe *probe = user;
    probe->ticks++;
}

static int order_is(const msock_message *message, const char *order)
{
    return strcmp(message->data, order) == 0;
}

static int on_order(const msock_message *message, void *user)
{
    struct probe *probe = user;
    const msock_services *services = probe->services;

    if (order_is(message, "\"leave\"")) {
        return services->unsubscribe(services->host, probe->subscription);
    }
    if (order_is(message, "\"steal\"")) {
        return services->unsubscribe(services->host, 1);
    }
    if (order_is(message, "\"stop once\"")) {
        return services->timer_stop(services->host, probe->once);
    }
    if (order_is(message, "\"stop periodic\"")) {
        return services->timer_stop(services->host, probe->periodic);
    }
    if (order_is(message, "\"ticks\"")) {
        char json[16];
        snprintf(json, sizeof json, "%d", probe->ticks);
        return services->publish(services->host, "ticks", json, NULL);
    }
    if (order_is(message, "\"empty\"")) {
        return services->subscribe(services->host, "x", NULL, NULL, NULL) ==
                       MSOCK_EINVAL
                   ? services->timer_start(services->host, 1, 1, NULL, NULL)
                   : 0;
    }
    return services->publish(services->host, services->node, services->config,
                             NULL);
}

static int start(const msock_services *services, void **state)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return MSOCK_ENOMEM;
    }
    probe->services = services;
    probe->subscription =
        services->subscribe(services->host, "probe", on_order, probe, NULL);
    probe->once = services->timer_start(services->host, 10, 0, on_tick, probe);
    probe->periodic =
        services->timer_start(services->host, 10, 10, on_tick, probe);
    if (probe->subscription < 0 || probe->once < 0 || probe->periodic < 0) {
        free(probe);
        return MSOCK_ENOMEM;
    }
    services->log(services->host, MSOCK_INFO, "started");
    *state = probe;
    return 0;
}

/* It leaves its timers to the host. */
static void stop(void *state)
{
    struct probe *probe = state;
    probe->services->log(probe->services->host, MSOCK_INFO, "stopped");
    free(probe);
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "probe",
    .description = "uses every service",
    .start = start,
    .stop = stop,
};
