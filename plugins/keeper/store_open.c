/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the file of a store: whose it is, whether it is whole. */
#include "plugins/keeper/store.h"

#include "plugins/keeper/store_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION = 0x6d734b70, /* "msKp", where SQLite has room for such */
    APPLICATION_OFFSET = 68,
    LAYOUT = 1, /* of the tables */
    PATH_SIZE = 1024,
    ASIDE_SIZE = PATH_SIZE + 16 /* with ".damaged-1-wal" */
};

/* What becomes of a file, as codes of ours beside SQLite's. */
enum { FOREIGN = -1, FUTURE = -2, DAMAGED = -3 };

struct opening {
    struct msock__store *store;
    const char *path;
    char *reason;
};

__attribute__((format(printf, 3, 4))) static int
refuse(const struct opening *opening, int result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(opening->reason, MSOCK__STORE_REASON_SIZE, format, arguments);
    va_end(arguments);
    return result;
}

/* -- The file -- */

/* Makes the file, unless it is there: SQLite would make it for everybody. */
static int make(const struct opening *opening)
{
    struct stat status;
    int file = open(opening->path,
                    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (file >= 0) {
        close(file);
        return 0;
    }
    if (errno != EEXIST || lstat(opening->path, &status) < 0) {
        return refuse(opening, MSOCK_ESYSTEM, "%s: %s", opening->path,
                      strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(opening, MSOCK_EINVAL, "%s is no file", opening->path);
    }
    return 0;
}

/* Whether the head of a file says that it is ours. Only while nobody has it
 * open: to close a file gives back the locks that this process has on it. */
static bool looks_ours(const char *path)
{
    static const char magic[] = "SQLite format 3"; /* and its NUL */
    static const uint8_t application[] = {
        APPLICATION >> 24, APPLICATION >> 16 & 255, APPLICATION >> 8 & 255,
        APPLICATION & 255};
    char head[APPLICATION_OFFSET + sizeof application];
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    ssize_t size = pread(file, head, sizeof head, 0);
    close(file);
    return size == (ssize_t)sizeof head &&
           memcmp(head, magic, sizeof magic) == 0 &&
           memcmp(head + APPLICATION_OFFSET, application, sizeof application) ==
               0;
}

/* -- What is in it -- */

/* Reads a number that a statement gives.  Returns a code of SQLite. */
static int read_number(sqlite3 *db, const char *text, int64_t *number)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(db, text, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        return code;
    }
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

/* Whether a statement's only answer is this text: SQLITE_OK, or DAMAGED. */
static int expect_text(sqlite3 *db, const char *text, const char *wanted)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(db, text, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        return code;
    }
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *answer = (const char *)sqlite3_column_text(statement, 0);
        bool same = answer != NULL && strcmp(answer, wanted) == 0;
        code = same ? SQLITE_OK : DAMAGED;
    }
    sqlite3_finalize(statement);
    return code;
}

