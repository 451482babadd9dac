/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: it does not start, and does not say why. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    return MSOCK_ENOTSUP;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "start_fails",
    .start = start,
};
