/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a screen. */
#include "tools/msock/top/view.h"

#include "tools/msock/drops.h"
#include "tools/msock/top/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- Numbers -- */

/* At most 6 letters: 9999, 10.0k, 1.2M. */
static void show_number(char text[COLUMNS_NUMBER], double value)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;

    if (value < 9999.5) {
        snprintf(text, COLUMNS_NUMBER,
                 value < 99.95 && value > 0 ? "%.1f" : "%.0f", value);
    } else {
        for (; value >= 999.95 && unit + 2 < sizeof(units); unit++) {
            value /= 1000;
        }
        snprintf(text, COLUMNS_NUMBER, "%.1f%c", value, units[unit]);
    }
}

static void show_count(char text[COLUMNS_NUMBER], uint64_t count)
{
    if (count < 100000) {
        snprintf(text, COLUMNS_NUMBER, "%" PRIu64, count);
    } else {
        show_number(text, (double)count);
    }
}

static void show_percent(char text[COLUMNS_NUMBER], double percent)
{
    snprintf(text, COLUMNS_NUMBER, percent >= 0 ? "%.1f" : "-", percent);
}

/* 1.5s, 90s, 15m, 3h, 2d */
static void show_age(char text[COLUMNS_NUMBER], int64_t ms)
{
    double s = (double)ms / 1000;

    if (ms < 0) {
        snprintf(text, COLUMNS_NUMBER, "-");
    } else if (s < 9.95) {
        snprintf(text, COLUMNS_NUMBER, "%.1fs", s);
    } else {
        double value = s < 100      ? s
                       : s < 6000   ? s / 60
                       : s < 172800 ? s / 3600
                                    : s / 86400;
        char unit = "smhd"[(s >= 100) + (s >= 6000) + (s >= 172800)];
        snprintf(text, COLUMNS_NUMBER, "%.0f%c", value, unit);
    }
}

/* -- Rows -- */

static const struct columns topic_columns = {.name = "TOPIC",
                                             .rest = "VALUE",
                                             .name_max = 40,
                                             .rest_gap = 1,
                                             .order = "60324r51",
                                             .column = {{"", 3, false},
                                                        {"MSG/S", 7, true},
                                                        {"BYTES/S", 8, true},
                                                        {"SIZE", 7, true},
                                                        {"LOSS%", 6, true},
                                                        {"AGE", 6, true},
                                                        {"SENDER", 13, false}}};

static const struct columns node_columns = {.name = "NODE",
                                            .rest = "FILTERS",
                                            .name_max = 40,
                                            .rest_gap = 1,
                                            .order = "4r51320",
                                            .column = {{"STATE", 7, false},
                                                       {"ADDRESS", 22, false},
                                                       {"HEARD", 6, true},
                                                       {"LOSS%", 6, true},
                                                       {"LIB", 7, false},
                                                       {"KEY", 9, false}}};

static const struct columns drop_columns = {
    .name = "REASON",
    .rest = "WHAT IT IS",
    .name_max = 20,
    .rest_gap = 2,
    .order = "r10",
    .column = {{"COUNT", 8, true}, {"RISE", 8, true}}};

static const struct columns *columns_of(enum top_kind kind)
{
    return kind == TOP_NODES   ? &node_columns
           : kind == TOP_DROPS ? &drop_columns
                               : &topic_columns;
}

static void put_topic(struct cells *line, const struct top_row *row)
{
    static const char others[] = "(all other topics)";
    const char flags[3] = {row->flags & MSOCK_MESSAGE_STATE ? 's' : ' ',
                           row->flags & MSOCK_MESSAGE_RELIABLE ? 'r' : ' ',
                           '\0'};
    struct column_texts texts = {.name = row->name ? row->name : others,
                                 .name_size = row->name ? row->name_size
                                                        : strlen(others),
                                 .rest = row->value,
                                 .rest_size = row->value_size,
                                 .text = {[0] = flags, [6] = row->sender}};

    show_number(texts.number[1], row->per_s);
    show_number(texts.number[2], row->bytes_per_s);
    show_count(texts.number[3], row->size);
    show_percent(texts.number[4], row->loss);
    show_age(texts.number[5], row->age_ms);
    columns_row(&topic_columns, &texts, line);
}

static enum top_look put_node(struct cells *line, const struct top_node *node)
{
    double all = (double)(node->received + node->missed);
    struct column_texts texts = {.name = node->name,
                                 .name_size = strlen(node->name),
                                 .rest = node->filters,
                                 .rest_size = strlen(node->filters),
                                 .text = {[0] = !node->up       ? "gone"
                                                : node->visitor ? "visits"
                                                                : "up",
                                          [1] = node->address,
                                          [4] = node->version,
                                          [5] = node->key}};

    show_age(texts.number[2], (int64_t)node->heard_ms);
    show_percent(texts.number[3],
                 all > 0 ? 100.0 * (double)node->missed / all : -1);
    columns_row(&node_columns, &texts, line);
    return node->up ? TOP_PLAIN : TOP_FAINT;
}

static enum top_look put_drop(struct cells *line, const struct top_drop *drop)
{
    const char *name = msock_counter_name(drop->counter);
    const char *text = msock_counter_text(drop->counter);
    struct column_texts texts = {.name = name,
                                 .name_size = strlen(name),
                                 .rest = text,
                                 .rest_size = strlen(text)};

    show_count(texts.number[0], drop->count);
    show_count(texts.number[1], drop->rise);
    columns_row(&drop_columns, &texts, line);
    return drops_is_usual(drop->counter) ? TOP_FAINT
           : drop->rise > 0              ? TOP_ALARM
                                         : TOP_PLAIN;
}

