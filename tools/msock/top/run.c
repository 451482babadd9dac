/* SPDX-License-Identifier: Apache-2.0 */
/* The run of msock top. */
#include "tools/msock/top/run.h"

#include "tools/msock/drops.h"
#include "tools/msock/ears.h"
#include "tools/msock/top/batch.h"
#include "tools/msock/top/terminal.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /* Messages that come one by one are taken some at a time: half of the work
       of a message is to wake up for it. The kernel keeps them meanwhile. */
    REST_MS = 3,
    REST_MOST = 256, /* taken at once: do not rest, the kernel may be full */
    WIDTH = 100,
    WIDTH_LEAST = 20,
    IDLE_KEYS_MOST = 100 /* the terminal is gone */
};

/* -- What comes -- */

static void on_message(const msock_message *message, void *user)
{
    struct top *top = user;

    top_model_add(&top->model, message, turn_now_ms());
}

/* -- What is shown -- */

/* Returns how many rows are shown at once. */
static size_t page_of(void)
{
    int columns, lines;

    terminal_size(&columns, &lines);
    return lines > TOP_HEAD + TOP_FOOT ? (size_t)(lines - TOP_HEAD - TOP_FOOT)
                                       : 0;
}

static void draw(struct top *top)
{
    int columns, lines;
    struct cells line;

    terminal_size(&columns, &lines);
    if (top->view.scroll >= top->order.count) {
        top->view.scroll = top->order.count > 0 ? top->order.count - 1 : 0;
    }
    for (int i = 0; i < lines; i++) {
        cells_begin(&line, columns, top->view.ascii);
        enum top_look look = top_view_line(&top->view, &top->snapshot,
                                           &top->order, i, lines, &line);
        terminal_line(i, &line, look);
    }
    terminal_show();
}

static int show(struct top *top)
{
    int code = top_order_make(&top->order, &top->view, &top->snapshot);

    if (code < 0) {
        return code;
    }
    if (top->terminal) {
        draw(top);
        return 0;
    }
    top->shown++;
    top->quit = top->shown == top->screens;
    code = top->json ? batch_json(&top->snapshot, &top->order)
                     : batch_text(&top->view, &top->snapshot, &top->order,
                                  top->width);
    top->told = code != CLI_OK;
    return top->told ? MSOCK_ESYSTEM : 0;
}

/* A new screen, if it is time for one; what is paused stays as it was. */
static int refresh_screen(struct top *top)
{
    int64_t now_ms = turn_now_ms();
    int code = 0;

    if (now_ms < top->next_ms) {
        return 0;
    }
    top->next_ms = now_ms + top->interval_ms;
    if (!top->view.paused) {
        code = top_snapshot_take(&top->snapshot, &top->model, top->channel,
                                 now_ms);
    }
    return code < 0 ? code : show(top);
}

static int press_keys(struct top *top)
{
    bool changed = false;
    bool any = false;

    for (int key = terminal_key(); key != TERMINAL_NONE && !top->quit;
         key = terminal_key()) {
        enum top_act act =
            key == TERMINAL_RESIZED
                ? TOP_DRAW
                : top_view_key(&top->view, key, top->order.count, page_of());
        any = true;
        changed = changed || act == TOP_DRAW;
        top->quit = act == TOP_QUIT;
    }
    top->idle_keys = any ? 0 : top->idle_keys + 1;
    return changed && !top->quit ? show(top) : 0;
}

/* -- Turns -- */

static int wait_of(const struct top *top)
{
    bool ends = top->end_ms > 0 && top->end_ms < top->next_ms;
    int64_t left = (ends ? top->end_ms : top->next_ms) - turn_now_ms();
    int wait_ms = msock_timeout(top->channel);

    left = left > 0 ? left : 0;
    return wait_ms < 0 || wait_ms > left ? (int)left : wait_ms;
}

