/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: it subscribes and starts timers, and only then fails. */
#include <multisock/plugin.h>

#include <stdlib.h>

static int on_message(const msock_message *message, void *user)
{
    (void)message;
    (void)user;
    abort(); /* its subscription ended with its start */
}

static void on_timer(void *user)
{
    (void)user;
    abort();
}

static int start(const msock_services *services, void **state)
{
    (void)state;
    services->subscribe(services->host, "a", on_message, NULL, NULL);
    services->subscribe(services->host, "b", on_message, NULL, NULL);
    services->timer_start(services->host, 1, 0, on_timer, NULL);
    services->timer_start(services->host, 1, 1, on_timer, NULL);
    services->log(services->host, MSOCK_ERROR, "the lamp is not plugged in");
    return MSOCK_ESYSTEM;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "late_failure",
    .start = start,
};
