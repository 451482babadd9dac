/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of peer.h. Settings [default]: size [64 bytes], rcvbuf; publish:
 * seconds [1], count, rate [as fast as it goes; messages a second], listeners
 * [1]; listen: timed [0; 1: messages are stamped], busy [0 us that a message
 * takes]; ping: count [2000]. */
#include "bench/peers/measure.h"
#include "bench/peers/message.h"
#include "bench/peers/peer.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

enum {
    MEET_MS = 5000,       /* until the listeners must be there, */
    SETTLE_MS = 100,      /* and then until they listen, */
    GUESS_MS = 500,       /* or so long if nobody can say */
    QUIET_MS = 200,       /* the end of what comes */
    STAY_MS = 20000,      /* until the listeners should have ended */
    REPLY_MS = 250,       /* a round trip that takes longer is lost */
    REPLIES_LOST = 50,    /* so many are no measurement */
    WARM = 200,           /* round trips before those that count */
    CLOCK_SHARE = 16,     /* the clock is looked at each so many messages, */
    CLOCK_RATE = 1000000, /* and before each if they are fewer a second */
    FLUSH_RATE = 20000    /* below it each message is to leave by itself */
};

const char *const role_topics[2] = {"home/kitchen/lights", "home/kitchen/echo"};

static char **settings; /* ends with NULL */
static volatile sig_atomic_t stopped;
static struct measure heard;
static bool echoes;
static uint64_t busy_ns; /* a message takes as long */
static uint64_t awaited; /* so many are to come; 0: there is no end */

/* -- For the systems -- */

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

bool role_done(void)
{
    return stopped || (awaited > 0 && heard.count >= awaited);
}

void role_heard(const char *text, size_t size)
{
    if (echoes) {
        (void)peer_send(text, size);
        peer_flush();
    }
    measure_add(&heard, text, size);
    if (busy_ns > 0) {
        uint64_t end_ns = measure_now_ns() + busy_ns;
        while (measure_now_ns() < end_ns) {
        }
    }
}

/* -- Time -- */

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void poll_for(uint64_t ms)
{
    uint64_t end_ns = measure_now_ns() + ms * MS_NS;

    while (!stopped && measure_now_ns() < end_ns) {
        const struct timespec pause = {.tv_nsec = MS_NS};
        peer_poll(false);
        nanosleep(&pause, NULL);
    }
}

static void sleep_until(uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / SECOND_NS),
                                .tv_nsec = (long)(at_ns % SECOND_NS)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* -- publish -- */

/* How a publisher goes about it. */
struct offer {
    uint64_t count;
    double rate; /* messages a second, 0: as fast as it goes */
    uint64_t began_ns, end_ns;
    uint64_t sent, lost;
};

static void meet(void)
{
    double listeners = role_number("listeners", 1);

    if (peer_listeners() == PEER_NONE) {
        poll_for(GUESS_MS);
        return;
    }
    for (int i = 0; i < MEET_MS && peer_listeners() < listeners; i++) {
        poll_for(1);
    }
    poll_for(SETTLE_MS);
}

/* Waits for the moment of the next message.  Returns whether there is one. */
static bool is_next(const struct offer *offer, char *text)
{
    uint64_t number = offer->sent + offer->lost;

    if (stopped || number >= offer->count) {
        return false;
    }
    bool looks = number % CLOCK_SHARE == 0 ||
                 (offer->rate > 0 && offer->rate <= CLOCK_RATE);
    if (!looks) {
        return true;
    }
    uint64_t now_ns = measure_now_ns();
    if (offer->rate > 0) {
        uint64_t due_ns =
            offer->began_ns + (uint64_t)((double)number * 1e9 / offer->rate);
        if (due_ns > now_ns && due_ns < offer->end_ns) {
            sleep_until(due_ns);
        }
        now_ns = measure_now_ns();
        message_stamp(text, now_ns);
    }
    return now_ns < offer->end_ns;
}

static void offer_one(struct offer *offer, char *text, size_t size)
{
    enum peer_sent sent;

    message_number(text, offer->sent + offer->lost);
    while ((sent = peer_send(text, size)) == PEER_AGAIN && !stopped) {
        peer_poll(true);
    }
    offer->sent += sent == PEER_SENT;
    offer->lost += sent != PEER_SENT;
    if (offer->rate > 0 && offer->rate <= FLUSH_RATE) {
        peer_flush();
    }
    if (peer_turn > 0 && (offer->sent + offer->lost) % peer_turn == 0) {
        peer_poll(false);
    }
}

