/* SPDX-License-Identifier: Apache-2.0 */
/* A channel in a loop around poll(2), beside standard input. */
#include "samples/chat.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Waits until there is input, or work for the channel. */
static int wait_for(msock_channel *channel, bool *input)
{
    struct pollfd ready[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = msock_fd(channel), .events = POLLIN},
    };
    int count = poll(ready, 2, msock_timeout(channel));

    *input = count > 0 && ready[0].revents != 0;
    return count < 0 && errno != EINTR ? -1 : 0;
}

int main(int argc, char **argv)
{
    msock_channel *channel = chat_open(argc, argv, NULL);
    char json[2048];
    bool input = false;

    if (channel == NULL) {
        return 2;
    }
    while (wait_for(channel, &input) == 0) {
        if (input && !chat_read(json, sizeof json)) {
            break;
        }
        if (input && msock_publish(channel, argv[1], json, NULL) < 0) {
            chat_fail("publish");
        }
        msock_dispatch(channel); /* after publishing: this sends it */
    }
    msock_close(channel, NULL, NULL);
    return 0;
}
