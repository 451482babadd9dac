/* SPDX-License-Identifier: Apache-2.0 */
/* Channels in an application's loop and threads: several on one uv loop, and
 * posting, which wakes every kind of loop. */
#define _GNU_SOURCE
#include <multisock/multisock.h>
#include <multisock/sim.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { CHANNELS = 5, PATIENCE_MS = 10000 };

/* A channel, and how often which of the others was heard on it. */
struct member {
    msock_channel *channel;
    unsigned heard[CHANNELS];
    unsigned sum;
    unsigned wanted; /* closes, or stops, at this sum */
    bool closes;
    bool closed;
};

static void on_closed(void *user)
{
    struct member *member = user;

    member->closed = true;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct member *member = user;

    member->heard[message->data[0] - '0']++;
    member->sum++;
    if (member->sum == member->wanted && member->closes) {
        msock_close(channel, on_closed, member);
    } else if (member->sum == member->wanted) {
        msock_stop(channel);
    }
    return 0;
}

static void open_member(struct member *member, uv_loop_t *loop)
{
    msock_options options = {.name = "member", .loop = loop};
    int rc = msock_open(&member->channel, "sim://embedding", &options);

    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
    msock_subscribe(member->channel, "#", on_message, member, NULL);
}

static void *post_one(void *channel)
{
    static int code;

    code = msock_post(channel, "a", "1", NULL);
    return &code;
}

/* Posts from a thread that has ended when this returns. */
static int post_elsewhere(msock_channel *channel)
{
    pthread_t thread;
    void *code;

    pthread_create(&thread, NULL, post_one, channel);
    pthread_join(thread, &code);
    return *(int *)code;
}

/* -- One loop -- */

