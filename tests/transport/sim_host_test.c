/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of nodes on the simulated network: clocks, bursts, interfaces,
 * suspension, crashes. */
#include "tests/support/sim_node.h"
#include "transport/sim_clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static struct sim_node a, b;
static msock_sim *sim;

static void open_pair(const msock_sim_options *options)
{
    cr_assert(eq(int, msock_sim_open(&sim, "test", options), 0));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);
}

static void close_pair(void)
{
    sim_node_close(&a);
    sim_node_close(&b);
    msock_sim_close(sim);
}

/* -- Clocks -- */

Test(sim_clock, local_time_is_never_early_for_any_drift)
{
    static const int64_t drifts[] = {
        0, 1, -1, 100000, -100000, 99999999, 100000000, -100000000, -99999999};

    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
        struct msock__sim_clock clock;
        msock__sim_clock_init(&clock);
        msock__sim_clock_drift(&clock, 17, drifts[i]);
        uint64_t first_us = msock__sim_clock_local(&clock, 17);

        for (uint64_t step = 1; step < (UINT64_C(1) << 50); step = step * 3) {
            uint64_t at_us = msock__sim_clock_network(&clock, first_us + step);
            cr_expect(ge(u64, msock__sim_clock_local(&clock, at_us),
                         first_us + step));
            cr_expect(lt(u64, msock__sim_clock_local(&clock, at_us - 1),
                         first_us + step));
        }
    }
}

Test(sim_clock, never_stays_never)
{
    struct msock__sim_clock clock;
    msock__sim_clock_init(&clock);

    cr_expect(
        eq(u64, msock__sim_clock_network(&clock, UINT64_MAX), UINT64_MAX));
    cr_expect(eq(u64, msock__sim_clock_network(&clock, 0), 0));
}

static void note_time(msock_channel *channel, void *user)
{
    uint64_t *time = user;
    (void)channel;
    *time = msock_sim_now_us(sim);
}

Test(sim_host, drift_of_100_ppm_is_8640_ms_in_a_day)
{
    uint64_t fast = 0;
    uint64_t slow = 0;
    uint64_t day_ms = UINT64_C(86400000);
    open_pair(NULL);
    msock_sim_condition(sim, "a", &(msock_sim_host){.drift_ppm = 100});
    msock_sim_condition(sim, "b", &(msock_sim_host){.drift_ppm = -100});
    msock_timer_start(a.channel, day_ms, 0, note_time, &fast);
    msock_timer_start(b.channel, day_ms, 0, note_time, &slow);

    msock_sim_run(sim, day_ms + 10000);

    cr_expect(eq(u64, fast / 1000, day_ms - 8640));
    cr_expect(eq(u64, slow / 1000, day_ms + 8640));
    close_pair();
}

Test(sim_host, drift_of_a_name_holds_for_nodes_that_open_later)
{
    uint64_t fast = 0;
    cr_assert(eq(int, msock_sim_open(&sim, "test", NULL), 0));
    msock_sim_condition(sim, "a", &(msock_sim_host){.drift_ppm = 100000});
    sim_node_open(&a, "test", "a", NULL);
    msock_timer_start(a.channel, 1100, 0, note_time, &fast);

    msock_sim_run(sim, 2000);

    cr_expect(eq(u64, fast, 1000000));
    sim_node_close(&a);
    msock_sim_close(sim);
}

/* -- Bursts and interfaces -- */

Test(sim_host, bursts_lose_their_share_in_runs)
{
    unsigned runs = 0;
    open_pair(&(msock_sim_options){.seed = 3});
    msock_sim_condition(sim, "b",
                        &(msock_sim_host){.burst = 2, .burst_size = 10});

    sim_node_count(&a, sim, 4000, 1);
    for (unsigned i = 1; i < 4000; i++) {
        runs += b.numbers[i] == 0 && b.numbers[i - 1] == 1;
    }
    size_t lost = sim_node_counted(&b, 4000, 0);

    /* On average 2 % begin one of 10: a sixth is lost. */
    cr_expect(gt(sz, lost, 400));
    cr_expect(lt(sz, lost, 1000));
    cr_expect(gt(sz, lost / runs, 6));
    close_pair();
}

