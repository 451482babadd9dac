/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast on real sockets, each test in a namespace of its own. */
#define _GNU_SOURCE
#include "tests/support/netns.h"
#include "transport/multicast.h"
#include "transport/multicast_join.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 64, PATIENCE_MS = 10000 };

/* A transport on a loop, and what it told. */
struct node {
    uv_loop_t loop;
    struct msock__transport *transport;
    size_t count;
    uint8_t bytes[KEPT]; /* of the last datagram */
    size_t size;
    bool own;
    char from[64];
    uint64_t counters[MSOCK_COUNTER_COUNT];
    size_t frame_size;
    bool closed;
};

static void on_received(void *owner, const struct msock__datagram *datagrams,
                        size_t count)
{
    struct node *node = owner;
    const struct msock__datagram *last = &datagrams[count - 1];

    node->count += count;
    node->size = last->size;
    node->own = last->own;
    memcpy(node->bytes, last->bytes, last->size < KEPT ? last->size : KEPT);
    snprintf(node->from, sizeof node->from, "%s",
             last->from != NULL ? last->from : "");
    last->bytes[last->size] = '\0';
}

static void on_writable(void *owner)
{
    (void)owner;
}

static void on_counted(void *owner, enum msock_counter counter, uint64_t count)
{
    struct node *node = owner;

    node->counters[counter] += count;
}

static void on_resized(void *owner, size_t frame_size)
{
    struct node *node = owner;

    node->frame_size = frame_size;
}

static void on_closed(void *owner)
{
    struct node *node = owner;

    node->closed = true;
}

static struct msock__config config_of(const char *host, const char *iface)
{
    struct msock__config config = {.port = 7783, .ttl = 1, .rcvbuf = 212992};

    snprintf(config.host, sizeof config.host, "%s", host);
    snprintf(config.iface, sizeof config.iface, "%s", iface);
    return config;
}

static int node_start(struct node *node, const struct msock__config *config)
{
    const struct msock__transport_events events = {
        node, on_received, on_writable, on_counted, on_resized, on_closed};
    uint8_t group[16];

    *node = (struct node){.closed = false};
    uv_loop_init(&node->loop);
    cr_assert(msock__multicast_new(&node->transport, config, NULL, group) == 0,
              "%s", msock_error_detail());
    return node->transport->ops->start(node->transport, &node->loop, &events);
}

static void node_open(struct node *node, const struct msock__config *config)
{
    int rc = node_start(node, config);

    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
}

static void node_close(struct node *node)
{
    node->transport->ops->close(node->transport);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    cr_expect(node->closed);
    cr_expect(uv_loop_close(&node->loop) == 0);
}

static size_t node_send(struct node *node, const char *text)
{
    struct msock__outgoing frame = {(const uint8_t *)text, strlen(text)};

    return node->transport->ops->send(node->transport, &frame, 1);
}

static int node_joined(const struct node *node)
{
    return node->transport->ops->joined(node->transport);
}

static void on_patience(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

typedef bool condition(const struct node *node, size_t value);

static bool has_received(const struct node *node, size_t value)
{
    return node->count >= value;
}

static bool has_joined(const struct node *node, size_t value)
{
    return node_joined(node) == (int)value;
}

static bool has_size(const struct node *node, size_t value)
{
    return node->frame_size == value;
}

static bool has_foreign(const struct node *node, size_t value)
{
    return node->counters[MSOCK_DROP_FOREIGN] >= value;
}

/* Runs the node's loop until something is so.  Returns whether it came. */
static bool run_until(struct node *node, condition *is, size_t value)
{
    uv_timer_t timer;
    bool late = false;

    uv_timer_init(&node->loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_patience, PATIENCE_MS, 0);
    while (!is(node, value) && !late) {
        uv_run(&node->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&node->loop, UV_RUN_NOWAIT);
    return !late;
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
    cr_expect(gt(u64, reader.counters[MSOCK_DROP_KERNEL], 0));
    node_close(&writer);
    node_close(&reader);
}

/* -- Interfaces -- */

Test(multicast, without_a_network_frames_are_counted)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    test_netns_enter();
    node_open(&node, &config);

    size_t done = node_send(&node, "anybody?");

    cr_expect(eq(sz, done, 1));
    cr_expect(eq(int, node_joined(&node), 0));
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 1));
    node_close(&node);
}

Test(multicast, an_interface_that_comes_up_is_joined)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    test_netns_enter();
    node_open(&node, &config);

    test_netns_set("lo", true);
    bool joined = run_until(&node, has_joined, 1);
    node_send(&node, "hello");
    bool came = run_until(&node, has_received, 1);

    cr_expect(joined);
    cr_expect(came);
    node_close(&node);
}

Test(multicast, an_interface_that_goes_down_is_left)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    enter();
    node_open(&node, &config);
    int before = node_joined(&node);

    test_netns_set("lo", false);
    bool left = run_until(&node, has_joined, 0);

    cr_expect(eq(int, before, 1));
    cr_expect(left);
    node_close(&node);
}