Test(embedding, channels_of_one_loop_hear_each_other_and_close_alone,
     .timeout = 20)
{
    static const char *const numbers[CHANNELS] = {"0", "1", "2", "3", "4"};
    struct member members[CHANNELS] = {0};
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (int i = 0; i < CHANNELS; i++) {
        members[i].wanted = CHANNELS;
        members[i].closes = true;
        open_member(&members[i], &loop);
    }

    for (int i = 0; i < CHANNELS; i++) {
        msock_publish(members[i].channel, "a", numbers[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);

    for (int i = 0; i < CHANNELS; i++) {
        cr_expect(members[i].closed);
        for (int j = 0; j < CHANNELS; j++) {
            cr_expect(eq(uint, members[i].heard[j], 1));
        }
    }
    cr_expect(eq(int, uv_loop_close(&loop), 0));
}

Test(embedding, a_channel_may_open_where_another_one_closed, .timeout = 20)
{
    struct member members[CHANNELS] = {0};
    uv_loop_t loop;
    uv_loop_init(&loop);

    for (int i = 0; i < CHANNELS; i++) {
        members[i].wanted = 1;
        members[i].closes = true;
        open_member(&members[i], &loop);
        msock_publish(members[i].channel, "a", "0", NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        cr_expect(members[i].closed);
    }

    cr_expect(eq(int, uv_loop_close(&loop), 0));
}

/* -- Posting -- */

static void on_timer_thread(uv_timer_t *timer)
{
    cr_expect(eq(int, post_elsewhere(timer->data), 0));
    uv_close((uv_handle_t *)timer, NULL);
}

Test(embedding, a_post_wakes_the_callers_loop, .timeout = 20)
{
    struct member member = {.wanted = 1, .closes = true};
    uv_loop_t loop;
    uv_timer_t timer;
    uv_loop_init(&loop);
    open_member(&member, &loop);
    uv_timer_init(&loop, &timer);
    timer.data = member.channel;
    uv_timer_start(&timer, on_timer_thread, 1, 0);

    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(eq(uint, member.heard[1], 1));
    cr_expect(member.closed);
    cr_expect(eq(int, uv_loop_close(&loop), 0));
}

static void on_timer_post(msock_channel *channel, void *user)
{
    (void)user;
    cr_expect(eq(int, post_elsewhere(channel), 0));
}

Test(embedding, a_post_wakes_run, .timeout = 20)
{
    struct member member = {.wanted = 1};
    open_member(&member, NULL);
    msock_timer_start(member.channel, 1, 0, on_timer_post, NULL);

    int rc = msock_run(member.channel);

    cr_expect(eq(int, rc, 0));
    cr_expect(eq(uint, member.heard[1], 1));
    msock_close(member.channel, NULL, NULL);
}

/* Dispatches until its opening is over: the next hello is seconds away. */
static void quieten(msock_channel *channel)
{
    struct pollfd readable = {msock_fd(channel), POLLIN, 0};

    while (poll(&readable, 1, 0) != 0 || msock_timeout(channel) <= 1000) {
        poll(&readable, 1, msock_timeout(channel));
        msock_dispatch(channel);
    }
}

Test(embedding, a_post_makes_the_descriptor_readable, .timeout = 20)
{
    struct member member = {.wanted = 0};
    open_member(&member, NULL);
    struct pollfd readable = {msock_fd(member.channel), POLLIN, 0};
    quieten(member.channel);

    post_elsewhere(member.channel);
    int ready = poll(&readable, 1, PATIENCE_MS);
    msock_dispatch(member.channel);

    cr_expect(eq(int, ready, 1));
    cr_expect(eq(uint, member.heard[1], 1));
    quieten(member.channel);
    msock_close(member.channel, NULL, NULL);
}

Test(embedding, what_was_posted_is_sent_by_close, .timeout = 20)
{
    struct member writer = {.wanted = 0}, reader = {.wanted = 1};
    open_member(&writer, NULL);
    open_member(&reader, NULL);

    post_elsewhere(writer.channel);
    msock_close(writer.channel, NULL, NULL);
    msock_run(reader.channel);

    cr_expect(eq(uint, reader.heard[1], 1));
    msock_close(reader.channel, NULL, NULL);
}

static int on_message_close(msock_channel *channel,
                            const msock_message *message, void *user)
{
    int *codes = user;

    (void)message;
    codes[0] = msock_post(channel, "b", "1", NULL);
    msock_close(channel, NULL, NULL);
    codes[1] = msock_post(channel, "b", "2", NULL);
    return 0;
}

Test(embedding, a_callback_may_post_until_it_closes, .timeout = 20)
{
    int codes[2] = {1, 1};
    struct member member = {.wanted = 0}, reader = {.wanted = 2};
    open_member(&member, NULL);
    open_member(&reader, NULL);
    msock_subscribe(member.channel, "a", on_message_close, codes, NULL);
    msock_publish(member.channel, "a", "0", NULL);

    int rc = msock_run(member.channel);
    msock_run(reader.channel);

    cr_expect(eq(int, rc, MSOCK_ECLOSED));
    cr_expect(eq(int, codes[0], 0));
    cr_expect(eq(int, codes[1], MSOCK_ECLOSED));
    cr_expect(eq(uint, reader.heard[1], 1));
    cr_expect(eq(uint, reader.heard[2], 0));
    msock_close(reader.channel, NULL, NULL);
}

Test(embedding, a_forked_child_may_not_post)
{
    int status;
    struct member member = {.wanted = 0};
    open_member(&member, NULL);

    pid_t child = fork();
    if (child == 0) {
        int code = msock_post(member.channel, "a", "1", NULL);
        _exit(code == MSOCK_EFORK ? 0 : 1);
    }
    waitpid(child, &status, 0);

    cr_expect(eq(int, status, 0));
    cr_expect(eq(int, msock_post(member.channel, "a", "1", NULL), 0));
    msock_close(member.channel, NULL, NULL);
}

Test(embedding, virtual_time_takes_no_posts)
{
    msock_sim *sim;
    msock_channel *channel;
    msock_options options = {.name = "node"};
    cr_assert(eq(int, msock_sim_open(&sim, "virtual", NULL), 0));
    cr_assert(eq(int, msock_open(&channel, "sim://virtual", &options), 0));

    cr_expect(eq(int, msock_post(channel, "a", "1", NULL), MSOCK_ENOTSUP));

    msock_close(channel, NULL, NULL);
    msock_sim_close(sim);
}
