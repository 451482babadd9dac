/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of a channel on a uv loop. */
#include "transport/loop.h"

#include "codec/error.h"
#include "transport/loop_state.h"
#include "transport/process.h"

#include <assert.h>
#include <stdlib.h>

enum {
    DRAIN_US = 40000000,
    RECEIVING_US = 5000 /* what waits to be sent does not wait longer */
};

static uint64_t loop_now(struct msock__driver *driver)
{
    (void)driver;
    return msock__process_now();
}

static uint64_t loop_wall(struct msock__driver *driver)
{
    (void)driver;
    return msock__process_wall();
}

static void loop_random(struct msock__driver *driver, void *bytes, size_t size)
{
    (void)driver;
    msock__process_random(bytes, size);
}

static void loop_forget(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    if (self->transport->ops->forget != NULL) {
        self->transport->ops->forget(self->transport);
    }
}

bool msock__loop_forked(const struct msock__driver *driver)
{
    const struct msock__loop *self = (const struct msock__loop *)driver;

    return self->generation != msock__process_generation();
}

static bool loop_elsewhere(const struct msock__driver *driver)
{
    const struct msock__loop *self = (const struct msock__loop *)driver;
    uintptr_t runner = atomic_load(&self->runner);
    return runner != 0 && runner != msock__loop_thread();
}

static void on_prepare(uv_prepare_t *prepare)
{
    msock__loop_turn(prepare->data);
}

static void on_check(uv_check_t *check)
{
    const struct msock__loop *self = check->data;

    if (self->woken) {
        msock__loop_flush(check->data, msock__process_now());
    }
}

static void on_async(uv_async_t *async)
{
    /* It woke the loop: run() looks at its flag, the prepare handle at what was
     * posted. */
    (void)async;
}

/* -- What the transport tells -- */

static void on_received(void *owner, const struct msock__datagram *datagrams,
                        size_t count)
{
    struct msock__loop *self = owner;
    uint64_t now_us = msock__process_now();

    atomic_store(&self->receiving, true);
    uint64_t began_us = now_us;
    for (size_t i = 0; i < count && !self->shut; i++) {
        struct msock__datagram datagram = datagrams[i];
        datagram.waited_us += now_us - began_us;
        msock__engine_input(self->engine, now_us, &datagram);
        if (self->woken && msock__process_now() - now_us >= RECEIVING_US) {
            /* What comes after it has no earlier time. */
            now_us = msock__process_now();
            msock__loop_flush(self, now_us);
        }
    }
    atomic_store(&self->receiving, false);
}

static void on_writable(void *owner)
{
    struct msock__loop *self = owner;

    self->blocked = false;
    self->woken = true;
}

static void on_counted(void *owner, enum msock_counter counter, uint64_t count)
{
    struct msock__loop *self = owner;

    msock__engine_count(self->engine, msock__process_now(), counter, count);
}

static void on_pressed(void *owner)
{
    struct msock__loop *self = owner;

    msock__engine_press(self->engine);
}

static size_t on_quiet(void *owner, struct msock__quiet *list, size_t count)
{
    struct msock__loop *self = owner;

    return msock__engine_quiet(self->engine, msock__process_now(), list, count);
}

static void on_resized(void *owner, size_t frame_size)
{
    struct msock__loop *self = owner;

    msock__engine_frame_size(self->engine, frame_size);
}

static void on_near(void *owner, bool near)
{
    struct msock__loop *self = owner;

    msock__engine_near(self->engine, near);
}

/* -- Keys -- */

static bool on_keys_changed(void *owner)
{
    struct msock__loop *self = owner;

    if (self->closing || msock__loop_forked(&self->base)) {
        return true;
    }
    int result = msock_keys_reload(self->channel);
    /* What the system lacks for the moment is no answer. */
    return result != MSOCK_ESYSTEM && result != MSOCK_ENOMEM;
}

/* -- The end -- */

/* Runs a loop of our own until nothing is left in it, and frees it. */
static void end_loop(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(loop);
    assert(rc == 0);
    (void)rc;
    free(loop);
}

