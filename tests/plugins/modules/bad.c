/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that does on each message on `storm` what its configuration says:
 * {"does":"sleep"}, "fail", "refuse", "garbage", "hoard" (timers) or, when it
 * is stopped, "leak" (three timers); "once" fails at every other message, and
 * "number" starts with a result that is none. */
#include <multisock/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORD_SIZE = 16, GARBAGE = 7321, SLEEP_MS = 30 };

struct bad {
    const msock_services *services;
    char does[WORD_SIZE];
    unsigned calls;
};

static void on_timer(void *user)
{
    (void)user;
}

static int leave_timer(struct bad *bad)
{
    return bad->services->timer_start(bad->services->host, 1000000, 0, on_timer,
                                      bad);
}

/* To the end, whatever signals ask the hub for meanwhile. */
static void oversleep(void)
{
    struct timespec left = {.tv_nsec = SLEEP_MS * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
}

static int on_storm(const msock_message *message, void *user)
{
    struct bad *bad = user;
    (void)message;
    bad->calls++;
    if (strcmp(bad->does, "sleep") == 0) {
        oversleep();
        return 0;
    }
    if (strcmp(bad->does, "fail") == 0) {
        return MSOCK_ESYSTEM;
    }
    if (strcmp(bad->does, "once") == 0) {
        return bad->calls % 2 == 0 ? MSOCK_ESYSTEM : 0;
    }
    if (strcmp(bad->does, "refuse") == 0) {
        return MSOCK_EINVAL;
    }
    if (strcmp(bad->does, "garbage") == 0) {
        return GARBAGE;
    }
    if (strcmp(bad->does, "hoard") == 0) {
        int id = leave_timer(bad);
        return id < 0 ? id : 0;
    }
    return 0;
}

static int start(const msock_services *services, void **state)
{
    const char *value;
    struct bad *bad = calloc(1, sizeof *bad);
    if (bad == NULL) {
        return MSOCK_ENOMEM;
    }
    bad->services = services;
    int size = services->json_get(services->config, strlen(services->config),
                                  "does", &value);
    services->json_text(value, (size_t)size, bad->does, sizeof bad->does);
    if (strcmp(bad->does, "number") == 0) {
        free(bad);
        return GARBAGE;
    }
    services->subscribe(services->host, "storm", on_storm, bad, NULL);
    *state = bad;
    return 0;
}

static void stop(void *state)
{
    struct bad *bad = state;
    for (int i = 0; i < 3 && strcmp(bad->does, "leak") == 0; i++) {
        leave_timer(bad);
    }
    free(bad);
}

static const msock_config_key keys[] = {
    {.name = "does", .types = MSOCK_CONFIG_TEXT, .required = true},
    {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "bad",
    .start = start,
    .stop = stop,
    .config = keys,
};
