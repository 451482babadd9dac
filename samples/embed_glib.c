/* SPDX-License-Identifier: Apache-2.0 */
/* A channel in GLib's main loop, as a GSource, beside standard input. */
#include "samples/chat.h"

#include <glib-unix.h>
#include <unistd.h>

struct channel_source {
    GSource base; /* first: GLib allocates and frees it */
    msock_channel *channel;
    gpointer tag; /* of the descriptor */
};

/* Asked before the sleep. What other sources published meanwhile makes the
 * timeout 0, so nobody has to dispatch by hand. */
static gboolean prepare(GSource *base, gint *timeout)
{
    struct channel_source *source = (struct channel_source *)base;

    *timeout = msock_timeout(source->channel);
    return *timeout == 0;
}

static gboolean check(GSource *base)
{
    struct channel_source *source = (struct channel_source *)base;

    return g_source_query_unix_fd(base, source->tag) != 0 ||
           msock_timeout(source->channel) == 0;
}

static gboolean dispatch(GSource *base, GSourceFunc function, gpointer user)
{
    struct channel_source *source = (struct channel_source *)base;

    (void)function, (void)user;
    return msock_dispatch(source->channel) == 0 ? G_SOURCE_CONTINUE
                                                : G_SOURCE_REMOVE;
}

static GSource *attach(msock_channel *channel)
{
    static GSourceFuncs functions = {
        .prepare = prepare, .check = check, .dispatch = dispatch};
    GSource *base = g_source_new(&functions, sizeof(struct channel_source));
    struct channel_source *source = (struct channel_source *)base;

    source->channel = channel;
    source->tag = g_source_add_unix_fd(base, msock_fd(channel), G_IO_IN);
    g_source_attach(base, NULL);
    return base;
}

struct input {
    msock_channel *channel;
    const char *topic;
    GMainLoop *loop;
};

static gboolean on_input(gint fd, GIOCondition condition, gpointer user)
{
    struct input *input = user;
    char json[2048];

    (void)fd, (void)condition;
    if (!chat_read(json, sizeof json)) {
        g_main_loop_quit(input->loop);
        return G_SOURCE_REMOVE;
    }
    if (msock_publish(input->channel, input->topic, json, NULL) < 0) {
        chat_fail("publish");
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    msock_channel *channel = chat_open(argc, argv, NULL);

    if (channel == NULL) {
        return 2;
    }
    struct input input = {channel, argv[1], g_main_loop_new(NULL, FALSE)};
    GSource *source = attach(channel);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, &input);
    g_main_loop_run(input.loop);
    g_main_loop_unref(input.loop);
    g_source_destroy(source); /* before its descriptor is closed */
    g_source_unref(source);
    msock_close(channel, NULL, NULL);
    return 0;
}
