/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that logs errors while it starts, and starts all the same. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)state;
    services->log(services->host, MSOCK_ERROR, "first");
    services->log(services->host, MSOCK_INFO, "second");
    services->log(services->host, MSOCK_ERROR, "third");
    services->log(services->host, MSOCK_ERROR, "fourth");
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "grumbles",
    .start = start,
};
