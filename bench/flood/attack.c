/* SPDX-License-Identifier: Apache-2.0 */
/* The flooder. It listens first, as long as it is told, and then sends at full
 * rate until SIGTERM. Orders are lines of standard input: "hold" ends the
 * recording, "go" begins the flood. */
#include "bench/flood/attack_frames.h"
#include "bench/flood/attack_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS_MAX = 2048, LISTEN_EVERY = 8, NEWEST = 64, SWARM_FRAMES = 256 };

static struct {
    size_t size;
    uint8_t bytes[DATAGRAM_MAX];
} records[RECORDS_MAX];

static size_t record_count;
static struct sockaddr_in victim; /* who sent the last record */
static volatile sig_atomic_t ended;
static struct insider insider;
static struct attack_socket net;

static void on_term(int number)
{
    (void)number;
    ended = 1;
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

/* -- Before the flood -- */

static bool is_ordered(void)
{
    struct pollfd ready = {STDIN_FILENO, POLLIN, 0};
    char line[16];

    return poll(&ready, 1, 0) > 0 && read(STDIN_FILENO, line, sizeof line) >= 0;
}

static void answer(uint8_t *bytes, size_t size)
{
    uint8_t batch[BATCH][DATAGRAM_MAX];
    size_t sizes[BATCH] = {0};

    sizes[0] = insider_answer(&insider, bytes, size, batch[0]);
    if (sizes[0] > 0) {
        sendto(net.out, batch[0], sizes[0], 0, (struct sockaddr *)&net.group,
               sizeof net.group);
    }
}

static void greet(void)
{
    uint8_t bytes[DATAGRAM_MAX];
    size_t size = insider_hello(&insider, bytes);

    sendto(net.out, bytes, size, 0, (struct sockaddr *)&net.group,
           sizeof net.group);
}

/* Takes down frames of data, and answers for the insider, until ordered. */
static void listen_until_ordered(bool record, bool inside)
{
    uint8_t bytes[DATAGRAM_MAX];
    struct sockaddr_in source;

    while (!is_ordered() && !ended) {
        size_t size = attack_receive(&net, 20, bytes, &source);
        if (size < MSOCK__HEADER_SIZE) {
            continue;
        }
        if (inside) {
            answer(bytes, size);
        } else if (record && bytes[24] >> 6 != MSOCK__CONTROL &&
                   record_count < RECORDS_MAX) {
            memcpy(records[record_count].bytes, bytes, size);
            records[record_count++].size = size;
            victim = source;
        }
    }
}

/* -- The flood -- */

enum kind { FORGE, REPLAY, INSIDER, SWARM };

static size_t next_frame(enum kind kind, unsigned size, uint8_t *bytes)
{
    static uint64_t turn;
    size_t at = record_count > 0 ? ++turn % record_count : ++turn;

    switch (kind) {
    case FORGE:
        at =
            turn % NEWEST < record_count ? record_count - 1 - turn % NEWEST : 0;
        return forged(records[at].bytes, turn, size, bytes);
    case REPLAY:
        memcpy(bytes, records[at].bytes, records[at].size);
        return records[at].size;
    case SWARM:
        if (turn % SWARM_FRAMES == 0) {
            insider_redraw(&insider);
        }
        return insider_batch(&insider, size, bytes);
    default:
        return insider_batch(&insider, size, bytes);
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void flood(enum kind kind, unsigned size)
{
    static uint8_t batch[BATCH][DATAGRAM_MAX];
    uint8_t heard[DATAGRAM_MAX];
    struct sockaddr_in source;
    double since = seconds();

    for (unsigned turn = 0; !ended; turn++) {
        size_t sizes[BATCH];
        for (size_t i = 0; i < BATCH; i++) {
            sizes[i] = next_frame(kind, size, batch[i]);
        }
        attack_send(&net, batch, sizes);
        if (kind == INSIDER && turn % LISTEN_EVERY == 0) {
            size_t got = attack_receive(&net, 0, heard, &source);
            answer(heard, got);
        }
    }
    printf("sent=%llu rate=%.0f\n", (unsigned long long)net.sent,
           (double)net.sent / (seconds() - since));
}

/* -- The command line -- */

static int open_all(enum kind kind, char **words)
{
    uint8_t group[16] = {[10] = 0xff, [11] = 0xff};
    uint16_t port = (uint16_t)strtoul(words[1], NULL, 10);

    if (inet_pton(AF_INET, words[0], group + 12) != 1 ||
        attack_open(&net, words[0], port, words[2]) < 0) {
        perror("socket");
        return -1;
    }
    return kind >= INSIDER ? insider_open(&insider, words[3], group, port) : 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"forge", "replay", "insider", "swarm"};
    struct sigaction end = {.sa_handler = on_term};
    enum kind kind = FORGE;

    while (argc == 8 && kind <= SWARM && strcmp(argv[1], names[kind]) != 0) {
        kind++;
    }
    if (argc != 8 || kind > SWARM) {
        fprintf(stderr,
                "usage: %s forge|replay|insider|swarm SIZE own|forged GROUP "
                "PORT FROM KEY_FILE\n"
                "SIZE: bytes of a forged frame, or messages in an "
                "insider's\n",
                argv[0]);
        return 2;
    }
    sigaction(SIGTERM, &end, NULL);
    if (open_all(kind, argv + 4) < 0) {
        return 1;
    }
    say("READY");
    if (kind == INSIDER) {
        greet();
    }
    listen_until_ordered(true, kind == INSIDER);
    listen_until_ordered(false, kind == INSIDER);
    if ((kind < INSIDER && record_count == 0) ||
        (strcmp(argv[3], "forged") == 0 && attack_forge(&net, &victim) < 0)) {
        fprintf(stderr, "nothing was heard, or raw sockets are forbidden\n");
        return 1;
    }
    flood(kind, (unsigned)strtoul(argv[2], NULL, 10));
    return 0;
}
