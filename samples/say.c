/* SPDX-License-Identifier: Apache-2.0 */
/* How the samples speak. */
#include "samples/say.h"

#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 1024 };

static int put_line(FILE *out, const char *format, va_list arguments)
{
    char line[LINE_SIZE];
    char safe[4 * LINE_SIZE];

    vsnprintf(line, sizeof line, format, arguments);
    msock_text_escape(line, strlen(line), safe, sizeof safe);
    fprintf(out, "%s\n", safe);
    return fflush(out);
}

int say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int result = put_line(stdout, format, arguments);
    va_end(arguments);
    return result;
}

void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_line(stderr, format, arguments);
    va_end(arguments);
}

bool is_screen(void)
{
    return isatty(STDOUT_FILENO);
}

void clear_screen(void)
{
    fputs("\033[H\033[J", stdout); /* home, and clear from there */
}

void show_help(const char *text, bool asked)
{
    fputs(text, asked ? stdout : stderr);
    fflush(asked ? stdout : stderr);
}
