/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as a file. */
#include "tools/msock/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <multisock/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBLEM_SIZE = 512, KEY_SIZE = 64 };

/* A configuration names what will run and which keys are used: others must
 * not have written it. */
static bool file_is_safe(const char *file, int fd, struct problems *problems)
{
    struct stat status;

    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        problem_tell(problems, "%s: not a regular file", file);
    } else if (status.st_uid != 0 && status.st_uid != geteuid()) {
        problem_tell(problems, "%s: belongs to user %lu: run chown root %s",
                     file, (unsigned long)status.st_uid, file);
    } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        problem_tell(problems, "%s: others may write it: run chmod go-w %s",
                     file, file);
    } else if (status.st_size > JSON_FILE_MAX) {
        problem_tell(problems, "%s: over %d bytes", file, JSON_FILE_MAX);
    } else {
        return true;
    }
    return false;
}

char *json_file_read(const char *file, const char *missing,
                     struct problems *problems)
{
    /* Not to wait for a writer, should it be a FIFO. */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (!stream) {
        problem_tell(problems, "%s: %s%s", file, strerror(errno),
                     errno == ENOENT ? missing : "");
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    char *text = NULL;
    if (file_is_safe(file, fd, problems)) {
        text = calloc(1, JSON_FILE_MAX + 1);
    }
    size_t size = text ? fread(text, 1, JSON_FILE_MAX, stream) : 0;
    const char *problem = NULL;
    if (text && ferror(stream)) {
        problem = strerror(errno);
    } else if (text && strlen(text) < size) {
        problem = "a NUL byte is in it; it must be JSON";
    }
    if (problem) {
        problem_tell(problems, "%s: %s", file, problem);
        free(text);
        text = NULL;
    }
    fclose(stream);
    return text;
}

/* Makes blanks of comments: places in the text stay where they are. */
static void blank_comments(char *text)
{
    bool inside = false; /* a string */

    for (char *at = text; *at != '\0'; at++) {
        if (inside && at[0] == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '"') {
            inside = !inside;
        } else if (*at == '\n') {
            inside = false; /* a string that was not closed: not valid */
        } else if (!inside && at[0] == '/' && at[1] == '/') {
            size_t size = strcspn(at, "\n");
            memset(at, ' ', size);
            at += size - 1;
        }
    }
}

/* What often goes wrong at a place where JSON ends to be valid. */
static const char *hint(const char *text, const char *at)
{
    const char *before = at;

    if (text[strspn(text, " \t\r\n")] == '\0') {
        return ": nothing is in it; an empty object is {}";
    }
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) {
        return ": it begins with a byte order mark; save it without";
    }
    while (before > text && strchr(" \t\r\n", before[-1])) {
        before--;
    }
    bool behind_comma = before > text && before[-1] == ',';
    if (behind_comma && (*at == ']' || *at == '}')) {
        return ": a comma, and nothing follows";
    }
    if (*at == '#' || *at == '/' || *at == ';') {
        return ": comments begin with //";
    }
    return *at == '\'' ? ": texts have double quotes" : "";
}

unsigned json_file_line(const struct json_file *source, const char *at)
{
    unsigned line = 1;

    for (const char *seen = source->text; seen < at; seen++) {
        line += *seen == '\n';
    }
    return line;
}

void json_file_problem(const struct json_file *source, const char *at,
                       const char *format, ...)
{
    char text[PROBLEM_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    problem_tell(source->problems, "%s:%u: %s", source->file,
                 json_file_line(source, at), text);
}

bool json_file_check(struct json_file *source, char *text)
{
    size_t size = strlen(text);

    source->text = text;
    blank_comments(text);
    if (msock_json_check(text, size) == 0) {
        return true;
    }
    /* The detail ends with the place. */
    const char *place = strrchr(msock_error_detail(), ' ');
    size_t byte = place ? strtoul(place + 1, NULL, 10) : 0;
    const char *at = text + (byte < size ? byte : size);
    json_file_problem(source, at, "%s%s", msock_error_detail(), hint(text, at));
    return false;
}

void json_file_unknown(const struct json_file *source,
                       const struct json_slice *key, const char *const *known,
                       size_t count)
{
    const char *nearest =
        msock_text_nearest(key->text + 1, key->size - 2, known, count);

    json_file_problem(
        source, key->text, "unknown key %.*s; %s%s%s",
        (int)(key->size < KEY_SIZE ? key->size : KEY_SIZE), key->text,
        nearest != NULL ? "the nearest is \"" : "leave it out",
        nearest != NULL ? nearest : "", nearest != NULL ? "\"" : "");
}
