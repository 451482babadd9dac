/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that says goodbye on farewell/NAME when it is stopped, for tests of
 * the order in which a program ends. FAREWELL_NAME is its name, as text. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    *state = (void *)services;
    return 0;
}

static void stop(void *state)
{
    const msock_services *services = state;

    services->publish(services->host, "farewell/" FAREWELL_NAME, "true", NULL);
}

static const msock_config_key keys[] = {
    {.name = "number", .types = MSOCK_CONFIG_WHOLE},
    {0},
};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = FAREWELL_NAME,
    .description = "says goodbye",
    .start = start,
    .stop = stop,
    .config = keys,
};
