/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a driver on a uv loop, for loop.c (its life) and loop_run.c
 * (its turns). */
#ifndef MSOCK_TRANSPORT_LOOP_STATE_H
#define MSOCK_TRANSPORT_LOOP_STATE_H

#include "core/engine.h"
#include "transport/keywatch.h"
#include "transport/transport.h"

#include <stdatomic.h>

struct msock__loop {
    struct msock__driver base;
    uv_loop_t *loop;
    bool own;
    unsigned generation; /* of the process that opened */
    struct msock__transport *transport;
    msock_channel *channel;
    struct msock__engine *engine;

    uv_timer_t timer;
    uint64_t timer_us; /* when it ends the sleep; UINT64_MAX: not armed */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_async_t async;
    const char *watched[MSOCK__KEYWATCH_MAX]; /* paths, until it is started */
    size_t watched_count;
    struct msock__keywatch *watch; /* or NULL */
    msock_logger *logger;          /* of the watch */
    uv_work_t work;                /* one at a time */
    void (*worker)(void *arg);
    void *worker_arg;
    bool working;
    unsigned open_count; /* handles, transport and work, not closed yet */

    atomic_bool stop;
    atomic_bool receiving;   /* the loop is awake and looks at `stop` next */
    atomic_uintptr_t runner; /* thread in run(), dispatch() or close(), or 0 */
    bool blocked;            /* the transport has no room */
    bool woken;              /* something may be there to be sent */

    bool closing;  /* draining, or further */
    bool shut;     /* drained: handles are closing */
    bool orphaned; /* never had a channel: free when the handles are closed */
    uint64_t drain_until_us;
    msock_closed *closed;
    void *user;
};

/** Whether this process is a child of the one that opened. */
bool msock__loop_forked(const struct msock__driver *driver);

/** A number of the calling thread, never 0. */
uintptr_t msock__loop_thread(void);

/** Everything is closed and nothing freed yet. */
bool msock__loop_has_ended(const struct msock__loop *self);

/** Starts to close handles and transport. */
void msock__loop_shut(struct msock__loop *self);

/** After msock__loop_has_ended(): frees loop, channel and driver, and calls
 *  the application's last callback. */
void msock__loop_end(struct msock__loop *self);

/** Sets the timer to end the sleep at `due_us` (UINT64_MAX: not at all), never
 *  too early. */
void msock__loop_arm(struct msock__loop *self, uint64_t now_us,
                     uint64_t due_us);

/** Sends what was published since the last time, if anything was. */
void msock__loop_flush(struct msock__loop *self, uint64_t now_us);

/** Does what is due, sends what is queued, and arms the timer. */
void msock__loop_turn(struct msock__loop *self);

/** The calls of core/driver.h. */
void msock__loop_wake(struct msock__driver *driver);
void msock__loop_notify(struct msock__driver *driver);
int msock__loop_run(struct msock__driver *driver);
void msock__loop_stop(struct msock__driver *driver);
int msock__loop_fd(const struct msock__driver *driver);
int msock__loop_timeout(const struct msock__driver *driver);
int msock__loop_dispatch(struct msock__driver *driver);

#endif
