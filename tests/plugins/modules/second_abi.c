/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose descriptor ends with its keys: behind them comes something
 * else, and one byte of it is said to belong to the descriptor. */
#include <multisock/plugin.h>

static int start(const msock_services *services, void **state)
{
    (void)services;
    (void)state;
    return 0;
}

static const msock_config_key keys[] = {
    {.name = "number", .types = MSOCK_CONFIG_WHOLE}, {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = offsetof(msock_plugin_descriptor, check) + 1,
    .name = "second_abi",
    .start = start,
    .config = keys,
    .check = (int (*)(const msock_services *))(uintptr_t)0x1234,
};
