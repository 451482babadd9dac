/* SPDX-License-Identifier: Apache-2.0 */
/* The loop that drives a channel: running, sending, embedding. */
#define _GNU_SOURCE
#include "core/engine_state.h"
#include "tests/support/recorder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

static int call_count;
static int one = 1;

static int on_message_stop(msock_channel *channel, const msock_message *message,
                           void *user)
{
    (void)message, (void)user;
    call_count++;
    msock_stop(channel);
    return 0;
}

static void on_timer_stop(msock_channel *channel, void *user)
{
    (void)user;
    call_count++;
    msock_stop(channel);
}

static void on_timer_run(msock_channel *channel, void *user)
{
    int *result = user;

    *result = msock_run(channel);
    msock_stop(channel);
}

static int on_message_reply(msock_channel *channel,
                            const msock_message *message, void *user)
{
    (void)message, (void)user;
    call_count++;
    msock_stop(channel);
    return msock_publish(channel, "reply", NULL, NULL);
}

static void deliver(uv_check_t *check)
{
    uint8_t bare[] = "{\"topic\":\"ask\",\"sender\":\"other\"}";
    struct msock__datagram datagram = {.bytes = bare, .size = sizeof bare - 1};

    uv_check_stop(check);
    uv_timer_stop(&recorder.timer);
    recorder.events.received(recorder.events.owner, &datagram, 1);
}

/* Repeats: on a slow machine it is due before the loop first sleeps. */
static void wake_up(uv_timer_t *timer)
{
    (void)timer;
}

/* -- Running -- */

