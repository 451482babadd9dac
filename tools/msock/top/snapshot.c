/* SPDX-License-Identifier: Apache-2.0 */
/* What one screen is made of. */
#include "tools/msock/top/snapshot.h"

#include "tools/msock/drops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Nodes -- */

static bool grow_nodes(struct top_snapshot *snapshot)
{
    size_t capacity =
        snapshot->node_capacity > 0 ? 2 * snapshot->node_capacity : 16;
    struct top_node *nodes =
        realloc(snapshot->nodes, capacity * sizeof(*nodes));

    if (nodes) {
        snapshot->nodes = nodes;
        snapshot->node_capacity = capacity;
    }
    return nodes != NULL;
}

static void list_filters(struct top_node *row, const msock_node *node)
{
    size_t used = 0;

    for (size_t i = 0; i < node->filter_count && used < TOP_FILTERS_MAX; i++) {
        int size = snprintf(row->filters + used, TOP_FILTERS_MAX - used, "%s%s",
                            i > 0 ? " " : "", node->filters[i]);
        used += (size_t)size;
    }
}

static void note_node(msock_channel *channel, const msock_node *node,
                      void *user)
{
    struct top_snapshot *snapshot = user;

    (void)channel;
    if (snapshot->node_count == snapshot->node_capacity &&
        !grow_nodes(snapshot)) {
        snapshot->failed = true;
        return;
    }
    struct top_node *row = &snapshot->nodes[snapshot->node_count++];
    *row = (struct top_node){.session = node->session,
                             .up = node->up,
                             .visitor = node->visitor,
                             .heard_ms = node->heard_ms,
                             .received = node->received,
                             .missed = node->missed};
    snprintf(row->name, sizeof(row->name), "%s%s", node->name,
             snapshot->trusts && !node->proved ? "?" : "");
    snprintf(row->address, sizeof(row->address), "%s", node->address);
    snprintf(row->version, sizeof(row->version), "%s",
             node->described ? node->version : "-");
    snprintf(row->key, sizeof(row->key), "%s",
             node->sealed_with[0] != '\0' ? node->sealed_with : "open");
    list_filters(row, node);
}

static int by_session(const void *a, const void *b)
{
    const struct top_node *left = a;
    const struct top_node *right = b;

    return (left->session > right->session) - (left->session < right->session);
}

static double percent(uint64_t missed, uint64_t received)
{
    return missed + received > 0
               ? 100.0 * (double)missed / (double)(missed + received)
               : -1;
}

static int take_nodes(struct top_snapshot *snapshot, msock_channel *channel)
{
    uint64_t missed = 0, received = 0;

    snapshot->node_count = 0;
    int code = msock_nodes(channel, note_node, snapshot);
    if (snapshot->node_count > 0) {
        qsort(snapshot->nodes, snapshot->node_count, sizeof(*snapshot->nodes),
              by_session);
    }
    for (size_t i = 0; i < snapshot->node_count; i++) {
        missed += snapshot->nodes[i].missed;
        received += snapshot->nodes[i].received;
    }
    snapshot->loss = percent(missed, received);
    return code < 0 ? code : 0;
}

/* -- Topics -- */

static double loss_of(const struct top_snapshot *snapshot, uint64_t session)
{
    const struct top_node key = {.session = session};
    const struct top_node *node =
        snapshot->node_count > 0
            ? bsearch(&key, snapshot->nodes, snapshot->node_count, sizeof(key),
                      by_session)
            : NULL;

    return node ? percent(node->missed, node->received) : -1;
}

static void copy(struct top_row *row, struct top_topic *topic, int64_t began_ms,
                 int64_t now_ms)
{
    *row = (struct top_row){
        .name = topic->name,
        .name_size = topic->name_size,
        .count = topic->count,
        .size = topic->size,
        .age_ms =
            topic->age_ms < 0 ? -1 : topic->age_ms + now_ms - topic->came_ms,
        .flags = topic->flags,
        .value_size = topic->value_size,
    };
    rate_tell(&topic->rate, now_ms, began_ms, &row->per_s, &row->bytes_per_s);
    memcpy(row->sender, topic->sender, sizeof(row->sender));
    memcpy(row->value, topic->value, topic->value_size);
}

int top_snapshot_rows(struct top_snapshot *snapshot, struct top_model *model,
                      int64_t now_ms)
{
    if (snapshot->row_capacity < model->count + 1) {
        size_t capacity = 2 * model->count + 1;
        struct top_row *rows =
            realloc(snapshot->rows, capacity * sizeof(*rows));
        if (!rows) {
            return MSOCK_ENOMEM;
        }
        snapshot->rows = rows;
        snapshot->row_capacity = capacity;
    }
    for (size_t i = 0; i < model->count; i++) {
        struct top_row *row = &snapshot->rows[i];
        copy(row, model->topics[i], model->began_ms, now_ms);
        row->loss = loss_of(snapshot, model->topics[i]->session);
    }
    snapshot->row_count = model->count;
    if (model->others > 0) {
        struct top_row *row = &snapshot->rows[snapshot->row_count++];
        *row =
            (struct top_row){.count = model->others, .loss = -1, .age_ms = -1};
        rate_tell(&model->others_rate, now_ms, model->began_ms, &row->per_s,
                  &row->bytes_per_s);
    }
    snapshot->messages = model->messages;
    rate_tell(&model->rate, now_ms, model->began_ms, &snapshot->per_s,
              &snapshot->bytes_per_s);
    return 0;
}

/* -- Drops -- */

static void take_drops(struct top_snapshot *snapshot,
                       const msock_channel *channel)
{
    snapshot->drop_count = 0;
    snapshot->drops = 0;
    snapshot->lost = msock_counter_get(channel, MSOCK_LOST);
    snapshot->held = msock_held(channel);
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t count = msock_counter_get(channel, counter);
        if (count > 0) {
            snapshot->dropped[snapshot->drop_count++] =
                (struct top_drop){.counter = counter,
                                  .count = count,
                                  .rise = count - snapshot->counters[i]};
        }
        snapshot->counters[i] = count;
        snapshot->drops += drops_is_usual(counter) ? 0 : count;
    }
}

int top_snapshot_take(struct top_snapshot *snapshot, struct top_model *model,
                      msock_channel *channel, int64_t now_ms)
{
    int code = take_nodes(snapshot, channel);

    if (code == 0) {
        code = top_snapshot_rows(snapshot, model, now_ms);
    }
    snapshot->joined = msock_joined(channel);
    take_drops(snapshot, channel);
    return snapshot->failed ? MSOCK_ENOMEM : code;
}

void top_snapshot_fini(struct top_snapshot *snapshot)
{
    free(snapshot->rows);
    free(snapshot->nodes);
    snapshot->rows = NULL;
    snapshot->nodes = NULL;
}
