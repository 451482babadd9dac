/* SPDX-License-Identifier: Apache-2.0 */
/* The run of msock top: a channel that is listened to, and screens. */
#ifndef MSOCK_TOOLS_TOP_RUN_H
#define MSOCK_TOOLS_TOP_RUN_H

#include "tools/msock/cli.h"
#include "tools/msock/top/view.h"

struct top {
    /* What was asked for. */
    struct top_view view;
    int64_t interval_ms;
    uint64_t screens; /* as text or JSON, then it ends; 0: any number */
    double wait_s;    /* 0: until it is ended */
    bool json;
    bool reverse;
    const char *sort;
    char **filters;
    int filter_count; /* 0: all */

    /* While it runs. */
    bool terminal;
    int width; /* of text */
    bool quit;
    bool told; /* why it failed */
    uint64_t shown;
    uint64_t taken; /* messages when the channel was asked last */
    int64_t next_ms, end_ms;
    int idle_keys; /* times that the terminal had something, and no key */
    msock_channel *channel;
    struct top_model model;
    struct top_snapshot snapshot;
    struct top_order order;
};

/** Opens the channel and shows it until it ends.  Returns the exit code. */
int top_run(struct top *top, struct cli_channel *names);

#endif
