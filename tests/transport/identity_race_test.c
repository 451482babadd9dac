/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures on other threads, for ThreadSanitizer: two channels on loops of
 * their own, and more frames than a loop looks at itself. A program of its own,
 * since Criterion does not run under it. */
#include "tests/support/id_home.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 2000 };

static int expected;
static int wrong;

static int on_number(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)user;
    wrong += atoi(message->data) != expected++;
    wrong += (message->flags & MSOCK_MESSAGE_SIGNED) == 0;
    if (expected == COUNT) {
        msock_stop(channel);
    }
    return 0;
}

static void give_up(msock_channel *channel, void *user)
{
    (void)user;
    fprintf(stderr, "only %d of %d came\n", expected, COUNT);
    wrong++;
    msock_stop(channel);
}

static void *listen_all(void *arg)
{
    msock_run(arg);
    return NULL;
}

static void end_of_time(msock_channel *channel, void *user)
{
    (void)user;
    msock_stop(channel);
}

/* One frame a turn. */
static void publish_next(msock_channel *channel, void *user)
{
    int *number = user;
    char text[16];

    snprintf(text, sizeof(text), "%d", *number);
    if (*number < COUNT &&
        msock_publish(channel, "n", text,
                      &(msock_publish_options){.reliable = true}) == 0 &&
        ++*number == COUNT) {
        msock_timer_start(channel, 2000, 0, end_of_time, NULL);
    }
}

static msock_channel *open_node(const char *name)
{
    msock_options options = *id_home_options(name);
    msock_channel *channel = NULL;
    options.name = name;
    if (msock_open(&channel, "sim://race", &options) < 0) {
        fprintf(stderr, "%s\n", msock_error_detail());
        exit(1);
    }
    return channel;
}

int main(void)
{
    pthread_t listener;
    int number = 0;

    id_home_make();
    id_home_node("hub");
    id_home_node("lamp");
    id_home_trust("hub", "hub", "publish n");
    id_home_trust("lamp", "lamp", "");
    msock_channel *hub = open_node("hub");
    msock_channel *lamp = open_node("lamp");
    msock_subscribe(lamp, "n", on_number, NULL, NULL);
    msock_timer_start(lamp, 60000, 0, give_up, NULL);
    pthread_create(&listener, NULL, listen_all, lamp);
    msock_timer_start(hub, 1500, 1, publish_next, &number);
    msock_run(hub);
    msock_close(hub, NULL, NULL);
    pthread_join(listener, NULL);
    msock_close(lamp, NULL, NULL);
    id_home_remove();
    return wrong != 0;
}
