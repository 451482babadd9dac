/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast on real sockets, each test in a namespace of its own: what
 * leaves and arrives. */
#define _GNU_SOURCE
#include "tests/support/net_node.h"
#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <unistd.h>

static const uint64_t ms_ns = 1000000;

static bool has_foreign(const struct node *node, size_t value)
{
    return node->counters[MSOCK_DROP_FOREIGN] >= value;
}

/* Sends what is no multicast frame, from a socket of its own. */
static void send_to(const char *host, uint16_t port, size_t size)
{
    static uint8_t bytes[65527];
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = 1};
    unsigned lo = 1;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    cr_assert(inet_pton(AF_INET6, host, &address.sin6_addr) == 1);
    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &lo, sizeof lo);
    ssize_t sent =
        sendto(fd, bytes, size, 0, (struct sockaddr *)&address, sizeof address);
    cr_assert(eq(sz, (size_t)sent, size));
    close(fd);
}

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

static void enter_ipv6(void)
{
    enter();
    test_netns_ip("-6 route add local ff00::/8 dev lo");
}

/* -- Frames -- */

static void check_round_trip(const char *group)
{
    struct node writer, reader;
    struct msock__config config = config_of(group, "lo");
    node_open(&writer, &config);
    node_open(&reader, &config);

    size_t done = node_send(&writer, "all lights off");
    bool came = run_until(&reader, has_received, 1);

    cr_expect(eq(sz, done, 1));
    cr_expect(came);
    cr_expect(eq(sz, reader.size, strlen("all lights off")));
    cr_expect(memcmp(reader.bytes, "all lights off", reader.size) == 0);
    cr_expect(not(reader.own));
    cr_expect(eq(u64, writer.counters[MSOCK_TX_ERRORS], 0));
    node_close(&writer);
    node_close(&reader);
}

Test(multicast, a_frame_crosses_lo_on_ipv4)
{
    enter();
    check_round_trip("239.255.77.83");
}

/* Lets a frame lie in the reader's socket for 30 ms.  Returns what the reader
 * says of it. */
static uint64_t let_lie(struct node *writer, struct node *reader)
{
    uint64_t until_ns = uv_hrtime() + 30 * ms_ns;

    node_send(writer, "unread");
    while (uv_hrtime() < until_ns) {
        uv_run(&writer->loop, UV_RUN_NOWAIT);
    }
    cr_assert(run_until(reader, has_received, reader->count + 1));
    return reader->waited_us;
}

Test(multicast, what_lay_in_the_socket_came_before)
{
    struct node writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    uint64_t waited_us = 0;
    enter();
    node_open(&writer, &config);
    node_open(&reader, &config);

    /* The kernel begins to stamp some time after it was told to. */
    for (int i = 0; i < 50 && waited_us < 29000; i++) {
        waited_us = let_lie(&writer, &reader);
    }

    cr_expect(ge(u64, waited_us, 29000));
    node_close(&writer);
    node_close(&reader);
}

Test(multicast, a_frame_crosses_lo_on_ipv6)
{
    enter_ipv6();
    check_round_trip("ff15::4d53");
}

Test(multicast, a_frame_crosses_lo_in_an_ipv6_group_of_link_scope)
{
    enter_ipv6();
    check_round_trip("ff02::4d53");
}

static void check_own(const char *group)
{
    struct node node;
    struct msock__config config = config_of(group, "lo");
    node_open(&node, &config);

    node_send(&node, "echo");
    bool came = run_until(&node, has_received, 1);

    cr_expect(came);
    cr_expect(node.own);
    cr_expect(eq(str, node.from, ""));
    node_close(&node);
}

Test(multicast, one_hears_oneself_and_knows_it_on_ipv4)
{
    enter();
    check_own("239.255.77.83");
}

Test(multicast, one_hears_oneself_and_knows_it_on_ipv6)
{
    enter_ipv6();
    check_own("ff15::4d53");
}

