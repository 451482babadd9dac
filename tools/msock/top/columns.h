/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of columns: which of them a line has room for. A narrow screen shows
 * fewer, whole, so that no number is ever cut; its titles end with a `>`. */
#ifndef MSOCK_TOOLS_TOP_COLUMNS_H
#define MSOCK_TOOLS_TOP_COLUMNS_H

#include "tools/msock/top/cells.h"

enum {
    COLUMNS_MAX = 8,
    COLUMNS_NUMBER = 32 /* bytes of a number's text */
};

/** A column between a row's name and the text at its end. */
struct column {
    const char *title;
    int columns; /* with the blank before it; 0: there is none of it */
    bool right;  /* numbers, which are never cut */
};

/** The columns of one kind of rows. */
struct columns {
    const char *name, *rest; /* titles of the first and the last one */
    int name_max;
    int rest_gap;                      /* blanks before the last one */
    const char *order;                 /* in which they are left out: digits of
                                          columns, and r for the last one */
    struct column column[COLUMNS_MAX]; /* and an empty one */
};

/** What a row says in them. */
struct column_texts {
    const char *name, *rest;
    size_t name_size, rest_size;
    const char *text[COLUMNS_MAX]; /* or NULL: that of number[] */
    char number[COLUMNS_MAX][COLUMNS_NUMBER];
};

/** Writes a row into the line, which was begun. */
void columns_row(const struct columns *columns,
                 const struct column_texts *texts, struct cells *line);

/** Writes the titles. */
void columns_titles(const struct columns *columns, struct cells *line);

#endif
