/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces: which are chosen, and that reading them stays within bounds. */
#define _GNU_SOURCE
#include "tests/support/netns.h"
#include "transport/netif.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <multisock/error.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ETHERNET = IFF_UP | IFF_BROADCAST | IFF_MULTICAST,
    LOOPBACK = IFF_UP | IFF_LOOPBACK,
    TUNNEL = IFF_UP | IFF_POINTOPOINT | IFF_MULTICAST
};

#define V4(a, b, c, d)                                                         \
    {                                                                          \
        [10] = 0xff, 0xff, a, b, c, d                                          \
    }
#define V6(last)                                                               \
    {                                                                          \
        0xfe, 0x80, [15] = last                                                \
    }

/* One host with everything on it; `name` shows what it is. */
static struct msock__netif all_kinds[] = {
    {.index = 1, .name = "lo", .flags = LOOPBACK, .mtu = 65536},
    {.index = 2, .name = "eth0", .flags = ETHERNET, .mtu = 1500},
    {.index = 3, .name = "wlan0", .flags = ETHERNET, .mtu = 1500},
    {.index = 4, .name = "down0", .flags = ETHERNET & ~IFF_UP},
    {.index = 5, .name = "bare0", .flags = ETHERNET},
    {.index = 6, .name = "tun0", .flags = TUNNEL, .kind = "tun"},
    {.index = 7, .name = "docker0", .flags = ETHERNET, .kind = "bridge"},
    {.index = 8,
     .name = "veth1",
     .flags = ETHERNET,
     .kind = "veth",
     .master = 7},
    {.index = 9, .name = "br0", .flags = ETHERNET, .kind = "bridge"},
    {.index = 10, .name = "eth1", .flags = ETHERNET, .master = 9},
    {.index = 11, .name = "uplink", .flags = ETHERNET, .kind = "veth"},
    {.index = 12, .name = "cali0", .flags = ETHERNET, .kind = "veth"},
    {.index = 13, .name = "vrf0", .flags = IFF_UP, .kind = "vrf"},
    {.index = 14, .name = "eth2", .flags = ETHERNET, .master = 13},
    {.index = 15, .name = "bond0", .flags = ETHERNET, .kind = "bond"},
    {.index = 16, .name = "eth3", .flags = ETHERNET, .master = 15},
    {.index = 17, .name = "mute0", .flags = IFF_UP | IFF_BROADCAST},
};
static struct msock__netif_address all_addresses[] = {
    {1, V4(127, 0, 0, 1)},
    {1, {[15] = 1}},
    {2, V4(10, 0, 0, 2)},
    {2, V6(2)},
    {3, V4(192, 168, 1, 3)},
    {4, V4(10, 0, 0, 4)},
    {6, V4(10, 8, 0, 6)},
    {7, V4(172, 17, 0, 1)},
    {7, V6(7)},
    {8, V6(8)},
    {9, V4(192, 168, 7, 1)},
    {10, V4(10, 1, 1, 1)},
    {11, V4(10, 9, 0, 11)},
    {14, V4(10, 14, 0, 1)},
    {15, V4(10, 15, 0, 1)},
    {16, V4(10, 16, 0, 1)},
    {17, V4(10, 17, 0, 1)},
};
static const struct msock__netifs host = {
    all_kinds, sizeof all_kinds / sizeof *all_kinds, all_addresses,
    sizeof all_addresses / sizeof *all_addresses};

/* Writes the chosen indexes as text: "2 3". */
static const char *chosen(const struct msock__netifs *netifs, const char *iface,
                          bool ipv6)
{
    static char text[256];
    unsigned indexes[32];
    size_t count = msock__netif_select(netifs, iface, ipv6, indexes, 32);
    size_t size = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%u",
                                 i > 0 ? " " : "", indexes[i]);
    }
    return text;
}

static const struct {
    const char *iface;
    bool ipv6;
    const char *indexes;
} choices[] = {
    {"auto", false, "2 3 9 11 14 15"},
    {"auto", true, "2"},
    {"eth0", false, "2"},
    {"eth0", true, "2"},
    {"wlan0", true, ""},
    {"bare0", false, "5"},
    {"down0", false, ""},
    {"docker0", false, "7"},
    {"veth1", true, "8"},
    {"lo", false, "1"},
    {"lo", true, "1"},
    {"later0", false, ""},
    {"wlan0,eth0,eth0", false, "2 3"},
    {"lo,auto", true, "1 2"},
    {"10.0.0.2", false, "2"},
    {"10.0.0.3", false, ""},
    {"10.0.0.0/8", false, "2 6 10 11 14 15 16 17"},
    {"192.168.1.0/24", false, "3"},
    {"192.168.0.0/21", false, "3 9"},
    {"127.0.0.1", false, "1"},
    {"10.0.0.2", true, "2"},
    {"192.168.1.3", true, ""},
    {"fe80::2", false, "2"},
    {"fe80::/10", true, "2 7 8"},
    {"::1/128", true, "1"},
    {"0.0.0.0/0", false, "1 2 3 6 7 9 10 11 14 15 16 17"},
    {"all", false, "1 2 3 6 7 9 10 11 14 15 16"},
    {"all", true, "1 2 7 8"},
};

