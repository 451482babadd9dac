/* SPDX-License-Identifier: Apache-2.0 */
/* A transport that takes notes. */
#include "tests/support/recorder.h"

#include "codec/frame.h"
#include "core/options.h"
#include "transport/loop.h"

#include <criterion/criterion.h>
#include <poll.h>

enum { FRAME_SIZE = 1472, HELLOS = 2 };

struct recorder recorder;
int end_count;

static void on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
    recorder.open_count--;
    if (recorder.open_count == 0) {
        recorder.events.closed(recorder.events.owner);
    }
}

static int recorder_start(struct msock__transport *transport, uv_loop_t *loop,
                          const struct msock__transport_events *events)
{
    (void)transport;
    if (recorder.start_error < 0) {
        return recorder.start_error;
    }
    recorder.events = *events;
    recorder.started = true;
    uv_timer_init(loop, &recorder.timer);
    uv_check_init(loop, &recorder.check);
    recorder.open_count = 2;
    return 0;
}

static size_t recorder_send(struct msock__transport *transport,
                            const struct msock__outgoing *frames, size_t count)
{
    size_t done = count < recorder.room ? count : recorder.room;

    (void)transport;
    for (size_t i = 0; i < done; i++) {
        struct msock__frame frame;
        int wrong =
            msock__frame_decode(frames[i].bytes, frames[i].size, &frame);
        cr_assert(wrong == 0);
        recorder.messages += frame.stream != MSOCK__CONTROL;
        recorder.bytes += frames[i].size;
    }
    recorder.room -= done;
    recorder.sent += done;
    return done;
}

static void recorder_forget(struct msock__transport *transport)
{
    (void)transport;
    recorder.forgets++;
}

static size_t recorder_frame_size(const struct msock__transport *transport)
{
    (void)transport;
    return FRAME_SIZE;
}

static int recorder_joined(const struct msock__transport *transport)
{
    (void)transport;
    return 3;
}

static void recorder_close(struct msock__transport *transport)
{
    (void)transport;
    recorder.closed = true;
    if (recorder.started) {
        uv_close((uv_handle_t *)&recorder.timer, on_handle_closed);
        uv_close((uv_handle_t *)&recorder.check, on_handle_closed);
    }
}

static const struct msock__transport_ops recorder_ops = {
    .start = recorder_start,
    .send = recorder_send,
    .forget = recorder_forget,
    .frame_size = recorder_frame_size,
    .joined = recorder_joined,
    .close = recorder_close,
};

msock_channel *recorder_open(uv_loop_t *loop)
{
    struct msock__config config;
    struct msock__driver *driver;
    struct msock__pipeline pipeline = {.count = 0};
    msock_channel *channel;
    msock_options options = {.name = "node"};

    recorder.base.ops = &recorder_ops;
    recorder.room = SIZE_MAX;
    cr_assert(msock__options_read(&config, NULL, &options) == 0);
    cr_assert(msock__loop_new(&driver, loop, &recorder.base) == 0);
    cr_assert(msock__channel_new(&channel, driver, &config, &pipeline,
                                 FRAME_SIZE, NULL) == 0);
    if (msock__loop_start(driver, channel) < 0) {
        msock__channel_free(channel);
        msock__loop_free(driver);
        return NULL;
    }
    return channel;
}

void recorder_open_up(msock_channel *channel)
{
    while (recorder.sent - recorder.messages < HELLOS) {
        struct pollfd readable = {msock_fd(channel), POLLIN, 0};
        poll(&readable, 1, msock_timeout(channel));
        msock_dispatch(channel);
    }
}

void on_end(void *user)
{
    end_count += *(int *)user;
}
