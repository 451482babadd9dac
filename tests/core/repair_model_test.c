/* SPDX-License-Identifier: Apache-2.0 */
/* A reliable stream over a bad network, watched by a model that knows all: what
 * was sent, what arrived, what was asked for and when. From fixed seeds. */
#include "core/repair.h"
#include "core/response.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS = 1000,
    FRAMES = 1500,
    DELAY_MAX = 9,     /* ms */
    FLIGHT_MAX = 4096, /* frames on their way at each ms */
    NACK_EVERY = 50,   /* ms */
    PASSED = 100 * MS,
    SEEDS = 12,
    AFTER = 3000,      /* ms of bad network behind the last frame */
    GOOD_MAX = 200000, /* ms of a good one */
};

/* How bad, in percent, and how much the sender keeps, in frames. */
struct scenario {
    uint64_t loss, twice, told; /* told: of 10 ms with news of the sender */
    uint64_t others;            /* of ms with somebody else's NACK */
    uint64_t kept;
    size_t bytes_max;
    bool all; /* nothing may be lost */
};

struct fate {
    bool arrived; /* at least once */
    bool waits;   /* taken, not yet out */
    bool out;
    unsigned tries; /* since the sender last said it held it */
    bool spent; /* they were fourteen: it may wait, given up, for its turn */
    uint64_t asked_us;
    uint64_t passed_us; /* oldest passed it; 0: not yet */
};

static struct msock__repair_pool pool;
static struct msock__dice dice;
static struct msock__dice chance;
static struct msock__repair_round now;
static struct msock__repair *repair;
static const struct scenario *scenario;
static struct fate fates[FRAMES + 1];
static uint64_t flight[DELAY_MAX + 1][FLIGHT_MAX];
static size_t flight_count[DELAY_MAX + 1];
static uint64_t ms;
static uint64_t sent;
static uint64_t heard_oldest, heard_last;
static uint64_t next; /* comes out next */
static uint64_t lost;

