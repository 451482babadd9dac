/* SPDX-License-Identifier: Apache-2.0 */
/* How soon a new subscriber has what is current, in virtual time: the same on
 * every machine. Its channel opens at 0. The figures are in
 * docs/reliability.md.
 */
#include "tests/support/state_house.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum {
    OWNER,
    KEEPER,
    FIRST,
    LAST = 8,
    NEWCOMER,
    SEEDS = 101,
    MOST_MS = 10000,
    SOON_US = 250000
};

/* What became of the owner when somebody new comes. */
enum owner { ALIVE, FAREWELL, CRASHED, CRASHED_LATELY };

static void go(enum owner how)
{
    if (how == FAREWELL) {
        msock_close(house.nodes[OWNER].channel, NULL, NULL);
        house.nodes[OWNER].channel = NULL;
    } else if (how != ALIVE) {
        house_crash(OWNER);
    }
    house_run(how == CRASHED ? 60000 : 3000);
}

static uint64_t one(uint64_t seed, bool sealed, double loss, enum owner how)
{
    house_make(seed, sealed, loss);
    house_open(OWNER, false);
    house_open(KEEPER, true);
    house_open_all(FIRST, LAST);
    house_run(20000 + seed * 37 % 5000);
    house_publish(OWNER, 7);
    house_run(5000);
    go(how);

    uint64_t from_us = msock_sim_now_us(house.sim);
    house_open(NEWCOMER, false);
    uint64_t took_us = house_complete(NEWCOMER, from_us, MOST_MS);

    cr_expect(house_shows(7));
    house_leave();
    return took_us;
}

/* Returns the median. */
static uint64_t many(const char *what, bool sealed, double loss, enum owner how)
{
    static uint64_t times[SEEDS];

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        times[seed - 1] = one(seed, sealed, loss, how);
    }
    return house_figures(what, times, SEEDS, 50);
}

#define EXPECT_SOON(took) cr_expect(le(u64, took, SOON_US))

Test(sim_newcomer, has_what_a_living_owner_said_within_250_ms)
{
    EXPECT_SOON(many("owner lives, open", false, 0, ALIVE));
    EXPECT_SOON(many("owner lives, sealed", true, 0, ALIVE));
}

Test(sim_newcomer, has_what_a_living_owner_said_at_10_percent_loss)
{
    EXPECT_SOON(many("owner lives, open, 10 % loss", false, 10, ALIVE));
    EXPECT_SOON(many("owner lives, sealed, 10 % loss", true, 10, ALIVE));
}

Test(sim_newcomer, has_what_an_owner_said_that_said_goodbye)
{
    EXPECT_SOON(many("owner said bye, open", false, 0, FAREWELL));
    EXPECT_SOON(many("owner said bye, sealed", true, 0, FAREWELL));
}

Test(sim_newcomer, has_what_a_dead_owner_said)
{
    EXPECT_SOON(many("owner is dead, open", false, 0, CRASHED));
    EXPECT_SOON(many("owner is dead, sealed", true, 0, CRASHED));
}

Test(sim_newcomer, has_what_a_dead_owner_said_at_10_percent_loss)
{
    EXPECT_SOON(many("owner is dead, open, 10 % loss", false, 10, CRASHED));
    EXPECT_SOON(many("owner is dead, sealed, 10 % loss", true, 10, CRASHED));
}

/* Nobody knows yet that it is: a keeper gives it its time. */
Test(sim_newcomer, has_within_700_ms_what_an_owner_said_that_just_died)
{
    cr_expect(le(u64,
                 many("owner died 3 s ago, open", false, 0, CRASHED_LATELY),
                 700000));
    cr_expect(le(u64,
                 many("owner died 3 s ago, sealed", true, 0, CRASHED_LATELY),
                 700000));
}
