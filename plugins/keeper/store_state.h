/* SPDX-License-Identifier: Apache-2.0 */
/* What store.c and store_open.c share of a store. */
#ifndef MSOCK_PLUGINS_KEEPER_STORE_STATE_H
#define MSOCK_PLUGINS_KEEPER_STORE_STATE_H

#include "plugins/keeper/store.h"

#include <sqlite3.h>

enum msock__store_statement {
    MSOCK__STORE_BEGIN,
    MSOCK__STORE_COMMIT,
    MSOCK__STORE_FIND,
    MSOCK__STORE_PUT,
    MSOCK__STORE_PRUNE,
    MSOCK__STORE_TOTAL,
    MSOCK__STORE_EACH,
    MSOCK__STORE_STATEMENTS
};

struct msock__store {
    sqlite3 *db;
    sqlite3_stmt *statements[MSOCK__STORE_STATEMENTS];
    uint64_t bytes_max;
    uint64_t bytes;     /* with the transaction */
    uint64_t committed; /* bytes without it */
    bool begun;         /* a transaction is */
    char reason[MSOCK__STORE_REASON_SIZE];
};

/** Prepares the statements of a store whose file has its tables, and counts
 *  what is there.  Returns a code of SQLite. */
int msock__store_prepare(struct msock__store *store);

/** The sum that is stored with a state, over all that is said of it. */
int64_t msock__store_sum(const struct msock__kept *state);

/** Reads the row of MSOCK__STORE_EACH's columns; texts are borrowed. Returns
 *  whether it is a state as we store them. */
bool msock__store_row(sqlite3_stmt *row, struct msock__kept *state);

/** The columns that msock__store_row() reads. */
#define MSOCK__STORE_COLUMNS                                                   \
    "topic, owner, data, version, session, time_s, sum, id"

#endif
