/* SPDX-License-Identifier: Apache-2.0 */
/* bell: rings on `bell/ring` for each message on `bell`, at most ten times. */
#include <multisock/plugin.h>
static const msock_services *services;
static int rings;

static int on_bell(const msock_message *message, void *user)
{
    (void)message;
    (void)user;
    if (rings++ >= 10) {
        return MSOCK_ENOTSUP; /* refused */
    }
    return services->publish(services->host, "bell/ring", "true", NULL);
}

static int start(const msock_services *given, void **state)
{
    (void)state;
    services = given;
    int id = given->subscribe(given->host, "bell", on_bell, NULL, NULL);
    return id < 0 ? id : 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "bell",
    .description = "rings",
    .start = start};