static int run(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* Makes the tables of an empty file. The mark of whose it is reaches the file
 * itself, not its log, since that begins later. */
static int lay_out(sqlite3 *db)
{
    char text[512];
    snprintf(text, sizeof text,
             "CREATE TABLE state (id INTEGER PRIMARY KEY, "
             "topic TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, data TEXT, "
             "version INTEGER NOT NULL, session BLOB NOT NULL, "
             "time_s INTEGER NOT NULL, sum INTEGER NOT NULL, "
             "size INTEGER NOT NULL);"
             "PRAGMA application_id=%d; PRAGMA user_version=%d",
             APPLICATION, LAYOUT);
    return run(db, text);
}

/* Whose file it is; an empty one becomes ours. */
static int claim(sqlite3 *db)
{
    int64_t application = 0;
    int64_t layout = 0;
    int64_t tables = 0;
    int code = read_number(db, "PRAGMA application_id", &application);
    if (code == SQLITE_OK) {
        code = read_number(db, "PRAGMA user_version", &layout);
    }
    if (code == SQLITE_OK) {
        code = read_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    }
    if (code != SQLITE_OK) {
        return code;
    }
    if (application == 0 && layout == 0 && tables == 0) {
        return lay_out(db);
    }
    if (application != APPLICATION) {
        return FOREIGN;
    }
    return layout == LAYOUT ? SQLITE_OK : layout > LAYOUT ? FUTURE : DAMAGED;
}

/* Removes the states that are not what was stored; *count is their number. */
static int sift(sqlite3 *db, int *count)
{
    sqlite3_stmt *row;
    sqlite3_stmt *removal = NULL;
    struct msock__kept state;
    int code = sqlite3_prepare_v2(
        db, "SELECT " MSOCK__STORE_COLUMNS " FROM state", -1, &row, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(db, "DELETE FROM state WHERE id = ?1", -1,
                                  &removal, NULL);
    }
    while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
        code = SQLITE_OK;
        if (!msock__store_row(row, &state)) {
            sqlite3_bind_int64(removal, 1, sqlite3_column_int64(row, 7));
            code = sqlite3_step(removal) == SQLITE_DONE ? SQLITE_OK : DAMAGED;
            sqlite3_reset(removal);
            ++*count;
        }
    }
    sqlite3_finalize(removal);
    sqlite3_finalize(row);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Brings an open file to where its statements can be prepared. */
static int settle(sqlite3 *db, int *damaged)
{
    /* The lock is held, and the log's index kept in memory, from the first
     * look on: no second program, and no shared memory on a full disk. */
    static const char first[] =
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL;"
        "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
        "PRAGMA journal_size_limit=4194304; BEGIN EXCLUSIVE";
    int code = run(db, first);
    if (code == SQLITE_OK) {
        code = claim(db);
    }
    if (code == SQLITE_OK) {
        code = expect_text(db, "PRAGMA integrity_check(1)", "ok");
    }
    if (code == SQLITE_OK) {
        code = sift(db, damaged);
    }
    if (code == SQLITE_OK) {
        code = run(db, "COMMIT");
    }
    if (code == SQLITE_OK) {
        code = expect_text(db, "PRAGMA journal_mode=WAL", "wal");
    }
    return code;
}

/* -- Damage -- */

static bool is_damage(int code, const char *path)
{
    if (code == FOREIGN || code == FUTURE) {
        return false;
    }
    int primary = code > 0 ? code & 0xff : code;
    bool damage = primary == DAMAGED || primary == SQLITE_CORRUPT ||
                  primary == SQLITE_NOTADB || primary == SQLITE_ERROR;
    return damage && looks_ours(path);
}

/* Moves the file and its log to the first free name. */
static int move_aside(const struct opening *opening)
{
    char aside[ASIDE_SIZE];
    char log[ASIDE_SIZE];
    struct stat status;
    int number = 0;
    do {
        snprintf(aside, sizeof aside, "%s.damaged-%d", opening->path, ++number);
    } while (number <= MSOCK__STORE_ASIDE_MAX && lstat(aside, &status) == 0);
    if (number > MSOCK__STORE_ASIDE_MAX) {
        return refuse(opening, MSOCK_ELIMIT,
                      "%s is damaged, and %d that were are there already: "
                      "remove %s.damaged-*",
                      opening->path, MSOCK__STORE_ASIDE_MAX, opening->path);
    }
    snprintf(log, sizeof log, "%s-wal", opening->path);
    if (rename(opening->path, aside) < 0) {
        return refuse(opening, MSOCK_ESYSTEM, "%s is damaged, and stays: %s",
                      opening->path, strerror(errno));
    }
    refuse(opening, 0, "%s was damaged: it is %s now, and keeping begins anew",
           opening->path, aside);
    size_t size = strlen(aside);
    snprintf(aside + size, sizeof aside - size, "-wal");
    if (rename(log, aside) < 0 && errno != ENOENT) {
        return refuse(opening, MSOCK_ESYSTEM, "%s belongs to no file: %s", log,
                      strerror(errno));
    }
    return 0;
}

/* -- Opening -- */

static int refusal(const struct opening *opening, int code)
{
    const char *path = opening->path;
    switch (code > 0 ? code & 0xff : code) {
    case SQLITE_NOMEM:
        return refuse(opening, MSOCK_ENOMEM, "out of memory");
    case SQLITE_BUSY:
        return refuse(opening, MSOCK_EBUSY, "another program has %s open",
                      path);
    case SQLITE_NOTADB:
    case FOREIGN:
        return refuse(opening, MSOCK_EINVAL,
                      "%s is no file of kept states: it stays as it is; name "
                      "another \"file\", or move it away",
                      path);
    case FUTURE:
        return refuse(opening, MSOCK_EABI,
                      "%s was written by a newer version of the plugin", path);
    default:
        return refuse(opening, MSOCK_ESYSTEM, "%s: %s", path,
                      opening->store->db != NULL
                          ? sqlite3_errmsg(opening->store->db)
                          : sqlite3_errstr(code));
    }
}

static void disconnect(struct msock__store *store)
{
    if (store->db == NULL) {
        return;
    }
    /* What is damaged is left as it was found. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    for (size_t i = 0; i < MSOCK__STORE_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
    sqlite3_close(store->db);
    store->db = NULL;
}

/* Opens what is there.  Returns 0; 1: it was damaged, and is out of the way; or
 * a code of ours, the reason said. */
static int attempt(const struct opening *opening)
{
    struct msock__store *store = opening->store;
    int damaged = 0;
    int result = make(opening);
    if (result < 0) {
        return result;
    }
    int code =
        sqlite3_open_v2(opening->path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        code = settle(store->db, &damaged);
    }
    if (code == SQLITE_OK) {
        code = msock__store_prepare(store);
    }
    if (code == SQLITE_OK) {
        if (damaged > 0) {
            refuse(opening, 0,
                   "%d of the states in %s were damaged, and are "
                   "gone",
                   damaged, opening->path);
        }
        return 0;
    }
    result = refusal(opening, code);
    disconnect(store);
    if (!is_damage(code, opening->path)) {
        return result;
    }
    result = move_aside(opening);
    return result == 0 ? 1 : result;
}

int msock__store_open(struct msock__store **store, const char *path,
                      uint64_t bytes_max,
                      char reason[static MSOCK__STORE_REASON_SIZE])
{
    const struct opening opening = {
        .store = calloc(1, sizeof **store), .path = path, .reason = reason};
    reason[0] = '\0';
    if (opening.store == NULL) {
        return refuse(&opening, MSOCK_ENOMEM, "out of memory");
    }
    opening.store->bytes_max = bytes_max;
    int result = strlen(path) < PATH_SIZE
                     ? attempt(&opening)
                     : refuse(&opening, MSOCK_EINVAL, "the path is too long");
    if (result > 0) {
        result = attempt(&opening); /* with a new file */
    }
    if (result != 0) {
        free(opening.store);
        return result < 0 ? result : MSOCK_ESYSTEM; /* damaged again */
    }
    *store = opening.store;
    return 0;
}
