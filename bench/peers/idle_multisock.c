/* SPDX-License-Identifier: Apache-2.0 */
/* An idle subscriber of multisock. */
#include "bench/peers/idle.h"

#include <multisock/multisock.h>
#include <stdio.h>

static int on_message(msock_channel *from, const msock_message *message,
                      void *user)
{
    (void)from, (void)message, (void)user;
    idle_heard();
    return 0;
}

int idle_run(void)
{
    const msock_options options = {.name = "idle"};
    msock_channel *channel;

    if (msock_open(&channel, IDLE_URL, &options) < 0 ||
        msock_subscribe(channel, IDLE_TOPIC, on_message, NULL, NULL) < 0) {
        fprintf(stderr, "idle: %s\n", msock_error_detail());
        return -1;
    }
    idle_ready();
    return msock_run(channel);
}
