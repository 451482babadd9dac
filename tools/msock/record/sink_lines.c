/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as JSON lines. */
#include "tools/msock/record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 }; /* bytes of lines that are written at once */

struct sink {
    int fd;
    bool regular;
    off_t end; /* of the last whole line of a regular file */
    struct cli_buffer text;
};

/* Ends a line that a program left torn when it was killed. */
static bool end_torn_line(struct sink *sink)
{
    char last = '\n';

    if (sink->end > 0 && pread(sink->fd, &last, 1, sink->end - 1) != 1) {
        return false;
    }
    if (last != '\n') {
        if (write(sink->fd, "\n", 1) != 1) {
            return false;
        }
        sink->end++;
    }
    return true;
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

static struct sink *lines_open(const char *path, char why[static SINK_WHY])
{
    struct sink *made = calloc(1, sizeof(*made));
    struct stat status;

    if (!made) {
        snprintf(why, SINK_WHY, "out of memory");
        return NULL;
    }
    made->fd = strcmp(path, "-") == 0
                   ? STDOUT_FILENO
                   : open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (made->fd < 0 || fstat(made->fd, &status) < 0) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        free(made);
        return NULL;
    }
    if (sink_is_db(made->fd)) { /* lines behind it would be its end */
        snprintf(why, SINK_WHY, "this is an SQLite file: use --db");
        lines_close(made);
        return NULL;
    }
    made->regular = S_ISREG(status.st_mode) && made->fd != STDOUT_FILENO;
    made->end = made->regular ? status.st_size : 0;
    if (made->regular && !end_torn_line(made)) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        lines_close(made);
        return NULL;
    }
    return made;
}

/* Writes what the file takes.  Returns how many bytes; if not all, errno says
 * why. */
static size_t write_all(int fd, const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t written = write(fd, bytes + done, size - done);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            (void)poll(&room, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            break;
        } else if (written > 0) {
            done += (size_t)written;
        }
    }
    return done;
}

/* Takes back a line that was written in part.  Returns the size of the whole
 * ones. */
static size_t cut_torn_line(struct sink *sink, size_t done,
                            char why[static SINK_WHY])
{
    while (done > 0 && sink->text.bytes[done - 1] != '\n') {
        done--;
    }
    if (sink->regular && ftruncate(sink->fd, sink->end + (off_t)done) < 0) {
        snprintf(why, SINK_WHY, "%s, and a line is torn", strerror(errno));
    }
    return done;
}

/* Writes the lines that were made.  Returns whether all of them could be. */
static bool flush(struct sink *sink, uint64_t *written,
                  char why[static SINK_WHY])
{
    struct cli_buffer *text = &sink->text;
    size_t size = text->size;

    text->size = 0;
    if (text->failed) {
        snprintf(why, SINK_WHY, "out of memory");
        return false;
    }
    size_t done = write_all(sink->fd, text->bytes, size);
    if (done < size) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        done = cut_torn_line(sink, done, why);
    }
    for (size_t at = 0; at < done; at++) {
        *written += text->bytes[at] == '\n';
    }
    sink->end += (off_t)done;
    return done == size;
}

static uint64_t lines_write(struct sink *sink, const struct cli_buffer *batch,
                            uint64_t count, uint64_t *written,
                            char why[static SINK_WHY])
{
    off_t before = sink->end;
    struct record record;
    bool whole = true;

    (void)count;
    *written = 0;
    sink->text.size = 0;
    sink->text.failed = false;
    for (size_t at = 0; whole && at < batch->size;) {
        at += record_get(&record, batch->bytes + at);
        record_line(&sink->text, &record);
        if (sink->text.size >= TEXT_MAX || at >= batch->size) {
            whole = flush(sink, written, why);
        }
    }
    return (uint64_t)(sink->end - before);
}

static bool lines_sync(struct sink *sink)
{
    return !sink->regular || fdatasync(sink->fd) == 0;
}

const struct sink_kind sink_lines = {lines_open, lines_write, lines_sync,
                                     lines_close};
