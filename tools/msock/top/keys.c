/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do to a view. */
#include "tools/msock/top/view.h"

#include <string.h>

static int sort_count(enum top_kind kind)
{
    const char *const *names = top_sorts(kind);
    int count = 0;

    while (names[count]) {
        count++;
    }
    return count;
}

static void sort_by(struct top_view *view, int step)
{
    int count = sort_count(view->kind);

    view->sort[view->kind] = (view->sort[view->kind] + count + step) % count;
}

static void show(struct top_view *view, enum top_kind kind)
{
    view->kind = kind;
    view->scroll = 0;
}

/* Scrolls; the last page stays full. */
static void scroll_to(struct top_view *view, long to, size_t rows, size_t page)
{
    long most = rows > page ? (long)(rows - page) : 0;

    to = to < most ? to : most;
    view->scroll = to > 0 ? (size_t)to : 0;
}

/* Takes away the last character of the filter, of UTF-8. */
static void rub_out(char *filter)
{
    size_t size = strlen(filter);

    while (size > 0 && ((unsigned char)filter[size - 1] & 0xC0) == 0x80) {
        size--;
    }
    filter[size > 0 ? size - 1 : 0] = '\0';
}

static enum top_act type(struct top_view *view, int key)
{
    size_t size = strlen(view->filter);

    if (key == TOP_KEY_ESCAPE) {
        view->filter[0] = '\0';
        view->typing = false;
    } else if (key == '\n' || key == '\r') {
        view->typing = false;
    } else if (key == TOP_KEY_BACKSPACE || key == '\b' || key == 127) {
        rub_out(view->filter);
    } else if (key >= ' ' && key < 256 && size < TOP_FILTER_MAX) {
        view->filter[size] = (char)key;
        view->filter[size + 1] = '\0';
    } else {
        return TOP_NOTHING;
    }
    view->scroll = 0;
    return TOP_DRAW;
}

static enum top_act move(struct top_view *view, int key, size_t rows,
                         size_t page)
{
    long at = (long)view->scroll;
    long step = page > 1 ? (long)page - 1 : 1;

    switch (key) {
    case TOP_KEY_UP:
        scroll_to(view, at - 1, rows, page);
        return TOP_DRAW;
    case TOP_KEY_DOWN:
        scroll_to(view, at + 1, rows, page);
        return TOP_DRAW;
    case TOP_KEY_PAGE_UP:
        scroll_to(view, at - step, rows, page);
        return TOP_DRAW;
    case TOP_KEY_PAGE_DOWN:
        scroll_to(view, at + step, rows, page);
        return TOP_DRAW;
    case TOP_KEY_HOME:
        scroll_to(view, 0, rows, page);
        return TOP_DRAW;
    case TOP_KEY_END:
        scroll_to(view, (long)rows, rows, page);
        return TOP_DRAW;
    default:
        return TOP_NOTHING;
    }
}

static enum top_act command(struct top_view *view, int key)
{
    switch (key) {
    case 'q':
        return TOP_QUIT;
    case 'p':
    case ' ':
        view->paused = !view->paused;
        return TOP_DRAW;
    case 's':
    case '>':
        sort_by(view, 1);
        return TOP_DRAW;
    case 'S':
    case '<':
        sort_by(view, -1);
        return TOP_DRAW;
    case 'r':
        view->reverse[view->kind] = !view->reverse[view->kind];
        return TOP_DRAW;
    case '/':
        view->typing = true;
        return TOP_DRAW;
    case TOP_KEY_ESCAPE:
        view->filter[0] = '\0';
        return TOP_DRAW;
    case 'h':
    case '?':
        view->help = true;
        return TOP_DRAW;
    case '\t':
        show(view, (enum top_kind)((view->kind + 1) % TOP_KINDS));
        return TOP_DRAW;
    case '1':
    case '2':
    case '3':
        show(view, (enum top_kind)(key - '1'));
        return TOP_DRAW;
    default:
        return TOP_NOTHING;
    }
}

enum top_act top_view_key(struct top_view *view, int key, size_t rows,
                          size_t page)
{
    if (view->typing) {
        return type(view, key);
    }
    if (view->help) {
        view->help = false; /* whatever key */
        return key == 'q' ? TOP_QUIT : TOP_DRAW;
    }
    enum top_act act = move(view, key, rows, page);
    return act == TOP_NOTHING ? command(view, key) : act;
}
