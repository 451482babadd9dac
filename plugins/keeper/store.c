/* SPDX-License-Identifier: Apache-2.0 */
/* States on a disk: the newest one of each topic, in one SQLite file. */
#include "plugins/keeper/store.h"

#include "plugins/keeper/store_state.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of enum msock__store_statement. */
static const char *const texts[] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SELECT version, session, size FROM state WHERE topic = ?1",
    "INSERT INTO state (topic, owner, data, version, session, time_s, sum, "
    "size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
    "ON CONFLICT (topic) DO UPDATE SET owner = ?2, data = ?3, version = ?4, "
    "session = ?5, time_s = ?6, sum = ?7, size = ?8",
    "DELETE FROM state WHERE data IS NULL AND time_s <= ?1",
    "SELECT coalesce(sum(size), 0) FROM state",
    "SELECT " MSOCK__STORE_COLUMNS " FROM state ORDER BY id",
};

static_assert(sizeof texts / sizeof texts[0] == MSOCK__STORE_STATEMENTS,
              "a text for each statement");

/* -- Rows -- */

/* FNV-1a with 64 bits: finds what a disk did, not what somebody wanted. */
static uint64_t sum_add(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t sum_number(uint64_t sum, uint64_t number)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    return sum_add(sum, bytes, sizeof bytes);
}

int64_t msock__store_sum(const struct msock__kept *state)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    sum = sum_number(sum, state->version);
    sum = sum_number(sum, state->time_s);
    sum = sum_number(sum, state->topic_size);
    sum = sum_number(sum, state->owner_size);
    sum = sum_number(sum, state->data != NULL ? state->data_size : UINT64_MAX);
    sum = sum_add(sum, state->session, MSOCK__STORE_SESSION_SIZE);
    sum = sum_add(sum, state->topic, state->topic_size);
    sum = sum_add(sum, state->owner, state->owner_size);
    if (state->data != NULL) {
        sum = sum_add(sum, state->data, state->data_size);
    }
    int64_t stored;
    memcpy(&stored, &sum, sizeof stored);
    return stored;
}

static const char *column_text(sqlite3_stmt *row, int column, size_t *size)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    *size = (size_t)sqlite3_column_bytes(row, column);
    return text;
}

bool msock__store_row(sqlite3_stmt *row, struct msock__kept *state)
{
    *state = (struct msock__kept){
        .version = (uint64_t)sqlite3_column_int64(row, 3),
        .session = sqlite3_column_blob(row, 4),
        .time_s = (uint64_t)sqlite3_column_int64(row, 5),
    };
    state->topic = column_text(row, 0, &state->topic_size);
    state->owner = column_text(row, 1, &state->owner_size);
    state->data = column_text(row, 2, &state->data_size);
    return state->topic != NULL && state->owner != NULL &&
           sqlite3_column_bytes(row, 4) == MSOCK__STORE_SESSION_SIZE &&
           sqlite3_column_int64(row, 6) == msock__store_sum(state);
}

static uint64_t cost_of(const struct msock__kept *state)
{
    return MSOCK__STORE_STATE_COST + state->topic_size + state->owner_size +
           (state->data != NULL ? state->data_size : 0);
}

/* -- Transactions -- */

/* Says why, and undoes the transaction: SQLite may have done so already. */
static int fail(struct msock__store *store, int code)
{
    snprintf(store->reason, sizeof store->reason, "%s",
             sqlite3_errmsg(store->db));
    if (!sqlite3_get_autocommit(store->db)) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    store->begun = false;
    store->bytes = store->committed;
    return (code & 0xff) == SQLITE_NOMEM ? MSOCK_ENOMEM : MSOCK_ESYSTEM;
}

/* Runs a statement that gives no rows; its parameters are bound. */
static int run(struct msock__store *store, enum msock__store_statement what)
{
    sqlite3_stmt *statement = store->statements[what];
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) {
        int result = fail(store, code);
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        return result;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return 0;
}

static int begin(struct msock__store *store)
{
    if (store->begun) {
        return 0;
    }
    int result = run(store, MSOCK__STORE_BEGIN);
    store->begun = result == 0;
    return result;
}

int msock__store_commit(struct msock__store *store)
{
    if (!store->begun) {
        return 0;
    }
    int result = run(store, MSOCK__STORE_COMMIT);
    if (result == 0) {
        store->begun = false;
        store->committed = store->bytes;
    }
    return result;
}

/* -- States -- */

/* What is there of a topic. */
struct found {
    uint64_t version; /* 0: nothing */
    uint8_t session[MSOCK__STORE_SESSION_SIZE];
    uint64_t cost;
};

/* Returns a code of SQLite. */
static int find(struct msock__store *store, const char *topic,
                size_t topic_size, struct found *found)
{
    sqlite3_stmt *row = store->statements[MSOCK__STORE_FIND];
    sqlite3_bind_text(row, 1, topic, (int)topic_size, SQLITE_STATIC);
    int code = sqlite3_step(row);
    *found = (struct found){0};
    if (code == SQLITE_ROW) {
        const void *session = sqlite3_column_blob(row, 1);
        found->version = (uint64_t)sqlite3_column_int64(row, 0);
        found->cost = (uint64_t)sqlite3_column_int64(row, 2);
        if (session != NULL &&
            sqlite3_column_bytes(row, 1) == MSOCK__STORE_SESSION_SIZE) {
            memcpy(found->session, session, sizeof found->session);
        }
        code = SQLITE_DONE;
    }
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    return code;
}

