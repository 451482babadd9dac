/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as JSON lines. */
#include "tools/msock/record/sink.h"

#include "tools/msock/until.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEXT_MAX = 1 << 20, /* bytes of lines that are written at once */
    READER_MS = 200     /* that a reader is waited for at a time */
};

struct sink {
    int fd;
    bool regular;
    bool torn; /* its last line is, and could not be taken back */
    struct cli_buffer text;
};

/* Ends a line that a program left torn when it was killed. */
static bool end_torn_line(const struct sink *sink, off_t size)
{
    char last = '\n';

    if (size > 0 && pread(sink->fd, &last, 1, size - 1) != 1) {
        return false;
    }
    return last == '\n' || write(sink->fd, "\n", 1) == 1;
}

static void lines_close(struct sink *sink)
{
    if (sink) {
        if (sink->fd != STDOUT_FILENO) {
            close(sink->fd);
        }
        free(sink->text.bytes);
        free(sink);
    }
}

bool sink_is_db(int fd)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    char head[sizeof(magic)];

    return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
           memcmp(head, magic, sizeof(magic)) == 0;
}

/* Whether a file that is not empty begins as a recording does: a name that was
 * mistyped may be that of a key. */
static bool is_recording(int fd, off_t size)
{
    static const char begin[] = "{\"at\":\"";
    char head[sizeof(begin) - 1];
    size_t most = size < (off_t)sizeof(head) ? (size_t)size : sizeof(head);

    return pread(fd, head, most, 0) == (ssize_t)most &&
           memcmp(head, begin, most) == 0;
}

/* Makes sure that lines can be put behind what is in the file.  Returns whether
 * they can; if not, `why` is written. */
static bool take_file(struct sink *sink, char why[static SINK_WHY])
{
    struct stat status;

    if (sink_is_db(sink->fd)) { /* lines behind it would be its end */
        snprintf(why, SINK_WHY, "this is an SQLite file: use --db");
        return false;
    }
    if (fstat(sink->fd, &status) < 0) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        return false;
    }
    sink->regular = S_ISREG(status.st_mode) && sink->fd != STDOUT_FILENO;
    if (!sink->regular) {
        return true;
    }
    /* Who takes back a torn line must know that it is his own. */
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(sink->fd, F_SETLK, &all) < 0 &&
        (errno == EAGAIN || errno == EACCES)) {
        snprintf(why, SINK_WHY, "another program is writing it");
        return false;
    }
    if (!is_recording(sink->fd, status.st_size)) {
        snprintf(why, SINK_WHY,
                 "this is no recording, and stays as it is: name another file");
        return false;
    }
    if (!end_torn_line(sink, status.st_size)) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        return false;
    }
    return true;
}

static struct sink *lines_open(const char *path, char why[static SINK_WHY])
{
    struct sink *made = calloc(1, sizeof(*made));

    if (!made) {
        snprintf(why, SINK_WHY, "out of memory");
        return NULL;
    }
    made->fd = strcmp(path, "-") == 0
                   ? STDOUT_FILENO
                   : open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (made->fd < 0) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        free(made);
        return NULL;
    }
    if (!take_file(made, why)) {
        lines_close(made);
        return NULL;
    }
    return made;
}

/* Waits until a reader takes PIPE_BUF bytes.  Returns whether it is worth
 * while. */
static bool await_reader(int fd)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};

    while (!until_given_up) {
        if (poll(&room, 1, READER_MS) > 0) {
            return true;
        }
    }
    errno = EPIPE;
    return false;
}

/* Writes what the file takes.  Returns how many bytes; if not all, errno says
 * why. */
static size_t write_all(const struct sink *sink, const char *bytes, size_t size)
{
    size_t most = sink->regular ? size : PIPE_BUF;
    size_t done = 0;

    while (done < size && (sink->regular || await_reader(sink->fd))) {
        size_t left = size - done;
        ssize_t written =
            write(sink->fd, bytes + done, left < most ? left : most);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            break;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return done;
}

/* Takes back a line that was written in part.  Returns the size of the whole
 * ones. */
static size_t cut_torn_line(struct sink *sink, size_t done,
                            char why[static SINK_WHY])
{
    size_t whole = done;
    struct stat status;

    while (whole > 0 && sink->text.bytes[whole - 1] != '\n') {
        whole--;
    }
    off_t part = (off_t)(done - whole);
    /* Others may have cut the file since it was opened. */
    sink->torn = part > 0 && (!sink->regular || fstat(sink->fd, &status) < 0 ||
                              status.st_size < part ||
                              ftruncate(sink->fd, status.st_size - part) < 0);
    if (sink->torn && why[0] != '\0') {
        snprintf(why, SINK_WHY, "%s, and a line is torn", strerror(errno));
    }
    return whole;
}

/* Writes the lines that were made.  Returns whether all of them could be. */
static bool flush(struct sink *sink, uint64_t *written, uint64_t *bytes,
                  char why[static SINK_WHY])
{
    struct cli_buffer *text = &sink->text;
    size_t size = text->size;

    text->size = 0;
    if (text->failed) {
        snprintf(why, SINK_WHY, "out of memory");
        return false;
    }
    if (sink->torn && write_all(sink, "\n", 1) == 1) {
        sink->torn = false;
    }
    size_t done = sink->torn ? 0 : write_all(sink, text->bytes, size);
    if (done < size) {
        snprintf(why, SINK_WHY, "%s", errno == EPIPE ? "" : strerror(errno));
        done = sink->torn ? 0 : cut_torn_line(sink, done, why);
    }
    for (size_t at = 0; at < done; at++) {
        *written += text->bytes[at] == '\n';
    }
    *bytes += done;
    return done == size;
}

static uint64_t lines_write(struct sink *sink, const struct cli_buffer *batch,
                            uint64_t count, uint64_t *written,
                            char why[static SINK_WHY])
{
    struct record record;
    uint64_t bytes = 0;
    bool whole = true;

    (void)count;
    *written = 0;
    sink->text.size = 0;
    sink->text.failed = false;
    for (size_t at = 0; whole && at < batch->size;) {
        at += record_get(&record, batch->bytes + at);
        record_line(&sink->text, &record);
        if (sink->text.size >= TEXT_MAX || at >= batch->size) {
            whole = flush(sink, written, &bytes, why);
        }
    }
    return bytes;
}

static bool lines_sync(struct sink *sink, char why[static SINK_WHY])
{
    if (sink->regular && fdatasync(sink->fd) < 0) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        return false;
    }
    return true;
}

const struct sink_kind sink_lines = {lines_open, lines_write, lines_sync,
                                     lines_close};