Test(multicast, a_named_interface_may_come_later_and_again)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "left");
    enter();
    node_open(&node, &config);

    test_netns_ip("link add left type veth peer name right");
    test_netns_set("left", true);
    bool joined = run_until(&node, has_joined, 1);
    test_netns_ip("link del left");
    bool left = run_until(&node, has_joined, 0);
    test_netns_ip("link add left type veth peer name right");
    test_netns_ip("addr add 10.77.0.1/24 dev left");
    test_netns_set("left", true);
    test_netns_set("right", true);
    bool again = run_until(&node, has_joined, 1);
    node_send(&node, "back");
    bool came = run_until(&node, has_received, 1);

    cr_expect(joined && left && again && came);
    node_close(&node);
}

Test(multicast, the_frame_size_follows_the_smallest_mtu)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    node_open(&node, &config);
    size_t before = node.transport->ops->frame_size(node.transport);

    test_netns_ip("link set lo mtu 1000");
    bool resized = run_until(&node, has_size, 1000 - 28);

    cr_expect(eq(sz, before, 1500 - 28));
    cr_expect(resized);
    node_close(&node);
}

Test(multicast, a_wanted_mtu_sets_the_frame_size)
{
    struct node ipv4, ipv6;
    struct msock__config config4 = config_of("239.255.77.83", "lo");
    struct msock__config config6 = config_of("ff15::4d53", "lo");
    config4.mtu = config6.mtu = 65535;
    enter();

    node_open(&ipv4, &config4);
    node_open(&ipv6, &config6);

    cr_expect(eq(sz, ipv4.transport->ops->frame_size(ipv4.transport), 65507));
    cr_expect(eq(sz, ipv6.transport->ops->frame_size(ipv6.transport), 65487));
    node_close(&ipv4);
    node_close(&ipv6);
}

Test(multicast, a_frame_over_the_mtu_is_cut_only_if_the_user_wants_it)
{
    static uint8_t bytes[2000];
    struct msock__outgoing frame = {bytes, sizeof bytes};
    struct node strict, lenient;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    test_netns_ip("link set lo mtu 1500");
    node_open(&strict, &config);
    config.mtu = 4000;
    node_open(&lenient, &config);

    strict.transport->ops->send(strict.transport, &frame, 1);
    lenient.transport->ops->send(lenient.transport, &frame, 1);
    bool came = run_until(&strict, has_received, 1);

    cr_expect(came);
    cr_expect(eq(sz, strict.size, sizeof bytes));
    cr_expect(eq(sz, strict.count, 1));
    cr_expect(eq(u64, strict.counters[MSOCK_TX_ERRORS], 1));
    cr_expect(eq(u64, lenient.counters[MSOCK_TX_ERRORS], 0));
    node_close(&strict);
    node_close(&lenient);
}

/* The kernel allows 20 memberships a socket, and keeps those of interfaces that
 * are gone. */
Test(multicast, thirty_hotplugs_stay_joined)
{
    struct msock__group group;
    struct msock__netifs netifs = {0};
    enter();
    cr_assert(eq(int, msock__group_read(&group, "239.255.77.83", 7783), 0));
    int fd = msock__group_receiver(&group, 65536);
    struct msock__memberships memberships = {.group = &group, .fd = fd};

    for (int i = 0; i < 30; i++) {
        test_netns_ip("link add left type veth peer name right");
        test_netns_set("left", true);
        cr_assert(eq(int, msock__netifs_read(&netifs), 0));
        cr_assert(msock__memberships_update(&memberships, &netifs, "left"));
        cr_assert(eq(sz, memberships.count, 1), "%d", i);
        test_netns_ip("link del left");
    }

    msock__netifs_fini(&netifs);
    close(fd);
}

Test(multicast, memberships_over_the_limit_do_not_stop_the_others)
{
    struct msock__group group;
    struct msock__netifs netifs = {0};
    enter();
    for (int i = 0; i < 12; i++) {
        test_netns_ip("link add l%d type veth peer name r%d", i, i);
        test_netns_ip("addr add 10.77.%d.1/24 dev l%d", i, i);
        test_netns_ip("addr add 10.78.%d.1/24 dev r%d", i, i);
        test_netns_ip("link set l%d up", i);
        test_netns_ip("link set r%d up", i);
    }
    cr_assert(eq(int, msock__group_read(&group, "239.255.77.83", 7783), 0));
    int fd = msock__group_receiver(&group, 65536);
    struct msock__memberships memberships = {.group = &group, .fd = fd};
    cr_assert(eq(int, msock__netifs_read(&netifs), 0));

    bool changed = msock__memberships_update(&memberships, &netifs, "auto");

    cr_expect(changed);
    cr_expect(eq(sz, memberships.count, 20));
    cr_expect(eq(sz, memberships.refused_count, 4));
    msock__netifs_fini(&netifs);
    close(fd);
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
