/* SPDX-License-Identifier: Apache-2.0 */
/* The logger for applications: one line a call, to standard output, to standard
 * error (as the journal wants it, if that reads there) or to a file a day, from
 * any thread. */
#include <multisock/multisock.h>
#include <multisock/text.h>

#include "codec/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_SIZE = 1023,
    COMPONENT_MAX = 63,
    PATH_SIZE = 1024,
    FILE_MODE = 0640
};

struct msock_logger {
    pthread_mutex_t mutex;
    atomic_int lowest;
    char component[COMPONENT_MAX + 1]; /* escaped */
    char path[PATH_SIZE];              /* without date; "": a standard one */
    FILE *stream;
    bool journal;    /* stream is read by the system's journal */
    struct tm tried; /* when a file was last opened, or was to be */
    bool behind;     /* stream is an earlier day's */
};

static const char *const level_names[] = {
    [MSOCK_LEVEL_DEFAULT] = "INFO", [MSOCK_DEBUG] = "DEBUG",
    [MSOCK_INFO] = "INFO",          [MSOCK_WARNING] = "WARNING",
    [MSOCK_ERROR] = "ERROR",        [MSOCK_FATAL] = "FATAL",
};

/* As syslog(3) numbers them. */
static const int level_priorities[] = {
    [MSOCK_LEVEL_DEFAULT] = 6, [MSOCK_DEBUG] = 7, [MSOCK_INFO] = 6,
    [MSOCK_WARNING] = 4,       [MSOCK_ERROR] = 3, [MSOCK_FATAL] = 2,
};

static enum msock_level clamp(enum msock_level level)
{
    if (level <= MSOCK_LEVEL_DEFAULT) {
        return MSOCK_INFO;
    }
    return level < MSOCK_FATAL ? level : MSOCK_FATAL;
}

/* Opens a file to append to.  Returns it, or -1 with errno: ENXIO for what is
 * there and no regular file, which could keep us waiting, or ELOOP for a link,
 * which somebody may have put into a folder open to all. */
static int open_regular(const char *path)
{
    struct stat status;
    int fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                      O_NOFOLLOW | O_NONBLOCK,
                  FILE_MODE);

    if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        errno = ENXIO;
        return -1;
    }
    return fd;
}

/* Opens the day's file in place of the one before, which stays if the new one
 * cannot be opened.  Returns 0, MSOCK_ESYSTEM. */
static int open_day(msock_logger *logger, const struct tm *now)
{
    char date[32] = "";
    char path[PATH_SIZE + sizeof date];

    logger->tried = *now;
    strftime(date, sizeof date, "_%Y-%m-%d.log", now);
    snprintf(path, sizeof path, "%s%s", logger->path, date);
    int fd = open_regular(path);
    FILE *stream = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (stream == NULL) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return msock__fail(
            MSOCK_ESYSTEM, "log file %s: %s%s", path, strerror(error),
            error == ELOOP || error == ENXIO ? "; it must be a regular file"
                                             : "");
    }
    if (logger->stream != NULL) {
        fclose(logger->stream);
    }
    logger->stream = stream;
    return 0;
}

/* On a new day there is a new file; if it cannot be opened, that is tried again
 * every minute. */
static void follow_day(msock_logger *logger, const struct tm *now)
{
    bool same_day = now->tm_yday == logger->tried.tm_yday &&
                    now->tm_year == logger->tried.tm_year;
    bool same_minute = now->tm_min == logger->tried.tm_min;

    if (logger->path[0] != '\0' &&
        (!same_day || (logger->behind && !same_minute))) {
        logger->behind = open_day(logger, now) < 0;
    }
}

/* Begins a line: "TIME LEVEL component: ", or "<N>component: " for the journal,
 * which notes the time itself.  Returns its size. */
