/* SPDX-License-Identifier: Apache-2.0 */
/* The signals of hub and node. */
#include "samples/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t end_wanted;
static volatile sig_atomic_t reload_wanted;
static msock_channel *volatile woken;

static void on_signal(int number)
{
    msock_channel *channel = woken;

    if (number == SIGHUP) {
        reload_wanted = 1;
    } else {
        end_wanted = 1;
    }
    if (channel != NULL) {
        msock_stop(channel);
    }
}

void signals_wake(msock_channel *channel)
{
    struct sigaction action = {.sa_handler = on_signal};

    woken = channel;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool signals_want_end(void)
{
    return end_wanted;
}

bool signals_want_reload(void)
{
    if (!reload_wanted) {
        return false; /* and one that comes now is not forgotten */
    }
    reload_wanted = 0;
    return true;
}
