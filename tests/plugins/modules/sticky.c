/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose code stays loaded when it is closed: it is linked so. */
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
    .name = "sticky",
    .description = "does not go",
    .start = start,
};