/* Returns 0 or an error code. */
static int step(struct top *top)
{
    struct pollfd polls[] = {
        {.fd = msock_fd(top->channel), .events = POLLIN},
        {.fd = top->terminal ? STDIN_FILENO : -1, .events = POLLIN}};

    if (poll(polls, 2, wait_of(top)) < 0) {
        polls[1].revents = errno == EINTR; /* a new size of the terminal */
    }
    int code = msock_dispatch(top->channel);
    if (code >= 0 && top->terminal && polls[1].revents) {
        code = press_keys(top);
        top->quit = top->quit || polls[1].revents & (POLLHUP | POLLERR) ||
                    top->idle_keys > IDLE_KEYS_MOST;
    }
    if (code >= 0) {
        code = refresh_screen(top);
    }
    uint64_t came = top->model.messages - top->taken;
    top->taken = top->model.messages;
    if (came > 0 && came < REST_MOST) {
        (void)poll(NULL, 0, REST_MS);
    }
    return code < 0 ? code : 0;
}

static int listen_on(struct top *top)
{
    int code = 0;

    while (code == 0 && !top->quit && !until_signalled() &&
           (top->end_ms == 0 || turn_now_ms() < top->end_ms)) {
        code = step(top);
    }
    return code;
}

/* -- The whole -- */

/* Terminals show what the locale says; text is UTF-8, as of the other verbs. */
static void choose_letters(struct top *top)
{
    const char *name = setlocale(LC_CTYPE, "");
    bool utf8 = name && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

    if (!utf8 && !top->terminal) {
        utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
    }
    top->view.ascii = !utf8;
}

static void choose_width(struct top *top)
{
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;

    top->width =
        width >= WIDTH_LEAST && width <= CELLS_MAX ? (int)width : WIDTH;
}

/* Shows screens until it ends.  Returns the exit code. */
static int show_screens(struct top *top)
{
    struct ears ears = {.filters = top->filters,
                        .filter_count = top->filter_count,
                        .on_message = on_message,
                        .user = top};
    int code = ears_open(&ears, top->channel);

    top->model.began_ms = turn_now_ms();
    top->next_ms = top->model.began_ms + (top->terminal ? 0 : top->interval_ms);
    top->end_ms = top->wait_s > 0
                      ? top->model.began_ms + (int64_t)(top->wait_s * 1000) + 1
                      : 0;
    int exit_code = CLI_OK;
    if (code == 0 && top->terminal) {
        exit_code = terminal_open();
    }
    if (code == 0 && exit_code == CLI_OK) {
        code = listen_on(top);
        terminal_close();
    }
    ears_close(&ears);
    if (code < 0) {
        exit_code = top->told ? CLI_FAILURE : cli_error_code(code);
    }
    return exit_code;
}

int top_run(struct top *top, struct cli_channel *names)
{
    const char *url = cli_channel_url(names);

    top->terminal = !top->json && top->screens == 0;
    if (top->terminal && terminal_check() != CLI_OK) {
        return CLI_USAGE;
    }
    if (top->json) {
        top->view.kind = TOP_TOPICS; /* the others are not ordered */
    }
    choose_letters(top);
    choose_width(top);
    until_signals();
    if (top->terminal) {
        until_signals_of_terminal(); /* text goes on under nohup(1) */
    }
    names->quiet = names->quiet || top->terminal;
    int code = cli_channel_open(&top->channel, names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(top->channel);
    top->snapshot.channel = url ? url : MSOCK_DEFAULT_URL;
    top->snapshot.sealed =
        names->key_file || cli_channel_says(names, "key_file");
    top->snapshot.trusts =
        names->trust_file || cli_channel_says(names, "trust_file");
    code = show_screens(top);
    drops_tell(top->channel);
    until_channel(NULL);
    msock_close(top->channel, NULL, NULL);
    top_snapshot_fini(&top->snapshot);
    top_order_fini(&top->order);
    top_model_fini(&top->model);
    return code;
}
