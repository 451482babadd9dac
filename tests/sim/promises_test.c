/* SPDX-License-Identifier: Apache-2.0 */
/* Promises by name, each in a world of its own; see docs/reliability.md. What
 * the world checks at every tick is not repeated here. */
#include "tests/sim/world.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct world world;

static const struct publication plain = {.padding = 10};
static const struct publication reliable = {.padding = 10,
                                            .flags = PUBLISHED_RELIABLE};

static void make(unsigned nodes, bool sealed, uint64_t seed)
{
    world_init(&world, &(struct world_config){
                           .seed = seed,
                           .sealed = sealed,
                           .node_count = nodes,
                           .faults = {.delay_ms = 0.5, .jitter_ms = 0.5}});
}

static void end(void)
{
    cr_expect(not(world.report.failed), "%s", world.report.why);
    world_fini(&world);
}

static void publish_many(unsigned node, const struct publication *publication,
                         unsigned count, unsigned gap_ms)
{
    for (unsigned i = 0; i < count; i++) {
        cr_assert(ge(int, world_publish(&world, node, publication), 0));
        world_run(&world, gap_ms);
    }
}

/* How many of a node's first `count` messages another one heard. */
static size_t heard(unsigned node, unsigned sender, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += world_heard(&world, node, sender, i);
    }
    return found;
}

/* -- Meeting -- */

Test(promises, two_nodes_new_to_each_other_hear_each_other_from_the_start)
{
    /* Each is asked by the other before it believes him, and what they say in
     * the meantime is held. What leaves while a challenge is under way to its
     * sender counts as older than the channel. */
    make(2, true, 1);
    msock_sim_link(world.sim, NULL, NULL, &(msock_sim_faults){.delay_ms = 20});
    world_open_all(&world);
    world_run(&world, 25);
    for (unsigned node = 0; node < 2; node++) {
        world_publish(&world, node, &plain);
        world_publish(&world, node, &reliable);
    }
    cr_assert(eq(u64, world_counter(&world, -1, MSOCK_SESSIONS), 0));

    world_run(&world, 1000);

    cr_expect(eq(sz, heard(0, 1, 2), 2));
    cr_expect(eq(sz, heard(1, 0, 2), 2));
    end();
}

/* A publisher opens, publishes once and closes; does the other hear it? */
static bool one_shot(uint64_t seed, const struct publication *publication)
{
    make(2, true, seed);
    world_open(&world, 1);
    world_run(&world, 7000);
    world_open(&world, 0);
    const struct life *shot = world.nodes[0].life;
    world_publish(&world, 0, publication);
    world_close(&world, 0);

    world_run(&world, 4000);

    const struct hearing *hearing =
        &world.nodes[1].life->hearings[shot->number];
    bool found = hearing->seen_count > 0 && hearing->seen[0] != 0;
    cr_expect(eq(ptr, world.nodes[0].life, NULL), "it has closed");
    end();
    return found;
}

Test(promises, one_shot_reaches_who_never_heard_the_sender_100_of_100)
{
    unsigned found = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        found += one_shot(seed, seed % 2 == 0 ? &plain : &reliable);
    }

    cr_expect(eq(uint, found, 100));
}

Test(promises, one_shot_of_1_mib_reaches_who_never_heard_the_sender)
{
    struct publication large = {.padding = 1024 * 1024, .flags = PUBLISHED_RAW};
    unsigned found = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        large.flags ^= PUBLISHED_RELIABLE;
        found += one_shot(seed, &large);
    }

    cr_expect(eq(uint, found, 10));
}

/* -- Replays -- */

Test(promises, replay_to_a_rebooted_receiver_does_nothing)
{
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 2000);
    publish_many(0, &plain, 20, 10);
    publish_many(0, &reliable, 20, 10);
    cr_assert(eq(sz, heard(1, 0, 40), 40));

    world_crash(&world, 1);
    world_run(&world, 100);
    world_open(&world, 1);
    attacker_replay_all(&world.attacker, 0, WIRE_STRANGE, "n1");
    world_run(&world, 5000);
    attacker_replay_all(&world.attacker, 0, WIRE_STRANGE, "n1");
    publish_many(0, &plain, 1, 1000);

    cr_expect(eq(sz, heard(1, 0, 40), 0));
    cr_expect(world_heard(&world, 1, 0, 40));
    end();
}

