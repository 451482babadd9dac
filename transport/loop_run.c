/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of a driver's loop, and the calls that make them. */
#include "transport/loop_state.h"

#include "codec/error.h"
#include "transport/process.h"

enum {
    FLUSH_BATCH = 64,
    FLUSH_TURNS = 16, /* batches before others of the loop have a turn */
    SLEEP_MAX_US = 10000000
};

/* -- One turn of the loop -- */

static void on_timer(uv_timer_t *timer)
{
    struct msock__loop *self = timer->data;

    /* It only ends the sleep: the prepare handle of this turn does the work. */
    self->timer_us = UINT64_MAX;
}

void msock__loop_arm(struct msock__loop *self, uint64_t now_us, uint64_t due_us)
{
    if (due_us == self->timer_us) {
        return;
    }
    self->timer_us = due_us;
    if (due_us == UINT64_MAX) {
        uv_timer_stop(&self->timer);
        return;
    }
    uint64_t delay_ms = 0;
    if (due_us > now_us) {
        uint64_t sleep_us = due_us - now_us;
        /* While the system is suspended the loop's clock stands still, and the
         * deadline's does not: the sleep must not go on for long afterwards. */
        if (sleep_us > SLEEP_MAX_US) {
            sleep_us = SLEEP_MAX_US;
        }
        uv_update_time(self->loop);
        delay_ms = sleep_us / 1000 + 1;
    }
    uv_timer_start(&self->timer, on_timer, delay_ms, 0);
}

void msock__loop_wake(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    self->woken = true;
    if (self->own && atomic_load(&self->receiving)) {
        return; /* who runs the loop has a turn next, or is about to sleep */
    }
    if (!self->shut && self->open_count > 0) {
        msock__loop_arm(self, 0, 0);
    }
}

void msock__loop_notify(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    uv_async_send(&self->async);
}

static void flush(struct msock__loop *self, uint64_t now_us)
{
    struct msock__outgoing frames[FLUSH_BATCH];

    for (int i = 0; i < FLUSH_TURNS && !self->blocked; i++) {
        size_t count =
            msock__engine_output(self->engine, now_us, frames, FLUSH_BATCH);
        if (count == 0) {
            return;
        }
        size_t done =
            self->transport->ops->send(self->transport, frames, count);
        msock__engine_sent(self->engine, done);
        self->blocked = done < count;
        if (count < MSOCK__OUTPUT_LEAST) {
            return;
        }
    }
}

void msock__loop_flush(struct msock__loop *self, uint64_t now_us)
{
    if (!self->woken || self->shut || msock__loop_forked(&self->base)) {
        return;
    }
    self->woken = false;
    flush(self, now_us);
}

void msock__loop_turn(struct msock__loop *self)
{
    uint64_t now_us = msock__process_now();

    if (self->shut || msock__loop_forked(&self->base)) {
        return;
    }
    if (self->watch != NULL) {
        msock__keywatch_look(self->watch, now_us);
    }
    msock__loop_flush(self, now_us);
    uint64_t due_us = msock__engine_deadline(self->engine);
    if (due_us <= now_us) {
        msock__engine_tick(self->engine, now_us);
        flush(self, now_us);
        due_us = msock__engine_deadline(self->engine);
    }
    if (self->closing) {
        if (now_us >= self->drain_until_us ||
            msock__engine_drained(self->engine)) {
            msock__loop_shut(self);
            return;
        }
        due_us = due_us < self->drain_until_us ? due_us : self->drain_until_us;
    }
    msock__loop_arm(self, now_us, due_us);
}

/* -- Running -- */

uintptr_t msock__loop_thread(void)
{
    static _Thread_local char here;
    return (uintptr_t)&here;
}

/* Checks that the loop is ours to run and poll.  Returns 0 or the error. */
static int check_own(const struct msock__loop *self)
{
    return self->own ? 0
                     : msock__fail(MSOCK_ENOTSUP,
                                   "the channel is on the caller's uv loop: "
                                   "run or poll that");
}

/* Checks that a call may run the loop.  Returns 0 or the error. */
static int enter(struct msock__loop *self)
{
    int rc = check_own(self);

    if (rc < 0) {
        return rc;
    }
    if (atomic_load(&self->runner) != 0) {
        return msock__fail(MSOCK_EBUSY, "the channel's loop runs already");
    }
    if (msock__loop_forked(&self->base)) {
        return msock__fail(MSOCK_EFORK, "this process was forked after "
                                        "msock_open(): open a channel here");
    }
    atomic_store(&self->runner, msock__loop_thread());
    return 0;
}

static int leave(struct msock__loop *self)
{
    atomic_store(&self->runner, 0);
    if (msock__loop_has_ended(self)) {
        msock__loop_end(self);
        return msock__fail(MSOCK_ECLOSED, "the channel has closed");
    }
    return 0;
}

static bool is_stopped(struct msock__loop *self)
{
    /* A channel that closes runs to its end. */
    return !self->closing && atomic_exchange(&self->stop, false);
}

int msock__loop_run(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;
    int rc = enter(self);

    if (rc < 0) {
        return rc;
    }
    while (!msock__loop_has_ended(self) && !is_stopped(self)) {
        uv_run(self->loop, UV_RUN_ONCE);
    }
    /* Callbacks of the last turn may have published. */
    if (!self->shut && !msock__loop_forked(driver)) {
        flush(self, msock__process_now());
    }
    return leave(self);
}

void msock__loop_stop(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    /* In this order, and nothing else: it may be a signal handler. Who
     * receives looks at `stop` before it sleeps. */
    atomic_store(&self->stop, true);
    if (!atomic_load(&self->receiving)) {
        uv_async_send(&self->async);
    }
}

int msock__loop_fd(const struct msock__driver *driver)
{
    const struct msock__loop *self = (const struct msock__loop *)driver;
    int rc = check_own(self);

    return rc < 0 ? rc : uv_backend_fd(self->loop);
}

int msock__loop_timeout(const struct msock__driver *driver)
{
    const struct msock__loop *self = (const struct msock__loop *)driver;
    int rc = check_own(self);

    if (rc < 0) {
        return rc;
    }
    /* The loop's time stood still while the caller slept. */
    uv_update_time(self->loop);
    return uv_backend_timeout(self->loop);
}

int msock__loop_dispatch(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;
    int rc = enter(self);

    if (rc < 0) {
        return rc;
    }
    uv_run(self->loop, UV_RUN_NOWAIT);
    /* What callbacks published leaves now: the caller sleeps next. */
    msock__loop_turn(self);
    return leave(self);
}
