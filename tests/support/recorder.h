/* SPDX-License-Identifier: Apache-2.0 */
/* A transport without a network, below a whole channel: one a program. */
#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

#include "transport/transport.h"

/** Notes what is sent, as long as there is room; delivers it back on request.
 */
struct recorder {
    struct msock__transport base;
    struct msock__transport_events events;
    uv_timer_t timer; /* makes room, or only wakes the loop */
    uv_check_t check; /* delivers, where sockets would: after the sleep */
    int open_count;
    int start_error;
    size_t room;
    size_t sent;     /* frames */
    size_t messages; /* frames of them that carry messages */
    size_t bytes;
    size_t forgets;
    bool started, closed;
};

extern struct recorder recorder;

/** Opens a channel over the recorder.  Returns NULL if it does not start. */
msock_channel *recorder_open(uv_loop_t *loop);

/** Turns the channel's loop, as a poll(2) loop would, until the hellos of its
 *  opening have left: the next one is seconds away. */
void recorder_open_up(msock_channel *channel);

/** A channel's last callback: adds *user, an int, to end_count. */
void on_end(void *user);

extern int end_count;

#endif
