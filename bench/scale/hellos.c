/* SPDX-License-Identifier: Apache-2.0 */
/* Many idle nodes of an open channel, as the others see them.
 *
 *     scale_hellos GROUP PORT COUNT PERIOD_MS
 *
 * Says a full hello for each of COUNT sessions, then READY, and from then on a
 * short one of each in turn, PERIOD_MS for a round, until it is killed. It
 * sends from 127.0.0.1 and hears nothing. Another call with a higher count goes
 * on with the same sessions. */
#include "codec/control.h"
#include "codec/frame.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    DATAGRAM_MAX = 1400,
    FULL_PAUSE_US = 500, /* between the first ones: a buffer is no place */
    MS_NS = 1000000
};

static struct sockaddr_in group;
static int out;

static uint64_t ms_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MS_NS;
}

static void pause_us(uint64_t us)
{
    const struct timespec time = {.tv_sec = (time_t)(us / 1000000),
                                  .tv_nsec = (long)(us % 1000000 * 1000)};

    nanosleep(&time, NULL);
}

static int open_socket(const char *address, const char *port)
{
    struct in_addr loopback = {htonl(INADDR_LOOPBACK)};

    group.sin_family = AF_INET;
    group.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    out = socket(AF_INET, SOCK_DGRAM, 0);
    return inet_pton(AF_INET, address, &group.sin_addr) == 1 && out >= 0
               ? setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &loopback,
                            sizeof loopback)
               : -1;
}

/* A counter that no earlier call of this program has used. */
static uint64_t next_counter(void)
{
    static uint64_t counter;

    counter = counter == 0 ? ms_of(CLOCK_REALTIME) * 1000 : counter + 1;
    return counter;
}

static int hello(unsigned number, uint64_t period_ms, bool full)
{
    struct msock__control control = {
        .kind = MSOCK__HELLO,
        .age_ms = ms_of(CLOCK_MONOTONIC),
        .every_ms = period_ms * 5 / 4,
        .revision = 1,
        .held = {.first = 1, .last = 0},
        .full = full,
        .about = {.parts = 1, .version = "1.0.0"},
        .count = full,
        .filters = {{.text = "\"home/kitchen/#\"", .size = 16}},
    };
    struct msock__frame frame = {.stream = MSOCK__CONTROL,
                                 .counter = next_counter()};
    struct msock__body body = {.sent_us = control.age_ms * 1000};
    uint8_t packet[DATAGRAM_MAX];
    char name[16];

    snprintf(name, sizeof name, "node-%04u", number);
    for (size_t i = 0; i < 4; i++) {
        frame.session[i] = (uint8_t)(number >> 8 * i);
    }
    memset(frame.session + 4, 'S', sizeof frame.session - 4);
    msock__frame_encode(&frame, packet);
    size_t size = MSOCK__HEADER_SIZE +
                  msock__body_encode(&body, packet + MSOCK__HEADER_SIZE);
    size += msock__control_encode(&control, name, (char *)packet + size,
                                  sizeof packet - size, NULL);
    return sendto(out, packet, size, 0, (struct sockaddr *)&group,
                  sizeof group) < 0
               ? -1
               : 0;
}

int main(int argc, char **argv)
{
    if (argc != 5 || open_socket(argv[1], argv[2]) < 0) {
        fprintf(stderr, "usage: scale_hellos GROUP PORT COUNT PERIOD_MS\n");
        return 2;
    }
    unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
    uint64_t period_ms = strtoull(argv[4], NULL, 10);
    for (unsigned i = 0; i < count; i++) {
        if (hello(i, period_ms, true) < 0) {
            perror("scale_hellos");
            return EXIT_FAILURE;
        }
        pause_us(FULL_PAUSE_US);
    }
    puts("READY");
    fflush(stdout);
    for (unsigned i = 0; count > 0; i = (i + 1) % count) {
        pause_us(period_ms * 1000 / count);
        (void)hello(i, period_ms, false);
    }
    return EXIT_SUCCESS;
}
