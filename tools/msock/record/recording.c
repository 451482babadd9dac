/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a recording. */
#include "tools/msock/record/recording.h"

#include "tools/msock/input.h"
#include "tools/msock/record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef MSOCK_TOOLS_SQLITE
#include <sqlite3.h>
#endif

enum { BAD_TOLD = 10 }; /* lines that are told; the rest is counted */

struct recording {
    const char *path;
    struct input input; /* of lines */
    struct cli_buffer room;
    uint64_t number; /* of the line */
    uint64_t bad;
    bool failed;
#ifdef MSOCK_TOOLS_SQLITE
    sqlite3 *db; /* NULL: lines */
    sqlite3_stmt *rows;
#endif
};

#ifdef MSOCK_TOOLS_SQLITE

static const char select_rows[] =
    "SELECT at_us,topic,sender,session,sequence,age_us,flags,version,type,data"
    " FROM messages ORDER BY rowid";

static int open_db(struct recording *recording)
{
    int code = sqlite3_open_v2(recording->path, &recording->db,
                               SQLITE_OPEN_READONLY, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(recording->db, select_rows, -1,
                                  &recording->rows, NULL);
    }
    return code == SQLITE_OK
               ? CLI_OK
               : cli_error("%s: %s", recording->path,
                           recording->db ? sqlite3_errmsg(recording->db)
                                         : "out of memory");
}

static const char *text_of(sqlite3_stmt *row, int column, size_t *size)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    *size = text ? (size_t)sqlite3_column_bytes(row, column) : 0;
    return text;
}

/* Copies the data, which has no NUL behind it in the file. */
static bool copy_data(struct recording *recording, struct record *record)
{
    const void *data = sqlite3_column_blob(recording->rows, 9);
    struct cli_buffer *room = &recording->room;

    record->data_size = (size_t)sqlite3_column_bytes(recording->rows, 9);
    if (cli_buffer_reserve(room, record->data_size + 1) != CLI_OK) {
        return false;
    }
    if (record->data_size > 0) {
        memcpy(room->bytes, data, record->data_size);
    }
    room->bytes[record->data_size] = '\0';
    record->data = room->bytes;
    return true;
}

static bool next_row(struct recording *recording, struct record *record)
{
    sqlite3_stmt *row = recording->rows;
    size_t session_size;
    int code = sqlite3_step(row);

    if (code != SQLITE_ROW) {
        if (code != SQLITE_DONE) {
            cli_error("%s: %s", recording->path, sqlite3_errmsg(recording->db));
        }
        recording->failed = code != SQLITE_DONE;
        return false;
    }
    const char *session = text_of(row, 3, &session_size);
    *record = (struct record){
        .at_us = (uint64_t)sqlite3_column_int64(row, 0),
        .session = session ? strtoull(session, NULL, 16) : 0,
        .sequence = (uint64_t)sqlite3_column_int64(row, 4),
        .age_us = (uint64_t)sqlite3_column_int64(row, 5),
        .flags = (unsigned)sqlite3_column_int64(row, 6),
        .version = (uint64_t)sqlite3_column_int64(row, 7),
    };
    record->topic = text_of(row, 1, &record->topic_size);
    record->sender = text_of(row, 2, &record->sender_size);
    record->type = text_of(row, 8, &record->type_size);
    recording->failed = !record->topic || !record->sender;
    if (recording->failed) {
        cli_error("%s: a row without topic or sender", recording->path);
        return false;
    }
    recording->failed = !copy_data(recording, record);
    return !recording->failed;
}

#endif

int recording_open(struct recording **recording, const char *path)
{
    struct recording *made = calloc(1, sizeof(*made));

    if (!made) {
        return cli_error("out of memory");
    }
    bool is_input = strcmp(path, "-") == 0;
    made->path = made->input.name = is_input ? "standard input" : path;
    made->input.fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : open(path, O_RDONLY | O_CLOEXEC);
    int code = made->input.fd < 0 ? cli_error("%s: %s", path, strerror(errno))
                                  : CLI_OK;
    if (code == CLI_OK && sink_is_db(made->input.fd)) {
#ifdef MSOCK_TOOLS_SQLITE
        code = open_db(made);
#else
        code = cli_error("%s: this msock was built without SQLite", path);
#endif
    }
    if (code != CLI_OK) {
        recording_close(made);
        return code;
    }
    *recording = made;
    return CLI_OK;
}

static void tell_bad(struct recording *recording, const char *why)
{
    recording->bad++;
    if (recording->bad <= BAD_TOLD) {
        cli_error("%s:%" PRIu64 ": %s", recording->path, recording->number,
                  why);
    }
}

/* Points at the next line that is not empty.  Returns whether there is one. */
static bool next_line(struct recording *recording, char **line, size_t *size)
{
    for (;;) {
        if (input_line(&recording->input, line, size)) {
            recording->number++;
            if (*size > 0) {
                return true;
            }
        } else if (recording->input.ended) {
            return false;
        } else if (input_fill(&recording->input) != CLI_OK) {
            recording->failed = true;
            return false;
        }
    }
}

bool recording_next(struct recording *recording, struct record *record)
{
    char *line;
    size_t size;
    const char *why;

#ifdef MSOCK_TOOLS_SQLITE
    if (recording->db) {
        return next_row(recording, record);
    }
#endif
    while (next_line(recording, &line, &size)) {
        if (record_read(record, line, size, &recording->room, &why) == CLI_OK) {
            return true;
        }
        if (!why) {
            recording->failed = true;
            return false;
        }
        tell_bad(recording, why);
    }
    return false;
}

uint64_t recording_bad(const struct recording *recording)
{
    return recording->bad;
}

bool recording_failed(const struct recording *recording)
{
    return recording->failed;
}

void recording_close(struct recording *recording)
{
    if (recording) {
#ifdef MSOCK_TOOLS_SQLITE
        sqlite3_finalize(recording->rows);
        sqlite3_close(recording->db);
#endif
        if (recording->input.fd >= 0) {
            close(recording->input.fd);
        }
        input_fini(&recording->input);
        free(recording->room.bytes);
        free(recording);
    }
}
