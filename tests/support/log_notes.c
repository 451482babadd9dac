/* SPDX-License-Identifier: Apache-2.0 */
/* A logger that takes notes. */
#include "tests/support/log_notes.h"

#include <stdarg.h>
#include <stdio.h>

struct msock_logger {
    size_t count;
    enum msock_level level;
    char line[1024];
};

static struct msock_logger notes;

msock_logger *log_notes_logger(void)
{
    return &notes;
}

size_t log_notes_count(void)
{
    return notes.count;
}

const char *log_notes_line(void)
{
    return notes.line;
}

enum msock_level log_notes_level(void)
{
    return notes.level;
}

void log_notes_reset(void)
{
    notes = (struct msock_logger){.count = 0};
}

void msock_log(msock_logger *logger, enum msock_level level, const char *format,
               ...)
{
    if (logger == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(logger->line, sizeof(logger->line), format, arguments);
    va_end(arguments);
    logger->level = level;
    logger->count++;
}
