/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that replies to requests: at once on `ask/now`, 200 ms later on
 * `ask/later`, and on `ask/never` with what it says of giving the token back.
 */
#include <multisock/plugin.h>

#include <stdio.h>
#include <stdlib.h>

struct replies {
    const msock_services *services;
    uint64_t token;
};

static int on_now(const msock_message *message, void *user)
{
    struct replies *replies = user;
    const msock_services *services = replies->services;

    return message->flags & MSOCK_MESSAGE_REQUEST
               ? services->reply(services->host, message->data, NULL)
               : 0;
}

static void on_time(void *user)
{
    struct replies *replies = user;
    const msock_services *services = replies->services;

    services->reply_to(services->host, replies->token, "\"later\"", NULL);
}

static int on_later(const msock_message *message, void *user)
{
    struct replies *replies = user;
    const msock_services *services = replies->services;
    int code = services->reply_later(services->host, &replies->token);

    (void)message;
    if (code == 0) {
        code = services->timer_start(services->host, 200, 0, on_time, replies);
    }
    return code < 0 ? code : 0;
}

static int on_never(const msock_message *message, void *user)
{
    struct replies *replies = user;
    const msock_services *services = replies->services;
    char text[64];
    uint64_t token;

    (void)message;
    int later = services->reply_later(services->host, &token);
    int first = services->reply_drop(services->host, token);
    int second = services->reply_drop(services->host, token);
    snprintf(text, sizeof text, "[%d,%d,%d]", later, first, second);
    return services->reply(services->host, text, NULL);
}

static int start(const msock_services *services, void **state)
{
    struct replies *replies = calloc(1, sizeof *replies);
    if (replies == NULL) {
        return MSOCK_ENOMEM;
    }
    replies->services = services;
    services->subscribe(services->host, "ask/now", on_now, replies, NULL);
    services->subscribe(services->host, "ask/later", on_later, replies, NULL);
    services->subscribe(services->host, "ask/never", on_never, replies, NULL);
    *state = replies;
    return 0;
}

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "replies",
    .description = "replies to requests",
    .start = start,
    .stop = free,
};
