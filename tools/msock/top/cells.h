/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a terminal, filled column by column with text that others chose.
 *
 * What could harm the terminal is escaped (msock_text_escape()), and so is what
 * it might show wider or narrower than it is: a letter takes at most two marks,
 * and what wcwidth(3) does not know, variation selectors and skin tones are
 * shown as \u{HHHH}. So a column begins where the one above it does. */
#ifndef MSOCK_TOOLS_TOP_CELLS_H
#define MSOCK_TOOLS_TOP_CELLS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CELLS_MAX = 500,   /* columns of a line */
    CELLS_BYTES = 12,  /* of a column: a letter and two marks */
    CELLS_TEXT = 1024, /* bytes of one text; what is behind is not shown */
};

struct cells {
    char text[CELLS_MAX * CELLS_BYTES + 1]; /* UTF-8, ends with a NUL */
    size_t size;
    int columns; /* that are filled */
    int width;   /* that there are, at most CELLS_MAX */
    bool ascii;  /* the terminal shows nothing else */
    bool marked; /* cells_item() had no room: it adds nothing more */
};

/** Begins a line anew, with `width` columns (at most CELLS_MAX). */
void cells_begin(struct cells *line, int width, bool ascii);

/** Fills the next `columns` with text; cut with a `>` if it is wider, and
 *  padded with blanks if it is not. */
void cells_put(struct cells *line, const char *text, size_t size, int columns);

/** The same with a text of printable ASCII at the right end. */
void cells_right(struct cells *line, const char *text, int columns);

/** Fills as much as the text is wide, with what there is. */
void cells_add(struct cells *line, const char *text);

/** Adds a text of printable ASCII if there is room for all of it, a blank and
 *  a mark; otherwise cells_mark(), and nothing after that. */
void cells_item(struct cells *line, const char *text);

/** Ends the line with a `>` in its last column, if that is free. */
void cells_mark(struct cells *line);

/** Fills the rest of the line with blanks. */
void cells_end(struct cells *line);

#endif
