/* SPDX-License-Identifier: Apache-2.0 */
/* States that are written by who knows nothing of their topic: the wall clock
 * numbers the first one, and where it is wrong, what is said once more is
 * confirmed in its place. */
#include "core/engine_state.h"
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const uint64_t wall_ms = UINT64_C(1767225600000);
static const msock_confirm_options confirmed = {.deadline_ms = 2000,
                                                .publish = &probe_state};

/* What the writer was told in the end. */
static msock_confirm end;

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    (void)channel;
    (void)user;
    end = *confirm;
}

TestSuite(engine_blind, .fini = net_close);

/* A lamp holds what a writer said that is gone. */
static struct notes *lamp_of_gone_writer(uint64_t clock_ms)
{
    size_t gone = net_open("gone", "", NET_KEY);
    struct notes *lamp = probe_listen(net_open("lamp", "", NET_KEY), "lights");

    net_run(NET_SECOND_US);
    net_bench(gone)->wall_ms = clock_ms;
    probe_set(gone, "lights", "1");
    probe_set(gone, "lights", "2");
    msock_close(net_channel(gone), NULL, NULL);
    net_run(2 * NET_SECOND_US);
    return lamp;
}

/* Opens somebody who knows nothing of the topic, and has him write it. */
static size_t write_blindly(uint64_t clock_ms)
{
    size_t writer = net_open("writer", "", NET_KEY);

    cr_assert(zero(int, msock_unsubscribe(net_channel(writer), 1))); /* # */
    net_run(NET_SECOND_US);
    net_bench(writer)->wall_ms = clock_ms;
    cr_assert(ge(int,
                 msock_publish_confirmed(net_channel(writer), "lights", "3",
                                         &confirmed, on_confirm, NULL),
                 1));
    return writer;
}

Test(engine_blind, first_version_is_above_the_wall_clock)
{
    size_t hub = net_open("hub", "", NET_KEY);
    struct notes *notes = probe_listen(net_open("lamp", "", NET_KEY), "#");

    net_run(NET_SECOND_US);
    net_bench(hub)->wall_ms = wall_ms;
    probe_set(hub, "a", "1");
    probe_set(hub, "a", "2");
    probe_run();

    EXPECT_NOTES(notes, "a=1@1767225600001 a=2@1767225600002 ");
}

Test(engine_blind, no_wall_clock_is_too_early_or_too_late)
{
    size_t hub = net_open("hub", "", NET_KEY);
    struct notes *notes = probe_listen(net_open("lamp", "", NET_KEY), "#");

    net_run(NET_SECOND_US);
    probe_set(hub, "a", "1");
    net_bench(hub)->wall_ms = UINT64_MAX;
    probe_set(hub, "b", "1");
    probe_run();

    EXPECT_NOTES(notes, "a=1@1 b=1@4503599627370496 ");
}

Test(engine_blind, later_writer_is_heard_at_once)
{
    struct notes *lamp = lamp_of_gone_writer(wall_ms);

    (void)write_blindly(wall_ms + 5000);
    net_run(100 * PROBE_MS);

    EXPECT_NOTES(lamp, "lights=1@1767225600001 lights=2@1767225600002 "
                       "lights=3@1767225605001 ");
    cr_expect(eq(sz, end.acted, 1));
    cr_expect(eq(sz, end.expected, 1));
}

Test(engine_blind, what_is_said_once_more_is_confirmed_in_its_place)
{
    struct notes *lamp = lamp_of_gone_writer(wall_ms);

    size_t writer = write_blindly(0);
    net_run(2 * NET_SECOND_US);

    EXPECT_NOTES(lamp, "lights=1@1767225600001 lights=2@1767225600002 "
                       "lights=3@1767225600003 ");
    cr_expect(eq(sz, end.acted, 1));
    cr_expect(eq(sz, end.expected, 1));
    cr_expect(gt(u64, end.time_us, 500 * PROBE_MS)); /* it was told first */
    cr_expect(eq(u64, net_counter(writer, MSOCK_DROP_STATE_OLD), 0));
}
