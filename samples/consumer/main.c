/* SPDX-License-Identifier: Apache-2.0 */
/* A program outside of the tree, to be built against an installed multisock:
 * a lamp hears a hub, on a network inside this process. */
#include <multisock/multisock.h>
#include <multisock/sim.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

static int on_lights(msock_channel *lamp, const msock_message *message,
                     void *user)
{
    int *heard = user;
    char sender[256]; /* what comes from others may harm a terminal */

    if (strcmp(message->data, "false") != 0) {
        return MSOCK_EINVAL;
    }
    *heard += 1;
    msock_text_escape(message->sender, message->sender_size, sender,
                      sizeof(sender));
    printf("%s: lights off, says %s\n", msock_name(lamp), sender);
    return 0;
}

static int open_both(msock_channel **hub, msock_channel **lamp, int *heard)
{
    msock_options options = {0};
    int result;

    options.name = "hub";
    result = msock_open(hub, "sim://home", &options);
    if (result < 0) {
        return result;
    }
    options.name = "lamp";
    result = msock_open(lamp, "sim://home", &options);
    if (result < 0) {
        return result;
    }
    return msock_subscribe(*lamp, "lights", on_lights, heard, NULL);
}

int main(void)
{
    msock_sim *home;
    msock_channel *hub = NULL, *lamp = NULL;
    int heard = 0;

    if (msock_sim_open(&home, "home", NULL) < 0) {
        fprintf(stderr, "consumer: %s\n", msock_error_detail());
        return 1;
    }
    if (open_both(&hub, &lamp, &heard) < 0 ||
        msock_publish(hub, "lights", "false", NULL) < 0) {
        fprintf(stderr, "consumer: %s\n", msock_error_detail());
    }
    msock_sim_run(home, 1000); /* a second passes, at once */
    msock_close(hub, NULL, NULL);
    msock_close(lamp, NULL, NULL);
    msock_sim_close(home);
    return heard == 1 ? 0 : 1;
}