Test(promises, replay_of_a_dead_session_does_nothing)
{
    make(3, true, 1);
    world_open(&world, 0);
    world_open(&world, 1);
    world_run(&world, 2000);
    publish_many(0, &plain, 20, 10);
    publish_many(0, &reliable, 20, 10);
    world_crash(&world, 0);
    world_run(&world, 1000);

    world_open(&world, 2);
    for (int i = 0; i < 20; i++) {
        attacker_replay_all(&world.attacker, 0, WIRE_STRANGE, "n2");
        world_run(&world, 1000);
    }

    cr_expect(eq(u64, world_counter(&world, 2, MSOCK_DELIVERED), 0));
    cr_expect(eq(u64, world_counter(&world, 2, MSOCK_SESSIONS), 1),
              "the living one");
    end();
}

Test(promises, replayed_answers_admit_nobody)
{
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 2000);
    publish_many(0, &plain, 20, 10);
    world_crash(&world, 0);
    world_crash(&world, 1);

    world_open(&world, 1);
    for (int i = 0; i < 10; i++) {
        attacker_replay_all(&world.attacker, 0, WIRE_BEST_EFFORT, "n1");
        attacker_replay_all(&world.attacker, 0, WIRE_ANSWER, "n1");
        world_run(&world, 1000);
    }

    cr_expect(eq(u64, world_counter(&world, 1, MSOCK_SESSIONS), 0));
    cr_expect(eq(u64, world_counter(&world, 1, MSOCK_DELIVERED), 0));
    end();
}

/* Replays what one of n1's lives asked n0, each life's in its turn. */
static void replay_challenge(unsigned turn)
{
    size_t life = 1 + turn % (world.ledger.life_count - 1);
    uint64_t session = world.ledger.lives[life]->sessions[0];
    size_t sent =
        attacker_replay_all(&world.attacker, session, WIRE_CHALLENGE, "n0");
    cr_assert(ge(sz, sent, 1));
}

Test(promises, replayed_challenges_are_answered_within_the_budget)
{
    enum { LIVES = 20, SECONDS = 10, A_SECOND = 10, EVERY_MS = 20 };
    make(2, true, 1);
    world_open(&world, 0);
    msock_sim_partition(world.sim, "n1", "n0", true);
    for (unsigned i = 0; i < LIVES; i++) {
        world_open(&world, 1);
        publish_many(0, &plain, 5, 100);
        world_crash(&world, 1);
    }
    uint64_t before = traffic_total(&world.traffic, 0).frames[WIRE_ANSWER];
    cr_assert(eq(u64, before, 0), "n0 knows none of them");

    /* So no window drops what they asked: each could be answered. */
    for (unsigned second = 0; second < SECONDS; second++) {
        for (unsigned i = 0; i < 1000 / EVERY_MS; i++) {
            replay_challenge(i);
            world_run(&world, EVERY_MS);
        }
        uint64_t now = traffic_total(&world.traffic, 0).frames[WIRE_ANSWER];
        cr_expect(le(u64, now - before, A_SECOND), "in second %u", second);
        cr_expect(ge(u64, now - before, A_SECOND / 2), "in second %u", second);
        before = now;
    }
    end();
}

Test(promises, eviction_does_not_reopen_trust)
{
    make(6, true, 1);
    world.nodes[5].options.sessions_max = 2;
    world_open_all(&world);
    world_run(&world, 2000);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned node = 0; node < 5; node++) {
            world_publish(&world, node, &plain);
            world_publish(&world, node, &reliable);
        }
        world_run(&world, 50);
    }

    for (int i = 0; i < 20; i++) {
        attacker_replay_all(&world.attacker, 0, WIRE_STRANGE, "n5");
        world_run(&world, 500);
    }

    cr_expect(ge(u64, world_counter(&world, 5, MSOCK_SESSIONS_EVICTED), 1));
    end();
}

/* -- Frames kept back -- */

Test(promises, frame_withheld_for_an_hour_does_not_act)
{
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 10000);
    attacker_withhold(&world.attacker, 0, 1, UINT64_MAX);
    publish_many(0, &plain, 1, 10);
    publish_many(0, &reliable, 1, 10);

    world_run(&world, 3600000);
    attacker_release(&world.attacker, true);
    world_run(&world, 30000);

    cr_expect(eq(sz, heard(1, 0, 2), 0));
    publish_many(0, &plain, 1, 1000);
    cr_expect(world_heard(&world, 1, 0, 2), "the sender is believed again");
    end();
}

