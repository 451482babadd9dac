/* SPDX-License-Identifier: Apache-2.0 */
/* msock, the command line of multisock. */
#include "tools/msock/verbs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int version(int argc, char **argv)
{
    bool ended = false;
    int code =
        verb_options(&verb_version, argc, argv, NULL, NULL, NULL, &ended);

    return ended ? code : cli_line("msock %s", msock_version());
}

static const char *const version_forms[] = {"", NULL};

const struct verb verb_version = {
    .name = "version",
    .summary = "print the version",
    .forms = version_forms,
    .text = "Prints the version of the library that is used.",
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
        return verb_help.run(1, argv);
    }
    if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        return verb_version.run(1, argv);
    }
    const struct verb *verb = verb_find(verbs_all, argv[1]);
    return verb ? verb->run(argc - 1, argv + 1)
                : verb_unknown(verbs_all, "", argv[1]);
}
