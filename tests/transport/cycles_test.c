/* SPDX-License-Identifier: Apache-2.0 */
/* Channels that open, talk and close, thousands of times: nothing grows.
 *
 * Descriptors are counted exactly. Memory is what malloc says is in use: were
 * one chunk of the smallest size (32 bytes) lost in each cycle, the bound would
 * be passed (with the thread cache off, as tests.cmake does: what waits in it
 * counts as in use). Resident memory has room for half a page in each of 2,000
 * cycles. Under AddressSanitizer, which keeps what is freed, neither says
 * anything, and LeakSanitizer looks instead. */
#define _GNU_SOURCE
#include "tests/support/netns.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#if defined(__SANITIZE_ADDRESS__)
enum { PAGES = 1000000 };
#else
enum { PAGES = 1024 };
#endif
enum {
    SIM_CYCLES = 2000,
    LO_CYCLES = 300,
    SEALED_LO_CYCLES = 20, /* each waits half a second for who may ask */
    WARM_UP = 20,
    BYTES_A_CYCLE = 16
};

static const char on_lo[] = "udp://239.255.77.83:7783?iface=lo";

struct use {
    size_t descriptors;
    size_t bytes; /* in use, of malloc */
    size_t pages; /* resident */
};

static struct use measure(void)
{
    struct use use = {.bytes = mallinfo2().uordblks};
    DIR *folder = opendir("/proc/self/fd");
    FILE *file = fopen("/proc/self/statm", "re");

    while (readdir(folder) != NULL) {
        use.descriptors++;
    }
    closedir(folder);
    cr_assert(eq(int, fscanf(file, "%*u %zu", &use.pages), 1));
    fclose(file);
    return use;
}

static int on_message_stop(msock_channel *channel, const msock_message *message,
                           void *user)
{
    unsigned *heard = user;

    (void)message;
    (*heard)++;
    msock_stop(channel);
    return 0;
}

static void never(msock_channel *channel, void *user)
{
    (void)channel, (void)user;
}

static msock_channel *open_one(const char *url, const char *name,
                               const char *key_file)
{
    msock_options options = {
        .name = name, .key_file = key_file, .rcvbuf = 212992};
    msock_channel *channel = NULL;
    int rc = msock_open(&channel, url, &options);

    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
    return channel;
}

/* One turn of a loop with two channels. */
static void turn_both(msock_channel *one, msock_channel *two)
{
    struct pollfd readable[2] = {{msock_fd(one), POLLIN, 0},
                                 {msock_fd(two), POLLIN, 0}};
    int first = msock_timeout(one);
    int second = msock_timeout(two);

    poll(readable, 2, first < second ? first : second);
    msock_dispatch(one);
    msock_dispatch(two);
}

static bool knows(const msock_channel *channel)
{
    return msock_counter_get(channel, MSOCK_SESSIONS) > 0;
}

/* Two channels open, the one hears what the other publishes and posts, both
 * close with a timer that has not run. */
static void cycle(const char *url, const char *key_file)
{
    unsigned heard = 0;
    msock_channel *reader = open_one(url, "reader", key_file);
    msock_channel *writer = open_one(url, "writer", key_file);

    msock_subscribe(reader, "a/#", on_message_stop, &heard, NULL);
    msock_timer_start(reader, 60000, 0, never, NULL);
    msock_publish(writer, "a", "[1]", NULL);
    msock_post(writer, "a/b", "[2]", NULL);
    msock_close(writer, NULL, NULL);
    while (heard < 2) {
        msock_run(reader);
    }
    msock_close(reader, NULL, NULL);
}

/* The same, sealed: the writer must be there to be asked. */
static void sealed_cycle(const char *url, const char *key_file)
{
    unsigned heard = 0;
    msock_channel *reader = open_one(url, "reader", key_file);
    msock_channel *writer = open_one(url, "writer", key_file);

    msock_subscribe(reader, "a/#", on_message_stop, &heard, NULL);
    msock_timer_start(reader, 60000, 0, never, NULL);
    while (!knows(reader)) {
        turn_both(reader, writer);
    }
    msock_publish(writer, "a", "[1]", NULL);
    msock_post(writer, "a/b", "[2]", NULL);
    while (heard < 2) {
        turn_both(reader, writer);
    }
    msock_close(reader, NULL, NULL);
    msock_close(writer, NULL, NULL);
}