Test(netif, iface_chooses_from_a_host_with_everything)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *indexes = chosen(&host, choices[i].iface, choices[i].ipv6);

        cr_expect(eq(str, (char *)indexes, (char *)choices[i].indexes), "%s %d",
                  choices[i].iface, choices[i].ipv6);
    }
}

Test(netif, auto_takes_lo_when_there_is_nothing_else)
{
    struct msock__netifs few = host;
    few.count = 1;

    cr_assert(eq(str, (char *)chosen(&few, "auto", false), "1"));
    cr_assert(eq(str, (char *)chosen(&few, "auto", true), "1"));
}

Test(netif, more_than_the_capacity_is_counted_and_left_out)
{
    unsigned indexes[3] = {0};

    size_t count = msock__netif_select(&host, "auto", false, indexes, 2);

    cr_assert(eq(sz, count, 6));
    cr_assert(eq(u32, indexes[1], 3));
    cr_assert(eq(u32, indexes[2], 0));
}

static const struct {
    const char *iface;
    bool ipv6;
    const char *missing;
} misses[] = {
    {"auto", false, ""},
    {"eth0,nope,later0,lo", false, "nope,later0"},
    {"down0,10.0.0.3,10.0.0.0/8", false, "down0,10.0.0.3"},
    {"eth0,wlan0", true, "wlan0"},
    {"eth0,eth0", false, ""},
};

Test(netif, items_that_choose_nothing_are_missing)
{
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++) {
        char missing[64] = "old";

        msock__netif_missing(&host, misses[i].iface, misses[i].ipv6, missing);

        cr_expect(eq(str, missing, (char *)misses[i].missing));
    }
}

Test(netif, a_bridge_without_outside_ports_is_left_out)
{
    struct msock__netif items[] = {
        {.index = 1, .name = "eth0", .flags = ETHERNET},
        {.index = 2, .name = "virbr0", .flags = ETHERNET, .kind = "bridge"},
        {.index = 3, .name = "tap0", .kind = "tun", .master = 2},
        {.index = 4, .name = "docker1", .flags = ETHERNET, .kind = "bridge"},
    };
    struct msock__netif_address addresses[] = {
        {1, V4(10, 0, 0, 1)}, {2, V4(10, 0, 1, 1)}, {4, V4(10, 0, 2, 1)}};
    struct msock__netifs netifs = {items, 4, addresses, 3};

    cr_assert(eq(str, (char *)chosen(&netifs, "auto", false), "1"));
}

static const char *const valid_lists[] = {
    "auto",
    "all",
    "lo",
    "eth0,wlan0",
    "10.0.0.0/8",
    "10.0.0.1",
    "fe80::/64",
    "::1",
    "br-0a1b2c",
    "eth0.100",
    "0.0.0.0/0",
    "a,b,c,auto",
    "fifteen-letters",
};
static const char *const invalid_lists[] = {
    "",
    ",",
    "eth0,",
    ",eth0",
    "eth0,,lo",
    "10.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8x",
    "eth0/24",
    "fe80::1%lo",
    "::/129",
    "1.2.3.4.5",
    "eth 0",
    "eth0:1",
    "sixteen-letters!",
    "a-name-that-is-much-longer-than-any-address-or-interface-could-be-0",
};

Test(netif, the_syntax_of_a_list_is_checked)
{
    for (size_t i = 0; i < sizeof valid_lists / sizeof *valid_lists; i++) {
        int rc = msock__netif_check(valid_lists[i]);
        cr_expect(eq(int, rc, 0), "%s", valid_lists[i]);
    }
    for (size_t i = 0; i < sizeof invalid_lists / sizeof *invalid_lists; i++) {
        int rc = msock__netif_check(invalid_lists[i]);
        cr_expect(eq(int, rc, MSOCK_EOPTION), "%s", invalid_lists[i]);
    }
}

/* -- Parsing -- */

struct message {
    uint8_t bytes[1024];
    size_t size;
};

