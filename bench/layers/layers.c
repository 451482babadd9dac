/* SPDX-License-Identifier: Apache-2.0 */
/* What the layers cost: one channel address, two programs.
 *
 *     layers echo URL NAME      answers, until SIGTERM
 *     layers measure URL NAME   prints "rtt_p50_us=… rtt_p99_us=… rate=…
 *                               first_ms=…" and ends
 *
 * A round trip is a message of 64 bytes and its answer, one after the other.
 * The rate is that of reliable messages of 64 bytes as fast as they are taken,
 * from the first publish to the word of the other that it has the last. The
 * first message is that of a program that opens, publishes and ends: from
 * before msock_open() to the callback of the other, which did not know it.
 * All times are read from one clock. */
#include <multisock/multisock.h>
#include <multisock/text.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUNDS = 2000,
    WARM = 200,
    MESSAGES = 200000,
    FIRSTS = 20,
    BOUND_MS = 60000,
    DATA_SIZE = 64
};

static const msock_publish_options reliable = {.reliable = true};

static msock_channel *channel;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "layers: %s: %s\n", what, msock_error_detail());
    return EXIT_FAILURE;
}

/* A number as a JSON string of exactly DATA_SIZE bytes. */
static const char *number_text(uint64_t number)
{
    static char text[DATA_SIZE + 1];
    snprintf(text, sizeof text, "\"%0*llu\"", DATA_SIZE - 2,
             (unsigned long long)number);
    return text;
}

static uint64_t number_of(const msock_message *message)
{
    return strtoull(message->data + 1, NULL, 10);
}

/* -- The one that answers -- */

static int on_ping(msock_channel *on, const msock_message *message, void *user)
{
    (void)user;
    return msock_publish(on, "pong", message->data, NULL);
}

static int on_load(msock_channel *on, const msock_message *message, void *user)
{
    static unsigned heard;
    (void)message, (void)user;
    if (++heard % MESSAGES == 0) {
        return msock_publish(on, "loaded", NULL, &reliable);
    }
    return 0;
}

/* Its data is when its program was about to open the channel. */
static int on_first(msock_channel *on, const msock_message *message, void *user)
{
    (void)user;
    return msock_publish(on, "took", number_text(now_ns() - number_of(message)),
                         &reliable);
}

static void on_signal(int number)
{
    (void)number;
    msock_stop(channel);
}

static int echo(void)
{
    signal(SIGTERM, on_signal);
    msock_subscribe(channel, "ping", on_ping, NULL, NULL);
    msock_subscribe(channel, "load", on_load, NULL, NULL);
    msock_subscribe(channel, "first", on_first, NULL, NULL);
    puts("READY");
    fflush(stdout);
    msock_run(channel);
    return EXIT_SUCCESS;
}

/* -- The one that measures -- */

static struct {
    uint64_t sent_ns;
    size_t rounds;
    uint64_t rtt_ns[ROUNDS];
    unsigned offered;
    uint64_t load_ns;
    size_t firsts;
    uint64_t first_ns[FIRSTS];
    bool late;
} seen;

static int ascending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint64_t quantile(uint64_t *values, size_t count, unsigned per_cent)
{
    qsort(values, count, sizeof *values, ascending);
    return values[(count - 1) * per_cent / 100];
}

static int ping(msock_channel *on)
{
    seen.sent_ns = now_ns();
    return msock_publish(on, "ping", number_text(seen.rounds), NULL);
}

static int on_pong(msock_channel *on, const msock_message *message, void *user)
{
    (void)user;
    if (number_of(message) != seen.rounds) {
        return 0;
    }
    if (seen.rounds >= WARM) {
        seen.rtt_ns[seen.rounds - WARM] = now_ns() - seen.sent_ns;
    }
    if (++seen.rounds == WARM + ROUNDS) {
        msock_stop(on);
        return 0;
    }
    return ping(on);
}

/* The first pings may come before the other believes this session. */
static void on_begin(msock_channel *on, void *user)
{
    (void)user;
    if (seen.rounds == 0) {
        ping(on);
    }
}

static void load(msock_channel *on)
{
    while (seen.offered < MESSAGES &&
           msock_publish(on, "load", number_text(seen.offered), &reliable) ==
               0) {
        seen.offered++;
    }
}

static void on_event(msock_channel *on, const msock_event *event, void *user)
{
    (void)user;
    if (event->kind == MSOCK_EVENT_WRITABLE) {
        load(on);
    }
}

static int on_loaded(msock_channel *on, const msock_message *message,
                     void *user)
{
    (void)message, (void)user;
    seen.load_ns = now_ns() - seen.load_ns;
    msock_stop(on);
    return 0;
}

static int on_took(msock_channel *on, const msock_message *message, void *user)
{
    (void)user;
    seen.first_ns[seen.firsts++] = number_of(message);
    msock_stop(on);
    return 0;
}

static void on_bound(msock_channel *on, void *user)
{
    (void)user;
    seen.late = true;
    msock_stop(on);
}

/* Another node that comes, says one thing and goes. */
static int say_first(const char *url, const char *name)
{
    const uint64_t began_ns = now_ns();
    const msock_options options = {.name = name};
    msock_channel *other;
    if (msock_open(&other, url, &options) < 0 ||
        msock_publish(other, "first", number_text(began_ns), NULL) < 0) {
        return -1;
    }
    msock_close(other, NULL, NULL);
    return 0;
}

static int measure(const char *url, const char *first_name)
{
    msock_timer_start(channel, BOUND_MS, 0, on_bound, NULL);
    msock_subscribe(channel, "pong", on_pong, NULL, NULL);
    msock_subscribe(channel, "loaded", on_loaded, NULL, NULL);
    msock_subscribe(channel, "took", on_took, NULL, NULL);
    msock_watch(channel, on_event, NULL);
    msock_timer_start(channel, 500, 500, on_begin, NULL);
    msock_run(channel);
    seen.load_ns = now_ns();
    if (!seen.late) {
        load(channel);
        msock_run(channel);
    }
    while (!seen.late && seen.firsts < FIRSTS) {
        if (say_first(url, first_name) < 0) {
            return fail("the first message");
        }
        msock_run(channel);
    }
    if (seen.late) {
        fprintf(
            stderr,
            "layers: after %d ms only %zu rounds, %u messages, %zu firsts\n",
            BOUND_MS, seen.rounds, seen.offered, seen.firsts);
        return EXIT_FAILURE;
    }
    printf("rtt_p50_us=%.2f rtt_p99_us=%.2f rate=%.0f first_ms=%.2f\n",
           (double)quantile(seen.rtt_ns, ROUNDS, 50) / 1e3,
           (double)quantile(seen.rtt_ns, ROUNDS, 99) / 1e3,
           MESSAGES / ((double)seen.load_ns / 1e9),
           (double)quantile(seen.first_ns, FIRSTS, 50) / 1e6);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: layers echo|measure URL NAME [URL and NAME of a third]\n",
              stderr);
        return 2;
    }
    const msock_options options = {.name = argv[3]};
    if (msock_open(&channel, argv[2], &options) < 0) {
        return fail(argv[2]);
    }
    const bool echoes = strcmp(argv[1], "echo") == 0;
    int code = echoes ? echo() : measure(argv[argc - 2], argv[argc - 1]);
    msock_close(channel, NULL, NULL);
    return code;
}