void msock__loop_end(struct msock__loop *self)
{
    msock_closed *closed = self->closed;
    void *user = self->user;

    if (self->own) {
        end_loop(self->loop);
    }
    msock__channel_free(self->channel);
    free(self);
    if (closed != NULL) {
        closed(user);
    }
}

/* On a loop of its own the call that runs it ends it. */
static void on_part_closed(struct msock__loop *self)
{
    assert(self->open_count > 0);
    self->open_count--;
    if (self->open_count > 0 || self->own) {
        return;
    }
    if (self->orphaned) {
        free(self);
    } else {
        msock__loop_end(self);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static void on_transport_closed(void *owner)
{
    on_part_closed(owner);
}

static void on_watch_closed(void *owner)
{
    on_part_closed(owner);
}

static void close_handles(struct msock__loop *self)
{
    uv_close((uv_handle_t *)&self->timer, on_handle_closed);
    uv_close((uv_handle_t *)&self->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&self->check, on_handle_closed);
    uv_close((uv_handle_t *)&self->async, on_handle_closed);
    if (self->watch != NULL) {
        msock__keywatch_close(self->watch);
        self->watch = NULL;
    }
}

void msock__loop_shut(struct msock__loop *self)
{
    self->shut = true;
    close_handles(self);
    self->transport->ops->close(self->transport);
}

bool msock__loop_has_ended(const struct msock__loop *self)
{
    return self->shut && self->open_count == 0;
}

/* -- Work of other threads -- */

static void on_work(uv_work_t *work)
{
    const struct msock__loop *self = work->data;

    self->worker(self->worker_arg);
}

static void on_worked(uv_work_t *work, int status)
{
    struct msock__loop *self = work->data;

    (void)status; /* it is never cancelled */
    self->working = false;
    if (!self->shut) {
        msock__engine_worked(self->engine, msock__process_now());
    }
    on_part_closed(self);
}

static void loop_work(struct msock__driver *driver, void (*work)(void *arg),
                      void *arg)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    assert(!self->working);
    self->worker = work;
    self->worker_arg = arg;
    self->work.data = self;
    int rc = uv_queue_work(self->loop, &self->work, on_work, on_worked);
    assert(rc == 0);
    (void)rc;
    self->working = true;
    self->open_count++;
}

static void loop_close(struct msock__driver *driver, msock_closed *closed,
                       void *user)
{
    struct msock__loop *self = (struct msock__loop *)driver;
    uint64_t now_us = msock__process_now();

    assert(!self->closing);
    if (self->working && msock__loop_forked(driver)) {
        /* The thread that would end it stayed with the parent: what this copy
         * has in memory goes with the child. */
        if (closed != NULL) {
            closed(user);
        }
        return;
    }
    self->closing = true;
    self->closed = closed;
    self->user = user;
    self->drain_until_us = now_us + DRAIN_US;
    if (msock__loop_forked(driver)) {
        /* The child shares the parent's epoll descriptor until it has one of
         * its own; a caller's loop is the caller's to mend. */
        if (self->own) {
            (void)uv_loop_fork(self->loop);
        }
        msock__loop_shut(self);
    } else {
        msock__loop_arm(self, now_us, 0);
    }
    if (!self->own || atomic_load(&self->runner) != 0) {
        return;
    }
    atomic_store(&self->runner, msock__loop_thread());
    while (!msock__loop_has_ended(self)) {
        uv_run(self->loop, UV_RUN_ONCE);
    }
    msock__loop_end(self);
}

static int loop_joined(const struct msock__driver *driver)
{
    const struct msock__loop *self = (const struct msock__loop *)driver;

    return self->shut ? 0 : self->transport->ops->joined(self->transport);
}

/* -- The beginning -- */

static const struct msock__driver_ops ops = {
    .now = loop_now,
    .wall = loop_wall,
    .random = loop_random,
    .wake = msock__loop_wake,
    .work = loop_work,
    .forget = loop_forget,
    .notify = msock__loop_notify,
    .elsewhere = loop_elsewhere,
    .forked = msock__loop_forked,
    .run = msock__loop_run,
    .stop = msock__loop_stop,
    .fd = msock__loop_fd,
    .timeout = msock__loop_timeout,
    .dispatch = msock__loop_dispatch,
    .joined = loop_joined,
    .close = loop_close,
};

static int make_loop(uv_loop_t **loop)
{
    *loop = malloc(sizeof **loop);
    if (*loop == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    int rc = uv_loop_init(*loop);
    if (rc < 0) {
        free(*loop);
        return msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
    }
    return 0;
}

int msock__loop_new(struct msock__driver **driver, uv_loop_t *loop,
                    struct msock__transport *transport)
{
    struct msock__loop *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    self->loop = loop;
    self->own = loop == NULL;
    int rc = self->own ? make_loop(&self->loop) : 0;
    if (rc < 0) {
        free(self);
        return rc;
    }
    self->base.ops = &ops;
    self->generation = msock__process_generation();
    self->transport = transport;
    self->timer_us = UINT64_MAX;
    *driver = &self->base;
    return 0;
}

static int open_handles(struct msock__loop *self)
{
    int rc = uv_async_init(self->loop, &self->async, on_async);

    if (rc < 0) {
        return msock__fail(MSOCK_ESYSTEM, "event loop: %s", uv_strerror(rc));
    }
    uv_timer_init(self->loop, &self->timer);
    uv_prepare_init(self->loop, &self->prepare);
    uv_prepare_start(&self->prepare, on_prepare);
    uv_check_init(self->loop, &self->check);
    uv_check_start(&self->check, on_check);
    self->async.data = self->timer.data = self->prepare.data = self;
    self->check.data = self;
    self->open_count = 4;
    return 0;
}

void msock__loop_watch(struct msock__driver *driver, const char *const *paths,
                       size_t count, msock_logger *logger)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    assert(count <= MSOCK__KEYWATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        self->watched[i] = paths[i];
    }
    self->watched_count = count;
    self->logger = logger;
}

static int open_watch(struct msock__loop *self)
{
    const struct msock__keywatch_events events = {
        .owner = self, .changed = on_keys_changed, .closed = on_watch_closed};
    if (self->watched_count == 0) {
        return 0;
    }
    int rc = msock__keywatch_new(&self->watch, self->loop, self->watched,
                                 self->watched_count, &events);
    if (rc == 0) {
        self->open_count++;
    }
    return rc;
}

int msock__loop_start(struct msock__driver *driver, msock_channel *channel)
{
    struct msock__loop *self = (struct msock__loop *)driver;
    const struct msock__transport_events events = {
        .owner = self,
        .received = on_received,
        .writable = on_writable,
        .counted = on_counted,
        .pressed = on_pressed,
        .quiet = on_quiet,
        .resized = on_resized,
        .near = on_near,
        .closed = on_transport_closed,
    };
    int rc = open_handles(self);

    if (rc < 0) {
        return rc;
    }
    rc = open_watch(self);
    if (rc == 0) {
        rc = self->transport->ops->start(self->transport, self->loop, &events);
    }
    if (rc < 0) {
        uv_prepare_stop(&self->prepare);
        uv_check_stop(&self->check);
        return rc;
    }
    self->open_count++;
    self->channel = channel;
    self->engine = msock__channel_engine(channel);
    msock__engine_frame_size(self->engine,
                             self->transport->ops->frame_size(self->transport));
    if (self->transport->ops->near != NULL) {
        msock__engine_near(self->engine,
                           self->transport->ops->near(self->transport));
    }
    return 0;
}

void msock__loop_free(struct msock__driver *driver)
{
    struct msock__loop *self = (struct msock__loop *)driver;

    if (self == NULL) {
        return;
    }
    assert(self->channel == NULL);
    self->transport->ops->close(self->transport);
    self->orphaned = true;
    if (self->open_count > 0) {
        close_handles(self);
    }
    if (self->own) {
        end_loop(self->loop);
    } else if (self->open_count > 0) {
        return;
    }
    free(self);
}
