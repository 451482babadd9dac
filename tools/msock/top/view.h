/* SPDX-License-Identifier: Apache-2.0 */
/* How a snapshot is shown: views, order, filter, scrolling, and what keys do to
 * them; lines of columns, of which no terminal is known but its size. */
#ifndef MSOCK_TOOLS_TOP_VIEW_H
#define MSOCK_TOOLS_TOP_VIEW_H

#include "tools/msock/top/cells.h"
#include "tools/msock/top/snapshot.h"

enum top_kind { TOP_TOPICS, TOP_NODES, TOP_DROPS, TOP_KINDS };

enum {
    TOP_HEAD = 4, /* lines above the rows */
    TOP_FOOT = 1, /* below them */
    TOP_FILTER_MAX = 64
};

struct top_view {
    enum top_kind kind;
    int sort[TOP_KINDS]; /* a column of top_sorts() */
    bool reverse[TOP_KINDS];
    size_t scroll; /* rows above the first that is shown */
    bool paused;
    bool help;
    bool typing; /* the filter */
    bool batch;  /* no keys: no line about them */
    bool ascii;
    char filter[TOP_FILTER_MAX + 1]; /* part of a name, or with + and # what
                                        msock_topic_match() takes */
};

/** The rows that are shown, in their order. */
struct top_order {
    struct top_entry *entries;
    size_t count, capacity;
};

struct top_entry {
    size_t index; /* in the snapshot */
    double number;
    const char *text;
    const char *name;
};

/** How a line looks. */
enum top_look { TOP_PLAIN, TOP_TITLE, TOP_FAINT, TOP_ALARM };

/* Keys that are no character. */
enum top_key {
    TOP_KEY_UP = 256,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_BACKSPACE,
    TOP_KEY_ESCAPE = 27
};

/** What is to be done after a key. */
enum top_act { TOP_NOTHING, TOP_DRAW, TOP_QUIT };

/** The view that is shown at first. */
struct top_view top_view_first(void);

/** Returns the names by which a view can be sorted, and a NULL. */
const char *const *top_sorts(enum top_kind kind);

/** Returns "topics", "nodes" or "drops". */
const char *top_kind_name(enum top_kind kind);

/** Does what a key says; `rows` there are and `page` of them are shown. */
enum top_act top_view_key(struct top_view *view, int key, size_t rows,
                          size_t page);

/** Chooses and orders the rows.  Returns 0, or MSOCK_ENOMEM. */
int top_order_make(struct top_order *order, const struct top_view *view,
                   const struct top_snapshot *snapshot);

/** Frees what it holds. */
void top_order_fini(struct top_order *order);

/** Writes the line with this number, from 0 on, of a screen of `height` lines
 *  (at least TOP_HEAD + TOP_FOOT, else the head alone); the caller has begun
 *  it.  Returns how it looks. */
enum top_look top_view_line(const struct top_view *view,
                            const struct top_snapshot *snapshot,
                            const struct top_order *order, int number,
                            int height, struct cells *line);

/** Writes a row of the order, as top_view_line() does. */
enum top_look top_view_row(const struct top_view *view,
                           const struct top_snapshot *snapshot,
                           const struct top_order *order, size_t row,
                           struct cells *line);

/** Writes the titles of the columns. */
void top_view_titles(const struct top_view *view, struct cells *line);

#endif