enum top_look top_view_row(const struct top_view *view,
                           const struct top_snapshot *snapshot,
                           const struct top_order *order, size_t row,
                           struct cells *line)
{
    enum top_look look = TOP_PLAIN;

    if (row < order->count) {
        size_t index = order->entries[row].index;
        switch (view->kind) {
        case TOP_NODES:
            look = put_node(line, &snapshot->nodes[index]);
            break;
        case TOP_DROPS:
            look = put_drop(line, &snapshot->dropped[index]);
            break;
        default:
            put_topic(line, &snapshot->rows[index]);
        }
    }
    cells_end(line);
    return look;
}

void top_view_titles(const struct top_view *view, struct cells *line)
{
    columns_titles(columns_of(view->kind), line);
    cells_end(line);
}

/* -- The head -- */

static void put_where(struct cells *line, const struct top_snapshot *snapshot)
{
    char text[COLUMNS_NUMBER];

    cells_add(line, snapshot->channel);
    cells_item(line, snapshot->sealed ? "  sealed" : "  open");
    snprintf(text, sizeof(text), "  %d interface%s", snapshot->joined,
             snapshot->joined == 1 ? "" : "s");
    cells_item(line, text);
}

static enum top_look put_totals(struct cells *line,
                                const struct top_snapshot *snapshot)
{
    char number[COLUMNS_NUMBER];
    char text[2 * COLUMNS_NUMBER];

    show_number(number, snapshot->per_s);
    snprintf(text, sizeof(text), "%6s msg/s", number);
    cells_item(line, text);
    show_number(number, snapshot->bytes_per_s);
    snprintf(text, sizeof(text), " %6s bytes/s", number);
    cells_item(line, text);
    show_percent(number, snapshot->loss);
    snprintf(text, sizeof(text), "  loss %5s %%", number);
    cells_item(line, text);
    snprintf(text, sizeof(text), "  lost %" PRIu64, snapshot->lost);
    cells_item(line, text);
    snprintf(text, sizeof(text), "  drops %" PRIu64, snapshot->drops);
    cells_item(line, text);
    if (snapshot->held > 0) {
        snprintf(text, sizeof(text), "  held %zu", snapshot->held);
        cells_item(line, text);
    }
    return snapshot->lost + snapshot->drops > 0 || snapshot->loss > 0
               ? TOP_ALARM
               : TOP_PLAIN;
}

static void put_views(struct cells *line, const struct top_view *view,
                      const struct top_snapshot *snapshot)
{
    const size_t counts[TOP_KINDS] = {snapshot->row_count, snapshot->node_count,
                                      snapshot->drop_count};
    char text[2 * COLUMNS_NUMBER];

    for (int i = 0; i < TOP_KINDS; i++) {
        bool shown = (int)view->kind == i;
        snprintf(text, sizeof(text), "%s%d %s %zu%s ", shown ? "[" : " ", i + 1,
                 top_kind_name((enum top_kind)i), counts[i], shown ? "]" : " ");
        cells_item(line, text);
    }
    if (view->paused) {
        cells_item(line, " PAUSED ");
    }
    snprintf(text, sizeof(text), " by %s%s",
             top_sorts(view->kind)[view->sort[view->kind]],
             view->reverse[view->kind] ? ", reversed" : "");
    cells_item(line, text);
    if (view->filter[0] != '\0' && !view->typing) {
        cells_add(line, "  filter ");
        cells_add(line, view->filter);
    }
}

static void put_foot(struct cells *line, const struct top_view *view)
{
    if (view->typing) {
        cells_add(line, "filter: ");
        cells_add(line, view->filter);
        cells_add(line, "_");
    } else {
        cells_add(line, "q quit  Tab view  s sort  r reverse  / filter  "
                        "p pause  h help");
    }
}

static const char *const help[] = {
    "q          quit",
    "Tab 1 2 3  topics, nodes, drops",
    "s >, S <   sort by the next, the previous column",
    "r          reverse the order",
    "/          filter: part of a name, or + and # as in a filter",
    "Escape     no filter",
    "p, space   pause: what comes is counted, and shown afterwards",
    "arrows, PgUp, PgDn, Home, End   scroll",
    "",
    "MSG/S, BYTES/S  of the last 4 seconds; topic and data",
    "LOSS%           best-effort frames of the sender that did not come",
    "AGE             of the last value",
    "s, r            a state; reliable",
};
enum { HELP_COUNT = sizeof(help) / sizeof(help[0]) };

enum top_look top_view_line(const struct top_view *view,
                            const struct top_snapshot *snapshot,
                            const struct top_order *order, int number,
                            int height, struct cells *line)
{
    enum top_look look = TOP_PLAIN;

    if (number == 0) {
        put_where(line, snapshot);
    } else if (number == 1) {
        look = put_totals(line, snapshot);
    } else if (number == 2) {
        put_views(line, view, snapshot);
    } else if (number == height - 1 && number >= TOP_HEAD) {
        put_foot(line, view);
        look = view->typing ? TOP_PLAIN : TOP_FAINT;
    } else if (view->help) {
        int at = number - (TOP_HEAD - 1);
        cells_add(line, at < HELP_COUNT ? help[at] : "");
    } else if (number == TOP_HEAD - 1) {
        top_view_titles(view, line);
        look = TOP_TITLE;
    } else {
        size_t row = (size_t)(number - TOP_HEAD) + view->scroll;
        return top_view_row(view, snapshot, order, row, line);
    }
    cells_end(line);
    return look;
}
