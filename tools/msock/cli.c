/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share. */
#include "tools/msock/cli.h"

#include <errno.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_SIZE = 1024 };

static void say(const char *format, va_list arguments)
{
    char line[LINE_MAX_SIZE];
    char safe[4 * LINE_MAX_SIZE];

    vsnprintf(line, sizeof(line), format, arguments);
    msock_text_escape(line, strlen(line), safe, sizeof(safe));
    fprintf(stderr, "msock: %s\n", safe);
}

int cli_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_FAILURE;
}

int cli_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_USAGE;
}

int cli_error_code(int code)
{
    const char *detail = msock_error_detail();

    return cli_error("%s", detail[0] ? detail : msock_error_text(code));
}

int cli_print(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        return cli_error("cannot write standard output: %s", strerror(errno));
    }
    return CLI_OK;
}

/* Returns how the option is spelt that getopt_long() stumbled over. */
static const char *option_word(char **argv)
{
    static char letter[3] = "-?";

    if (optopt > 0 && optopt < CLI_KEY_FILE) {
        letter[1] = (char)optopt;
        return letter;
    }
    return argv[optind - 1];
}

int cli_unknown_option(int option, char **argv)
{
    if (option == ':') {
        return cli_usage("%s needs a value; see msock %s -h", option_word(argv),
                         argv[0]);
    }
    return cli_usage("unknown option %s (what is no option and begins with - "
                     "comes after --); see msock %s -h",
                     option_word(argv), argv[0]);
}

int cli_channel_option(struct cli_channel *names, int option, char **argv)
{
    switch (option) {
    case 'c':
        names->url = optarg;
        return CLI_OK;
    case CLI_KEY_FILE:
        names->key_file = optarg;
        return CLI_OK;
    case CLI_NAME:
        names->name = optarg;
        return CLI_OK;
    default:
        return cli_unknown_option(option, argv);
    }
}

/* Returns the option, else the environment's value, else NULL. */
static const char *option_or_env(const char *option, const char *variable)
{
    const char *value = option ? option : getenv(variable);

    return value && value[0] ? value : NULL;
}

int cli_channel_open(msock_channel **channel, const struct cli_channel *names)
{
    msock_options options = {
        .struct_size = sizeof(options),
        .name = names->name,
        .key_file = option_or_env(names->key_file, "MSOCK_KEY_FILE"),
    };
    const char *url = option_or_env(names->url, "MSOCK_CHANNEL");
    int code = msock_open(channel, url, &options);

    return code < 0 ? cli_error_code(code) : CLI_OK;
}

int cli_buffer_reserve(struct cli_buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) {
        return CLI_OK;
    }
    if (capacity < 2 * buffer->capacity) {
        capacity = 2 * buffer->capacity;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        return cli_error("out of memory");
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return CLI_OK;
}
