/* SPDX-License-Identifier: Apache-2.0 */
/* msock key gen: prints a new key, as a line of a key file. */
#include "tools/msock/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: msock key gen > FILE\n"
    "Prints a new random key, the one line of a key file. Channels refuse a\n"
    "key file that others may read: (umask 077; msock key gen > home.key)\n";

/** Says so at once when the key is written where others may read it. */
static void warn_if_readable(void)
{
    struct stat status;

    if (fstat(fileno(stdout), &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        cli_error("others may read this key file, so channels will refuse it; "
                  "chmod 600 it, or set umask 077 before");
    }
}

static int key_gen(void)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    char line[MSOCK_KEY_TEXT_SIZE + 1];
    int code = msock_key_generate(text);

    if (code < 0) {
        return cli_error_code(code);
    }
    warn_if_readable();
    snprintf(line, sizeof(line), "%s\n", text);
    return cli_print(line);
}

int cmd_key(int argc, char **argv)
{
    const char *last = argv[argc - 1];

    if (argc == 2 && strcmp(last, "gen") == 0) {
        return key_gen();
    }
    if ((argc == 2 || (argc == 3 && strcmp(argv[1], "gen") == 0)) &&
        (strcmp(last, "-h") == 0 || strcmp(last, "--help") == 0)) {
        return cli_print(help);
    }
    return cli_usage("usage: msock key gen > FILE");
}
