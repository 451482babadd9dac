/* SPDX-License-Identifier: Apache-2.0 */
/* A channel on the application's own uv loop, beside standard input. */
#include "samples/chat.h"

#include <unistd.h>
#include <uv.h>

struct input {
    uv_poll_t poll; /* first */
    msock_channel *channel;
    const char *topic;
};

static void on_input(uv_poll_t *poll, int status, int events)
{
    struct input *input = (struct input *)poll;
    char json[2048];

    (void)status, (void)events;
    if (!chat_read(json, sizeof json)) {
        /* The loop ends when both are closed. */
        uv_close((uv_handle_t *)poll, NULL);
        msock_close(input->channel, NULL, NULL);
    } else if (msock_publish(input->channel, input->topic, json, NULL) < 0) {
        chat_fail("publish");
    }
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct input input = {.topic = argc > 1 ? argv[1] : NULL};

    input.channel = chat_open(argc, argv, loop);
    if (input.channel == NULL) {
        return 2;
    }
    if (uv_poll_init(loop, &input.poll, STDIN_FILENO) == 0) {
        uv_poll_start(&input.poll, UV_READABLE, on_input);
    } else {
        msock_close(input.channel, NULL, NULL); /* input is a plain file */
    }
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    return 0;
}
