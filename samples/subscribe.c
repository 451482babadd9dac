/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what it hears:  subscribe FILTER [CHANNEL [KEY-FILE]] */
#include <multisock/multisock.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    char text[256]; /* what comes from the network may harm a terminal */
    (void)channel, (void)user;
    msock_text_escape(message->topic, message->topic_size, text, sizeof text);
    printf("%s: ", text);
    msock_text_escape(message->data, message->data_size, text, sizeof text);
    puts(text);
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    if (argc < 2 || argc > 4 || help) {
        fprintf(help ? stdout : stderr,
                "usage: subscribe FILTER [CHANNEL [KEY-FILE]]\n");
        return help ? 0 : 2;
    }
    msock_options options = {.key_file = argc > 3 ? argv[3] : NULL};
    const char *url = argc > 2 ? argv[2] : NULL;
    msock_channel *channel;

    if (msock_open(&channel, url, &options) < 0 ||
        msock_subscribe(channel, argv[1], on_message, NULL, NULL) < 0) {
        fprintf(stderr, "subscribe: %s\n", msock_error_detail());
        return 1;
    }
    return msock_run(channel) < 0; /* until it is killed */
}
