/* SPDX-License-Identifier: Apache-2.0 */
/* A channel with a loop of its own, and a thread that reads standard input,
 * where it may block, and posts. */
#include "samples/chat.h"

#include <pthread.h>
#include <time.h>

struct reader {
    msock_channel *channel;
    const char *topic;
};

static void *read_input(void *user)
{
    const struct reader *reader = user;
    const struct timespec moment = {.tv_nsec = 1000000};
    char json[2048];

    while (chat_read(json, sizeof json)) {
        int code = msock_post(reader->channel, reader->topic, json, NULL);
        while (code == MSOCK_EAGAIN) {
            nanosleep(&moment, NULL);
            code = msock_post(reader->channel, reader->topic, json, NULL);
        }
        if (code < 0) {
            chat_fail("post");
        }
    }
    msock_stop(reader->channel);
    return NULL;
}

int main(int argc, char **argv)
{
    struct reader reader = {chat_open(argc, argv, NULL), NULL};
    pthread_t thread;

    if (reader.channel == NULL) {
        return 2;
    }
    reader.topic = argv[1];
    if (pthread_create(&thread, NULL, read_input, &reader) == 0) {
        msock_run(reader.channel);
        pthread_join(thread, NULL); /* before the channel is closed */
    }
    msock_close(reader.channel, NULL, NULL);
    return 0;
}