static int publish(size_t size)
{
    char *text = message_new(size);
    struct offer offer = {.count = (uint64_t)role_number("count", 4e9),
                          .rate = role_number("rate", 0)};

    if (text == NULL) {
        return role_fail("message", "no memory");
    }
    meet();
    uint64_t cpu_us = measure_cpu_us();
    offer.began_ns = measure_now_ns();
    offer.end_ns = offer.began_ns + (uint64_t)(role_number("seconds", 1) * 1e9);
    while (is_next(&offer, text)) {
        offer_one(&offer, text, size);
    }
    peer_flush();
    uint64_t took_ns = measure_now_ns() - offer.began_ns;
    say("DONE");
    poll_for(STAY_MS); /* queues drain until the listeners have ended */
    printf("sent=%" PRIu64 " lost=%" PRIu64 " wall_us=%" PRIu64
           " cpu_us=%" PRIu64 "\n",
           offer.sent, offer.lost, took_ns / 1000, measure_cpu_us() - cpu_us);
    free(text);
    return 0;
}

/* -- listen, echo -- */

static int listen_on(void)
{
    uint64_t cpu_us = measure_cpu_us();

    while (!stopped) {
        peer_poll(true);
    }
    uint64_t seen = heard.count;
    uint64_t quiet_ns = measure_now_ns();
    while (measure_now_ns() - quiet_ns < QUIET_MS * MS_NS) {
        peer_poll(true);
        if (heard.count != seen) {
            seen = heard.count;
            quiet_ns = measure_now_ns();
        }
    }
    printf("count=%" PRIu64 " skipped=%" PRIu64 " disorder=%" PRIu64
           " bad=%" PRIu64 " first_ns=%" PRIu64 " last_ns=%" PRIu64
           " cpu_us=%" PRIu64,
           heard.count, heard.skipped, heard.disorder, heard.bad,
           heard.first_ns, heard.last_ns, measure_cpu_us() - cpu_us);
    measure_print_times(&heard);
    putchar('\n');
    return 0;
}

/* -- ping -- */

/* Returns whether the message came back. */
static bool make_round(char *text, size_t size)
{
    uint64_t began_ns = measure_now_ns();

    awaited = heard.count + 1;
    message_stamp(text, began_ns);
    (void)peer_send(text, size);
    peer_flush();
    while (!role_done() && measure_now_ns() - began_ns < REPLY_MS * MS_NS) {
        peer_poll(true);
    }
    return heard.count >= awaited;
}

static int ping(size_t size)
{
    char *text = message_new(size);
    uint64_t count = (uint64_t)role_number("count", 2000);
    uint64_t lost = 0, cpu_us = 0, began_ns = 0;

    if (text == NULL) {
        return role_fail("message", "no memory");
    }
    poll_for(GUESS_MS);
    for (uint64_t i = 0; i < WARM + count && lost < REPLIES_LOST; i++) {
        if (i == WARM) {
            measure_restart(&heard);
            cpu_us = measure_cpu_us();
            began_ns = measure_now_ns();
        }
        message_number(text, i);
        lost += !make_round(text, size);
    }
    printf("rounds=%" PRIu64 " lost=%" PRIu64 " wall_us=%" PRIu64
           " cpu_us=%" PRIu64,
           count, lost, (measure_now_ns() - began_ns) / 1000,
           measure_cpu_us() - cpu_us);
    measure_print_times(&heard);
    putchar('\n');
    free(text);
    return 0;
}

/* -- The command line -- */

static void on_term(int number)
{
    (void)number;
    stopped = 1;
}

static int play(const char *name, const struct peer_role *role)
{
    bool pings = strcmp(name, "ping") == 0;
    struct sigaction end = {.sa_handler = on_term};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    echoes = strcmp(name, "echo") == 0;
    busy_ns = (uint64_t)(role_number("busy", 0) * 1000);
    if (measure_init(&heard, pings || role_number("timed", 0) > 0) < 0) {
        return role_fail("measure", "no memory");
    }
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    prctl(PR_SET_TIMERSLACK, 1000UL); /* else rates are not kept */
    if (peer_open(role) < 0) {
        return -1;
    }
    say("READY");
    int code = pings                        ? ping(role->size)
               : role->listens == PEER_NONE ? publish(role->size)
                                            : listen_on();
    fflush(stdout);
    return code;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int publishes, listens;
    } roles[] = {
        {"publish", 0, PEER_NONE},
        {"listen", PEER_NONE, 0},
        {"ping", 0, 1},
        {"echo", 1, 0},
    };

    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(argv[1], roles[i].name) == 0) {
            settings = argv + 2;
            const struct peer_role role = {
                .publishes = roles[i].publishes,
                .listens = roles[i].listens,
                .size = (size_t)role_number("size", MESSAGE_MIN),
                .rcvbuf = (int)role_number("rcvbuf", 0),
            };
            /* Systems with threads of their own are not waited for. */
            _Exit(play(argv[1], &role) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
    }
    fprintf(stderr, "usage: %s publish|listen|ping|echo [KEY=VALUE...]\n",
            argv[0]);
    return 2;
}
