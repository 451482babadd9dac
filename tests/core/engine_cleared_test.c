/* SPDX-License-Identifier: Apache-2.0 */
/* Topics that were cleared: who remembers it, and for how long. */
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { MINUTE = 60 };

TestSuite(engine_cleared, .fini = net_close);

static void run_minutes(uint64_t minutes)
{
    net_run(minutes * MINUTE * NET_SECOND_US);
}

static bool lose_from_node(const struct net_frame *frame, size_t to)
{
    (void)to;
    return frame->from == 1 && frame->header.stream == 1;
}

Test(engine_cleared, topic_cleared_an_hour_ago_begins_anew_everywhere)
{
    size_t hub = net_open("hub", "", 0);
    probe_set(hub, "lamp", "2");
    probe_set(hub, "lamp", NULL);
    run_minutes(59);
    size_t node = net_open("node", "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    run_minutes(2);
    net.lose = lose_from_node; /* as of one that may not keep */

    probe_set(hub, "lamp", "3");
    run_minutes(1);

    EXPECT_NOTES(heard, "lamp=3@3 ");
    cr_expect(zero(u64, net_counter(node, MSOCK_DROP_STATE_OLD)));
}

Test(engine_cleared, clearing_an_hour_old_is_nothing_to_a_newcomer)
{
    size_t hub = net_open("hub", "", 0);
    probe_set(hub, "lamp", "2");
    probe_set(hub, "lamp", NULL);
    run_minutes(61);
    size_t node = net_open("node", "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    run_minutes(1);

    EXPECT_NOTES(heard, "");
    EXPECT_NOTES(probe_list(node, "lamp"), "");
    cr_expect(ge(u64, net_counter(node, MSOCK_DROP_STATE_OLD), 1));

    probe_set(hub, "lamp", "3");
    probe_run();
    EXPECT_NOTES(heard, "lamp=3@3 ");
}

Test(engine_cleared, owner_begins_anew_when_all_have_forgotten)
{
    size_t hub = net_open("hub", "", 0);
    size_t node = net_open("node", "", 0);
    struct notes *heard = probe_listen(node, "lamp");
    run_minutes(1);
    probe_set(hub, "lamp", NULL);
    run_minutes(181);

    probe_set(hub, "lamp", "3");
    probe_run();

    EXPECT_NOTES(heard, "lamp=null@1 lamp=3@1 ");
}
