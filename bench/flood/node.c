/* SPDX-License-Identifier: Apache-2.0 */
/* The two who are disturbed: a sender of 100 messages a second of either
 * delivery, and a listener that counts them. */
#include <inttypes.h>
#include <multisock/multisock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { EVERY_MS = 10, SETTLE_MS = 2000 };

static msock_channel *channel;

/* One clock for all processes of the machine. */
static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void on_term(int number)
{
    (void)number;
    msock_stop(channel);
}

/* -- The sender -- */

static unsigned number, wanted;

/* Without a number while the others get to know it. */
static void publish_next(msock_channel *to, void *user)
{
    static unsigned settled;
    const msock_publish_options reliable = {.reliable = true};
    char text[64];

    (void)user;
    if (settled++ < SETTLE_MS / EVERY_MS) {
        msock_publish(to, "flood/warm", "{\"n\":0}", NULL);
        msock_publish(to, "flood/warm", "{\"n\":0}", &reliable);
        if (settled == SETTLE_MS / EVERY_MS) {
            say("SETTLED");
        }
        return;
    }
    if (number == wanted) {
        return;
    }
    snprintf(text, sizeof text, "{\"n\":%u,\"us\":%" PRIu64 "}", number++,
             now_us());
    msock_publish(to, "flood/best-effort", text, NULL);
    msock_publish(to, "flood/reliable", text, &reliable);
    if (number == wanted) {
        say("SENT");
    }
}

/* -- The listener -- */

struct tally {
    unsigned count;
    uint64_t worst_us; /* from publishing to the callback */
};

static struct tally best_effort, reliable;
static unsigned long others;

static int on_numbered(msock_channel *from, const msock_message *message,
                       void *user)
{
    struct tally *tally = user;
    const char *us = strstr(message->data, "\"us\":");
    uint64_t delay_us = us ? now_us() - strtoull(us + 5, NULL, 10) : 0;

    (void)from;
    tally->count++;
    tally->worst_us = delay_us > tally->worst_us ? delay_us : tally->worst_us;
    return 0;
}

static int on_other(msock_channel *from, const msock_message *message,
                    void *user)
{
    (void)from, (void)message, (void)user;
    others++;
    return 0;
}

static void listen(void)
{
    msock_subscribe(channel, "flood/best-effort", on_numbered, &best_effort,
                    NULL);
    msock_subscribe(channel, "flood/reliable", on_numbered, &reliable, NULL);
    msock_subscribe(channel, "flood/junk", on_other, NULL, NULL);
}

/* -- Both -- */

static long cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* That of getrusage() knows what the parent had, too. */
static long rss_max_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && kb == 0 && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "VmHWM: %ld", &kb);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kb;
}

static void report(void)
{
    printf("cpu_us=%ld rss_kb=%ld best_effort=%u best_effort_us=%" PRIu64
           " reliable=%u reliable_us=%" PRIu64 " others=%lu",
           cpu_us(), rss_max_kb(), best_effort.count, best_effort.worst_us,
           reliable.count, reliable.worst_us, others);
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        uint64_t value = msock_counter_get(channel, (enum msock_counter)i);
        if (value > 0) {
            printf(" %s=%llu", msock_counter_name((enum msock_counter)i),
                   (unsigned long long)value);
        }
    }
    say("");
}

int main(int argc, char **argv)
{
    bool sends = argc == 5 && strcmp(argv[1], "send") == 0;
    struct sigaction end = {.sa_handler = on_term};

    if (argc != 5 || (!sends && strcmp(argv[1], "listen") != 0)) {
        fprintf(stderr, "usage: %s send|listen URL KEY_FILE COUNT\n", argv[0]);
        return 2;
    }
    const msock_options options = {.name = argv[1],
                                   .key_file = *argv[3] ? argv[3] : NULL};
    if (msock_open(&channel, argv[2], &options) < 0) {
        fprintf(stderr, "%s: %s\n", argv[2], msock_error_detail());
        return 1;
    }
    sigaction(SIGTERM, &end, NULL);
    wanted = (unsigned)strtoul(argv[4], NULL, 10);
    if (sends) {
        msock_timer_start(channel, EVERY_MS, EVERY_MS, publish_next, NULL);
    } else {
        listen();
    }
    say("READY");
    msock_run(channel);
    report();
    msock_close(channel, NULL, NULL);
    return 0;
}