static bool is_newer(const struct msock__kept *state, const struct found *found)
{
    return state->version > found->version ||
           (state->version == found->version &&
            memcmp(state->session, found->session, sizeof found->session) > 0);
}

static void bind(sqlite3_stmt *put, const struct msock__kept *state)
{
    sqlite3_bind_text(put, 1, state->topic, (int)state->topic_size,
                      SQLITE_STATIC);
    sqlite3_bind_text(put, 2, state->owner, (int)state->owner_size,
                      SQLITE_STATIC);
    if (state->data != NULL) {
        sqlite3_bind_text(put, 3, state->data, (int)state->data_size,
                          SQLITE_STATIC);
    } else {
        sqlite3_bind_null(put, 3);
    }
    sqlite3_bind_int64(put, 4, (sqlite3_int64)state->version);
    sqlite3_bind_blob(put, 5, state->session, MSOCK__STORE_SESSION_SIZE,
                      SQLITE_STATIC);
    sqlite3_bind_int64(put, 6, (sqlite3_int64)state->time_s);
    sqlite3_bind_int64(put, 7, msock__store_sum(state));
    sqlite3_bind_int64(put, 8, (sqlite3_int64)cost_of(state));
}

int msock__store_put(struct msock__store *store,
                     const struct msock__kept *state)
{
    assert(state->topic_size <= MSOCK_TOPIC_MAX && state->version > 0);
    assert(state->data_size <= INT_MAX && state->session != NULL);
    struct found found;
    int result = begin(store);
    if (result < 0) {
        return result;
    }
    int code = find(store, state->topic, state->topic_size, &found);
    if (code != SQLITE_DONE) {
        return fail(store, code);
    }
    if (!is_newer(state, &found)) {
        return 0;
    }
    /* What makes it smaller fits even if a smaller limit is set now. */
    uint64_t bytes = store->bytes - found.cost + cost_of(state);
    if (bytes > store->bytes_max && bytes > store->bytes) {
        snprintf(store->reason, sizeof store->reason,
                 "the states would have over %llu bytes",
                 (unsigned long long)store->bytes_max);
        return MSOCK_ELIMIT;
    }
    bind(store->statements[MSOCK__STORE_PUT], state);
    result = run(store, MSOCK__STORE_PUT);
    store->bytes = result == 0 ? bytes : store->bytes;
    return result;
}

/* Counts what all states take. */
static int count(struct msock__store *store)
{
    sqlite3_stmt *total = store->statements[MSOCK__STORE_TOTAL];
    int code = sqlite3_step(total);
    if (code == SQLITE_ROW) {
        store->bytes = (uint64_t)sqlite3_column_int64(total, 0);
        code = SQLITE_OK;
    }
    sqlite3_reset(total);
    return code;
}

int msock__store_prune(struct msock__store *store, uint64_t now_s)
{
    if (now_s < MSOCK__STORE_CLEARED_S) {
        return 0; /* a clock that knows nothing */
    }
    int result = begin(store);
    if (result < 0) {
        return result;
    }
    sqlite3_bind_int64(store->statements[MSOCK__STORE_PRUNE], 1,
                       (sqlite3_int64)(now_s - MSOCK__STORE_CLEARED_S));
    result = run(store, MSOCK__STORE_PRUNE);
    if (result < 0) {
        return result;
    }
    int code = count(store);
    return code == SQLITE_OK ? 0 : fail(store, code);
}

bool msock__store_has(struct msock__store *store, const char *topic,
                      size_t topic_size, uint64_t version)
{
    struct found found;
    return find(store, topic, topic_size, &found) == SQLITE_DONE &&
           found.version >= version;
}

int msock__store_each(struct msock__store *store,
                      bool (*visit)(const struct msock__kept *state,
                                    void *user),
                      void *user)
{
    sqlite3_stmt *row = store->statements[MSOCK__STORE_EACH];
    struct msock__kept state;
    int code = SQLITE_DONE;
    bool more = true;
    while (more && (code = sqlite3_step(row)) == SQLITE_ROW) {
        more = !msock__store_row(row, &state) || visit(&state, user);
    }
    int result = more && code != SQLITE_DONE ? fail(store, code) : 0;
    sqlite3_reset(row);
    return result;
}

int msock__store_prepare(struct msock__store *store)
{
    for (size_t i = 0; i < MSOCK__STORE_STATEMENTS; i++) {
        int code = sqlite3_prepare_v3(store->db, texts[i], -1,
                                      SQLITE_PREPARE_PERSISTENT,
                                      &store->statements[i], NULL);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    int code = count(store);
    store->committed = store->bytes;
    return code;
}

void msock__store_close(struct msock__store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < MSOCK__STORE_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
    }
    sqlite3_close(store->db);
    free(store);
}

uint64_t msock__store_bytes(const struct msock__store *store)
{
    return store->bytes;
}

const char *msock__store_reason(const struct msock__store *store)
{
    return store->reason;
}