Test(sim_host, burst_ends_with_its_condition)
{
    open_pair(NULL);
    msock_sim_condition(sim, NULL,
                        &(msock_sim_host){.burst = 100, .burst_size = 1000});
    sim_node_count(&a, sim, 1, 1);

    msock_sim_condition(sim, NULL, &(msock_sim_host){0});
    sim_node_count(&a, sim, 1, 1);

    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

Test(sim_host, interface_carries_its_rate_and_loses_the_rest)
{
    static const uint8_t bytes[1000];
    msock_sim_stats stats;
    open_pair(NULL);
    msock_sim_condition(sim, "b",
                        &(msock_sim_host){.rate_in = 10000, .queue = 20000});

    for (int i = 0; i < 100; i++) {
        msock_publish(
            a.channel, "t", NULL,
            &(msock_publish_options){.raw = bytes, .raw_size = sizeof(bytes)});
        msock_sim_run(sim, 0);
    }
    msock_sim_run(sim, 1000);
    msock_sim_stats_get(sim, &stats, sizeof(stats));

    cr_expect(gt(u64, stats.congested, 40));
    cr_expect(ge(sz, b.heard, 8));
    cr_expect(le(sz, b.heard, 10));
    msock_sim_run(sim, 5000);
    cr_expect(
        eq(u64, stats.arrived + stats.waiting + stats.congested, stats.sent));
    close_pair();
}

Test(sim_host, way_out_is_shared_by_all_receivers)
{
    open_pair(NULL);
    msock_sim_run(sim, 1000); /* its hellos have left; no other is near */
    msock_sim_condition(sim, "a", &(msock_sim_host){.rate_out = 1000});

    sim_node_count(&a, sim, 1, 0);
    msock_sim_run(sim, 50);
    cr_expect(eq(sz, b.heard, 0), "about 130 bytes take about 130 ms");
    msock_sim_run(sim, 150);

    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

/* -- Suspension and crashes -- */

Test(sim_host, suspended_node_does_nothing_and_its_clock_goes_on)
{
    uint64_t ran = 0;
    open_pair(NULL);
    msock_timer_start(a.channel, 1000, 0, note_time, &ran);
    sim_node_count(&b, sim, 1, 0);

    cr_expect(eq(int, msock_sim_suspend(sim, "a", 5000), 1));
    msock_sim_run(sim, 4000);
    cr_expect(eq(u64, ran, 0));
    msock_publish(b.channel, "t", "7", NULL);
    msock_sim_run(sim, 2000);

    cr_expect(eq(u64, ran, 5000000));
    cr_expect(eq(sz, a.heard, 0), "what was sent meanwhile is lost");
    close_pair();
}

Test(sim_host, what_was_under_way_waits_for_a_suspended_node)
{
    open_pair(&(msock_sim_options){.faults = {.delay_ms = 10}});
    sim_node_count(&b, sim, 1, 0);
    msock_sim_run(sim, 1);

    msock_sim_suspend(sim, "a", 5000);
    msock_sim_run(sim, 4999);
    cr_expect(eq(sz, a.heard, 0));
    msock_sim_run(sim, 2);

    cr_expect(eq(sz, a.heard, 1));
    close_pair();
}

Test(sim_host, suspension_ends_when_it_is_set_to_0)
{
    uint64_t ran = 0;
    open_pair(NULL);
    msock_timer_start(a.channel, 5, 0, note_time, &ran);
    msock_sim_suspend(sim, "a", 5000);
    msock_sim_run(sim, 10);

    msock_sim_suspend(sim, "a", 0);
    msock_sim_run(sim, 1);
    sim_node_count(&b, sim, 1, 1);

    cr_expect(eq(u64, ran, 10000), "what was due runs at once");
    cr_expect(eq(sz, a.heard, 1));
    close_pair();
}

Test(sim_host, crashed_node_is_gone_without_a_word)
{
    open_pair(NULL);
    sim_node_count(&a, sim, 1, 0);

    cr_expect(eq(int, msock_sim_crash(sim, "a"), 1));
    msock_sim_run(sim, 1000);

    cr_expect(eq(sz, b.heard, 0), "it had not left yet");
    cr_expect(eq(int, a.closed, 0));
    cr_expect(eq(int, msock_sim_crash(sim, "a"), MSOCK_ENOENT));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_count(&a, sim, 1, 1);
    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

static void crash_all(msock_channel *channel, void *user)
{
    int *result = user;
    (void)channel;
    *result = msock_sim_crash(sim, NULL);
}

Test(sim_host, crash_inside_of_a_callback_is_refused)
{
    int result = 0;
    open_pair(NULL);
    msock_timer_start(a.channel, 1, 0, crash_all, &result);

    msock_sim_run(sim, 10);

    cr_expect(eq(int, result, MSOCK_EBUSY));
    cr_expect(eq(int, msock_sim_crash(sim, NULL), 2));
    msock_sim_close(sim);
}

/* -- Refusals -- */

Test(sim_host, conditions_out_of_range_are_refused)
{
    static const msock_sim_host bad[] = {
        {.drift_ppm = 100001},
        {.drift_ppm = -100001},
        {.drift_ppm = NAN},
        {.burst = 101},
        {.burst = -1},
        {.burst = NAN},
        {.burst_size = 0.5},
        {.burst_size = -1},
        {.burst_size = 1e7},
        {.rate_in = UINT64_MAX},
        {.rate_out = UINT64_MAX},
        {.queue = UINT64_MAX},
        {.wall_ms = (INT64_C(1) << 42) + 1},
        {.wall_ms = -(INT64_C(1) << 42) - 1},
    };
    cr_assert(eq(int, msock_sim_open(&sim, "test", NULL), 0));

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect(
            eq(int, msock_sim_condition(sim, NULL, &bad[i]), MSOCK_EOPTION),
            "case %zu", i);
    }
    cr_expect(eq(int, msock_sim_condition(sim, "", &(msock_sim_host){0}),
                 MSOCK_EINVAL));
    cr_expect(eq(
        int, msock_sim_condition(sim, "a", &(msock_sim_host){.struct_size = 3}),
        MSOCK_EINVAL));
    msock_sim_close(sim);
}

Test(sim_host, real_time_has_no_own_clocks)
{
    cr_assert(eq(
        int,
        msock_sim_open(&sim, "test", &(msock_sim_options){.real_time = true}),
        0));

    cr_expect(eq(
        int, msock_sim_condition(sim, NULL, &(msock_sim_host){.drift_ppm = 1}),
        MSOCK_ENOTSUP));
    cr_expect(eq(
        int, msock_sim_condition(sim, NULL, &(msock_sim_host){.burst = 1}), 0));
    cr_expect(eq(int, msock_sim_suspend(sim, NULL, 1), MSOCK_ENOTSUP));
    cr_expect(eq(int, msock_sim_crash(sim, NULL), MSOCK_ENOTSUP));
    msock_sim_close(sim);
}
