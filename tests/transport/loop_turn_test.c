/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when in one turn of a channel's loop. */
#define _GNU_SOURCE
#include "core/engine_state.h"
#include "tests/support/recorder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static void publish(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    msock_publish(handle->data, "lights", "true", NULL);
    uv_poll_stop(handle);
}

Test(loop_turn, what_a_socket_brought_about_leaves_right_behind)
{
    uv_loop_t loop;
    uv_poll_t poll;
    int ends[2];
    uv_loop_init(&loop);
    cr_assert(pipe(ends) == 0);
    msock_channel *channel = recorder_open(&loop);
    uv_poll_init(&loop, &poll, ends[0]);
    poll.data = channel;
    uv_poll_start(&poll, UV_READABLE, publish);
    cr_assert(eq(int, (int)write(ends[1], "x", 1), 1));

    while (uv_is_active((uv_handle_t *)&poll)) {
        uv_run(&loop, UV_RUN_ONCE);
    }

    cr_expect(eq(sz, recorder.messages, 1));
    uv_close((uv_handle_t *)&poll, NULL);
    msock_close(channel, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect(uv_loop_close(&loop) == 0);
    close(ends[0]);
    close(ends[1]);
}

/* -- Stopping from a callback -- */

static msock_channel *channel;

static void deliver(uv_check_t *check)
{
    uint8_t bare[] = "{\"topic\":\"ask\",\"sender\":\"other\"}";
    struct msock__datagram datagram = {.bytes = bare, .size = sizeof bare - 1};

    uv_check_stop(check);
    uv_timer_stop(&recorder.timer);
    recorder.events.received(recorder.events.owner, &datagram, 1);
}

static void wake_up(uv_timer_t *timer)
{
    (void)timer;
}

static int stop_here(msock_channel *of, const msock_message *message,
                     void *user)
{
    (void)message, (void)user;
    msock_stop(of);
    return 0;
}

static void *stop(void *user)
{
    msock_stop(user);
    return NULL;
}

static int stop_elsewhere(msock_channel *of, const msock_message *message,
                          void *user)
{
    pthread_t thread;

    (void)message, (void)user;
    cr_assert(pthread_create(&thread, NULL, stop, of) == 0);
    pthread_join(thread, NULL);
    return 0;
}

/* Runs until a message came whose handler stops. */
static void run_with(msock_callback *handler)
{
    channel = recorder_open(NULL);
    recorder_open_up(channel);
    cr_assert(ge(int, msock_subscribe(channel, "ask", handler, NULL, NULL), 0));
    uv_check_start(&recorder.check, deliver);
    uv_timer_start(&recorder.timer, wake_up, 1, 1);
    cr_assert(eq(int, msock_run(channel), 0));
}

static bool is_readable(void)
{
    struct pollfd loop = {.fd = msock_fd(channel), .events = POLLIN};

    return poll(&loop, 1, 0) > 0;
}

Test(loop_turn, a_stop_in_a_callback_wakes_nobody, .timeout = 10)
{
    run_with(stop_here);

    cr_expect(not(is_readable()));
    msock_close(channel, NULL, NULL);
}

Test(loop_turn, a_stop_elsewhere_during_a_callback_ends_the_run, .timeout = 10)
{
    run_with(stop_elsewhere);

    cr_expect(not(is_readable()));
    msock_close(channel, NULL, NULL);
}

/* -- Handlers that take their time -- */

static uint64_t moment_us;

static uint64_t clock_us(void)
{
    struct msock__driver *driver = msock__channel_engine(channel)->driver;

    return driver->ops->now(driver);
}

/* Takes 6 ms, and publishes. */
static int linger(msock_channel *of, const msock_message *message, void *user)
{
    uint64_t end_us = clock_us() + 6000;

    (void)message, (void)user;
    cr_expect(eq(int, msock_publish(of, "lights", "true", NULL), 0));
    while (clock_us() < end_us) {
    }
    moment_us = clock_us();
    msock__channel_engine(of)->share.until_us = 0; /* set by what follows */
    return 0;
}

Test(loop_turn, what_is_read_behind_what_was_sent_is_not_from_before)
{
    uint8_t first[] = "{\"topic\":\"ask\",\"sender\":\"other\"}";
    uint8_t second[] = "{\"topic\":\"b\",\"sender\":\"other\"}";
    const struct msock__datagram batch[] = {
        {.bytes = first, .size = sizeof first - 1},
        {.bytes = second, .size = sizeof second - 1}};
    channel = recorder_open(NULL);
    recorder_open_up(channel);
    cr_assert(ge(int, msock_subscribe(channel, "ask", linger, NULL, NULL), 0));
    size_t before = recorder.messages;

    recorder.events.received(recorder.events.owner, batch, 2);

    const struct msock__engine *engine = msock__channel_engine(channel);
    cr_expect(eq(sz, recorder.messages, before + 1));
    cr_expect(
        ge(u64, engine->share.until_us, moment_us + MSOCK__SHARE_PERIOD_US));
    cr_expect(lt(u64, engine->arrived_us, moment_us), "it arrived before");
    msock_close(channel, NULL, NULL);
}
