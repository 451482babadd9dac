/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the samples that embed a channel. */
#include "samples/chat.h"

#include "samples/say.h"

#include <multisock/text.h>
#include <unistd.h>

int chat_fail(const char *what)
{
    complain("%s: %s", what, msock_error_detail());
    return 1;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel, (void)user;
    return say("%s: %.*s", message->sender, (int)message->data_size,
               message->data);
}

msock_channel *chat_open(int argc, char **argv, struct uv_loop_s *loop)
{
    if (argc < 2 || argc > 4) {
        complain("usage: %s TOPIC [CHANNEL [KEY-FILE]]", argv[0]);
        return NULL;
    }
    const char *url = argc > 2 ? argv[2] : NULL;
    msock_options options = {.key_file = argc > 3 ? argv[3] : NULL,
                             .loop = loop};
    msock_subscribe_options others = {.no_local = true};
    msock_channel *channel;

    if (msock_open(&channel, url, &options) < 0) {
        chat_fail(argv[0]);
        return NULL;
    }
    if (msock_subscribe(channel, argv[1], on_message, NULL, &others) < 0) {
        chat_fail(argv[0]);
        msock_close(channel, NULL, NULL);
        return NULL;
    }
    return channel;
}

bool chat_read(char *json, size_t size)
{
    char bytes[256];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);

    if (count <= 0) {
        return false;
    }
    if (bytes[count - 1] == '\n') {
        count--;
    }
    return msock_json_quote(bytes, (size_t)count, json, size) >= 0;
}
