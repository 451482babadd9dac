/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest plugin: it has no state, and so no stop function. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)state;
    services->log(services->host, MSOCK_INFO, "started");
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "second",
    .description = "does nothing",
    .start = start,
};
