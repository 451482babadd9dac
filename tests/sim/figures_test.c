/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of docs/reliability.md, in virtual time: the same on every
 * machine. They are printed; what is promised is asserted. */
#include "tests/sim/world.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { RECEIVERS = 20, ROUNDS = 101 };

static struct world world;

static const struct publication reliable = {.padding = 200,
                                            .flags = PUBLISHED_RELIABLE};

static void make(unsigned nodes, bool sealed)
{
    world_init(&world, &(struct world_config){
                           .seed = 4,
                           .sealed = sealed,
                           .node_count = nodes,
                           .faults = {.delay_ms = 0.2, .jitter_ms = 0.3}});
    world_open_all(&world);
    world_run(&world, 10000);
}

static void end(void)
{
    cr_expect(not(world.report.failed), "%s", world.report.why);
    world_fini(&world);
}

static void lose(double per_cent)
{
    msock_sim_link(world.sim, NULL, NULL,
                   &(msock_sim_faults){
                       .loss = per_cent, .delay_ms = 0.2, .jitter_ms = 0.3});
}

static size_t heard_by_all(size_t count)
{
    size_t found = 0;
    for (unsigned node = 1; node < world.node_count; node++) {
        for (size_t i = 0; i < count; i++) {
            found += world_heard(&world, node, 0, i);
        }
    }
    return found;
}

/* -- NACKs for each frame that somebody lost -- */

/* Which frames of the sender's reliable stream somebody lost. */
static bool lost[8192];
static size_t lost_count;

static void note_lost(const msock_sim_event *event, void *user)
{
    const struct world *of = user;
    struct wire_view view;
    if (event->kind == MSOCK_SIM_LOST) {
        wire_read(&of->wire, event->bytes, event->size, &view);
        if (view.kind == WIRE_RELIABLE && view.counter < 8192 &&
            !lost[view.counter]) {
            lost[view.counter] = true;
            lost_count++;
        }
    }
}

/* Returns NACK frames for each frame that at least one receiver lost. */
static double nacks_per_loss(double per_cent)
{
    enum { COUNT = 2000 };
    make(1 + RECEIVERS, false);
    lose(per_cent);
    lost_count = 0;
    msock_sim_tap(world.sim, note_lost, &world);

    for (int i = 0; i < COUNT; i++) {
        world_publish(&world, 0, &reliable);
        world_run(&world, 10);
    }
    world_run(&world, 10000);

    uint64_t nacks = world_counter(&world, -1, MSOCK_TX_NACKS);
    cr_expect(gt(sz, lost_count, 100));
    cr_expect(eq(sz, heard_by_all(COUNT), COUNT * RECEIVERS));
    printf("loss %4.1f %%: %zu frames lost by somebody, %zu NACK frames, "
           "%zu repairs\n",
           per_cent, lost_count, (size_t)nacks,
           (size_t)world_counter(&world, 0, MSOCK_TX_REPAIRS));
    end();
    return (double)nacks / (double)lost_count;
}

Test(figures, nacks_per_frame_lost_by_20_receivers_at_1_per_cent)
{
    cr_expect(le(dbl, nacks_per_loss(1), 1.5));
}

Test(figures, nacks_per_frame_lost_by_20_receivers_at_10_per_cent)
{
    cr_expect(le(dbl, nacks_per_loss(10), 1.5));
}

/* -- A slow network -- */

/* All listeners lose the same frames, and whatever is said takes 50 ms. */
Test(figures, nacks_of_8_receivers_that_lose_the_same_on_a_slow_network)
{
    enum { COUNT = 500, RATE_MS = 20, SHARE = 10 };
    msock_sim_faults slow = {.delay_ms = 50, .jitter_ms = 5};
    msock_sim_faults dead = {.delay_ms = 50, .jitter_ms = 5, .loss = 100};
    make(9, true);
    msock_sim_link(world.sim, NULL, NULL, &slow);
    world_run(&world, 2000);

    for (int i = 0; i < COUNT; i++) {
        msock_sim_link(world.sim, "n0", NULL, i % SHARE == 0 ? &dead : &slow);
        world_publish(&world, 0, &reliable);
        world_run(&world, 1);
        msock_sim_link(world.sim, "n0", NULL, &slow);
        world_run(&world, RATE_MS - 1);
    }
    world_run(&world, 10000);

    uint64_t nacks = world_counter(&world, -1, MSOCK_TX_NACKS);
    uint64_t repairs = world_counter(&world, 0, MSOCK_TX_REPAIRS);
    printf("slow network: %d frames lost by all of 8, %zu NACK frames, %zu "
           "repairs\n",
           COUNT / SHARE, (size_t)nacks, (size_t)repairs);
    cr_expect(eq(sz, heard_by_all(COUNT), COUNT * 8));
    cr_expect(le(u64, nacks, 6 * COUNT / SHARE));
    cr_expect(le(u64, repairs, 5 * COUNT / SHARE));
    end();
}

/* -- Tail loss -- */

static uint64_t nack_us;

