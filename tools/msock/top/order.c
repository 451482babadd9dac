/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows are shown, and in which order. */
#include "tools/msock/top/view.h"

#include <stdlib.h>
#include <string.h>

static const char *const topic_sorts[] = {"topic", "msg/s", "bytes/s", "size",
                                          "loss",  "age",   "sender",  NULL};
static const char *const node_sorts[] = {"node",  "state", "address",
                                         "heard", "loss",  NULL};
static const char *const drop_sorts[] = {"reason", "count", "rise", NULL};

const char *const *top_sorts(enum top_kind kind)
{
    static const char *const *const sorts[TOP_KINDS] = {topic_sorts, node_sorts,
                                                        drop_sorts};

    return sorts[kind];
}

const char *top_kind_name(enum top_kind kind)
{
    static const char *const names[TOP_KINDS] = {"topics", "nodes", "drops"};

    return names[kind];
}

struct top_view top_view_first(void)
{
    return (struct top_view){.sort = {1, 1, 1}};
}

/* -- Choosing -- */

static bool is_chosen(const struct top_view *view, const char *name)
{
    const char *filter = view->filter;

    if (strchr(filter, '#') || strchr(filter, '+')) {
        return msock_topic_match(filter, name) || strstr(name, filter);
    }
    return strstr(name, filter) != NULL;
}

/* What is rising in the order is negative: most comes first. */
static struct top_entry topic_entry(const struct top_row *row, int sort)
{
    const double numbers[] = {0,
                              -row->per_s,
                              -row->bytes_per_s,
                              -(double)row->size,
                              -row->loss,
                              row->age_ms < 0 ? 1e300 : (double)row->age_ms,
                              0};
    const char *name = row->name ? row->name : "";

    return (struct top_entry){.name = name,
                              .number = row->name ? numbers[sort] : 1e301,
                              .text = sort == 6 ? row->sender : name};
}

static struct top_entry node_entry(const struct top_node *node, int sort)
{
    double all = (double)(node->received + node->missed);
    const double numbers[] = {0, !node->up * 2 + node->visitor, 0,
                              (double)node->heard_ms,
                              all > 0 ? -(double)node->missed / all : 1};

    return (struct top_entry){.name = node->name,
                              .number = numbers[sort],
                              .text = sort == 2 ? node->address : node->name};
}

static struct top_entry drop_entry(const struct top_drop *drop, int sort)
{
    const double numbers[] = {0, -(double)drop->count, -(double)drop->rise};
    const char *name = msock_counter_name(drop->counter);

    return (struct top_entry){
        .name = name, .number = numbers[sort], .text = name};
}

static size_t row_count(const struct top_snapshot *snapshot, enum top_kind kind)
{
    const size_t counts[TOP_KINDS] = {snapshot->row_count, snapshot->node_count,
                                      snapshot->drop_count};

    return counts[kind];
}

static struct top_entry entry(const struct top_snapshot *snapshot,
                              const struct top_view *view, size_t index)
{
    int sort = view->sort[view->kind];
    struct top_entry made;

    switch (view->kind) {
    case TOP_NODES:
        made = node_entry(&snapshot->nodes[index], sort);
        break;
    case TOP_DROPS:
        made = drop_entry(&snapshot->dropped[index], sort);
        break;
    default:
        made = topic_entry(&snapshot->rows[index], sort);
    }
    made.index = index;
    return made;
}

/* -- Ordering -- */

static int compare(const void *a, const void *b)
{
    const struct top_entry *left = a;
    const struct top_entry *right = b;

    if (left->number < right->number || left->number > right->number) {
        return left->number < right->number ? -1 : 1;
    }
    int order = strcmp(left->text, right->text);
    order = order != 0 ? order : strcmp(left->name, right->name);
    return order != 0
               ? order
               : (left->index > right->index) - (left->index < right->index);
}

static void turn_round(struct top_order *order)
{
    for (size_t i = 0; i < order->count / 2; i++) {
        struct top_entry kept = order->entries[i];
        order->entries[i] = order->entries[order->count - 1 - i];
        order->entries[order->count - 1 - i] = kept;
    }
}

int top_order_make(struct top_order *order, const struct top_view *view,
                   const struct top_snapshot *snapshot)
{
    size_t count = row_count(snapshot, view->kind);

    if (order->capacity < count) {
        struct top_entry *entries =
            realloc(order->entries, count * sizeof(*entries));
        if (!entries) {
            return MSOCK_ENOMEM;
        }
        order->entries = entries;
        order->capacity = count;
    }
    order->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct top_entry made = entry(snapshot, view, i);
        if (is_chosen(view, made.name)) {
            order->entries[order->count++] = made;
        }
    }
    if (order->count > 1) {
        qsort(order->entries, order->count, sizeof(*order->entries), compare);
    }
    if (view->reverse[view->kind]) {
        turn_round(order);
    }
    return 0;
}

void top_order_fini(struct top_order *order)
{
    free(order->entries);
    *order = (struct top_order){.entries = NULL};
}