/* The same in virtual time, which takes no posts. */
static void virtual_cycle(const char *url, const char *key_file)
{
    unsigned heard = 0;
    msock_sim *sim = NULL;
    cr_assert(eq(int, msock_sim_open(&sim, strchr(url, '/') + 2, NULL), 0));
    msock_channel *reader = open_one(url, "reader", key_file);
    msock_channel *writer = open_one(url, "writer", key_file);

    msock_subscribe(reader, "a/#", on_message_stop, &heard, NULL);
    msock_timer_start(reader, 60000, 0, never, NULL);
    while (!knows(reader)) {
        msock_sim_run(sim, 1);
    }
    msock_publish(writer, "a", "[1]", NULL);
    msock_publish(writer, "a/b", "[2]", NULL);
    while (heard < 2) {
        msock_sim_run(sim, 1);
    }
    msock_close(reader, NULL, NULL);
    msock_close(writer, NULL, NULL);
    msock_sim_close(sim);
}

typedef void cycle_function(const char *url, const char *key_file);

static void expect_no_growth(cycle_function *run, const char *url,
                             const char *key_file, unsigned count)
{
    for (unsigned i = 0; i < WARM_UP && i < count; i++) {
        run(url, key_file);
    }
    struct use before = measure();
    for (unsigned i = 0; i < count; i++) {
        run(url, key_file);
    }
    struct use after = measure();

    cr_expect(eq(sz, after.descriptors, before.descriptors));
    cr_expect(le(sz, after.bytes, before.bytes + count * BYTES_A_CYCLE));
    cr_expect(le(sz, after.pages, before.pages + PAGES));
}

Test(cycles, simulated_channels_leave_nothing_behind, .timeout = 120)
{
    expect_no_growth(cycle, "sim://cycles?delay=10us", NULL, SIM_CYCLES);
}

Test(cycles, sealed_simulated_channels_leave_nothing_behind, .timeout = 120)
{
    char key_file[64];
    sim_key_file(key_file);

    expect_no_growth(virtual_cycle, "sim://cycles", key_file, SIM_CYCLES);
    unlink(key_file);
}

Test(cycles, sockets_leave_nothing_behind, .timeout = 120)
{
    test_netns_enter();
    test_netns_set("lo", true);

    expect_no_growth(cycle, on_lo, NULL, LO_CYCLES);
}

Test(cycles, sealed_sockets_leave_nothing_behind, .timeout = 120)
{
    char key_file[64];
    test_netns_enter();
    test_netns_set("lo", true);
    sim_key_file(key_file);

    expect_no_growth(sealed_cycle, on_lo, key_file, SEALED_LO_CYCLES);
    unlink(key_file);
}

static void on_closed(void *user)
{
    (*(unsigned *)user)++;
}

Test(cycles, a_loop_survives_all_its_channels, .timeout = 120)
{
    unsigned closed = 0;
    uv_loop_t loop;
    uv_loop_init(&loop);
    msock_options options = {.name = "node", .loop = &loop};
    struct use before = {0};

    for (unsigned i = 0; i < WARM_UP + SIM_CYCLES; i++) {
        msock_channel *channel;
        before = i == WARM_UP ? measure() : before;
        cr_assert(eq(int, msock_open(&channel, "sim://loop", &options), 0));
        msock_publish(channel, "a", "1", NULL);
        msock_close(channel, on_closed, &closed);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    struct use after = measure();

    cr_expect(eq(uint, closed, WARM_UP + SIM_CYCLES));
    cr_expect(eq(sz, after.descriptors, before.descriptors));
    cr_expect(le(sz, after.bytes, before.bytes + SIM_CYCLES * BYTES_A_CYCLE));
    cr_expect(eq(int, uv_loop_close(&loop), 0));
}