Test(multicast, a_raw_channel_names_the_source)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.raw = true;
    enter();
    node_open(&node, &config);

    node_send(&node, "echo");
    run_until(&node, has_received, 1);

    cr_expect(memcmp(node.from, "127.0.0.1:", 10) == 0, "%s", node.from);
    node_close(&node);
}

Test(multicast, an_ipv6_source_is_in_brackets)
{
    struct node node;
    struct msock__config config = config_of("ff15::4d53", "lo");
    config.raw = true;
    enter_ipv6();
    node_open(&node, &config);

    node_send(&node, "echo");
    run_until(&node, has_received, 1);

    cr_expect(memcmp(node.from, "[::1]:", 6) == 0, "%s", node.from);
    node_close(&node);
}

Test(multicast, a_frame_leaves_once_on_every_interface)
{
    enum { FRAMES = 50, INTERFACES = 3 };
    struct msock__outgoing frames[FRAMES];
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo,l1,l2");
    enter();
    for (int i = 1; i < INTERFACES; i++) {
        test_netns_ip("link add l%d type veth peer name r%d", i, i);
        test_netns_ip("addr add 10.77.%d.1/24 dev l%d", i, i);
        test_netns_ip("link set l%d up", i);
        test_netns_ip("link set r%d up", i);
    }
    node_open(&node, &config);
    for (size_t i = 0; i < FRAMES; i++) {
        frames[i] = (struct msock__outgoing){(const uint8_t *)"x", 1};
    }

    size_t done = node.transport->ops->send(node.transport, frames, FRAMES);
    run_until(&node, has_received, (size_t)FRAMES * INTERFACES);
    node_send(&node, "the last");
    run_until(&node, has_received, (size_t)(FRAMES + 1) * INTERFACES);

    cr_expect(eq(sz, done, FRAMES));
    cr_expect(eq(int, node_joined(&node), INTERFACES));
    cr_expect(eq(sz, node.count, (size_t)(FRAMES + 1) * INTERFACES));
    cr_expect(memcmp(node.bytes, "the last", 8) == 0);
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 0));
    node_close(&node);
}

Test(multicast, a_batch_arrives_in_order)
{
    struct node writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    struct msock__outgoing frames[200];
    uint8_t numbers[200];
    enter();
    node_open(&writer, &config);
    node_open(&reader, &config);
    for (size_t i = 0; i < 200; i++) {
        numbers[i] = (uint8_t)i;
        frames[i] = (struct msock__outgoing){&numbers[i], 1};
    }

    size_t done = writer.transport->ops->send(writer.transport, frames, 200);
    bool came = run_until(&reader, has_received, 200);

    cr_expect(eq(sz, done, 200));
    cr_expect(came);
    cr_expect(eq(u8, reader.bytes[0], 199));
    node_close(&writer);
    node_close(&reader);
}

/* -- What is not ours -- */

Test(multicast, another_group_on_the_same_port_is_not_received)
{
    struct node other, writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    struct msock__config other_config = config_of("239.255.77.84", "lo");
    enter();
    node_open(&reader, &config);
    node_open(&writer, &config);
    node_open(&other, &other_config);

    node_send(&other, "not for you");
    node_send(&writer, "for you");
    run_until(&reader, has_received, 1);

    cr_expect(eq(sz, reader.count, 1));
    cr_expect(memcmp(reader.bytes, "for you", 7) == 0);
    node_close(&other);
    node_close(&writer);
    node_close(&reader);
}

Test(multicast, a_datagram_for_another_address_is_foreign)
{
    struct node node;
    struct msock__config config = config_of("ff02::4d53", "lo");
    enter_ipv6();
    node_open(&node, &config);

    send_to("::1", config.port, 3);
    bool counted = run_until(&node, has_foreign, 1);

    cr_expect(counted);
    cr_expect(eq(sz, node.count, 0));
    node_close(&node);
}

