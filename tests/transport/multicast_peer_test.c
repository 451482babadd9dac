/* SPDX-License-Identifier: Apache-2.0 */
/* Unicast beside multicast: `peer` and `listen`. Channels of different groups
 * hear each other by unicast alone. */
#define _GNU_SOURCE
#include "tests/support/log_notes.h"
#include "tests/support/net_node.h"
#include "tests/support/netns.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static const char group[] = "239.255.77.83";
static const char other_group[] = "239.255.77.84";

static struct msock__config config_with(const char *host, const char *peer,
                                        unsigned listen)
{
    struct msock__config config = config_of(host, "lo");

    snprintf(config.peer, sizeof config.peer, "%s", peer);
    config.listen = listen;
    return config;
}

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

static void check_reaches(const char *peer, const char *from)
{
    struct node writer, reader;
    struct msock__config writing = config_with(group, peer, 0);
    struct msock__config reading = config_with(other_group, "", 7784);
    reading.raw = true;
    enter();
    node_open(&writer, &writing);
    node_open(&reader, &reading);

    size_t done = node_send(&writer, "hello");
    bool came = run_until(&reader, has_received, 1);

    cr_expect(eq(sz, done, 1));
    cr_expect(came);
    cr_expect(memcmp(reader.bytes, "hello", 5) == 0);
    cr_expect(strncmp(reader.from, from, strlen(from)) == 0, "%s", reader.from);
    cr_expect(not(reader.own));
    cr_expect(eq(u64, writer.counters[MSOCK_TX_ERRORS], 0));
    cr_expect(eq(u64, writer.counters[MSOCK_TX_SKIPPED], 0));
    node_close(&writer);
    node_close(&reader);
}

Test(multicast_peer, a_frame_reaches_a_peer)
{
    check_reaches("127.0.0.1:7784", "127.0.0.1:");
}

Test(multicast_peer, a_frame_reaches_a_peer_on_ipv6)
{
    check_reaches("[::1]:7784", "[::1]:");
}

Test(multicast_peer, all_peers_get_all_frames_in_order)
{
    struct msock__outgoing frames[100];
    uint8_t numbers[100];
    struct node writer, readers[3];
    struct msock__config config =
        config_with(group, "127.0.0.1:7801,127.0.0.1:7802,[::1]:7803", 0);
    enter();
    node_open(&writer, &config);
    for (unsigned i = 0; i < 3; i++) {
        config = config_with(other_group, "", 7801 + i);
        node_open(&readers[i], &config);
    }
    for (size_t i = 0; i < 100; i++) {
        numbers[i] = (uint8_t)i;
        frames[i] = (struct msock__outgoing){&numbers[i], 1};
    }

    size_t done = writer.transport->ops->send(writer.transport, frames, 100);

    cr_expect(eq(sz, done, 100));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(run_until(&readers[i], has_received, 100));
        cr_expect(eq(u8, readers[i].bytes[0], 99));
        node_close(&readers[i]);
    }
    node_close(&writer);
}

Test(multicast_peer, without_an_interface_peers_are_reached)
{
    struct node writer, reader;
    struct msock__config writing = config_with(group, "127.0.0.1:7784", 0);
    struct msock__config reading = config_with(group, "", 7784);
    strcpy(writing.iface, "none");
    enter();
    node_open(&writer, &writing);
    node_open(&reader, &reading);

    node_send(&writer, "hello");
    bool came = run_until(&reader, has_received, 1);

    cr_expect(came);
    cr_expect(eq(int, node_joined(&writer), 0));
    cr_expect(eq(u64, writer.counters[MSOCK_TX_ERRORS], 0));
    node_close(&writer);
    node_close(&reader);
}

Test(multicast_peer, one_list_serves_all_hosts)
{
    struct node node;
    struct msock__config config =
        config_with(group, "127.0.0.1:7784,127.0.0.1:7785", 7784);
    enter();
    node_open(&node, &config);

    node_send(&node, "one");
    node_send(&node, "two");
    bool came = run_until(&node, has_received, 2);
    uv_run(&node.loop, UV_RUN_NOWAIT);

    cr_expect(came);
    cr_expect(node.own);
    cr_expect(eq(sz, node.count, 2));
    node_close(&node);
}

