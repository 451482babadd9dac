/* SPDX-License-Identifier: Apache-2.0 */
/* A multicast channel whose interfaces fail: they stall, fall silent, or are
 * made again unseen. */
#define _GNU_SOURCE
#include "tests/support/log_notes.h"
#include "tests/support/net_node.h"
#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

static void add_veth(int number)
{
    test_netns_ip("link add l%d type veth peer name r%d", number, number);
    test_netns_ip("addr add 10.77.%d.1/24 dev l%d", number, number);
    test_netns_ip("link set l%d up", number);
    test_netns_ip("link set r%d up", number);
}

/* -- Near -- */

Test(multicast_change, lo_alone_is_near_and_a_network_is_not)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    enter();
    node_open(&node, &config);
    bool before = node.near;

    add_veth(1);
    bool far = run_until(&node, is_near, false);
    test_netns_ip("link del l1");
    bool near = run_until(&node, is_near, true);

    cr_expect(before);
    cr_expect(far);
    cr_expect(near);
    node_close(&node);
}

Test(multicast_change, no_network_is_not_near)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    test_netns_enter();
    node_open(&node, &config);
    bool before = node.near;

    test_netns_set("lo", true);
    bool near = run_until(&node, is_near, true);

    cr_expect(not(before));
    cr_expect(near);
    node_close(&node);
}

/* -- Several interfaces -- */

static bool was_writable(const struct node *node, size_t value)
{
    return node->writable > value;
}

/* Sends a frame so often, waiting where it must. */
static void send_all(struct node *node, struct msock__outgoing frame,
                     size_t count)
{
    struct msock__outgoing frames[16];
    size_t sent = 0;

    for (size_t i = 0; i < 16; i++) {
        frames[i] = frame;
    }
    while (sent < count) {
        size_t before = node->writable;
        size_t done = node->transport->ops->send(node->transport, frames, 16);
        sent += done;
        if (done < 16) {
            cr_assert(run_until(node, was_writable, before));
        }
    }
}

/* At 8 kbit/s what follows would take an hour. */
static const uint8_t bytes[1400];
static const struct msock__outgoing frame = {bytes, sizeof bytes};

static void stall(const char *name)
{
    char command[128];

    snprintf(command, sizeof command,
             "tc qdisc add dev %s root tbf rate 8kbit burst 2kb latency 1000s",
             name);
    cr_assert(system(command) == 0, "%s", command);
}

Test(multicast_change, an_interface_that_stalls_does_not_hold_up_others)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "l1,l2");
    enter();
    add_veth(1);
    add_veth(2);
    stall("l1");
    node_open(&node, &config);

    send_all(&node, frame, 3200);

    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 0));
    cr_expect(ge(u64, node.counters[MSOCK_TX_SKIPPED], 2000));
    node_close(&node);
}

Test(multicast_change, an_interface_that_stalls_may_vanish)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "l1");
    enter();
    add_veth(1);
    add_veth(2);
    stall("l1");
    node_open(&node, &config);
    struct msock__outgoing frames[64];
    for (size_t i = 0; i < 64; i++) {
        frames[i] = frame;
    }
    while (node.transport->ops->send(node.transport, frames, 64) == 64) {
    }

    size_t before = node.writable;
    test_netns_ip("link del l1");
    bool writable = run_until(&node, was_writable, before);
    size_t done = node.transport->ops->send(node.transport, frames, 64);

    cr_expect(writable);
    cr_expect(eq(sz, done, 64));
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 64));
    node_close(&node);
}

Test(multicast_change, a_copy_that_one_interface_refuses_is_no_error)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo,l1");
    enter();
    add_veth(1);
    node_open(&node, &config);
    /* The channel learns of it only when its loop runs. */
    test_netns_set("l1", false);

    size_t done = node_send(&node, "hello");
    bool came = run_until(&node, has_received, 1);

    cr_expect(eq(sz, done, 1));
    cr_expect(came);
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 0));
    cr_expect(eq(u64, node.counters[MSOCK_TX_SKIPPED], 1));
    node_close(&node);
}

/* -- Silence -- */

/* The socket of this process that receives for the group. */
static int receiver(void)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in address = {0};
        socklen_t size = sizeof address;
        if (getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
            address.sin_family == AF_INET &&
            address.sin_addr.s_addr == inet_addr("239.255.77.83")) {
            return fd;
        }
    }
    return -1;
}

static void on_beat(uv_timer_t *timer)
{
    node_send(timer->data, "hello");
}

/* As if the kernel had forgotten it. */
Test(multicast_change, a_membership_that_is_lost_is_joined_again)
{
    struct node node;
    uv_timer_t beat;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    node_open(&node, &config);
    struct ip_mreqn lost = {.imr_ifindex = 1};
    lost.imr_multiaddr.s_addr = inet_addr("239.255.77.83");
    int rc = setsockopt(receiver(), IPPROTO_IP, IP_DROP_MEMBERSHIP, &lost,
                        sizeof lost);
    cr_assert(eq(int, rc, 0));

    uv_timer_init(&node.loop, &beat);
    beat.data = &node;
    uv_timer_start(&beat, on_beat, 0, 200);
    bool came = run_until(&node, has_received, 1);
    const char *line = log_notes_find("not heard back");

    cr_expect(came);
    cr_expect(strstr(line, "what is sent on lo is not heard back") != NULL,
              "%s", line);
    uv_close((uv_handle_t *)&beat, NULL);
    node_close(&node);
}

/* The kernel's news overflow, so that nobody tells that the interface with that
 * index is another one now, which has no members. */
Test(multicast_change, an_interface_made_again_unseen_is_joined_again)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "l1");
    enter();
    add_veth(1);
    unsigned index = if_nametoindex("l1");
    node_open(&node, &config);

    for (int i = 0; i <= 1000; i++) {
        test_netns_set("lo", i % 2 == 0);
    }
    test_netns_ip("link del l1");
    test_netns_ip("link add l1 index %u type veth peer name r1", index);
    test_netns_ip("addr add 10.77.1.1/24 dev l1");
    test_netns_set("r1", true);
    test_netns_set("l1", true);
    uv_timer_t beat;
    uv_timer_init(&node.loop, &beat);
    beat.data = &node;
    uv_timer_start(&beat, on_beat, 0, 20);
    bool came = run_until(&node, has_received, 1);

    cr_expect(came);
    cr_expect(eq(str, (char *)log_notes_find("not heard back"), ""));
    uv_close((uv_handle_t *)&beat, NULL);
    node_close(&node);
}
