/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin built with headers that know more than this host. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor) + 64,
    .name = "later_abi",
    .start = start,
};