static void append(struct message *message, const void *bytes, size_t size)
{
    memcpy(message->bytes + message->size, bytes, size);
    message->size += (size + 3) & ~(size_t)3;
}

static void append_attribute(struct message *message, unsigned short type,
                             const void *bytes, size_t size)
{
    struct rtattr header = {.rta_type = type,
                            .rta_len = (unsigned short)(sizeof header + size)};

    append(message, &header, sizeof header);
    append(message, bytes, size);
}

static void append_header(struct message *message, unsigned short type,
                          size_t size)
{
    struct nlmsghdr header = {.nlmsg_len = (unsigned)(sizeof header + size),
                              .nlmsg_type = type};

    append(message, &header, sizeof header);
}

/* A link with a kind, two addresses of it, and the end of the dump. */
static struct message example(void)
{
    struct message all = {0}, link = {0}, ipv4 = {0}, ipv6 = {0}, kind = {0};
    unsigned mtu = 1400, master = 7;
    struct ifinfomsg info = {.ifi_index = 3, .ifi_flags = ETHERNET};
    struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_index = 3};

    append(&link, &info, sizeof info);
    append_attribute(&link, IFLA_IFNAME, "veth9", 6);
    append_attribute(&link, IFLA_MTU, &mtu, sizeof mtu);
    append_attribute(&link, IFLA_MASTER, &master, sizeof master);
    append_attribute(&kind, IFLA_INFO_KIND, "veth", 5);
    append_attribute(&link, IFLA_LINKINFO | NLA_F_NESTED, kind.bytes,
                     kind.size);
    append(&ipv4, &address, sizeof address);
    append_attribute(&ipv4, IFA_LOCAL, (uint8_t[]){10, 0, 0, 1}, 4);
    append_attribute(&ipv4, IFA_ADDRESS, (uint8_t[]){10, 0, 0, 2}, 4);
    address.ifa_family = AF_INET6;
    append(&ipv6, &address, sizeof address);
    append_attribute(&ipv6, IFA_ADDRESS, (uint8_t[16])V6(9), 16);
    append_header(&all, RTM_NEWLINK, link.size);
    append(&all, link.bytes, link.size);
    append_header(&all, RTM_NEWADDR, ipv4.size);
    append(&all, ipv4.bytes, ipv4.size);
    append_header(&all, RTM_NEWADDR, ipv6.size);
    append(&all, ipv6.bytes, ipv6.size);
    append_header(&all, NLMSG_DONE, 4);
    append(&all, (uint8_t[4]){0}, 4);
    return all;
}

Test(netif, messages_become_interfaces_and_addresses)
{
    const uint8_t own[16] = V4(10, 0, 0, 1), other[16] = V4(10, 0, 0, 2);
    struct msock__netifs netifs = {0};
    struct message message = example();

    int rc = msock__netifs_parse(&netifs, message.bytes, message.size);

    cr_assert(eq(int, rc, 1));
    cr_assert(eq(sz, netifs.count, 1));
    const struct msock__netif *veth = msock__netifs_find(&netifs, 3);
    cr_assert(veth != NULL);
    cr_expect(eq(str, (char *)veth->name, "veth9"));
    cr_expect(eq(str, (char *)veth->kind, "veth"));
    cr_expect(eq(u32, veth->mtu, 1400));
    cr_expect(eq(u32, veth->master, 7));
    cr_expect(eq(sz, netifs.address_count, 2));
    cr_expect(msock__netifs_own(&netifs, own));
    cr_expect(not(msock__netifs_own(&netifs, other)));
    msock__netifs_fini(&netifs);
}

Test(netif, an_address_that_is_probed_for_is_not_used_yet)
{
    struct msock__netifs netifs = {0};
    struct message message = {0}, body = {0};
    struct ifaddrmsg address = {.ifa_family = AF_INET6,
                                .ifa_flags = IFA_F_TENTATIVE};
    append(&body, &address, sizeof address);
    append_attribute(&body, IFA_ADDRESS, (uint8_t[16])V6(1), 16);
    append_header(&message, RTM_NEWADDR, body.size);
    append(&message, body.bytes, body.size);

    int rc = msock__netifs_parse(&netifs, message.bytes, message.size);

    cr_assert(eq(int, rc, 0));
    cr_assert(eq(sz, netifs.address_count, 0));
}

Test(netif, every_truncation_stays_within_bounds)
{
    struct message message = example();

    for (size_t size = 0; size < message.size; size++) {
        struct msock__netifs netifs = {0};
        uint8_t *bytes = malloc(size + 1);
        memcpy(bytes, message.bytes, size);

        int rc = msock__netifs_parse(&netifs, bytes, size);

        cr_expect(not(eq(int, rc, 1)), "%zu", size);
        msock__netifs_fini(&netifs);
        free(bytes);
    }
}

