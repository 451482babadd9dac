/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that share a simulated network in real time: each opens a channel,
 * floods it, and closes, again and again, while the network is changed from
 * outside. A plain program, for ThreadSanitizer, which Criterion does not bear.
 */
#include <multisock/sim.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 10, MESSAGES = 50 };

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, msock_error_detail());
        exit(1);
    }
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    unsigned *heard = user;
    (void)message;
    (*heard)++;
    if (*heard == MESSAGES) {
        msock_stop(channel);
    }
    return 0;
}

static void publish(msock_channel *channel, void *user)
{
    (void)user;
    check(msock_publish(channel, "t", "1", NULL), "publish");
}

static void *live(void *user)
{
    msock_options options = {.name = user};
    for (int i = 0; i < ROUNDS; i++) {
        unsigned heard = 0;
        msock_channel *channel;
        check(msock_open(&channel, "sim://race", &options), "open");
        check(msock_subscribe(channel, "#", on_message, &heard, NULL),
              "subscribe");
        check(msock_timer_start(channel, 0, 1, publish, NULL), "timer");
        check(msock_run(channel), "run");
        msock_close(channel, NULL, NULL);
    }
    return NULL;
}

static void observe(const msock_sim_event *event, void *user)
{
    size_t *bytes = user;
    *bytes += event->size;
}

int main(void)
{
    static char names[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    msock_sim *sim;
    msock_sim_stats stats;
    size_t bytes = 0;
    msock_sim_options options = {
        .seed = 1,
        .real_time = true,
        .faults = {.loss = 5, .dup = 5, .delay_ms = 0.5, .jitter_ms = 1}};
    check(msock_sim_open(&sim, "race", &options), "network");
    msock_sim_tap(sim, observe, &bytes);
    for (int i = 0; i < THREADS; i++) {
        check(-pthread_create(&threads[i], NULL, live, names[i]), "thread");
    }

    for (int i = 0; i < 100; i++) {
        check(msock_sim_partition(sim, "a", "b", i % 2 == 0), "partition");
        check(msock_sim_link(sim, "c", NULL, &(msock_sim_faults){.loss = i}),
              "link");
        msock_sim_inject(sim, "d", "?", 1);
        msock_sim_stats_get(sim, &stats, sizeof(stats));
    }

    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    msock_sim_tap(sim, NULL, NULL);
    msock_sim_close(sim);
    return bytes > 0 ? 0 : 1;
}
