/* SPDX-License-Identifier: Apache-2.0 */
/* Whole channels, opened as an application does, on `lo` of a namespace. */
#define _GNU_SOURCE
#include "tests/support/netns.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define ON_LO "udp://239.255.77.83:7783?iface=lo"
#define ON_LO6 "udp://[ff15::4d53]:7783?iface=lo"

enum { PATIENCE_MS = 10000, LARGE = 1 << 20 };

/* What a subscriber got. */
struct seen {
    int count;
    int wanted; /* stops the channel then */
    unsigned flags;
    char sender[64];
    char data[64];
    uint64_t hash;
    size_t size;
};

static uint64_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * 1099511628211u;
    }
    return hash;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct seen *seen = user;

    seen->count++;
    seen->flags = message->flags;
    seen->size = message->data_size;
    seen->hash = hash_of(message->data, message->data_size);
    snprintf(seen->sender, sizeof seen->sender, "%s", message->sender);
    snprintf(seen->data, sizeof seen->data, "%.60s", message->data);
    if (seen->count == seen->wanted) {
        msock_stop(channel);
    }
    return 0;
}

static void on_patience(msock_channel *channel, void *user)
{
    *(bool *)user = true;
    msock_stop(channel);
}

/* Runs until the subscriber stopped the channel.  Returns whether it did. */
static bool run(msock_channel *channel)
{
    bool late = false;
    int timer = msock_timer_start(channel, PATIENCE_MS, 0, on_patience, &late);

    msock_run(channel);
    msock_timer_stop(channel, timer);
    return !late;
}

/* One turn of a poll(2) loop, as an application embeds a channel. */
static void wait_and_dispatch(msock_channel *channel)
{
    struct pollfd readable = {msock_fd(channel), POLLIN, 0};

    poll(&readable, 1, msock_timeout(channel));
    msock_dispatch(channel);
}

