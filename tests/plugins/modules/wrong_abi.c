/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: built for a host of another time. */
#include <multisock/plugin.h>

#include <stdlib.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    abort(); /* never to be called */
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI + 1,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "wrong_abi",
    .start = start,
};
