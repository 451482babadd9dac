/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of columns. */
#include "tools/msock/top/columns.h"

#include <string.h>

enum {
    NAME_MIN = 10,
    REST_MIN = 5 /* columns of its text */
};

/** What a line has room for. */
struct layout {
    int name;      /* columns */
    unsigned left; /* out: a bit for each column */
    bool rest;
};

static int count_of(const struct columns *columns)
{
    int count = 0;

    while (columns->column[count].columns > 0) {
        count++;
    }
    return count;
}

static struct layout lay_out(const struct columns *columns, int width)
{
    struct layout layout = {.rest = true};
    int rest = columns->rest_gap + REST_MIN;
    int fixed = 0;
    int mark = 0; /* columns of a blank and the `>` */

    for (int i = 0; i < count_of(columns); i++) {
        fixed += columns->column[i].columns;
    }
    for (const char *next = columns->order;
         NAME_MIN + fixed + rest + mark > width && *next != '\0'; next++) {
        if (*next == 'r') {
            layout.rest = false;
            rest = 0;
        } else {
            int i = *next - '0';
            layout.left |= 1U << i;
            fixed -= columns->column[i].columns;
        }
        mark = 2;
    }
    int room = width - fixed - mark;
    layout.name = layout.rest ? (room - columns->rest_gap) * 2 / 3 : room;
    if (layout.name > columns->name_max) {
        layout.name = columns->name_max;
    }
    if (layout.name < NAME_MIN) {
        layout.name = NAME_MIN;
    }
    return layout;
}

static void put(struct cells *line, const char *text, int columns)
{
    cells_put(line, text, strlen(text), columns);
}

static void put_column(struct cells *line, const struct column *column,
                       const char *text)
{
    if (column->right) {
        cells_right(line, text, column->columns);
    } else {
        put(line, "", 1);
        put(line, text, column->columns - 1);
    }
}

void columns_row(const struct columns *columns,
                 const struct column_texts *texts, struct cells *line)
{
    struct layout layout = lay_out(columns, line->width);
    int count = count_of(columns);

    cells_put(line, texts->name, texts->name_size, layout.name);
    for (int i = 0; i < count; i++) {
        if (!(layout.left >> i & 1)) {
            put_column(line, &columns->column[i],
                       texts->text[i] ? texts->text[i] : texts->number[i]);
        }
    }
    if (layout.rest) {
        put(line, "", columns->rest_gap);
        cells_put(line, texts->rest, texts->rest_size, CELLS_MAX);
    }
}

void columns_titles(const struct columns *columns, struct cells *line)
{
    struct layout layout = lay_out(columns, line->width);
    bool fewer = layout.left != 0 || !layout.rest;
    int count = count_of(columns);

    put(line, columns->name, layout.name);
    for (int i = 0; i < count; i++) {
        if (!(layout.left >> i & 1)) {
            put_column(line, &columns->column[i], columns->column[i].title);
        }
    }
    if (layout.rest) {
        put(line, "", columns->rest_gap);
        put(line, columns->rest, line->width - line->columns - (fewer ? 2 : 0));
    }
    if (fewer) {
        cells_mark(line);
    }
}
