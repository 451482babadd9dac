/* SPDX-License-Identifier: Apache-2.0 */
/* msock, the command line of multisock: a table of verbs. */
#include "tools/msock/cli.h"
#include "tools/msock/examples.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"pub", cmd_pub, "publish a message, or one for each line of input"},
    {"sub", cmd_sub, "print the messages that match filters"},
    {"req", cmd_req, "ask, and print the replies"},
    {"reply", cmd_reply, "answer what others ask"},
    {"nodes", cmd_nodes, "tell who is on the channel"},
    {"topics", cmd_topics, "tell what goes by, a line for each topic"},
    {"hz", cmd_hz, "tell how often messages come"},
    {"bw", cmd_bw, "tell how many bytes they have"},
    {"bench", cmd_bench, "measure your own network"},
    {"key", cmd_key, "make and exchange keys"},
    {"id", cmd_id, "make an identity of one node"},
    {"hub", cmd_hub, "run plugins as a service"},
    {"help", cmd_help, "print this text, or that of a verb"},
    {"version", cmd_version, "print the version"},
};
enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

/* Returns the verb, or NULL after having told that there is none. */
static const struct verb *find_verb(const char *name)
{
    for (int i = 0; i < VERB_COUNT; i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            return &verbs[i];
        }
    }
    cli_usage("unknown verb %s; see msock help", name);
    return NULL;
}

/* Has the verb itself print its help. */
static int help_verb(char *name)
{
    static char option[] = "-h";
    char *words[] = {name, option, NULL};
    const struct verb *verb = find_verb(name);

    if (!verb) {
        return CLI_USAGE;
    }
    return verb->run == cmd_help || verb->run == cmd_version
               ? cmd_help(1, words)
               : verb->run(2, words);
}

static int cmd_help(int argc, char **argv)
{
    char text[1024];
    int used =
        snprintf(text, sizeof(text),
                 "usage: msock VERB ...    (msock VERB -h says more, and "
                 "msock help examples)\n");

    if (argc > 1) {
        return strcmp(argv[1], "examples") == 0 ? cli_print(examples)
                                                : help_verb(argv[1]);
    }
    for (int i = 0; i < VERB_COUNT; i++) {
        used += snprintf(text + used, sizeof(text) - (size_t)used,
                         "  %-8s  %s\n", verbs[i].name, verbs[i].summary);
    }
    return cli_print(text);
}

static int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cli_line("msock %s", msock_version());
}

/* A caller may have closed the standard streams. What is opened next would take
 * their numbers: output would go into a socket, and libuv ends a program that
 * closes one of them.  Returns whether all three are open. */
static bool hold_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
    if (!hold_standard_streams()) {
        return CLI_FAILURE;
    }
    if (argc < 2) {
        return cli_usage("no verb; see msock help");
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        return cmd_help(1, argv);
    }
    if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        return cmd_version(argc, argv);
    }
    const struct verb *verb = find_verb(argv[1]);
    return verb ? verb->run(argc - 1, argv + 1) : CLI_USAGE;
}
