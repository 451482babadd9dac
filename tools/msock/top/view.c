/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a screen. */
#include "tools/msock/top/view.h"

#include "tools/msock/drops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 32 };

/* -- Numbers -- */

/* At most 6 letters: 9999, 10.0k, 1.2M. */
static void put_number(struct cells *line, double value, int columns)
{
    static const char units[] = " kMGTP";
    char text[NUMBER_SIZE];
    size_t unit = 0;

    if (value < 9999.5) {
        snprintf(text, sizeof(text),
                 value < 99.95 && value > 0 ? "%.1f" : "%.0f", value);
    } else {
        for (; value >= 999.95 && unit + 2 < sizeof(units); unit++) {
            value /= 1000;
        }
        snprintf(text, sizeof(text), "%.1f%c", value, units[unit]);
    }
    cells_right(line, text, columns);
}

static void put_count(struct cells *line, uint64_t count, int columns)
{
    char text[NUMBER_SIZE];

    if (count < 100000) {
        snprintf(text, sizeof(text), "%" PRIu64, count);
        cells_right(line, text, columns);
    } else {
        put_number(line, (double)count, columns);
    }
}

static void put_percent(struct cells *line, double percent, int columns)
{
    char text[NUMBER_SIZE] = "-";

    if (percent >= 0) {
        snprintf(text, sizeof(text), "%.1f", percent);
    }
    cells_right(line, text, columns);
}

/* 1.5s, 90s, 15m, 3h, 2d */
static void put_age(struct cells *line, int64_t ms, int columns)
{
    char text[NUMBER_SIZE] = "-";
    double s = (double)ms / 1000;

    if (ms >= 0 && s < 9.95) {
        snprintf(text, sizeof(text), "%.1fs", s);
    } else if (ms >= 0) {
        double value = s < 100      ? s
                       : s < 6000   ? s / 60
                       : s < 172800 ? s / 3600
                                    : s / 86400;
        char unit = "smhd"[(s >= 100) + (s >= 6000) + (s >= 172800)];
        snprintf(text, sizeof(text), "%.0f%c", value, unit);
    }
    cells_right(line, text, columns);
}

static void put(struct cells *line, const char *text, int columns)
{
    cells_put(line, text, strlen(text), columns);
}

static void gap(struct cells *line)
{
    put(line, "", 1);
}

/* -- Rows -- */

enum {
    TOPIC_FIXED = 52, /* columns of a topic's row but topic and value */
    NODE_FIXED = 56
};

/* What is left is shared by the name and the last column. */
static int name_columns(const struct cells *line, int fixed)
{
    int columns = (line->width - fixed) * 2 / 3;

    columns = columns < 40 ? columns : 40;
    return columns > 10 ? columns : 10;
}

static void put_topic(struct cells *line, const struct top_row *row)
{
    char flags[3] = {row->flags & MSOCK_MESSAGE_STATE ? 's' : ' ',
                     row->flags & MSOCK_MESSAGE_RELIABLE ? 'r' : ' ', '\0'};
    int columns = name_columns(line, TOPIC_FIXED);

    if (row->name) {
        cells_put(line, row->name, row->name_size, columns);
    } else {
        put(line, "(all other topics)", columns);
    }
    gap(line);
    put(line, flags, 2);
    put_number(line, row->per_s, 7);
    put_number(line, row->bytes_per_s, 8);
    put_count(line, row->size, 7);
    put_percent(line, row->loss, 6);
    put_age(line, row->age_ms, 6);
    gap(line);
    put(line, row->sender, 12);
    gap(line);
    cells_put(line, row->value, row->value_size, CELLS_MAX);
}

static enum top_look put_node(struct cells *line, const struct top_node *node)
{
    const char *state = !node->up ? "gone" : node->visitor ? "visits" : "up";
    double all = (double)(node->received + node->missed);

    put(line, node->name, name_columns(line, NODE_FIXED));
    gap(line);
    put(line, state, 6);
    gap(line);
    put(line, node->address, 21);
    put_age(line, (int64_t)node->heard_ms, 6);
    put_percent(line, all > 0 ? 100.0 * (double)node->missed / all : -1, 6);
    gap(line);
    put(line, node->version, 6);
    gap(line);
    put(line, node->key, 8);
    gap(line);
    put(line, node->filters, CELLS_MAX);
    return node->up ? TOP_PLAIN : TOP_FAINT;
}

static enum top_look put_drop(struct cells *line, const struct top_drop *drop)
{
    put(line, msock_counter_name(drop->counter), 20);
    put_count(line, drop->count, 8);
    put_count(line, drop->rise, 8);
    put(line, "", 2);
    put(line, msock_counter_text(drop->counter), CELLS_MAX);
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
    switch (view->kind) {
    case TOP_NODES:
        put(line, "NODE", name_columns(line, NODE_FIXED));
        put(line, " STATE  ADDRESS", 29);
        cells_add(line, " HEARD LOSS% LIB    KEY      FILTERS");
        break;
    case TOP_DROPS:
        cells_add(line, "REASON                 COUNT    RISE  WHAT IT IS");
        break;
    default:
        put(line, "TOPIC", name_columns(line, TOPIC_FIXED));
        cells_add(line, "     MSG/S BYTES/S   SIZE LOSS%   AGE SENDER       "
                        "VALUE");
    }
    cells_end(line);
}

/* -- The head -- */

static void put_where(struct cells *line, const struct top_snapshot *snapshot)
{
    char text[NUMBER_SIZE];

    cells_add(line, snapshot->channel);
    cells_add(line, snapshot->sealed ? "  sealed" : "  open");
    snprintf(text, sizeof(text), "  %d interface%s", snapshot->joined,
             snapshot->joined == 1 ? "" : "s");
    cells_add(line, text);
}

static enum top_look put_totals(struct cells *line,
                                const struct top_snapshot *snapshot)
{
    char text[4 * NUMBER_SIZE];

    put_number(line, snapshot->per_s, 6);
    cells_add(line, " msg/s ");
    put_number(line, snapshot->bytes_per_s, 6);
    cells_add(line, " bytes/s  loss ");
    put_percent(line, snapshot->loss, 5);
    snprintf(text, sizeof(text), " %%  lost %" PRIu64 "  drops %" PRIu64,
             snapshot->lost, snapshot->drops);
    cells_add(line, text);
    if (snapshot->held > 0) {
        snprintf(text, sizeof(text), "  held %zu", snapshot->held);
        cells_add(line, text);
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
    char text[4 * NUMBER_SIZE];

    for (int i = 0; i < TOP_KINDS; i++) {
        bool shown = (int)view->kind == i;
        snprintf(text, sizeof(text), "%s%d %s %zu%s ", shown ? "[" : " ", i + 1,
                 top_kind_name((enum top_kind)i), counts[i], shown ? "]" : " ");
        cells_add(line, text);
    }
    snprintf(text, sizeof(text), " by %s%s%s",
             top_sorts(view->kind)[view->sort[view->kind]],
             view->reverse[view->kind] ? ", reversed" : "",
             view->paused ? "  PAUSED" : "");
    cells_add(line, text);
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