Test(promises, frame_withheld_for_an_hour_does_not_bring_its_sender_back)
{
    static const enum wire_kind kinds[] = {WIRE_BEST_EFFORT, WIRE_RELIABLE,
                                           WIRE_SYNC, WIRE_HELLO};
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 10000);
    const struct hearing *hearing =
        &world.nodes[1].life->hearings[world.nodes[0].life->number];
    cr_assert(hearing->up);
    struct traffic_count before = traffic_total(&world.traffic, 0);
    msock_sim_partition(world.sim, "n0", "n1", true);
    publish_many(0, &plain, 1, 10);
    publish_many(0, &reliable, 1, 10000);
    struct traffic_count after = traffic_total(&world.traffic, 0);
    world_crash(&world, 0);

    world_run(&world, 3600000);
    cr_assert(not(hearing->up));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        cr_assert(gt(u64, after.frames[kinds[i]], before.frames[kinds[i]]));
        attacker_replay_all(&world.attacker, 0, kinds[i], "n1");
        world_run(&world, 100);
        cr_expect(not(hearing->up), "by %s", wire_name(kinds[i]));
    }
    end();
}

static struct {
    uint8_t bytes[2048];
    size_t size;
} foreign[64];
static size_t foreign_count;

static void keep_foreign(const msock_sim_event *event, void *user)
{
    (void)user;
    if (event->kind == MSOCK_SIM_SENT && foreign_count < 64) {
        memcpy(foreign[foreign_count].bytes, event->bytes, event->size);
        foreign[foreign_count].size = event->size;
        foreign_count++;
    }
}

Test(promises, frames_of_another_channel_with_the_same_key_are_not_authentic)
{
    msock_sim *other;
    msock_channel *stranger;
    make(1, true, 1);
    world_open(&world, 0);
    cr_assert(eq(int, msock_sim_open(&other, "other", NULL), 0));
    msock_sim_tap(other, keep_foreign, NULL);
    msock_options options = {.name = "stranger", .key_file = world.key_path};
    cr_assert(eq(int, msock_open(&stranger, "sim://other", &options), 0));
    for (int i = 0; i < 10; i++) {
        msock_publish(stranger, "a", "1", NULL);
        msock_sim_run(other, 10);
    }

    for (size_t i = 0; i < foreign_count; i++) {
        msock_sim_inject(world.sim, "n0", foreign[i].bytes, foreign[i].size);
    }
    world_run(&world, 1000);

    cr_expect(ge(sz, foreign_count, 10));
    cr_expect(
        eq(u64, world_counter(&world, 0, MSOCK_DROP_AUTH), foreign_count));
    cr_expect(eq(u64, world_counter(&world, 0, MSOCK_DELIVERED), 0));
    msock_sim_crash(other, NULL);
    msock_sim_close(other);
    end();
}

/* -- The reliable stream -- */

Test(promises, hole_of_10000_frames_is_filled_or_reported)
{
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 2000);
    publish_many(0, &reliable, 1, 10);
    msock_sim_partition(world.sim, "n0", "n1", true);
    uint64_t sent = world_counter(&world, 0, MSOCK_TX_FRAMES);
    for (int i = 0; i < 10000; i++) {
        world_publish(&world, 0, &reliable);
        msock_sim_run(world.sim, 0);
        msock_sim_run(world.sim, i % 4 == 0);
    }
    cr_expect(ge(u64, world_counter(&world, 0, MSOCK_TX_FRAMES) - sent, 10000));

    msock_sim_partition(world.sim, "n0", "n1", false);
    publish_many(0, &reliable, 1, 30000);
    publish_many(0, &reliable, 1, 1000);

    cr_expect(world_heard(&world, 1, 0, 10002), "the stream goes on");
    size_t found = heard(1, 0, 10003);
    cr_expect(found == 10003 || world.ledger.losses > 0);
    end();
}