Test(multicast, a_datagram_of_the_largest_size_arrives)
{
    struct node node;
    struct msock__config config = config_of("ff15::4d53", "lo");
    enter_ipv6();
    node_open(&node, &config);

    send_to("ff15::4d53", config.port, 65507);
    run_until(&node, has_received, 1);

    cr_expect(eq(sz, node.size, 65507));
    cr_expect(eq(u64, node.counters[MSOCK_DROP_TRUNCATED], 0));
    node_close(&node);
}

Test(multicast, a_datagram_over_the_largest_size_is_dropped)
{
    struct node node;
    struct msock__config config = config_of("ff15::4d53", "lo");
    enter_ipv6();
    node_open(&node, &config);

    send_to("ff15::4d53", config.port, 65508);
    send_to("ff15::4d53", config.port, 10);
    run_until(&node, has_received, 1);

    cr_expect(eq(u64, node.counters[MSOCK_DROP_TRUNCATED], 1));
    cr_expect(eq(sz, node.size, 10));
    node_close(&node);
}

Test(multicast, what_the_kernel_drops_is_counted)
{
    static uint8_t bytes[1400];
    struct msock__outgoing frame = {bytes, sizeof bytes};
    struct node writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.rcvbuf = 16384;
    enter();
    node_open(&writer, &config);
    node_open(&reader, &config);

    for (int i = 0; i < 100; i++) {
        writer.transport->ops->send(writer.transport, &frame, 1);
    }
    run_until(&reader, has_received, 1);
    size_t before = reader.count;
    writer.transport->ops->send(writer.transport, &frame, 1);
    writer.transport->ops->send(writer.transport, &frame, 1);
    run_until(&reader, has_received, before + 2);

    cr_expect(eq(u64, reader.counters[MSOCK_DROP_KERNEL] + reader.count, 102));
    cr_expect(ge(u64, reader.counters[MSOCK_DROP_KERNEL], 1));
    node_close(&writer);
    node_close(&reader);
}

/* -- Life -- */

static const struct {
    const char *host, *iface;
    int error;
} refused[] = {
    {"10.0.0.1", "lo", MSOCK_EURL},
    {"240.0.0.1", "lo", MSOCK_EURL},
    {"fe80::1", "lo", MSOCK_EURL},
    {"ff02::1%lo", "lo", MSOCK_EURL},
    {"home", "lo", MSOCK_EURL},
    {"239.255.77.83", "eth0,", MSOCK_EOPTION},
    {"239.255.77.83", "10.0.0.0/33", MSOCK_EOPTION},
};

Test(multicast, what_is_no_group_or_interface_is_refused)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct msock__transport *transport = NULL;
        uint8_t group[16];
        struct msock__config config =
            config_of(refused[i].host, refused[i].iface);

        int rc = msock__multicast_new(&transport, &config, NULL, group);

        cr_expect(eq(int, rc, refused[i].error), "%s", refused[i].host);
        cr_expect(transport == NULL);
    }
}

Test(multicast, the_group_is_told_as_sixteen_bytes)
{
    const uint8_t expected[16] = {[10] = 0xff, 0xff, 239, 255, 77, 83};
    struct msock__transport *transport;
    struct msock__config config = config_of("239.255.77.83", "");
    uint8_t group[16];

    int rc = msock__multicast_new(&transport, &config, NULL, group);

    cr_assert(eq(int, rc, 0));
    cr_expect(memcmp(group, expected, 16) == 0);
    transport->ops->close(transport);
}

Test(multicast, a_port_that_another_program_keeps_is_an_error)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(7783)};
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);

    int rc = node_start(&node, &config);

    cr_expect(eq(int, rc, MSOCK_ESYSTEM));
    cr_expect(strstr(msock_error_detail(), "7783") != NULL);
    node.transport->ops->close(node.transport);
    cr_expect(uv_loop_close(&node.loop) == 0);
    close(fd);
}
