/* SPDX-License-Identifier: Apache-2.0 */
/* One of many nodes.
 *
 *     scale_node idle URL FILTER COUNT    subscribes FILTER, COUNT others too
 *     scale_node states URL COUNT         publishes COUNT states of 64 bytes
 *     scale_node listen URL               counts what comes
 *     scale_node publish URL RATE SECONDS messages of 64 bytes, RATE a second
 *                                         (0: as fast as it goes)
 *
 * Each says READY, and ends with SIGTERM. SIGUSR1 makes an idle node tell what
 * it knows and what memory it has, and a publisher begin. */
#include "bench/peers/measure.h"

#include <assert.h>
#include <inttypes.h>
#include <malloc.h>
#include <multisock/multisock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define TOPIC "home/kitchen/lights"

enum {
    TURN = 512,          /* messages, until the loop turns at full speed */
    CLOCK_SHARE = 16,    /* the clock is read for each so many messages */
    QUIET_MS = 300,      /* the end of what comes */
    RCVBUF = 1024 * 1024 /* as 128 of the default would be 1 GiB */
};

static const char message[] = "{\"number\":12345678,\"sent\":\"123456789012\","
                              "\"value\":\"on, brightly\"}";

static_assert(sizeof message - 1 == 64, "as the other benchmarks send");

static msock_channel *channel;
static volatile sig_atomic_t asked, ended;
static uint64_t heard, noted, first_ns, last_ns, first_cpu_us;

static int fail(const char *what)
{
    fprintf(stderr, "scale_node: %s: %s\n", what, msock_error_detail());
    return EXIT_FAILURE;
}

