/* SPDX-License-Identifier: Apache-2.0 */
/* No terminal: what stands in for terminal.c in a build without ncurses. */
#include "tools/msock/cli.h"
#include "tools/msock/top/terminal.h"

int terminal_check(void)
{
    return cli_usage("this msock was built without ncurses: take --once, -n "
                     "COUNT or --json");
}

int terminal_open(void)
{
    return terminal_check();
}

void terminal_close(void)
{
}

void terminal_size(int *columns, int *lines)
{
    *columns = 0;
    *lines = 0;
}

int terminal_key(void)
{
    return TERMINAL_NONE;
}

void terminal_line(int number, const struct cells *line, enum top_look look)
{
    (void)number;
    (void)line;
    (void)look;
}

void terminal_show(void)
{
}