static bool happens(uint64_t percent)
{
    return msock__dice_below(&chance, 100) < percent;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t sender_oldest(void)
{
    return sent > scenario->kept ? sent - scenario->kept + 1 : 1;
}

/* -- The network -- */

static void fly(uint64_t counter)
{
    uint64_t at =
        (ms + 1 + msock__dice_below(&chance, DELAY_MAX)) % (DELAY_MAX + 1);
    cr_assert(lt(sz, flight_count[at], FLIGHT_MAX));
    flight[at][flight_count[at]++] = counter;
}

static void transmit(uint64_t counter, bool good)
{
    if (good || !happens(scenario->loss)) {
        fly(counter);
    }
    if (!good && happens(scenario->twice)) {
        fly(counter);
    }
}

/* -- What comes out -- */

static void expect_reason(const struct fate *fate)
{
    bool passed = fate->passed_us > 0 && now.now_us >= fate->passed_us + PASSED;
    cr_assert(eq(int, passed || fate->spent, 1));
}

static void take(uint64_t counter, const uint8_t *body)
{
    uint64_t said;
    memcpy(&said, body, sizeof(said));
    cr_assert(eq(u64, said, counter));
    cr_assert(eq(u64, counter, next));
    fates[counter].out = true;
    fates[counter].waits = false;
    next++;
}

static void lose(struct msock__range range)
{
    cr_assert(eq(u64, range.first, next));
    cr_assert(le(u64, range.last, heard_last));
    while (next <= range.last) {
        cr_assert(not(fates[next].waits));
        expect_reason(&fates[next]);
        fates[next++].out = true;
        lost++;
    }
}

static void pop_all(void)
{
    struct msock__ready ready;
    while (msock__repair_pop(repair, &now, &ready) == 1) {
        if (ready.kind == MSOCK__READY_LOSS) {
            lose(ready.range);
        } else {
            cr_assert(fates[ready.range.first].waits);
            take(ready.range.first, ready.kept->bytes);
            free(ready.kept);
        }
    }
    cr_assert(le(sz, pool.bytes, pool.bytes_max));
    cr_assert(eq(u64, msock__repair_next(repair), next));
}

/* -- What happens -- */

static void arrive(uint64_t counter)
{
    uint8_t body[100] = {0};
    struct fate *fate = &fates[counter];
    bool known = fate->out || fate->waits;
    memcpy(body, &counter, sizeof(counter));
    heard_last = max(heard_last, counter);
    fate->arrived = true;

    int result =
        msock__repair_add(repair, &now, counter, 0, body, sizeof(body));

    cr_assert(eq(int, result == -MSOCK_DROP_DUPLICATE, known));
    cr_assert(eq(int, result == 1, counter == next && !known));
    fate->waits = fate->waits || result == 0;
    if (result == 1) {
        take(counter, body);
    }
    pop_all();
}

static void tell(void)
{
    const struct msock__range held = {sender_oldest(), sent};
    heard_oldest = max(heard_oldest, held.first);
    heard_last = max(heard_last, held.last);
    for (uint64_t i = 1; i <= sent; i++) {
        fates[i].tries = i >= heard_oldest ? 0 : fates[i].tries;
        if (i < heard_oldest && fates[i].passed_us == 0) {
            fates[i].passed_us = now.now_us;
        }
    }
    msock__repair_range(repair, &now, held);
    pop_all();
}

static void ask_for(uint64_t counter, bool good)
{
    struct fate *fate = &fates[counter];
    cr_assert(not(fate->out || fate->waits));
    cr_assert(ge(u64, now.now_us,
                 fate->asked_us +
                     (fate->asked_us > 0 ? MSOCK__RESPONSE_LEAST_US : 0)));
    fate->asked_us = now.now_us;
    fate->spent = ++fate->tries >= MSOCK__REPAIR_TRIES || fate->spent;
    if (counter >= sender_oldest() && (good || !happens(scenario->loss))) {
        transmit(counter, good);
    }
}

static void ask(bool good)
{
    struct msock__range ranges[MSOCK__NACK_MAX];
    uint64_t after = 0;
    uint64_t total = 0;
    size_t count = msock__repair_nack(repair, &now, ranges);
    cr_assert(le(sz, count, MSOCK__NACK_MAX));
    if (count > 0) {
        msock__repair_asked(repair, &now, ranges, count);
    }
    for (size_t i = 0; i < count; i++) {
        cr_assert(gt(u64, ranges[i].first, after));
        cr_assert(ge(u64, ranges[i].first, heard_oldest));
        cr_assert(le(u64, ranges[i].last, heard_last));
        after = ranges[i].last + 1;
        total += after - ranges[i].first;
        for (uint64_t c = ranges[i].first; c <= ranges[i].last; c++) {
            ask_for(c, good);
        }
    }
    cr_assert(le(u64, total, MSOCK__NACK_FRAMES));
}

static void others_ask(void)
{
    uint64_t first = 1 + msock__dice_below(&chance, sent + 5);
    const struct msock__range range = {first,
                                       first + msock__dice_below(&chance, 20)};
    msock__repair_heard(repair, &now, &range, 1);
}

/* One millisecond. */
static void step(bool good)
{
    size_t at = ++ms % (DELAY_MAX + 1);
    now.now_us += MS;
    for (size_t i = 0; i < flight_count[at]; i++) {
        arrive(flight[at][i]);
    }
    flight_count[at] = 0;
    if (ms % 10 == 0 && (good || happens(scenario->told))) {
        tell();
    }
    if (!good && happens(scenario->others)) {
        others_ask();
    }
    msock__repair_expire(repair, &now);
    pop_all();
    cr_assert(gt(u64, msock__repair_deadline(repair), now.now_us));
    if (ms % NACK_EVERY == 0 && msock__repair_asks(repair)) {
        ask(good);
    }
}

static void begin(uint64_t seed)
{
    pool = (struct msock__repair_pool){.bytes_max = scenario->bytes_max};
    chance.state = seed;
    dice.state = seed * 77;
    now = (struct msock__repair_round){1000 * MS, &dice, 5};
    memset(fates, 0, sizeof(fates));
    memset(flight_count, 0, sizeof(flight_count));
    ms = sent = heard_last = lost = 0;
    heard_oldest = next = 1;
    cr_assert(
        eq(int, msock__repair_new(&repair, &pool, scenario->bytes_max, 1), 0));
}

static void run(uint64_t seed)
{
    begin(seed);
    while (sent < FRAMES) {
        uint64_t burst = msock__dice_below(&chance, 6);
        for (uint64_t i = 0; i < burst && sent < FRAMES; i++) {
            transmit(++sent, false);
        }
        step(false);
    }
    for (int i = 0; i < AFTER; i++) {
        step(false);
    }
    for (int i = 0; i < GOOD_MAX && next <= FRAMES; i++) {
        step(true);
    }

    cr_assert(eq(u64, next, FRAMES + 1));
    cr_expect(eq(sz, pool.bytes, 0));
    cr_expect(eq(u64, msock__repair_deadline(repair), UINT64_MAX));
    msock__repair_free(repair);
}

static void run_all(const struct scenario *what)
{
    scenario = what;
    uint64_t lost_in_all = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
        lost_in_all += lost;
    }
    cr_expect(eq(int, lost_in_all == 0, what->all));
}

Test(repair_model, light_loss_delivers_all)
{
    run_all(&(struct scenario){1, 1, 50, 5, FRAMES, 1 << 20, true});
}

Test(repair_model, heavy_loss_both_ways_delivers_all)
{
    run_all(&(struct scenario){30, 20, 30, 10, FRAMES, 1 << 20, true});
}

Test(repair_model, little_room_delivers_all)
{
    run_all(&(struct scenario){20, 10, 30, 10, FRAMES, 4000, true});
}

Test(repair_model, no_room_delivers_all)
{
    run_all(&(struct scenario){5, 0, 30, 0, FRAMES, 0, true});
}

Test(repair_model, short_history_reports_what_it_loses)
{
    run_all(&(struct scenario){40, 10, 30, 10, 100, 1 << 20, false});
}

Test(repair_model, sender_that_says_nothing_loses_after_14_tries)
{
    run_all(&(struct scenario){90, 0, 0, 0, FRAMES, 1 << 20, false});
}