static void note_nack(const msock_sim_event *event, void *user)
{
    const struct world *of = user;
    struct wire_view view;
    if (event->kind == MSOCK_SIM_SENT) {
        wire_read(&of->wire, event->bytes, event->size, &view);
        if (view.kind == WIRE_NACK && nack_us == 0) {
            nack_us = event->now_us;
        }
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

Test(figures, loss_of_the_last_frame_is_noticed_within_30_ms)
{
    static uint64_t times[ROUNDS];
    make(2, true);
    msock_sim_tap(world.sim, note_nack, &world);

    for (int i = 0; i < ROUNDS; i++) {
        nack_us = 0;
        msock_sim_partition(world.sim, "n0", "n1", true);
        uint64_t sent_us = world_now(&world);
        world_publish(&world, 0, &reliable);
        world_run(&world, 5);
        msock_sim_partition(world.sim, "n0", "n1", false);
        world_run(&world, 1000);
        times[i] = nack_us > sent_us ? nack_us - sent_us : 1000000;
    }
    qsort(times, ROUNDS, sizeof(times[0]), compare);

    printf("tail loss noticed after %.1f ms (median), %.1f ms (worst of %d)\n",
           (double)times[ROUNDS / 2] / 1000.0,
           (double)times[ROUNDS - 1] / 1000.0, ROUNDS);
    cr_expect(le(u64, times[ROUNDS / 2], 30000));
    cr_expect(eq(sz, heard_by_all(ROUNDS), ROUNDS));
    end();
}

/* -- Heavy loss -- */

Test(figures, loss_of_30_per_cent_both_ways_still_delivers_everything)
{
    enum { COUNT = 1000, NODES = 9 };
    make(NODES, true);
    lose(30);

    for (int i = 0; i < COUNT; i++) {
        world_publish(&world, 0, &reliable);
        world_run(&world, 10);
    }
    /* Of the last one of all nothing but a few syncs and hellos tells. */
    world_run(&world, 1000);
    world_publish(&world, 0, &reliable);
    world_run(&world, 14000);

    printf("loss 30 %%: %zu of %d delivered, %zu NACK frames, %zu repairs, "
           "%zu losses reported\n",
           heard_by_all(COUNT), COUNT * (NODES - 1),
           (size_t)world_counter(&world, -1, MSOCK_TX_NACKS),
           (size_t)world_counter(&world, 0, MSOCK_TX_REPAIRS),
           (size_t)world.ledger.losses);
    cr_expect(eq(sz, heard_by_all(COUNT), COUNT * (NODES - 1)));
    cr_expect(eq(u64, world.ledger.losses, 0));
    end();
}

/* -- Many at once -- */

/* How many pairs believe each other. */
static size_t pairs_up(void)
{
    size_t found = 0;
    for (size_t i = 0; i < world.ledger.life_count; i++) {
        for (size_t j = 0; j < world.ledger.life_count; j++) {
            found += world.ledger.lives[i]->hearings[j].up;
        }
    }
    return found;
}

Test(figures, everybody_is_admitted_within_5_s_when_200_nodes_open_in_one)
{
    enum { NODES = 200, PAIRS = NODES * (NODES - 1) };
    world_init(&world, &(struct world_config){
                           .seed = 5,
                           .sealed = true,
                           .node_count = NODES,
                           .faults = {.delay_ms = 0.2, .jitter_ms = 0.3}});
    for (unsigned i = 0; i < NODES; i++) {
        world_open(&world, i);
        world_run(&world, 5);
    }

    uint64_t waited_ms = 0;
    for (; pairs_up() < PAIRS && waited_ms < 20000; waited_ms += 100) {
        world_run(&world, 100);
    }

    struct traffic_count total = traffic_total(&world.traffic, -1);
    printf("200 nodes: all %d pairs up after %.1f s; %zu challenges (%zu "
           "bytes), %zu answers (%zu bytes), %zu hellos (%zu bytes)\n",
           PAIRS, (double)waited_ms / 1000.0,
           (size_t)total.frames[WIRE_CHALLENGE],
           (size_t)total.bytes[WIRE_CHALLENGE],
           (size_t)total.frames[WIRE_ANSWER], (size_t)total.bytes[WIRE_ANSWER],
           (size_t)total.frames[WIRE_HELLO], (size_t)total.bytes[WIRE_HELLO]);
    cr_expect(eq(sz, pairs_up(), PAIRS));
    cr_expect(le(u64, waited_ms, 5000));
    end();
}

/* -- Who is taken for dead -- */

static void count_downs(msock_channel *channel, const msock_event *event,
                        void *user)
{
    (void)channel;
    *(size_t *)user += event->kind == MSOCK_EVENT_DOWN;
}

/* Returns how often one of `nodes`, which publish nothing, is taken for dead by
 * another. */
static size_t false_downs(unsigned nodes, double per_cent, uint64_t seconds)
{
    size_t downs = 0;
    make(nodes, true);
    for (unsigned i = 0; i < nodes; i++) {
        cr_assert(zero(int, msock_watch(world.nodes[i].life->channel,
                                        count_downs, &downs)));
    }
    lose(per_cent);

    world_run(&world, 1000 * seconds);

    struct traffic_count total = traffic_total(&world.traffic, -1);
    printf("%u nodes, loss %2.0f %%, %u s: %zu times taken for dead; %zu "
           "hellos, %zu queries\n",
           nodes, per_cent, (unsigned)seconds, downs,
           (size_t)total.frames[WIRE_HELLO], (size_t)total.frames[WIRE_QUERY]);
    end();
    return downs;
}

Test(figures, loss_of_10_per_cent_takes_none_of_12_nodes_for_dead)
{
    cr_expect(zero(sz, false_downs(12, 10, 3600)));
}

Test(figures, loss_of_10_per_cent_takes_none_of_60_nodes_for_dead)
{
    cr_expect(zero(sz, false_downs(60, 10, 300)));
}
