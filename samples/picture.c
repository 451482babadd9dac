/* SPDX-License-Identifier: Apache-2.0 */
/* picture: the drawing on the first page of the original multisock, running:
 * readers B and D, writers A, C and E, unaware of each other.
 *
 *     picture [-c CHANNEL]                     all five, coming and going
 *     picture writer NAME SECONDS [CHANNEL]    one of them: four words a second
 *     picture reader NAME SECONDS [CHANNEL]    prints what it hears
 *
 * Each is a process of its own that opens the channel, and leaves when its time
 * is over. Nobody knows who else is there, and nobody is in between. */
#include "samples/say.h"

#include <errno.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCAL_URL MSOCK_DEFAULT_URL "?iface=lo"

enum { PERIOD_MS = 250, WORD_SIZE = 256, SECONDS_MAX = 3600 };

struct part {
    msock_channel *channel;
    const char *name;
    unsigned count; /* words written, or heard */
};

/* Who is in the picture, from when (in ms) and for how many seconds. */
static const struct actor {
    const char *role;
    const char *name;
    long from_ms;
    const char *seconds;
} actors[] = {
    {"reader", "B", 0, "4"},    {"writer", "A", 300, "1"},
    {"reader", "D", 900, "3"},  {"writer", "C", 1300, "1"},
    {"writer", "E", 1800, "1"},
};

enum { ACTOR_COUNT = sizeof actors / sizeof actors[0] };

static int fail(const char *name)
{
    complain("picture: %s: %s", name, msock_error_detail());
    return 1;
}

static void on_end(msock_channel *channel, void *user)
{
    (void)user;
    msock_stop(channel);
}

static void on_write(msock_channel *channel, void *user)
{
    struct part *part = user;
    char word[WORD_SIZE];

    part->count++;
    snprintf(word, sizeof word, "\"word %u of %s\"", part->count, part->name);
    if (msock_publish(channel, "picture", word, NULL) < 0) {
        fail(part->name);
    }
}

static int on_hear(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct part *part = user;
    (void)channel;

    part->count++;
    say("%s hears %.*s", part->name, (int)message->data_size, message->data);
    return 0;
}

/* Plays one part for some seconds.  Returns the exit status: a reader that
 * heard nothing has failed. */
static int play(bool writer, const char *name, unsigned seconds,
                const char *url)
{
    const msock_options options = {.name = name};
    struct part part = {.name = name};

    if (msock_open(&part.channel, url, &options) < 0) {
        return fail(name);
    }
    int result =
        writer ? msock_timer_start(part.channel, 0, PERIOD_MS, on_write, &part)
               : msock_subscribe(part.channel, "picture", on_hear, &part, NULL);
    if (result >= 0) {
        result =
            msock_timer_start(part.channel, 1000ULL * seconds, 0, on_end, NULL);
    }
    say("%s comes, a %s", name, writer ? "writer" : "reader");
    result = result < 0 ? result : msock_run(part.channel);
    int status = result < 0 ? fail(name) : part.count == 0;
    msock_close(part.channel, NULL, NULL);
    say("%s goes: %u words %s", name, part.count, writer ? "written" : "heard");
    return status;
}

/* Starts this very program in a part.  Returns its process, or -1. */
static pid_t cast(const char *program, const struct actor *actor,
                  const char *url)
{
    pid_t child = fork();
    if (child == 0) {
        execl(program, "picture", actor->role, actor->name, actor->seconds, url,
              (char *)NULL);
        complain("%s: %s", program, strerror(errno));
        _exit(1);
    }
    return child;
}

static void sleep_ms(long duration_ms)
{
    struct timespec left = {.tv_sec = duration_ms / 1000,
                            .tv_nsec = duration_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {
    }
}

/* All five come and go.  Returns the exit status: 0 if each did its part. */
static int stage(const char *url)
{
    pid_t children[ACTOR_COUNT];
    int failed = 0;
    long clock_ms = 0;

    for (size_t i = 0; i < ACTOR_COUNT; i++) {
        sleep_ms(actors[i].from_ms - clock_ms);
        clock_ms = actors[i].from_ms;
        children[i] = cast("/proc/self/exe", &actors[i], url);
    }
    for (size_t i = 0; i < ACTOR_COUNT; i++) {
        int status = 1;
        if (children[i] < 0 || waitpid(children[i], &status, 0) < 0 ||
            status != 0) {
            failed = 1;
        }
    }
    return failed;
}

static int usage(void)
{
    show_help("usage: picture [-c CHANNEL]\n"
              "       picture writer|reader NAME SECONDS [CHANNEL]\n",
              false);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return stage(LOCAL_URL);
    }
    if (argc == 3 && strcmp(argv[1], "-c") == 0) {
        return stage(argv[2]);
    }
    bool writer = strcmp(argv[1], "writer") == 0;
    bool reader = strcmp(argv[1], "reader") == 0;
    if (argc < 4 || argc > 5 || (!writer && !reader)) {
        return usage();
    }
    long seconds = strtol(argv[3], NULL, 10);
    if (seconds < 1 || seconds > SECONDS_MAX) {
        return usage();
    }
    return play(writer, argv[2], (unsigned)seconds, argc > 4 ? argv[4] : NULL);
}
