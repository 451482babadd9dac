/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal, by ncurses. */
#include "tools/msock/top/terminal.h"

#include "tools/msock/cli.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ESCAPE_DELAY_MS = 25, RED = 1 };

static SCREEN *screen;
static bool coloured;

int terminal_check(void)
{
    return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)
               ? CLI_OK
               : cli_usage("this is no terminal: take --once, -n COUNT or "
                           "--json; see msock top -h");
}

static void choose_colours(void)
{
    const char *none = getenv("NO_COLOR");

    coloured = (!none || none[0] == '\0') && has_colors() &&
               start_color() == OK && use_default_colors() == OK &&
               init_pair(RED, COLOR_RED, -1) == OK;
}

int terminal_open(void)
{
    screen = newterm(NULL, stdout, stdin);
    if (!screen) {
        return cli_error("the terminal is not known: set TERM, or take --once");
    }
    set_term(screen);
    set_escdelay(ESCAPE_DELAY_MS);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    choose_colours();
    return CLI_OK;
}

void terminal_close(void)
{
    if (screen) {
        endwin();
        delscreen(screen);
        screen = NULL;
    }
}

void terminal_size(int *columns, int *lines)
{
    getmaxyx(stdscr, *lines, *columns);
}

int terminal_key(void)
{
    int key = getch();

    switch (key) {
    case ERR:
        return TERMINAL_NONE;
    case KEY_RESIZE:
        clear();
        return TERMINAL_RESIZED;
    case KEY_UP:
        return TOP_KEY_UP;
    case KEY_DOWN:
        return TOP_KEY_DOWN;
    case KEY_PPAGE:
        return TOP_KEY_PAGE_UP;
    case KEY_NPAGE:
        return TOP_KEY_PAGE_DOWN;
    case KEY_HOME:
        return TOP_KEY_HOME;
    case KEY_END:
        return TOP_KEY_END;
    case KEY_BACKSPACE:
        return TOP_KEY_BACKSPACE;
    case KEY_ENTER:
        return '\n';
    case '\f': /* Control-L */
        clear();
        return TERMINAL_RESIZED;
    default:
        return key < 256 ? key : 0;
    }
}

static attr_t attributes(enum top_look look)
{
    switch (look) {
    case TOP_TITLE:
        return A_REVERSE;
    case TOP_FAINT:
        return A_DIM;
    case TOP_ALARM:
        return coloured ? (attr_t)COLOR_PAIR(RED) : A_BOLD;
    default:
        return A_NORMAL;
    }
}

void terminal_line(int number, const struct cells *line, enum top_look look)
{
    attr_t wanted = attributes(look);

    attron(wanted);
    mvaddnstr(number, 0, line->text, (int)line->size);
    attroff(wanted);
}

void terminal_show(void)
{
    refresh();
}
