/* SPDX-License-Identifier: Apache-2.0 */
/* msock, the command line of multisock. */
#include "tools/msock/verbs.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

enum { JSON = CLI_OWN };

static int take(void *user, int id, const char *value)
{
    bool *json = user;

    (void)id;
    (void)value;
    *json = true;
    return CLI_OK;
}

static int version(int argc, char **argv)
{
    bool json = false;
    bool ended = false;
    int code =
        verb_options(&verb_version, argc, argv, NULL, take, &json, &ended);

    if (ended) {
        return code;
    }
    if (optind < argc) {
        return cli_usage("version takes no arguments; see msock version -h");
    }
    return cli_line(json ? "{\"version\":\"%s\"}" : "msock %s",
                    msock_version());
}

static const char *const version_forms[] = {"[--json]", NULL};

static const struct verb_option version_options[] = {
    {JSON, "json", NULL, "print {\"version\":...}", VERB_ANYTHING},
    {0},
};

const struct verb verb_version = {
    .name = "version",
    .summary = "print the version",
    .forms = version_forms,
    .text = "Prints the version of the library that is used.",
    .options = version_options,
    .run = version,
};

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
        return verb_help.run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        return verb_version.run(argc - 1, argv + 1);
    }
    const struct verb *verb = verb_find(verbs_all, argv[1]);
    return verb ? verb->run(argc - 1, argv + 1)
                : verb_unknown(verbs_all, "", argv[1]);
}
