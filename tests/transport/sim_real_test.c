/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated networks in real time: channels on loops and threads of their own.
 * Tests end when something has happened; a deadline only ends those that
 * fail. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

enum { COUNT = 500, DEADLINE_MS = 20000 };

static struct sim_node a, b;

/* -- One loop of the caller's -- */

static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Turns the loop until `*value` reaches `wanted`, or the deadline. */
static void turn_until(uv_loop_t *loop, const size_t *value, size_t wanted)
{
    uv_timer_t deadline;
    uv_timer_init(loop, &deadline);
    uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
    while (*value < wanted && uv_is_active((uv_handle_t *)&deadline)) {
        uv_run(loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

static void close_loop(uv_loop_t *loop)
{
    sim_node_close(&a);
    sim_node_close(&b);
    uv_run(loop, UV_RUN_DEFAULT);
    cr_expect(eq(int, uv_loop_close(loop), 0), "a handle was left open");
}

Test(sim_real, channels_share_one_loop)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    sim_node_open(&a, "one-loop", "a", &(msock_options){.loop = &loop});
    sim_node_open(&b, "one-loop", "b", &(msock_options){.loop = &loop});

    for (int i = 0; i < COUNT; i++) {
        msock_publish(a.channel, "t", "1", NULL);
    }
    turn_until(&loop, &b.heard, COUNT);

    cr_expect(eq(sz, b.heard, COUNT));
    cr_expect(eq(str, b.sender, "a"));
    close_loop(&loop);
    cr_expect(eq(int, a.closed, 1));
    cr_expect(eq(int, b.closed, 1));
}

Test(sim_real, delay_passes_before_a_message_arrives)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    msock_options options = {.name = "a", .loop = &loop};
    cr_assert(
        eq(int, msock_open(&a.channel, "sim://slow?delay=30ms", &options), 0));
    sim_node_open(&b, "slow", "b", &(msock_options){.loop = &loop});
    uint64_t start = uv_hrtime();

    msock_publish(a.channel, "t", "1", NULL);
    turn_until(&loop, &b.heard, 1);

    cr_expect(eq(sz, b.heard, 1));
    cr_expect(ge(u64, uv_hrtime() - start, 30 * 1000000));
    close_loop(&loop);
}

Test(sim_real, address_makes_the_network_and_later_ones_must_agree)
{
    msock_options options = {.name = "a"};
    msock_channel *other = NULL;
    cr_assert(eq(
        int, msock_open(&a.channel, "sim://made?dup=3&seed=7", &options), 0));

    int absent = msock_open(&b.channel, "sim://made", &options);
    int differs = msock_open(&other, "sim://made?seed=8", &options);

    cr_expect(eq(int, absent, 0));
    cr_expect(eq(int, differs, MSOCK_EOPTION));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "seed"), NULL));
    msock_close(a.channel, NULL, NULL);
    msock_close(b.channel, NULL, NULL);

    cr_expect(eq(int, msock_open(&other, "sim://made?seed=8", &options), 0),
              "the last channel ended the network");
    msock_close(other, NULL, NULL);
}

Test(sim_real, handle_of_a_real_network_observes_and_injects)
{
    static const char bare[] =
        "{\"topic\":\"lights\",\"sender\":\"py\",\"data\":1}";
    msock_sim *sim = NULL;
    msock_sim_stats stats;
    uv_loop_t loop;
    uv_loop_init(&loop);
    msock_sim_options real = {.real_time = true};
    cr_assert(eq(int, msock_sim_open(&sim, "handle", &real), 0));
    sim_node_open(&a, "handle", "a", &(msock_options){.loop = &loop});
    sim_node_open(&b, "handle", "b", &(msock_options){.loop = &loop});

    cr_expect(eq(int, msock_sim_run(sim, 1), MSOCK_ENOTSUP));
    cr_expect(eq(int, msock_sim_inject(sim, "b", bare, strlen(bare)), 1));
    turn_until(&loop, &b.heard, 1);

    msock_sim_stats_get(sim, &stats, sizeof(stats));
    cr_expect(eq(str, b.sender, "py"));
    cr_expect(eq(uint, b.flags, MSOCK_MESSAGE_BARE));
    cr_expect(eq(u64, stats.injected, 1));
    cr_expect(ge(u64, stats.arrived, 1));
    cr_expect(eq(sz, a.heard, 0));
    close_loop(&loop);
    msock_sim_close(sim);
}

/* -- Two threads -- */

static atomic_uint answers;

static int on_question(msock_channel *channel, const msock_message *message,
                       void *user)
{
    (void)user;
    return msock_publish(channel, "answer", message->data, NULL);
}

static int on_answer(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)message;
    (void)user;
    if (atomic_fetch_add(&answers, 1) + 1 == COUNT) {
        msock_stop(channel);
    }
    return 0;
}

static void give_up(msock_channel *channel, void *user)
{
    (void)user;
    msock_stop(channel);
}

static void ask(msock_channel *channel, void *user)
{
    unsigned *asked = user;
    if (*asked < COUNT) {
        (*asked)++;
        msock_publish(channel, "question", "1", NULL);
        msock_timer_start(channel, 0, 0, ask, asked);
    }
}

static void *run_answerer(void *user)
{
    msock_run(user);
    return NULL;
}

Test(sim_real, channels_meet_across_threads)
{
    pthread_t thread;
    unsigned asked = 0;
    msock_channel *asker = NULL;
    msock_channel *answerer = NULL;
    msock_options options = {.name = "asker"};
    cr_assert(eq(int, msock_open(&asker, "sim://threads", &options), 0));
    options.name = "answerer";
    cr_assert(eq(int, msock_open(&answerer, "sim://threads", &options), 0));
    msock_subscribe(answerer, "question", on_question, NULL, NULL);
    msock_subscribe(asker, "answer", on_answer, NULL, NULL);
    msock_timer_start(asker, 0, 0, ask, &asked);
    msock_timer_start(asker, DEADLINE_MS, 0, give_up, NULL);
    pthread_create(&thread, NULL, run_answerer, answerer);

    int result = msock_run(asker);

    cr_expect(eq(int, result, 0));
    cr_expect(eq(uint, atomic_load(&answers), COUNT));
    msock_stop(answerer);
    pthread_join(thread, NULL);
    msock_close(asker, NULL, NULL);
    msock_close(answerer, NULL, NULL);
}