static void on_signal(int number)
{
    if (number == SIGUSR1) {
        asked = 1;
    } else {
        ended = 1;
    }
    msock_stop(channel);
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static int open_channel(const char *url)
{
    const struct sigaction action = {.sa_handler = on_signal};
    char name[32];

    snprintf(name, sizeof name, "node-%08" PRIx32, (uint32_t)measure_now_ns());
    const msock_options options = {.name = name, .rcvbuf = RCVBUF};
    int code = msock_open(&channel, url, &options);
    if (code >= 0) {
        sigaction(SIGUSR1, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    return code;
}

/* -- idle -- */

static void count_node(msock_channel *of, const msock_node *node, void *user)
{
    (void)of;
    *(int *)user += node->up && node->described;
}

static void count_state(msock_channel *of, const msock_state *state, void *user)
{
    (void)of, (void)state;
    ++*(int *)user;
}

/* Bytes that are allocated now; 0 where the C library does not say. */
static size_t allocated(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
#else
    return 0;
#endif
}

static void report(void)
{
    int nodes = 0, states = 0;
    size_t bytes = allocated();

    (void)msock_nodes(channel, count_node, &nodes);
    (void)msock_state_each(channel, "#", count_state, &states);
    printf("nodes=%d states=%d heap=%zu\n", nodes, states, bytes);
    fflush(stdout);
}

static void stay(void)
{
    while (!ended) {
        (void)msock_run(channel);
        if (asked) {
            asked = 0;
            report();
        }
    }
}

static int on_nothing(msock_channel *from, const msock_message *got, void *user)
{
    (void)from, (void)got, (void)user;
    return 0;
}

static int idle(char **words)
{
    unsigned long count = strtoul(words[1], NULL, 10);
    char filter[64];

    if (msock_subscribe(channel, words[0], on_nothing, NULL, NULL) < 0) {
        return fail(words[0]);
    }
    for (unsigned long i = 0; i < count; i++) {
        snprintf(filter, sizeof filter, "house/room-%lu/+/state", i);
        if (msock_subscribe(channel, filter, on_nothing, NULL, NULL) < 0) {
            return fail(filter);
        }
    }
    say("READY");
    stay();
    return EXIT_SUCCESS;
}

/* -- states -- */

static int states(char **words)
{
    const msock_publish_options state = {.state = true};
    unsigned long count = strtoul(words[0], NULL, 10);
    char topic[64];

    for (unsigned long i = 0; i < count; i++) {
        int code;
        snprintf(topic, sizeof topic, "house/room-%05lu/state", i);
        while ((code = msock_publish(channel, topic, message, &state)) ==
               MSOCK_EAGAIN) {
            (void)msock_dispatch(channel);
        }
        if (code < 0) {
            return fail(topic);
        }
        (void)msock_dispatch(channel);
    }
    say("READY");
    stay();
    return EXIT_SUCCESS;
}

/* -- listen -- */

static int on_message(msock_channel *from, const msock_message *got, void *user)
{
    (void)from, (void)got, (void)user;
    if (heard % CLOCK_SHARE == 0) {
        last_ns = measure_now_ns();
        noted = heard;
    }
    if (heard++ == 0) {
        first_ns = last_ns;
        first_cpu_us = measure_cpu_us();
    }
    return 0;
}

static void on_quiet(msock_channel *of, void *user)
{
    (void)user;
    msock_stop(of);
}

static int listen_on(char **words)
{
    uint64_t seen;

    (void)words;
    if (msock_subscribe(channel, TOPIC, on_message, NULL, NULL) < 0) {
        return fail(TOPIC);
    }
    say("READY");
    stay();
    do { /* what waits in the socket, however late it is its turn */
        seen = heard;
        if (msock_timer_start(channel, QUIET_MS, 0, on_quiet, NULL) < 0) {
            return fail("timer");
        }
        (void)msock_run(channel);
        (void)msock_dispatch(channel);
    } while (heard != seen);
    printf("count=%" PRIu64 " noted=%" PRIu64 " took_ns=%" PRIu64
           " cpu_us=%" PRIu64 "\n",
           heard, noted, last_ns - first_ns,
           heard > 0 ? measure_cpu_us() - first_cpu_us : 0);
    return EXIT_SUCCESS;
}

/* -- publish -- */

static void sleep_until(uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / SECOND_NS),
                                .tv_nsec = (long)(at_ns % SECOND_NS)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* Offers messages one by one.  Returns how many were taken. */
static uint64_t offer_paced(double rate, uint64_t began_ns, uint64_t end_ns)
{
    uint64_t due_ns, sent = 0;

    for (uint64_t i = 0;; i++) {
        due_ns = began_ns + (uint64_t)((double)i * 1e9 / rate);
        if (due_ns >= end_ns || ended) {
            return sent;
        }
        sleep_until(due_ns);
        sent += msock_publish(channel, TOPIC, message, NULL) >= 0;
        (void)msock_dispatch(channel);
    }
}

static uint64_t offer_all(uint64_t end_ns)
{
    uint64_t sent = 0;

    while (measure_now_ns() < end_ns && !ended) {
        for (int i = 0; i < TURN; i++) {
            sent += msock_publish(channel, TOPIC, message, NULL) >= 0;
        }
        (void)msock_dispatch(channel);
    }
    return sent;
}

static int publish(char **words)
{
    double rate = strtod(words[0], NULL), seconds = strtod(words[1], NULL);

    say("READY");
    while (!asked && !ended) {
        (void)msock_run(channel);
    }
    asked = 0;
    uint64_t cpu_us = measure_cpu_us(), began_ns = measure_now_ns();
    uint64_t end_ns = began_ns + (uint64_t)(seconds * 1e9);
    uint64_t sent =
        rate > 0 ? offer_paced(rate, began_ns, end_ns) : offer_all(end_ns);
    printf("sent=%" PRIu64 " wall_us=%" PRIu64 " cpu_us=%" PRIu64 "\n", sent,
           (measure_now_ns() - began_ns) / 1000, measure_cpu_us() - cpu_us);
    fflush(stdout);
    stay();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int words;
        int (*play)(char **words);
    } roles[] = {
        {"idle", 2, idle},
        {"states", 1, states},
        {"listen", 0, listen_on},
        {"publish", 2, publish},
    };

    for (size_t i = 0; argc > 2 && i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(argv[1], roles[i].name) == 0 && argc == 3 + roles[i].words) {
            return open_channel(argv[2]) < 0 ? fail(argv[2])
                                             : roles[i].play(argv + 3);
        }
    }
    fprintf(stderr, "usage: scale_node idle|states|listen|publish URL ...\n");
    return 2;
}
