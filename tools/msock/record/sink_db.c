/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as an SQLite file: one table, a batch a transaction. The table is
 * described in docs/recording.md. */
#include "tools/msock/record/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000, /* that another program may hold the file */
    PATH_SIZE = 4096 + 8
};

struct sink {
    char path[PATH_SIZE];
    uint64_t size; /* of it and its log, in bytes */
    sqlite3 *db;
    sqlite3_stmt *insert;
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    "CREATE TABLE IF NOT EXISTS messages("
    " at_us INTEGER NOT NULL, topic TEXT NOT NULL, sender TEXT NOT NULL,"
    " session TEXT NOT NULL, sequence INTEGER NOT NULL, age_us INTEGER,"
    " flags INTEGER NOT NULL, version INTEGER NOT NULL, type TEXT,"
    " data BLOB NOT NULL);";

static const char insertion[] =
    "INSERT INTO messages VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";

static void db_close(struct sink *sink)
{
    if (sink) {
        sqlite3_finalize(sink->insert);
        sqlite3_close(sink->db);
        free(sink);
    }
}

/* Makes the file, if it is not there, for no others: SQLite would make it for
 * all.  Returns whether it could; if not, errno says why. */
static bool make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    return fd >= 0 && close(fd) == 0;
}

/* Returns the bytes that it takes on the disk, with its log. */
static uint64_t size_of(const struct sink *sink)
{
    char log[PATH_SIZE + 8];
    struct stat status;
    uint64_t size = 0;

    snprintf(log, sizeof(log), "%s-wal", sink->path);
    size += stat(sink->path, &status) == 0 ? (uint64_t)status.st_size : 0;
    size += stat(log, &status) == 0 ? (uint64_t)status.st_size : 0;
    return size;
}

static int prepare(struct sink *sink)
{
    int code = sqlite3_open(sink->path, &sink->db);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(sink->db, BUSY_MS);
        code = sqlite3_exec(sink->db, schema, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(sink->db, insertion, -1, &sink->insert, NULL);
    }
    return code;
}

static struct sink *db_open(const char *path, char why[static SINK_WHY])
{
    struct sink *made = calloc(1, sizeof(*made));

    if (!made) {
        snprintf(why, SINK_WHY, "out of memory");
        return NULL;
    }
    /* SQLite has names of its own that are no files. */
    snprintf(made->path, sizeof(made->path), "%s%s", path[0] == '/' ? "" : "./",
             path);
    if (!make_file(made->path)) {
        snprintf(why, SINK_WHY, "%s", strerror(errno));
        db_close(made);
        return NULL;
    }
    if (prepare(made) != SQLITE_OK) {
        snprintf(why, SINK_WHY, "%s",
                 made->db ? sqlite3_errmsg(made->db) : "out of memory");
        db_close(made);
        return NULL;
    }
    made->size = size_of(made);
    return made;
}

static bool insert(struct sink *sink, const struct record *record)
{
    sqlite3_stmt *row = sink->insert;
    char session[17];

    snprintf(session, sizeof(session), "%016" PRIx64, record->session);
    sqlite3_bind_int64(row, 1, (sqlite3_int64)record->at_us);
    sqlite3_bind_text64(row, 2, record->topic, record->topic_size,
                        SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_text64(row, 3, record->sender, record->sender_size,
                        SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_text(row, 4, session, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 5, (sqlite3_int64)record->sequence);
    if (record->flags & MSOCK_MESSAGE_AGE_UNKNOWN) {
        sqlite3_bind_null(row, 6);
    } else {
        sqlite3_bind_int64(row, 6, (sqlite3_int64)record->age_us);
    }
    sqlite3_bind_int64(row, 7, record->flags);
    sqlite3_bind_int64(row, 8, (sqlite3_int64)record->version);
    sqlite3_bind_text64(row, 9, record->type, record->type_size, SQLITE_STATIC,
                        SQLITE_UTF8);
    sqlite3_bind_blob64(row, 10, record->data, record->data_size,
                        SQLITE_STATIC);
    bool done = sqlite3_step(row) == SQLITE_DONE;
    sqlite3_reset(row);
    return done;
}

static uint64_t db_write(struct sink *sink, const struct cli_buffer *batch,
                         uint64_t count, uint64_t *written,
                         char why[static SINK_WHY])
{
    bool done = sqlite3_exec(sink->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    struct record record;

    for (size_t at = 0; done && at < batch->size;) {
        at += record_get(&record, batch->bytes + at);
        done = insert(sink, &record);
    }
    done =
        done && sqlite3_exec(sink->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    *written = done ? count : 0;
    if (!done) {
        snprintf(why, SINK_WHY, "%s", sqlite3_errmsg(sink->db));
        sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
    }
    uint64_t before = sink->size;
    sink->size = size_of(sink);
    return sink->size > before ? sink->size - before : 0;
}

static bool db_sync(struct sink *sink, char why[static SINK_WHY])
{
    if (sqlite3_wal_checkpoint_v2(sink->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                  NULL, NULL) != SQLITE_OK) {
        snprintf(why, SINK_WHY, "%s", sqlite3_errmsg(sink->db));
        return false;
    }
    return true;
}

const struct sink_kind sink_db = {db_open, db_write, db_sync, db_close};
