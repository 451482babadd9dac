/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose check tries every service with the text that its configuration
 * has at "try", and returns what the service at "with" said. */
#include <multisock/plugin.h>

#include <string.h>

static int on_message(const msock_message *message, void *user)
{
    (void)message;
    (void)user;
    return 0;
}

static void on_timer(void *user)
{
    (void)user;
}

static int try_it(const msock_services *services, const char *with,
                  const char *text)
{
    if (strcmp(with, "subscribe") == 0) {
        return services->subscribe(services->host, text, on_message, NULL,
                                   NULL);
    }
    if (strcmp(with, "publish") == 0) {
        return services->publish(services->host, text, "1", NULL);
    }
    if (strcmp(with, "json") == 0) {
        return services->publish(services->host, "a", text, NULL);
    }
    if (strcmp(with, "keep") == 0) {
        return services->keep(services->host, text);
    }
    services->timer_stop(
        services->host,
        services->timer_start(services->host, 1, 1, on_timer, NULL));
    services->log(services->host, MSOCK_INFO, "not the reason");
    services->log(services->host, MSOCK_ERROR, services->node);
    services->log(services->host, MSOCK_WARNING, "not the reason");
    return services->unsubscribe(services->host, 1) == 0 ? 7 : 0;
}

static int check(const msock_services *services)
{
    char with[64] = "";
    char text[512] = "";
    const char *value;
    size_t size = strlen(services->config);
    int found = services->json_get(services->config, size, "with", &value);

    services->json_text(value, (size_t)found, with, sizeof with);
    found = services->json_get(services->config, size, "try", &value);
    services->json_text(value, (size_t)found, text, sizeof text);
    int result = try_it(services, with, text);
    return result == 1 ? 0 : result; /* an id */
}

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "checked",
    .start = start,
    .check = check,
};