static int write_head(const msock_logger *logger, enum msock_level level,
                      const struct timespec *now, const struct tm *local,
                      char line[static LINE_MAX_SIZE])
{
    char date[32] = "";

    if (logger->journal) {
        return snprintf(line, LINE_MAX_SIZE,
                        "<%d>%s: ", level_priorities[level], logger->component);
    }
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", local);
    return snprintf(line, LINE_MAX_SIZE, "%s.%03ld %s %s: ", date,
                    now->tv_nsec / 1000000, level_names[level],
                    logger->component);
}

/* Writes head, text and newline; the text is cut to fit. */
static void write_line(msock_logger *logger, enum msock_level level,
                       const char *text, size_t text_size)
{
    char line[LINE_MAX_SIZE + 2];
    struct timespec now;
    struct tm local;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    int head = write_head(logger, level, &now, &local, line);
    assert(head > 0 && head < LINE_MAX_SIZE / 2);
    msock_text_escape(text, text_size, line + head,
                      sizeof line - 1 - (size_t)head);
    strcat(line, "\n");
    follow_day(logger, &local);
    fputs(line, logger->stream);
    fflush(logger->stream);
}

/* Keeps the path; a relative one must survive a later chdir(2). */
static int keep_path(msock_logger *logger, const char *file)
{
    char folder[PATH_SIZE] = "";

    if (file[0] != '/' && getcwd(folder, sizeof folder) == NULL) {
        return msock__fail(MSOCK_ESYSTEM, "working directory: %s",
                           strerror(errno));
    }
    int size = snprintf(logger->path, sizeof logger->path, "%s%s%s", folder,
                        folder[0] != '\0' ? "/" : "", file);
    if (size >= (int)sizeof logger->path) {
        return msock__fail(MSOCK_EINVAL, "the log file's path is over %d bytes",
                           PATH_SIZE - 1);
    }
    return 0;
}

static int open_file(msock_logger *logger, const char *file)
{
    time_t now = time(NULL);
    struct tm local;
    int rc = keep_path(logger, file);

    if (rc < 0) {
        return rc;
    }
    localtime_r(&now, &local);
    return open_day(logger, &local);
}

/* Whether $JOURNAL_STREAM, as DEVICE:INODE, names standard error: the service
 * manager sets it, but whoever inherits it may have redirected the stream. */
static bool journal_reads_stderr(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;

    return text != NULL && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

int msock_logger_open(msock_logger **logger, const char *component,
                      const char *file)
{
    if (logger == NULL || component == NULL || component[0] == '\0' ||
        (file != NULL && file[0] == '\0')) {
        return msock__fail(MSOCK_EINVAL, "a logger needs a component, and a "
                                         "file's name or NULL");
    }
    msock_logger *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    msock_text_escape(component, strlen(component), opened->component,
                      sizeof opened->component);
    atomic_store(&opened->lowest, MSOCK_INFO);
    int rc = 0;
    if (file == NULL) {
        opened->stream = stdout;
    } else if (strcmp(file, "-") == 0) {
        opened->stream = stderr;
        opened->journal = journal_reads_stderr();
    } else {
        rc = open_file(opened, file);
    }
    if (rc < 0) {
        free(opened);
        return rc;
    }
    pthread_mutex_init(&opened->mutex, NULL);
    *logger = opened;
    return 0;
}

void msock_logger_level(msock_logger *logger, enum msock_level lowest)
{
    atomic_store(&logger->lowest, clamp(lowest));
}

void msock_log(msock_logger *logger, enum msock_level level, const char *format,
               ...)
{
    char text[LINE_MAX_SIZE + 1];
    va_list arguments;

    level = clamp(level);
    if (logger == NULL || (int)level < atomic_load(&logger->lowest)) {
        return;
    }
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0) {
        return;
    }
    size_t kept = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    pthread_mutex_lock(&logger->mutex);
    write_line(logger, level, text, kept);
    pthread_mutex_unlock(&logger->mutex);
}

void msock_logger_close(msock_logger *logger)
{
    if (logger == NULL) {
        return;
    }
    if (logger->path[0] != '\0') {
        fclose(logger->stream);
    }
    pthread_mutex_destroy(&logger->mutex);
    free(logger);
}
