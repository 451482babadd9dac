/* SPDX-License-Identifier: Apache-2.0 */
/* The `peer` option. */
#include "transport/peers.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *list;
    uint8_t address[16];
    uint16_t port;
    bool ipv6, loopback;
} good[] = {
    {"192.0.2.7", {[10] = 0xff, 0xff, 192, 0, 2, 7}, 7783, false, false},
    {"192.0.2.7:1", {[10] = 0xff, 0xff, 192, 0, 2, 7}, 1, false, false},
    {"127.9.9.9:65535", {[10] = 0xff, 0xff, 127, 9, 9, 9}, 65535, false, true},
    {"2001:db8::7", {0x20, 1, 0xd, 0xb8, [15] = 7}, 7783, true, false},
    {"[2001:db8::7]", {0x20, 1, 0xd, 0xb8, [15] = 7}, 7783, true, false},
    {"[2001:db8::7]:80", {0x20, 1, 0xd, 0xb8, [15] = 7}, 80, true, false},
    {"::1", {[15] = 1}, 7783, true, true},
};

Test(peers, an_address_may_have_a_port)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct msock__peers peers;

        int rc = msock__peers_read(&peers, good[i].list, 7783);

        cr_assert(eq(int, rc, 0), "%s", good[i].list);
        cr_expect(eq(sz, peers.count, 1));
        cr_expect(memcmp(peers.items[0].address, good[i].address, 16) == 0,
                  "%s", good[i].list);
        cr_expect(eq(u16, peers.items[0].port, good[i].port));
        cr_expect(msock__peer_ipv6(&peers.items[0]) == good[i].ipv6);
        cr_expect(msock__peer_loopback(&peers.items[0]) == good[i].loopback);
    }
}

static const struct {
    const char *list, *detail;
} bad[] = {
    {"hub.local", "names are not looked up"},
    {"192.0.2", "must be ADDRESS"},
    {"192.0.2.7,", "must be ADDRESS"},
    {",192.0.2.7", "must be ADDRESS"},
    {" 192.0.2.7", "must be ADDRESS"},
    {"[192.0.2.7", "must be ADDRESS"},
    {"[::1]7", "must be ADDRESS"},
    {"[]", "must be ADDRESS"},
    {":7783", "must be ADDRESS"},
    {"192.0.2.7:", "the port must be 1..65535"},
    {"192.0.2.7:0", "the port must be 1..65535"},
    {"192.0.2.7:65536", "the port must be 1..65535"},
    {"192.0.2.7:+1", "the port must be 1..65535"},
    {"[::1]:x", "the port must be 1..65535"},
    {"239.1.2.3", "address of one host"},
    {"255.255.255.255", "address of one host"},
    {"0.0.0.0", "address of one host"},
    {"::", "address of one host"},
    {"ff15::1", "address of one host"},
    {"::ffff:239.1.2.3", "address of one host"},
    {"fe80::1", "by which interface"},
    {"fe80::1%eth0", "must be ADDRESS"},
    {"192.0.2.7,192.0.2.7:7783", "named twice"},
    {"1.1.1.1,::ffff:1.1.1.1", "named twice"},
    {"0123456789012345678901234567890123456789012345678901234567890123456789",
     "must be ADDRESS"},
};

Test(peers, what_is_no_address_is_refused_and_changes_nothing)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct msock__peers peers = {.count = 7};

        int rc = msock__peers_read(&peers, bad[i].list, 7783);

        cr_expect(eq(int, rc, MSOCK_EOPTION), "%s", bad[i].list);
        cr_expect(strstr(msock_error_detail(), bad[i].detail) != NULL, "%s: %s",
                  bad[i].list, msock_error_detail());
        cr_expect(eq(sz, peers.count, 7));
    }
}

Test(peers, an_empty_list_is_none)
{
    struct msock__peers peers = {.count = 7};

    cr_expect(eq(int, msock__peers_read(&peers, "", 7783), 0));
    cr_expect(eq(sz, peers.count, 0));
}

Test(peers, there_are_sixteen_at_most)
{
    struct msock__peers peers;
    char list[512] = "10.0.0.1";
    for (int i = 2; i <= MSOCK__PEERS_COUNT_MAX; i++) {
        snprintf(list + strlen(list), sizeof list - strlen(list), ",10.0.0.%d",
                 i);
    }

    int most = msock__peers_read(&peers, list, 7783);
    strcat(list, ",10.0.0.17");
    int more = msock__peers_read(&peers, list, 7783);

    cr_expect(eq(int, most, 0));
    cr_expect(eq(sz, peers.count, MSOCK__PEERS_COUNT_MAX));
    cr_expect(eq(u8, peers.items[15].address[15], 16));
    cr_expect(eq(int, more, MSOCK_EOPTION));
    cr_expect(eq(str, (char *)msock_error_detail(), "peer: at most 16 hosts"));
}
