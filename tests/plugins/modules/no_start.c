/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: there is nothing to start. */
#include <multisock/plugin.h>

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "no_start",
};
