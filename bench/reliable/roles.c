/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, the clock and the report of a role. */
#include "bench/reliable/roles.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static char **settings; /* ends with NULL */
static struct tally tally;
static uint64_t first_ns, offered_ns;

/* One clock for all processes of the machine. */
static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

void role_first(void)
{
    first_ns = now_ns();
}

void role_offered(void)
{
    offered_ns = now_ns();
    say("OFFERED");
}

void role_heard(const void *bytes, size_t size)
{
    if (tally_add(&tally, now_ns(), bytes, size)) {
        say("COMPLETE");
    }
}

const char *role_text(const char *key, const char *missing)
{
    size_t size = strlen(key);

    for (char **setting = settings; *setting != NULL; setting++) {
        if (strncmp(*setting, key, size) == 0 && (*setting)[size] == '=') {
            return *setting + size + 1;
        }
    }
    return missing;
}

double role_number(const char *key, double missing)
{
    const char *text = role_text(key, NULL);

    return text != NULL ? strtod(text, NULL) : missing;
}

int role_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return -1;
}

static long cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void report(bool publisher, long cpu_before_us)
{
    printf("cpu_us=%ld", cpu_us() - cpu_before_us);
    if (publisher) {
        printf(" first_ns=%" PRIu64 " offered_ns=%" PRIu64, first_ns,
               offered_ns);
    } else {
        printf(" count=%u disorder=%u bad=%u first_ns=%" PRIu64
               " last_ns=%" PRIu64,
               tally.count, tally.disorder, tally.bad, tally.first_ns,
               tally.last_ns);
    }
    peer_report();
    say("");
}

static void on_term(int number)
{
    (void)number;
    peer_stop();
}

static int play(bool publisher, unsigned count)
{
    struct sigaction end = {.sa_handler = on_term};

    if (tally_init(&tally, count) < 0) {
        return role_fail("tally", "no memory");
    }
    if (peer_open(publisher) < 0) {
        return -1;
    }
    sigaction(SIGTERM, &end, NULL);
    long cpu_before_us = cpu_us();
    say("READY");
    if (publisher) {
        peer_publish(count, (unsigned)role_number("settle_ms", 500));
    } else {
        peer_receive();
    }
    report(publisher, cpu_before_us);
    tally_fini(&tally);
    return 0;
}

int main(int argc, char **argv)
{
    bool publisher = argc > 2 && strcmp(argv[1], "publish") == 0;
    bool receiver = argc > 2 && strcmp(argv[1], "receive") == 0;
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if ((!publisher && !receiver) || count < 1 || count > OBJECTS_MAX) {
        fprintf(stderr, "usage: %s publish|receive COUNT [KEY=VALUE...]\n",
                argv[0]);
        return 2;
    }
    settings = argv + 3;
    return play(publisher, (unsigned)count) < 0;
}
