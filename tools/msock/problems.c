/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of a file that was read. */
#include "tools/msock/problems.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 4096 };

void problem_tell(struct problems *problems, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    problems->count++;
    if (problems->logger) {
        msock_log(problems->logger, MSOCK_ERROR, "%s", text);
    } else {
        cli_error("%s", text);
    }
}
