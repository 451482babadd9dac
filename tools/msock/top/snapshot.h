/* SPDX-License-Identifier: Apache-2.0 */
/* All that one screen is made of, copied: it stays as it is while more comes,
 * which is what a pause shows. */
#ifndef MSOCK_TOOLS_TOP_SNAPSHOT_H
#define MSOCK_TOOLS_TOP_SNAPSHOT_H

#include "tools/msock/top/model.h"

enum { TOP_FILTERS_MAX = 512, TOP_ADDRESS_MAX = 64, TOP_KEY_MAX = 16 };

struct top_row {
    const char *name; /* the model's, NULL: of the others, together */
    size_t name_size;
    uint64_t count;
    double per_s, bytes_per_s;
    uint64_t size; /* of the last message */
    double loss;   /* percent of its sender's frames, -1: not known */
    int64_t age_ms;
    unsigned flags;
    char sender[MSOCK_NAME_MAX + 1];
    char value[TOP_VALUE_MAX];
    size_t value_size;
};

struct top_node {
    uint64_t session;
    char name[MSOCK_NAME_MAX + 2]; /* with a ? if that is not proved */
    char address[TOP_ADDRESS_MAX];
    char version[TOP_KEY_MAX];
    char key[TOP_KEY_MAX];
    char filters[TOP_FILTERS_MAX]; /* with blanks between, as far as they fit */
    bool up, visitor;
    uint64_t heard_ms;
    uint64_t received, missed; /* best-effort frames */
};

struct top_drop {
    enum msock_counter counter;
    uint64_t count;
    uint64_t rise; /* since the snapshot before */
};

struct top_snapshot {
    const char *channel; /* its URL */
    bool sealed;
    int joined;
    double per_s, bytes_per_s;
    uint64_t messages;
    double loss;    /* percent of all best-effort frames, -1: not known */
    uint64_t lost;  /* reliable frames */
    uint64_t drops; /* all but the usual ones: drops_is_usual() */
    size_t held;
    struct top_row *rows;
    size_t row_count, row_capacity;
    struct top_node *nodes; /* by session */
    size_t node_count, node_capacity;
    struct top_drop dropped[MSOCK_COUNTER_COUNT];
    size_t drop_count;
    uint64_t counters[MSOCK_COUNTER_COUNT]; /* as they were */
    bool trusts;                            /* there is a trust file */
    bool failed;                            /* memory is short */
};

/** Takes what the model and the channel know now. `channel`, `sealed` and
 *  `trusts` stay as they are.  Returns 0 or an error code: MSOCK_ENOMEM, after
 *  which the snapshot may lack some, or one of msock_nodes(). */
int top_snapshot_take(struct top_snapshot *snapshot, struct top_model *model,
                      msock_channel *channel, int64_t now_ms);

/** Only what the model knows. For tests. */
int top_snapshot_rows(struct top_snapshot *snapshot, struct top_model *model,
                      int64_t now_ms);

/** Frees what it holds. */
void top_snapshot_fini(struct top_snapshot *snapshot);

#endif
