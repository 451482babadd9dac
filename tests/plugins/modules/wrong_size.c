/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: its descriptor is cut short. */
#include <multisock/plugin.h>

#include <stdlib.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    abort(); /* never to be called */
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = offsetof(msock_plugin_descriptor, stop),
    .name = "wrong_size",
    .start = start,
};