Test(loop, what_was_published_before_leaves_when_the_loop_runs)
{
    msock_channel *channel = recorder_open(NULL);
    msock_publish(channel, "lights", "true", NULL);

    msock_timer_start(channel, 0, 0, on_timer_stop, NULL);
    int rc = msock_run(channel);

    cr_expect(eq(int, rc, 0));
    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, what_the_engine_takes_back_the_transport_forgets)
{
    msock_channel *channel = recorder_open(NULL);
    struct msock__driver *driver = msock__channel_engine(channel)->driver;

    driver->ops->forget(driver);

    cr_expect(eq(sz, recorder.forgets, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, messages_of_one_turn_share_a_frame)
{
    msock_channel *channel = recorder_open(NULL);

    for (int i = 0; i < 10; i++) {
        msock_publish(channel, "lights", "true", NULL);
    }
    msock_dispatch(channel);

    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, what_the_last_callback_published_leaves_before_run_returns)
{
    msock_channel *channel = recorder_open(NULL);
    msock_subscribe(channel, "ask", on_message_reply, NULL, NULL);

    uv_check_start(&recorder.check, deliver);
    uv_timer_start(&recorder.timer, wake_up, 1, 1);
    msock_run(channel);

    cr_expect(eq(int, call_count, 1));
    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, a_stop_before_run_makes_it_return_at_once)
{
    msock_channel *channel = recorder_open(NULL);

    msock_stop(channel);
    int rc = msock_run(channel);

    cr_expect(eq(int, rc, 0));
    msock_close(channel, NULL, NULL);
}

Test(loop, a_stop_counts_once)
{
    msock_channel *channel = recorder_open(NULL);
    msock_stop(channel);
    msock_run(channel);

    msock_timer_start(channel, 1, 0, on_timer_stop, NULL);
    msock_run(channel);

    cr_expect(eq(int, call_count, 1));
    msock_close(channel, NULL, NULL);
}

static void *stop_from_thread(void *channel)
{
    msock_stop(channel);
    return NULL;
}

static void on_timer_thread(msock_channel *channel, void *user)
{
    pthread_create(user, NULL, stop_from_thread, channel);
}

Test(loop, another_thread_may_stop, .timeout = 10)
{
    pthread_t thread;
    msock_channel *channel = recorder_open(NULL);
    msock_timer_start(channel, 0, 0, on_timer_thread, &thread);

    int rc = msock_run(channel);
    pthread_join(thread, NULL);

    cr_expect(eq(int, rc, 0));
    msock_close(channel, NULL, NULL);
}

static msock_channel *signalled;

static void on_signal(int number)
{
    (void)number;
    msock_stop(signalled);
}

static void on_timer_raise(msock_channel *channel, void *user)
{
    (void)channel, (void)user;
    raise(SIGUSR1);
}

Test(loop, a_signal_handler_may_stop, .timeout = 10)
{
    signalled = recorder_open(NULL);
    signal(SIGUSR1, on_signal);
    msock_timer_start(signalled, 0, 0, on_timer_raise, NULL);

    int rc = msock_run(signalled);

    cr_expect(eq(int, rc, 0));
    msock_close(signalled, NULL, NULL);
}

/* Publishes in a thread of its own while the loop runs, and waits for that. */
static void *publish_elsewhere(void *user)
{
    static int code;
    code = msock_publish(user, "a", "1", NULL);
    return &code;
}

static void start_elsewhere(msock_channel *other, void *user)
{
    pthread_t thread;
    void *code = NULL;
    pthread_create(&thread, NULL, publish_elsewhere, other);
    pthread_join(thread, &code);
    *(int *)user = *(int *)code;
    msock_stop(other);
}

Test(loop, publishing_in_another_thread_is_refused, .timeout = 10)
{
    int code = 0;
    msock_channel *channel = recorder_open(NULL);
    msock_timer_start(channel, 0, 0, start_elsewhere, &code);

    cr_assert(eq(int, msock_run(channel), 0));

    cr_expect(eq(int, code, MSOCK_EBUSY));
    cr_expect(eq(int, msock_publish(channel, "a", "1", NULL), 0));
    msock_close(channel, NULL, NULL);
}

Test(loop, run_inside_run_is_busy)
{
    int inner = 0;
    msock_channel *channel = recorder_open(NULL);
    msock_timer_start(channel, 0, 0, on_timer_run, &inner);

    int outer = msock_run(channel);

    cr_expect(eq(int, inner, MSOCK_EBUSY));
    cr_expect(eq(int, outer, 0));
    msock_close(channel, NULL, NULL);
}

Test(loop, own_messages_arrive_in_the_same_turn)
{
    msock_channel *channel = recorder_open(NULL);
    msock_subscribe(channel, "lights", on_message_stop, NULL, NULL);
    msock_publish(channel, "lights", NULL, NULL);

    msock_dispatch(channel);

    cr_expect(eq(int, call_count, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, joined_is_the_transports)
{
    msock_channel *channel = recorder_open(NULL);

    cr_expect(eq(int, msock_joined(channel), 3));
    msock_close(channel, NULL, NULL);
}

/* -- Room -- */

static void make_room(uv_timer_t *timer)
{
    (void)timer;
    recorder.room = SIZE_MAX;
    recorder.events.writable(recorder.events.owner);
}

static bool all_left(const msock_channel *channel)
{
    return msock_queued(channel) == 0;
}

Test(loop, what_finds_no_room_leaves_when_there_is_some, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);
    recorder.room = 0;
    msock_publish(channel, "lights", NULL, NULL);
    msock_dispatch(channel);
    size_t before = recorder.sent;

    uv_timer_start(&recorder.timer, make_room, 1, 0);
    while (!all_left(channel)) {
        struct pollfd readable = {msock_fd(channel), POLLIN, 0};
        poll(&readable, 1, msock_timeout(channel));
        msock_dispatch(channel);
    }

    cr_expect(eq(sz, before, 0));
    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}

/* -- Embedding -- */

Test(loop, one_dispatch_sends_what_was_published)
{
    msock_channel *channel = recorder_open(NULL);
    msock_dispatch(channel);

    msock_publish(channel, "lights", NULL, NULL);
    int timeout = msock_timeout(channel);
    msock_dispatch(channel);

    cr_expect(eq(int, timeout, 0));
    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}

Test(loop, a_new_channel_wants_a_dispatch_and_then_sleeps, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);

    int first = msock_timeout(channel);
    recorder_open_up(channel);
    int later = msock_timeout(channel);

    cr_expect(eq(int, first, 0));
    cr_expect(gt(int, later, 1000), "the next hello is seconds away");
    cr_expect(ge(int, msock_fd(channel), 0));
    msock_close(channel, NULL, NULL);
}

Test(loop, the_timeout_is_that_of_the_next_timer, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);
    recorder_open_up(channel);
    msock_timer_start(channel, 1000, 0, on_timer_stop, NULL);

    msock_dispatch(channel);
    int timeout = msock_timeout(channel);

    cr_expect(le(int, timeout, 1001));
    msock_close(channel, NULL, NULL);
}

/* A raw channel says no hello, so that nothing else ends the sleep. */
Test(loop, a_sleep_is_short_whenever_the_next_timer_is)
{
    msock_channel *channel;
    cr_assert(msock_open(&channel, "sim://sleep?codec=raw", NULL) == 0);
    msock_timer_start(channel, 3600000, 0, on_timer_stop, NULL);

    msock_dispatch(channel);
    int timeout = msock_timeout(channel);

    cr_expect(ge(int, timeout, 9000));
    cr_expect(le(int, timeout, 10001));
    msock_close(channel, NULL, NULL);
}

Test(loop, one_dispatch_delivers_and_sends_the_reply, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);
    msock_subscribe(channel, "ask", on_message_reply, NULL, NULL);
    recorder_open_up(channel);

    uv_check_start(&recorder.check, deliver);
    msock_dispatch(channel);

    cr_expect(eq(int, call_count, 1));
    cr_expect(eq(sz, recorder.messages, 1));
    cr_expect(gt(int, msock_timeout(channel), 20), "nothing is left to do");
    msock_close(channel, NULL, NULL);
}

Test(loop, a_callers_loop_is_not_ours_to_run)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    msock_channel *channel = recorder_open(&loop);

    cr_expect(eq(int, msock_run(channel), MSOCK_ENOTSUP));
    cr_expect(eq(int, msock_dispatch(channel), MSOCK_ENOTSUP));
    cr_expect(eq(int, msock_fd(channel), MSOCK_ENOTSUP));
    cr_expect(eq(int, msock_timeout(channel), MSOCK_ENOTSUP));
    msock_close(channel, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect(uv_loop_close(&loop) == 0);
}

Test(loop, a_callers_loop_drives_the_channel_and_survives_it)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    msock_channel *channel = recorder_open(&loop);
    msock_subscribe(channel, "lights", on_message_stop, NULL, NULL);
    msock_publish(channel, "lights", NULL, NULL);

    uv_run(&loop, UV_RUN_NOWAIT);
    msock_close(channel, on_end, &one);
    int before = end_count;
    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(eq(int, call_count, 1));
    cr_expect(eq(sz, recorder.messages, 1));
    cr_expect(eq(int, before, 0));
    cr_expect(eq(int, end_count, 1));
    cr_expect(uv_loop_close(&loop) == 0);
}
