/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of states that are full: what makes room for what, and since when. */
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

enum { FULL = 16 };

TestSuite(engine_full, .fini = net_close);

/* Publishes states of the topics from t`first` on, one after the other. */
static void set_from(size_t node, int first, int count)
{
    char topic[16];

    for (int i = first; i < first + count; i++) {
        snprintf(topic, sizeof topic, "t%d", i);
        probe_set(node, topic, "1");
        probe_run();
    }
}

static size_t open_small(void)
{
    return net_open("node", "state_count_max=16", 0);
}

static void keep_all(size_t node)
{
    cr_assert(zero(int, msock_keep(net_channel(node), "#", NULL, NULL)));
}

Test(engine_full, kept_values_make_no_room)
{
    size_t hub = net_open("hub", "", 0);
    size_t keeper = open_small();
    keep_all(keeper);
    net_run(NET_SECOND_US);

    set_from(hub, 0, FULL + 1);

    EXPECT_NOTES(probe_list(keeper, "t0"), "t0=1@1 ");
    EXPECT_NOTES(probe_list(keeper, "t16"), "");
    cr_expect(eq(u64, net_counter(keeper, MSOCK_DROP_STATE_FULL), 1));
}

Test(engine_full, values_make_no_room_from_when_they_are_kept)
{
    size_t hub = net_open("hub", "", 0);
    size_t node = open_small();
    (void)probe_listen(node, "#");
    net_run(NET_SECOND_US);
    set_from(hub, 0, FULL);

    keep_all(node);
    set_from(hub, FULL, 1);

    EXPECT_NOTES(probe_list(node, "t0"), "t0=1@1 ");
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_STATE_FULL), 1));
}

Test(engine_full, values_make_room_again_when_nobody_keeps_them)
{
    size_t hub = net_open("hub", "", 0);
    size_t node = open_small();
    (void)probe_listen(node, "#");
    keep_all(node);
    net_run(NET_SECOND_US);
    set_from(hub, 0, FULL);

    cr_assert(zero(int, msock_unkeep(net_channel(node), "#", NULL, NULL)));
    probe_run();
    set_from(hub, FULL, 2);

    EXPECT_NOTES(probe_list(node, "t0"), "");
    EXPECT_NOTES(probe_list(node, "t1"), "");
    EXPECT_NOTES(probe_list(node, "t17"), "t17=1@1 ");
    cr_expect(zero(u64, net_counter(node, MSOCK_DROP_STATE_FULL)));
}

Test(engine_full, what_one_keeps_is_as_safe_as_what_another_keeps)
{
    size_t hub = net_open("hub", "", 0);
    size_t node = open_small();
    keep_all(node);
    cr_assert(zero(int, msock_keep(net_channel(node), "t0", NULL, NULL)));
    net_run(NET_SECOND_US);
    set_from(hub, 0, FULL);
    (void)probe_listen(node, "#");

    cr_assert(zero(int, msock_unkeep(net_channel(node), "#", NULL, NULL)));
    probe_run();
    set_from(hub, FULL, 1);

    EXPECT_NOTES(probe_list(node, "t0"), "t0=1@1 ");
    EXPECT_NOTES(probe_list(node, "t1"), "");
}
