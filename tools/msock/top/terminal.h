/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal, by ncurses; or none, where msock was built without it. All that
 * goes there are lines of cells.h. */
#ifndef MSOCK_TOOLS_TOP_TERMINAL_H
#define MSOCK_TOOLS_TOP_TERMINAL_H

#include "tools/msock/top/view.h"

enum { TERMINAL_NONE = -1, TERMINAL_RESIZED = -2 };

/** Looks whether there is one to show screens on.  Returns CLI_OK, or
 *  CLI_USAGE after having told what to do instead. */
int terminal_check(void);

/** Takes the terminal; signals have their handlers already. Nothing else may
 *  write to it until it is closed.  Returns CLI_OK, or CLI_FAILURE after having
 *  told why. */
int terminal_open(void);

/** Gives it back as it was; harmless if it is not open. */
void terminal_close(void);

/** Tells its size in columns and lines. */
void terminal_size(int *columns, int *lines);

/** Returns a key as top_view_key() takes it, TERMINAL_NONE: no more, or
 *  TERMINAL_RESIZED. */
int terminal_key(void);

/** Writes a whole line. */
void terminal_line(int number, const struct cells *line, enum top_look look);

/** Shows what was written. */
void terminal_show(void);

#endif