Test(promises, late_joiner_who_hears_a_repair_first_starts_at_its_floor)
{
    make(3, true, 1);
    world_open(&world, 0);
    world_open(&world, 1);
    world_run(&world, 2000);
    publish_many(0, &reliable, 1, 10);
    msock_sim_partition(world.sim, "n0", "n1", true);
    publish_many(0, &reliable, 1, 10);
    msock_sim_partition(world.sim, "n0", "n1", false);

    world_open(&world, 2);
    world_run(&world, 500);
    publish_many(0, &reliable, 1, 2000);

    cr_expect(ge(u64, world_counter(&world, 0, MSOCK_TX_REPAIRS), 1));
    cr_expect(eq(sz, heard(1, 0, 3), 3));
    cr_expect(not(world_heard(&world, 2, 0, 1)), "older than the joiner");
    cr_expect(world_heard(&world, 2, 0, 2));
    cr_expect(eq(u64, world.ledger.losses, 0));
    end();
}

Test(promises, retransmission_is_byte_identical)
{
    make(4, true, 3);
    world_open_all(&world);
    world_run(&world, 2000);
    msock_sim_link(world.sim, NULL, NULL, &(msock_sim_faults){.loss = 20});

    publish_many(0, &reliable, 200, 5);
    world_run(&world, 5000);

    /* The world fails if a nonce is used for another content. */
    cr_expect(gt(u64, world_counter(&world, 0, MSOCK_TX_REPAIRS), 50));
    cr_expect(eq(sz, heard(1, 0, 200), 200));
    end();
}

Test(promises, same_moment_everywhere)
{
    struct publication timed = {.padding = 10, .after_ms = 500};
    make(4, true, 1);
    world_open_all(&world);
    world_run(&world, 2000);
    msock_sim_link(world.sim, NULL, NULL,
                   &(msock_sim_faults){.delay_ms = 1, .jitter_ms = 200});

    publish_many(0, &timed, 1, 490);
    cr_expect(eq(sz, heard(1, 0, 1) + heard(2, 0, 1) + heard(3, 0, 1), 0));
    world_run(&world, 25);

    cr_expect(eq(sz, heard(1, 0, 1) + heard(2, 0, 1) + heard(3, 0, 1), 3));
    end();
}

Test(promises, message_for_later_goes_with_a_session_that_was_replaced)
{
    static const struct {
        unsigned dead_ms;
        bool down; /* reported by then */
    } rows[] = {{1000, false}, {30000, true}};
    struct publication timed = {.padding = 10, .after_ms = 60000};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make(2, true, 1);
        world_open_all(&world);
        world_run(&world, 10000);
        const struct hearing *hearing =
            &world.nodes[1].life->hearings[world.nodes[0].life->number];
        publish_many(0, &timed, 1, 1000);
        world_crash(&world, 0);
        world_run(&world, rows[i].dead_ms);
        cr_expect(eq(int, hearing->up, !rows[i].down));
        cr_expect(eq(u64, world_counter(&world, 1, MSOCK_DROP_SCHEDULED), 0));

        world_open(&world, 0);
        world_run(&world, 70000);

        cr_expect(eq(u64, world_counter(&world, 1, MSOCK_DROP_SCHEDULED), 1));
        cr_expect(eq(sz, hearing->seen_count, 0));
        end();
    }
}

Test(promises, drift_of_100_ppm_for_a_day_takes_nothing_away)
{
    make(2, true, 1);
    msock_sim_condition(world.sim, "n0", &(msock_sim_host){.drift_ppm = 100});
    msock_sim_condition(world.sim, "n1", &(msock_sim_host){.drift_ppm = -100});
    world_open_all(&world);
    world_run(&world, 2000);

    world_run(&world, 86400000);
    publish_many(0, &plain, 1, 100);
    publish_many(1, &reliable, 1, 100);

    cr_expect(eq(sz, heard(1, 0, 1), 1));
    cr_expect(eq(sz, heard(0, 1, 1), 1));
    end();
}

Test(promises, sleeper_hears_again_when_it_wakes)
{
    make(2, true, 1);
    world_open_all(&world);
    world_run(&world, 2000);
    publish_many(0, &reliable, 1, 100);

    world_suspend(&world, 1, 7200000);
    world_run(&world, 7200100);
    world_run(&world, 20000);
    publish_many(0, &plain, 1, 1000);
    publish_many(1, &reliable, 1, 1000);

    cr_expect(world_heard(&world, 1, 0, 1));
    cr_expect(eq(sz, heard(0, 1, 1), 1));
    end();
}