Test(netif, every_flipped_byte_stays_within_bounds)
{
    struct message message = example();

    for (size_t i = 0; i < message.size; i++) {
        struct msock__netifs netifs = {0};
        uint8_t *bytes = malloc(message.size);
        memcpy(bytes, message.bytes, message.size);
        bytes[i] ^= 0xff;

        int rc = msock__netifs_parse(&netifs, bytes, message.size);

        cr_expect(le(int, rc, 1));
        cr_expect(le(sz, netifs.count, 2));
        cr_expect(le(sz, netifs.address_count, 3));
        msock__netifs_fini(&netifs);
        free(bytes);
    }
}

Test(netif, a_refused_dump_is_an_error)
{
    struct msock__netifs netifs = {0};
    struct message message = {0};
    int error = -1;
    append_header(&message, NLMSG_ERROR, sizeof error);
    append(&message, &error, sizeof error);

    int rc = msock__netifs_parse(&netifs, message.bytes, message.size);

    cr_assert(eq(int, rc, MSOCK_ESYSTEM));
}

/* -- The system -- */

Test(netif, the_namespace_is_read)
{
    const uint8_t localhost[16] = V4(127, 0, 0, 1);
    struct msock__netifs netifs = {0};
    test_netns_enter();
    test_netns_ip("link add left type veth peer name right");
    test_netns_set("lo", true);

    int rc = msock__netifs_read(&netifs);

    cr_assert(eq(int, rc, 0));
    cr_assert(eq(sz, netifs.count, 3));
    const struct msock__netif *lo = msock__netifs_find(&netifs, 1);
    cr_expect(eq(str, (char *)lo->name, "lo"));
    cr_expect(lo->flags & IFF_UP);
    const struct msock__netif *veth =
        msock__netifs_find(&netifs, if_nametoindex("left"));
    cr_expect(eq(str, (char *)veth->kind, "veth"));
    cr_expect(eq(u32, veth->mtu, 1500));
    cr_expect(msock__netifs_own(&netifs, localhost));
    msock__netifs_fini(&netifs);
}

Test(netif, the_watch_tells_of_a_deleted_interface)
{
    struct msock__netif_news news[8];
    bool lost = false;
    test_netns_enter();
    test_netns_ip("link add left type veth peer name right");
    unsigned left = if_nametoindex("left"), right = if_nametoindex("right");
    int watch = msock__netif_watch();
    cr_assert(ge(int, watch, 0));

    size_t before = msock__netif_watch_read(watch, news, 8, &lost);
    test_netns_ip("link del left");
    struct pollfd readable = {.fd = watch, .events = POLLIN};
    int polled = poll(&readable, 1, 10000);
    size_t count = msock__netif_watch_read(watch, news, 8, &lost);

    cr_expect(eq(sz, before, 0));
    cr_expect(eq(int, polled, 1));
    cr_expect(eq(sz, count, 2));
    cr_expect(news[0].deleted && news[1].deleted);
    cr_expect(eq(u32, news[0].index + news[1].index, left + right));
    cr_expect(not(lost));
    close(watch);
}

Test(netif, the_watch_tells_once_that_an_interface_did_not_run)
{
    struct msock__netif_news news[8];
    bool lost = false;
    test_netns_enter();
    test_netns_set("lo", true);
    int watch = msock__netif_watch();

    for (int i = 0; i < 10; i++) {
        test_netns_set("lo", i % 2 != 0);
    }
    size_t count = msock__netif_watch_read(watch, news, 8, &lost);

    cr_expect(eq(sz, count, 1));
    cr_expect(not(news[0].deleted));
    cr_expect(eq(u32, news[0].index, 1));
    cr_expect(not(lost));
    close(watch);
}

Test(netif, the_watch_tells_that_it_could_not_tell_all)
{
    struct msock__netif_news news[1];
    bool lost = false;
    test_netns_enter();
    test_netns_ip("link add left type veth peer name right");
    int watch = msock__netif_watch();

    test_netns_ip("link del left");
    size_t count = msock__netif_watch_read(watch, news, 1, &lost);
    cr_expect(eq(sz, count, 1));
    cr_expect(lost);

    lost = false;
    for (int i = 0; i < 1000; i++) {
        test_netns_set("lo", i % 2 == 0);
    }
    count = msock__netif_watch_read(watch, news, 1, &lost);
    cr_expect(eq(sz, count, 0));
    cr_expect(lost);
    close(watch);
}