static msock_channel *open_named(const char *url, const char *name,
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

/* Until each has heard the other, or believes it if the channel is sealed. */
static void meet(msock_channel *one, msock_channel *two)
{
    while (!knows(one) || !knows(two)) {
        turn_both(one, two);
    }
}

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

/* Makes a key file, which the caller removes. */
static void make_key(char path[static 32])
{
    char text[MSOCK_KEY_TEXT_SIZE];

    strcpy(path, "/tmp/multisock-key-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(msock_key_generate(text) == 0);
    cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void check_message(const char *url, const char *key_file)
{
    struct seen seen = {.wanted = 1};
    msock_channel *hub = open_named(url, "hub", key_file);
    msock_channel *node = open_named(url, "node", key_file);
    msock_subscribe(node, "lights", on_message, &seen, NULL);
    meet(hub, node);

    int rc = msock_publish(hub, "lights", "{\"on\":false}", NULL);
    msock_dispatch(hub);
    bool came = run(node);

    cr_expect(eq(int, rc, 0));
    cr_expect(came);
    cr_expect(eq(str, seen.sender, "hub"));
    cr_expect(eq(str, seen.data, "{\"on\":false}"));
    cr_expect(
        eq(int, (seen.flags & MSOCK_MESSAGE_SEALED) != 0, key_file != NULL));
    msock_close(hub, NULL, NULL);
    msock_close(node, NULL, NULL);
}

Test(open, a_message_crosses_an_open_channel_on_ipv4, .timeout = 30)
{
    enter();
    check_message(ON_LO, NULL);
}

Test(open, a_message_crosses_an_open_channel_on_ipv6, .timeout = 30)
{
    enter();
    test_netns_ip("-6 route add local ff00::/8 dev lo");
    check_message(ON_LO6, NULL);
}

Test(open, a_message_crosses_a_sealed_channel_on_ipv4, .timeout = 30)
{
    char key[32];
    enter();
    make_key(key);
    check_message(ON_LO, key);
    unlink(key);
}

Test(open, a_message_crosses_a_sealed_channel_on_ipv6, .timeout = 30)
{
    char key[32];
    enter();
    test_netns_ip("-6 route add local ff00::/8 dev lo");
    make_key(key);
    check_message(ON_LO6, key);
    unlink(key);
}

static void note_address(msock_channel *channel, const msock_node *node,
                         void *user)
{
    (void)channel;
    if (node->described) {
        snprintf(user, MSOCK_NAME_MAX, "%s", node->address);
    }
}

static void expect_address(const char *url, const char *form)
{
    msock_channel *one = open_named(url, "one", NULL);
    msock_channel *two = open_named(url, "two", NULL);
    char address[MSOCK_NAME_MAX] = "";
    unsigned port = 0;

    while (address[0] == '\0') {
        turn_both(one, two);
        msock_nodes(one, note_address, address);
    }

    cr_expect(eq(int, sscanf(address, form, &port), 1), "%s", address);
    cr_expect(ge(uint, port, 1024));
    msock_close(two, NULL, NULL);
    msock_close(one, NULL, NULL);
}

Test(open, others_are_listed_with_their_address, .timeout = 30)
{
    enter();
    test_netns_ip("-6 route add local ff00::/8 dev lo");

    expect_address(ON_LO, "127.0.0.1:%u");
    expect_address(ON_LO6, "[::1]:%u");
}

Test(open, another_key_is_not_heard, .timeout = 30)
{
    char right[32], wrong[32];
    struct seen seen = {.wanted = 1};
    enter();
    make_key(right);
    make_key(wrong);
    msock_channel *stranger = open_named(ON_LO, "stranger", wrong);
    msock_channel *hub = open_named(ON_LO, "hub", right);
    msock_channel *node = open_named(ON_LO, "node", right);
    msock_subscribe(node, "#", on_message, &seen, NULL);
    meet(hub, node);

    msock_publish(stranger, "lights", "true", NULL);
    msock_dispatch(stranger);
    msock_publish(hub, "lights", "false", NULL);
    msock_dispatch(hub);
    bool came = run(node);

    cr_expect(came);
    cr_expect(eq(str, seen.data, "false"));
    cr_expect(ge(u64, msock_counter_get(node, MSOCK_DROP_KEY_ID), 1));
    cr_expect(eq(u64, msock_counter_get(node, MSOCK_DROP_KEY_ID),
                 msock_counter_get(stranger, MSOCK_TX_FRAMES)));
    msock_close(stranger, NULL, NULL);
    msock_close(hub, NULL, NULL);
    msock_close(node, NULL, NULL);
    unlink(right);
    unlink(wrong);
}

Test(open, own_frames_are_dropped_once_and_delivered_directly, .timeout = 30)
{
    struct seen seen = {.wanted = 2};
    enter();
    msock_channel *node = open_named(ON_LO, "node", NULL);
    msock_channel *other = open_named(ON_LO, "other", NULL);
    msock_subscribe(node, "#", on_message, &seen, NULL);

    msock_publish(node, "mine", NULL, NULL);
    msock_dispatch(node);
    msock_publish(other, "theirs", NULL, NULL);
    msock_dispatch(other);
    bool came = run(node);

    cr_expect(came);
    cr_expect(eq(int, seen.count, 2));
    cr_expect(ge(u64, msock_counter_get(node, MSOCK_DROP_OWN), 1));
    cr_expect(le(u64, msock_counter_get(node, MSOCK_DROP_OWN),
                 msock_counter_get(node, MSOCK_TX_FRAMES)));
    msock_close(node, NULL, NULL);
    msock_close(other, NULL, NULL);
}

Test(open, a_raw_channel_speaks_in_plain_datagrams, .timeout = 30)
{
    struct seen seen = {.wanted = 1};
    enter();
    msock_channel *left = open_named(ON_LO "&codec=raw", "left", NULL);
    msock_channel *right = open_named(ON_LO "&codec=raw", "right", NULL);
    msock_subscribe(right, "raw", on_message, &seen, NULL);

    msock_publish(left, "raw", "\"Hello World\"", NULL);
    msock_dispatch(left);
    bool came = run(right);

    cr_expect(came);
    cr_expect(eq(str, seen.data, "Hello World"));
    cr_expect(memcmp(seen.sender, "127.0.0.1:", 10) == 0, "%s", seen.sender);
    msock_close(left, NULL, NULL);
    msock_close(right, NULL, NULL);
}

/* -- Large messages -- */

static void fill(char *bytes, size_t size)
{
    uint32_t state = 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (char)(state >> 24);
    }
}

/* Both ends on one loop, as the reader must run while the writer is paced. */
static void check_large(const char *key_file)
{
    static char raw[LARGE];
    uv_loop_t loop;
    struct seen seen = {.wanted = 1};
    msock_options options = {
        .name = "writer", .rcvbuf = 212992, .key_file = key_file};
    msock_publish_options publish = {.raw = raw, .raw_size = sizeof raw};
    msock_channel *writer, *reader;
    enter();
    fill(raw, sizeof raw);
    uv_loop_init(&loop);
    options.loop = &loop;
    cr_assert(eq(int, msock_open(&writer, ON_LO, &options), 0));
    options.name = "reader";
    cr_assert(eq(int, msock_open(&reader, ON_LO, &options), 0));
    msock_subscribe(reader, "file", on_message, &seen, NULL);
    while (!knows(reader)) {
        uv_run(&loop, UV_RUN_ONCE);
    }

    int rc = msock_publish(writer, "file", NULL, &publish);
    uint64_t end = uv_hrtime() + PATIENCE_MS * 1000000ull;
    while (seen.count == 0 && uv_hrtime() < end) {
        uv_run(&loop, UV_RUN_ONCE);
    }

    cr_expect(eq(int, rc, 0));
    cr_expect(eq(sz, seen.size, sizeof raw));
    cr_expect(eq(u64, seen.hash, hash_of(raw, sizeof raw)));
    cr_expect(eq(u64, msock_counter_get(reader, MSOCK_DROP_KERNEL), 0));
    msock_close(writer, NULL, NULL);
    msock_close(reader, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect(uv_loop_close(&loop) == 0);
}

Test(open, a_megabyte_arrives_in_a_small_buffer, .timeout = 30)
{
    check_large(NULL);
}

Test(open, a_sealed_megabyte_arrives_in_a_small_buffer, .timeout = 30)
{
    char key[32];
    make_key(key);
    check_large(key);
    unlink(key);
}

Test(open, close_sends_what_is_queued, .timeout = 30)
{
    struct seen seen = {.wanted = 1000};
    enter();
    msock_channel *reader = open_named(ON_LO, "reader", NULL);
    msock_channel *writer = open_named(ON_LO, "writer", NULL);
    msock_subscribe(reader, "n", on_message, &seen, NULL);

    for (int i = 0; i < 1000; i++) {
        msock_publish(writer, "n", "1", NULL);
    }
    msock_close(writer, NULL, NULL);
    bool came = run(reader);

    cr_expect(came);
    cr_expect(eq(int, seen.count, 1000));
    msock_close(reader, NULL, NULL);
}

/* -- Without a network, and again -- */

Test(open, a_channel_opens_without_a_network_and_joins_later, .timeout = 30)
{
    struct seen seen = {.wanted = 1};
    test_netns_enter();
    msock_channel *reader = open_named("udp://239.255.77.83:7783", "r", NULL);
    int before = msock_joined(reader);
    msock_publish(reader, "lost", NULL, NULL);
    msock_dispatch(reader);
    uint64_t errors = msock_counter_get(reader, MSOCK_TX_ERRORS);
    uint64_t frames = msock_counter_get(reader, MSOCK_TX_FRAMES);

    test_netns_set("lo", true);
    msock_channel *writer = open_named("udp://239.255.77.83:7783", "w", NULL);
    msock_subscribe(reader, "n", on_message, &seen, NULL);
    while (msock_joined(reader) == 0) {
        wait_and_dispatch(reader);
    }
    msock_publish(writer, "n", NULL, NULL);
    msock_dispatch(writer);
    bool came = run(reader);

    cr_expect(eq(int, before, 0));
    cr_expect(ge(u64, errors, 1));
    cr_expect(eq(u64, errors, frames));
    cr_expect(came);
    cr_expect(eq(int, msock_joined(reader), 1));
    msock_close(reader, NULL, NULL);
    msock_close(writer, NULL, NULL);
}

Test(open, a_child_that_closes_does_not_deafen_its_parent, .timeout = 30)
{
    struct seen seen = {.wanted = 1};
    int status = -1;
    enter();
    msock_channel *writer = open_named(ON_LO, "writer", NULL);
    msock_channel *reader = open_named(ON_LO, "reader", NULL);
    msock_subscribe(reader, "n", on_message, &seen, NULL);
    msock_dispatch(reader);

    pid_t child = fork();
    if (child == 0) {
        msock_close(reader, NULL, NULL);
        _exit(0);
    }
    waitpid(child, &status, 0);
    msock_publish(writer, "n", NULL, NULL);
    msock_dispatch(writer);
    bool came = run(reader);

    cr_expect(eq(int, status, 0));
    cr_expect(came);
    msock_close(writer, NULL, NULL);
    msock_close(reader, NULL, NULL);
}

/* -- Embedding -- */

Test(open, a_poll_loop_carries_a_channel, .timeout = 30)
{
    struct seen seen = {.wanted = -1};
    enter();
    msock_channel *writer = open_named(ON_LO, "writer", NULL);
    msock_channel *reader = open_named(ON_LO, "reader", NULL);
    msock_subscribe(reader, "n", on_message, &seen, NULL);

    wait_and_dispatch(reader);
    msock_publish(writer, "n", NULL, NULL);
    msock_dispatch(writer);
    while (seen.count == 0) {
        wait_and_dispatch(reader);
    }

    cr_expect(eq(int, seen.count, 1));
    msock_close(writer, NULL, NULL);
    msock_close(reader, NULL, NULL);
}

Test(open, a_callers_uv_loop_carries_two_channels, .timeout = 30)
{
    uv_loop_t loop;
    struct seen seen = {.wanted = -1};
    msock_options options = {.name = "one", .loop = &loop};
    msock_channel *one, *two;
    enter();
    uv_loop_init(&loop);
    cr_assert(eq(int, msock_open(&one, ON_LO, &options), 0));
    cr_assert(eq(int, msock_open(&two, ON_LO, &options), 0));
    msock_subscribe(two, "n", on_message, &seen, NULL);

    msock_publish(one, "n", NULL, NULL);
    uint64_t end = uv_hrtime() + PATIENCE_MS * 1000000ull;
    while (seen.count == 0 && uv_hrtime() < end) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    msock_close(one, NULL, NULL);
    msock_close(two, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(eq(int, seen.count, 1));
    cr_expect(uv_loop_close(&loop) == 0);
}
