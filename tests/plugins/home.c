/* SPDX-License-Identifier: Apache-2.0 */
/* A home for tests of real plugins. */
#include "tests/plugins/home.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static int on_state(msock_channel *channel, const msock_message *message,
                    void *user)
{
    struct home *home = user;
    size_t used = strlen(home->heard);
    (void)channel;
    snprintf(home->heard + used, HOME_TEXT_SIZE - used, "%s %s\n",
             message->topic, message->data);
    return 0;
}

static void must(int result)
{
    assert(result >= 0);
}

void home_open(struct home *home, const char *path)
{
    const msock_sim_options network = {.seed = 1};
    char from[FOLDER_PATH_SIZE];

    *home = (struct home){0};
    folder_make(home->folder);
    folder_copy(home->folder, folder_path(from, MSOCK_BINARY_DIR, path), 0600);
    must(msock_sim_open(&home->sim, "home", &network));
    must(msock_open(&home->hub, "sim://home", &(msock_options){.name = "hub"}));
    must(msock_open(&home->node, "sim://home",
                    &(msock_options){.name = "kitchen"}));
    must(msock_host_open(&home->host, home->node,
                         &(msock_host_options){.directory = home->folder}));
    must(msock_subscribe(home->hub, "+/lights/state", on_state, home, NULL));
    must(msock_subscribe(home->hub, "porch/lights", on_state, home,
                         &(msock_subscribe_options){.no_local = true}));
}

void home_close(struct home *home)
{
    msock_host_close(home->host);
    msock_close(home->node, NULL, NULL);
    msock_close(home->hub, NULL, NULL);
    msock_sim_close(home->sim);
    folder_remove(home->folder);
}

void home_say(struct home *home, const char *topic, const char *json)
{
    home->heard[0] = '\0';
    must(msock_publish(home->hub, topic, json, NULL));
    must(msock_sim_run(home->sim, 100));
}