Test(multicast_peer, another_channel_of_this_host_is_not_oneself)
{
    struct node left, right;
    struct msock__config one = config_with(group, "127.0.0.1:7785", 7784);
    struct msock__config two = config_with(group, "", 7785);
    one.raw = two.raw = true;
    enter();
    node_open(&left, &one);
    node_open(&right, &two);

    node_send(&left, "hello");
    bool came = run_until(&right, has_received, 2);

    cr_expect(came);
    cr_expect(not(right.own));
    node_close(&left);
    node_close(&right);
}

Test(multicast_peer, a_peer_that_is_not_reachable_is_counted)
{
    struct node node;
    struct msock__config config = config_with(group, "192.0.2.7", 0);
    enter();
    node_open(&node, &config);

    node_send(&node, "hello");
    bool came = run_until(&node, has_received, 1);
    const char *line = log_notes_find("cannot send to");

    cr_expect(came);
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 0));
    cr_expect(eq(u64, node.counters[MSOCK_TX_SKIPPED], 1));
    cr_expect(eq(str, (char *)line,
                 "cannot send to 192.0.2.7:7783: Network is unreachable"));
    node_close(&node);
}

Test(multicast_peer, the_port_may_be_the_channels_own)
{
    struct node writer, reader, third;
    struct msock__config writing = config_with(other_group, "127.0.0.1", 0);
    struct msock__config reading = config_with(group, "", 7783);
    struct msock__config plain = config_with(group, "", 0);
    enter();
    node_open(&reader, &reading);
    node_open(&third, &plain);
    node_open(&writer, &writing);

    node_send(&writer, "by unicast");
    bool unicast = run_until(&reader, has_received, 1);
    node_send(&third, "by multicast");
    bool multicast = run_until(&reader, has_received, 2);

    cr_expect(unicast);
    cr_expect(multicast);
    cr_expect(eq(sz, third.count, 0));
    node_close(&writer);
    node_close(&reader);
    node_close(&third);
}

Test(multicast_peer, a_port_that_is_taken_is_an_error)
{
    struct node first, second;
    struct msock__config config = config_with(group, "", 7783);
    enter();
    node_open(&first, &config);

    int rc = node_start(&second, &config);

    cr_expect(eq(int, rc, MSOCK_ESYSTEM));
    cr_expect(eq(str, (char *)msock_error_detail(),
                 "listen=7783: another program receives on that port"));
    second.transport->ops->close(second.transport);
    uv_run(&second.loop, UV_RUN_DEFAULT);
    uv_loop_close(&second.loop);
    node_close(&first);
}

static const struct {
    const char *peer;
    bool near;
} places[] = {
    {"", true},
    {"127.0.0.1:7784", true},
    {"[::1]:7784", true},
    {"192.0.2.7", false},
    {"127.0.0.1:7784,[2001:db8::7]:7784", false},
};

Test(multicast_peer, a_peer_elsewhere_is_not_near)
{
    enter();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct node node;
        struct msock__config config = config_with(group, places[i].peer, 0);

        node_open(&node, &config);

        cr_expect(node.near == places[i].near, "%s", places[i].peer);
        node_close(&node);
    }
}

Test(multicast_peer, frames_leave_room_for_the_header_of_ipv6)
{
    struct node node;
    struct msock__config config = config_with(group, "[2001:db8::7]", 0);
    enter();
    node_open(&node, &config);

    cr_expect(
        eq(sz, node.transport->ops->frame_size(node.transport), 1500 - 48));
    node_close(&node);
}

Test(multicast_peer, what_is_no_peer_is_refused)
{
    struct msock__transport *transport = NULL;
    uint8_t bytes[16];
    struct msock__config config = config_with(group, "hub.local", 0);

    int rc = msock__multicast_new(&transport, &config, NULL, bytes);

    cr_expect(eq(int, rc, MSOCK_EOPTION));
    cr_expect(transport == NULL);
}
