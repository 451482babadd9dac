/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as an SQLite file: one table, a batch a transaction. The table is
 * described in docs/recording.md. */
#include "tools/msock/record/sink.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 5000 }; /* that another program may hold the file */

struct sink {
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

static struct sink *db_open(const char *path, char why[static SINK_WHY])
{
    struct sink *made = calloc(1, sizeof(*made));

    if (!made) {
        snprintf(why, SINK_WHY, "out of memory");
        return NULL;
    }
    int code = sqlite3_open(path, &made->db);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(made->db, BUSY_MS);
        code = sqlite3_exec(made->db, schema, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(made->db, insertion, -1, &made->insert, NULL);
    }
    if (code != SQLITE_OK) {
        snprintf(why, SINK_WHY, "%s",
                 made->db ? sqlite3_errmsg(made->db) : "out of memory");
        db_close(made);
        return NULL;
    }
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
    return done ? batch->size : 0;
}

static bool db_sync(struct sink *sink)
{
    return sqlite3_wal_checkpoint_v2(sink->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                     NULL, NULL) == SQLITE_OK;
}

const struct sink_kind sink_db = {db_open, db_write, db_sync, db_close};
