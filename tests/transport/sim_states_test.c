/* SPDX-License-Identifier: Apache-2.0 */
/* States when owners and keepers come and go on a network that loses a tenth of
 * what is sent, each way: all that live agree within 5 s of the last trouble,
 * and nobody is ever shown an older state after a newer. */
#include "tests/support/state_house.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum {
    OWNER,
    OTHER, /* owner */
    KEEPER,
    FIRST,
    LAST = 9,
    NEWCOMER,
    SEEDS = 20,
    LOSS = 10,
    SOON_MS = 5000
};

static uint64_t times[2 * SEEDS];
static size_t count;

/* Runs the story of each seed, on an open channel and on a sealed one. */
static void each_seed(const char *what, void (*story)(void))
{
    count = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int sealed = 0; sealed < 2; sealed++) {
            house_make(seed, sealed == 1, LOSS);
            story();
            cr_expect(zero(uint, house_went_back()), "seed %zu", (size_t)seed);
            house_leave();
        }
    }
    uint64_t worst_us = house_figures(what, times, count, 99);
    cr_expect(lt(u64, worst_us, 1000 * SOON_MS));
}

/* The trouble is over: they agree soon, and stay so. */
static void expect_agreement(void)
{
    times[count] = house_settle(SOON_MS);
    cr_expect(lt(u64, times[count], 1000 * SOON_MS));
    count++;
}

static void begin(bool keeper)
{
    house_open(OWNER, false);
    house_open_all(FIRST, LAST);
    if (keeper) {
        house_open(KEEPER, true);
    }
    house_run(10000);
}

/* Publishes first..last, 40 ms apart, and nothing behind the last one. */
static void publish(unsigned owner, unsigned first, unsigned last)
{
    for (unsigned value = first; value <= last; value++) {
        house_run(value > first ? 40 : 0);
        house_publish(owner, value);
    }
}

/* Crashes in the middle of what it says, is away for a while, comes back, and
 * knows nothing of what it said before. */
static void restart_owner(uint64_t away_ms)
{
    publish(OWNER, 1, 10);
    house_run(1);
    house_crash(OWNER);
    house_run(away_ms);
    house_open(OWNER, false);
    publish(OWNER, 11, 12);
}

static void owner_restarts(void)
{
    restart_owner(3000);

    expect_agreement();
    cr_expect(house_shows(12));
}

static void owner_restarts_with_a_keeper(void)
{
    begin(true);
    owner_restarts();
}

Test(sim_states, owner_restarts_with_a_keeper)
{
    each_seed("owner restarts, keeper", owner_restarts_with_a_keeper);
}

static void owner_restarts_without_a_keeper(void)
{
    begin(false);
    owner_restarts();
}

Test(sim_states, owner_restarts_without_a_keeper)
{
    each_seed("owner restarts, no keeper", owner_restarts_without_a_keeper);
}

/* It listens, and is told what it said. */
static void owner_restarts_silently(void)
{
    begin(false);
    publish(OWNER, 1, 10);
    house_run(1);
    house_crash(OWNER);
    house_run(30000);
    house_open(OWNER, false);

    expect_agreement();
}

Test(sim_states, owner_that_restarts_learns_what_it_said)
{
    each_seed("owner restarts and says nothing", owner_restarts_silently);
}

/* Half of the house hears one of them, half the other. */
static void divide(bool cut)
{
    house_cut(OWNER, OTHER, cut);
    for (unsigned i = FIRST; i <= LAST; i++) {
        house_cut(i % 2 == 0 ? OWNER : OTHER, i, cut);
        for (unsigned j = FIRST; j < i; j++) {
            if (i % 2 != j % 2) {
                house_cut(i, j, cut);
            }
        }
    }
}

static void two_owners(void)
{
    begin(false);
    house_open(OTHER, false);
    house_run(5000);
    divide(true);
    publish(OWNER, 1, 5);
    publish(OTHER, 101, 108);
    house_run(3000);
    divide(false);
    publish(OWNER, 6, 7);
    publish(OTHER, 109, 109);

    expect_agreement();
}

Test(sim_states, two_owners_of_one_topic)
{
    each_seed("two owners", two_owners);
}

static void two_owners_in_turn(void)
{
    begin(true);
    house_open(OTHER, false);
    house_run(5000);
    for (unsigned i = 0; i < 10; i++) {
        house_publish(OWNER, i);
        house_publish(OTHER, 100 + i);
        house_run(20);
    }

    expect_agreement();
}

Test(sim_states, two_owners_who_speak_at_the_same_moment)
{
    each_seed("two owners at once", two_owners_in_turn);
}

/* It misses what is said meanwhile; what it has on disk is old. */
static void keeper_restarts(void)
{
    begin(true);
    publish(OWNER, 1, 5);
    house_run(1000);
    house_crash(KEEPER);
    publish(OWNER, 6, 10);
    house_run(1);
    house_crash(OWNER);
    house_run(1000);
    house_open(KEEPER, true);
    house_open(NEWCOMER, false);

    expect_agreement();
}

Test(sim_states, keeper_restarts)
{
    each_seed("keeper restarts", keeper_restarts);
}

/* All who knew are gone but the disk. */
static void keeper_remembers(void)
{
    begin(true);
    publish(OWNER, 1, 5);
    house_run(3000);
    for (unsigned i = FIRST; i <= LAST; i++) {
        house_crash(i);
    }
    house_crash(OWNER);
    house_crash(KEEPER);
    house_run(1000);
    house_open(KEEPER, true);
    house_open_all(FIRST, LAST);

    expect_agreement();
    cr_expect(house_shows(5));
}

Test(sim_states, keeper_is_the_only_one_who_knows)
{
    each_seed("only the keeper knows", keeper_remembers);
}
