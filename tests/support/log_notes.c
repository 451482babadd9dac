/* SPDX-License-Identifier: Apache-2.0 */
/* A logger that takes notes. */
#include "tests/support/log_notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_LINES = 16 };

struct msock_logger {
    size_t count;
    enum msock_level level;
    char lines[KEPT_LINES][1024]; /* a ring */
};

static struct msock_logger notes;

__attribute__((format(printf, 3, 4))) void
__wrap_msock_log(msock_logger *logger, enum msock_level level,
                 const char *format, ...);

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
    return notes.count > 0 ? notes.lines[(notes.count - 1) % KEPT_LINES] : "";
}

const char *log_notes_find(const char *text)
{
    for (size_t i = notes.count; i > 0 && i + KEPT_LINES > notes.count; i--) {
        const char *line = notes.lines[(i - 1) % KEPT_LINES];
        if (strstr(line, text) != NULL) {
            return line;
        }
    }
    return "";
}

enum msock_level log_notes_level(void)
{
    return notes.level;
}

void log_notes_reset(void)
{
    notes = (struct msock_logger){.count = 0};
}

static void note(msock_logger *logger, enum msock_level level,
                 const char *format, va_list arguments)
{
    if (logger != NULL) {
        char *line = logger->lines[logger->count % KEPT_LINES];
        vsnprintf(line, sizeof(logger->lines[0]), format, arguments);
        logger->level = level;
        logger->count++;
    }
}

/* Weak: transport/ has the real one. */
__attribute__((weak)) void
msock_log(msock_logger *logger, enum msock_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(logger, level, format, arguments);
    va_end(arguments);
}

void __wrap_msock_log(msock_logger *logger, enum msock_level level,
                      const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(logger, level, format, arguments);
    va_end(arguments);
}
