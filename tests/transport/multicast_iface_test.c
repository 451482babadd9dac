/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces of a multicast channel, in namespaces of its own: which are
 * joined as they come and go, and what the log tells. */
#define _GNU_SOURCE
#include "tests/support/log_notes.h"
#include "tests/support/net_node.h"
#include "tests/support/netns.h"
#include "transport/multicast_join.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <net/if.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool has_size(const struct node *node, size_t value)
{
    return node->frame_size == value;
}

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

/* -- Interfaces -- */

Test(multicast_iface, without_a_network_frames_are_counted)
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

Test(multicast_iface, an_interface_that_comes_up_is_joined)
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

Test(multicast_iface, an_interface_that_goes_down_is_left)
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

Test(multicast_iface, a_named_interface_may_come_later_and_again)
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

Test(multicast_iface, the_frame_size_follows_the_smallest_mtu)
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

Test(multicast_iface, a_wanted_mtu_sets_the_frame_size)
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

Test(multicast_iface, a_frame_over_the_mtu_is_cut_only_if_the_user_wants_it)
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
Test(multicast_iface, thirty_hotplugs_stay_joined)
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

Test(multicast_iface, memberships_over_the_limit_do_not_stop_the_others)
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

/* -- What the log tells -- */

static bool has_noted(const struct node *node, size_t value)
{
    (void)node;
    return log_notes_count() > value;
}

/* The kernel tells a change once: if the list cannot be read just then, it must
 * be read later. */
Test(multicast_iface, a_list_that_could_not_be_read_is_read_again)
{
    struct rlimit plenty;
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    test_netns_enter();
    node_open(&node, &config);
    size_t before = log_notes_count();
    test_netns_set("lo", true);
    getrlimit(RLIMIT_NOFILE, &plenty);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = plenty.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);

    bool noted = run_until(&node, has_noted, before);
    const char *line = log_notes_find("cannot list the interfaces");
    int joined_before = node_joined(&node);
    setrlimit(RLIMIT_NOFILE, &plenty);
    bool joined = run_until(&node, has_joined, 1);

    cr_expect(noted);
    cr_expect(strstr(line, "Too many open files; trying again") != NULL, "%s",
              line);
    cr_expect(eq(int, joined_before, 0));
    cr_expect(joined);
    node_close(&node);
}

Test(multicast_iface, a_name_that_does_not_exist_is_told_once)
{
    struct node node;
    struct msock__config config =
        config_of("239.255.77.83", "lo,nope,10.9.9.9");
    enter();
    node_open(&node, &config);
    const char *line = log_notes_find("nope");
    cr_expect(eq(str, (char *)line,
                 "iface=nope,10.9.9.9 chooses no interface that is up; waiting "
                 "for one"));

    log_notes_reset();
    test_netns_ip("link set lo mtu 1000");
    bool resized = run_until(&node, has_size, 1000 - 28);

    cr_expect(resized);
    cr_expect(eq(sz, log_notes_count(), 0));
    node_close(&node);
}

Test(multicast_iface, what_is_found_is_not_told_as_missing)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "auto");
    enter();

    node_open(&node, &config);

    cr_expect(eq(str, (char *)log_notes_find("joined"), "joined lo"));
    cr_expect(eq(str, (char *)log_notes_find("waiting"), ""));
    node_close(&node);
}

Test(multicast_iface, interfaces_over_the_table_are_told)
{
    static struct msock__netif items[70];
    static struct msock__netif_address addresses[70];
    struct msock__group group = {.bytes = {[10] = 0xff, 0xff, 239, 1, 1, 1}};
    const struct msock__netifs netifs = {items, 70, addresses, 70};
    struct msock__memberships memberships = {
        .group = &group, .fd = -1, .logger = log_notes_logger()};
    for (unsigned i = 0; i < 70; i++) {
        items[i] = (struct msock__netif){
            .index = i + 1, .flags = IFF_UP | IFF_MULTICAST, .name = "many"};
        addresses[i] = (struct msock__netif_address){
            i + 1, {[10] = 0xff, 0xff, 10, 0, 0, (uint8_t)i}};
    }

    msock__memberships_update(&memberships, &netifs, "all");
    const char *line = log_notes_find("over");

    cr_expect(eq(str, (char *)line,
                 "iface=all: 6 interfaces over 64 are left out; name those "
                 "that are wanted"));
    log_notes_reset();
    msock__memberships_update(&memberships, &netifs, "all");
    cr_expect(eq(sz, log_notes_count(), 0));
}

Test(multicast_iface, a_receive_buffer_that_is_capped_is_told)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.rcvbuf = 1 << 30;
    enter();

    node_open(&node, &config);
    const char *line = log_notes_find("net.core.rmem_max=1073741824");

    cr_expect(strstr(line, "of 1073741824 wanted") != NULL, "%s", line);
    node_close(&node);
}

Test(multicast_iface, a_receive_buffer_as_wanted_is_not_told)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.rcvbuf = 65536;
    enter();

    node_open(&node, &config);

    cr_expect(eq(str, (char *)log_notes_find("rmem_max"), ""));
    node_close(&node);
}

Test(multicast_iface, an_error_in_sending_is_told_once_and_how_to_mend_it)
{
    struct node node;
    struct msock__config config = config_of("ff15::4d53", "lo");
    enter();
    node_open(&node, &config);

    node_send(&node, "anybody?");
    const char *line = log_notes_find("cannot send on lo: ");
    size_t before = log_notes_count();
    node_send(&node, "anybody?");

    cr_expect(strstr(line, "ip -6 route add local ff00::/8 dev lo") != NULL,
              "%s", line);
    cr_expect(eq(sz, log_notes_count(), before));
    cr_expect(eq(u64, node.counters[MSOCK_TX_ERRORS], 2));
    node_close(&node);
}
