/* SPDX-License-Identifier: Apache-2.0 */
/* How the loop's channel ends: closing, starts that fail, forks. */
#define _GNU_SOURCE
#include "tests/support/recorder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/wait.h>
#include <unistd.h>

static int one = 1;

static void on_timer_close(msock_channel *channel, void *user)
{
    msock_close(channel, on_end, user);
}

/* -- Closing -- */

Test(loop_close, close_outside_of_callbacks_is_done_when_it_returns)
{
    msock_channel *channel = recorder_open(NULL);
    msock_publish(channel, "bye", NULL, NULL);

    msock_close(channel, on_end, &one);

    cr_expect(eq(int, end_count, 1));
    cr_expect(eq(sz, recorder.messages, 1));
    cr_expect(recorder.closed);
}

Test(loop_close, close_inside_a_callback_ends_run, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);
    msock_timer_start(channel, 0, 0, on_timer_close, &one);

    int rc = msock_run(channel);

    cr_expect(eq(int, rc, MSOCK_ECLOSED));
    cr_expect(eq(int, end_count, 1));
}

Test(loop_close, close_inside_dispatch_ends_a_dispatch, .timeout = 10)
{
    int rc = 0;
    msock_channel *channel = recorder_open(NULL);
    msock_timer_start(channel, 0, 0, on_timer_close, &one);

    while (rc == 0) {
        rc = msock_dispatch(channel);
    }

    cr_expect(eq(int, rc, MSOCK_ECLOSED));
    cr_expect(eq(int, end_count, 1));
}

Test(loop_close, close_sends_large_messages_first, .timeout = 10)
{
    static char raw[300000];
    msock_publish_options options = {.raw = raw, .raw_size = sizeof raw};
    msock_channel *channel = recorder_open(NULL);
    msock_publish(channel, "file", NULL, &options);

    msock_close(channel, NULL, NULL);

    cr_expect(gt(sz, recorder.bytes, sizeof raw));
}

Test(loop_close, close_gives_up_what_finds_no_room, .timeout = 10)
{
    msock_channel *channel = recorder_open(NULL);
    recorder.room = 0;
    msock_publish(channel, "lights", NULL, NULL);

    msock_close(channel, on_end, &one);

    cr_expect(eq(sz, recorder.sent, 0));
    cr_expect(eq(int, end_count, 1));
}

Test(loop_close, a_start_that_fails_leaves_nothing_behind)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    recorder.start_error = MSOCK_ESYSTEM;

    msock_channel *on_own = recorder_open(NULL);
    msock_channel *on_callers = recorder_open(&loop);
    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(on_own == NULL);
    cr_expect(on_callers == NULL);
    cr_expect(recorder.closed);
    cr_expect(uv_loop_close(&loop) == 0);
}

/* -- Forks -- */

/* Returns what a child finds: a bit for each thing that is as it should be. */
static int look_in_child(msock_channel *channel)
{
    int seen = msock_publish(channel, "x", NULL, NULL) == MSOCK_EFORK;

    seen |= (msock_run(channel) == MSOCK_EFORK) << 1;
    msock_close(channel, NULL, NULL);
    return seen | (recorder.sent == 0) << 2;
}

Test(loop_close, a_forked_child_neither_sends_nor_disturbs, .timeout = 10)
{
    int status = 0;
    msock_channel *channel = recorder_open(NULL);
    msock_publish(channel, "lights", NULL, NULL);

    pid_t child = fork();
    if (child == 0) {
        _exit(look_in_child(channel));
    }
    waitpid(child, &status, 0);
    msock_dispatch(channel);

    cr_expect(eq(int, WEXITSTATUS(status), 7));
    cr_expect(eq(sz, recorder.messages, 1));
    msock_close(channel, NULL, NULL);
}
