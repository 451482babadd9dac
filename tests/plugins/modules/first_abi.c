/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose descriptor is that of the first version: behind it comes
 * something else. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = offsetof(msock_plugin_descriptor, config),
    .name = "first_abi",
    .start = start,
    .config = (const msock_config_key *)(const void *)"not a table",
};
