/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of who is pending when not all can be: who makes room, and that a flood
 * of dead sessions does not drown a living one. */
#include "core/admission.h"

#include "core/pending.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, SECOND = 1000000, START = 5 * SECOND, NO_JITTER = 0 };

static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {1};
static struct msock__admission *admission;
static struct msock__dice dice;
static struct msock__control challenge;
static size_t lost;

static void open_for(size_t pending_max)
{
    const struct msock__admission_limits limits = {.pending_max = pending_max,
                                                   .frames_max = 1024,
                                                   .bytes_max = 2 << 20,
                                                   .all_max = 16 << 20};
    cr_assert(eq(int, msock__admission_new(&admission, &limits, key), 0));
    msock__admission_start(admission, START, key);
}

static void setup(void)
{
    open_for(MSOCK__PENDING_MAX);
}

static void teardown(void)
{
    msock__admission_free(admission);
}

TestSuite(pending, .init = setup, .fini = teardown);

static void reopen(size_t pending_max)
{
    teardown();
    open_for(pending_max);
}

static void session_id(uint64_t number, uint8_t id[MSOCK__SESSION_SIZE])
{
    memset(id, 0, MSOCK__SESSION_SIZE);
    for (size_t i = 0; i < 8; i++) {
        id[i] = (uint8_t)(number >> (56 - 8 * i));
    }
}

static bool hear(uint64_t now_us, uint64_t number)
{
    uint8_t id[MSOCK__SESSION_SIZE];
    session_id(number, id);
    return msock__admission_hear(admission, now_us, &dice, NO_JITTER, id,
                                 &lost);
}

static int hold(uint64_t now_us, uint64_t number, uint64_t counter)
{
    static const uint8_t body[100];
    size_t went;
    struct msock__frame frame = {.stream = MSOCK__BEST_EFFORT,
                                 .counter = counter};
    session_id(number, frame.session);
    return msock__admission_hold(admission, now_us, &frame, body, sizeof(body),
                                 &went);
}

static struct msock__held *take(uint64_t number)
{
    uint8_t id[MSOCK__SESSION_SIZE];
    session_id(number, id);
    return msock__admission_take(admission, id);
}

static size_t ask(uint64_t now_us)
{
    return msock__admission_challenge(admission, now_us, &dice, NO_JITTER,
                                      &challenge);
}

Test(pending, who_did_not_fit_was_not_asked_in_vain)
{
    reopen(2);
    hear(START, 1);
    hear(START, 2);
    ask(START);
    msock__admission_return(admission, &challenge, 0);

    cr_expect(not(hear(START, 3)));
}

Test(pending, full_table_refuses_while_nobody_was_asked)
{
    reopen(3);
    cr_expect(hear(START, 1));
    cr_expect(hear(START, 2));
    cr_expect(hear(START, 3));

    cr_expect(not(hear(START, 4)));

    cr_expect(hear(START, 3)); /* who is there stays */
    cr_expect(eq(int, hold(START, 4, 1), MSOCK_DROP_PENDING));
    cr_expect(eq(sz, msock__admission_count(admission), 3));
}

Test(pending, full_table_lets_go_who_was_asked_most_often)
{
    reopen(3);
    hear(START, 1);
    hear(START, 2);
    ask(START);
    take(1);
    hear(START + 50 * MS, 1);
    hear(START + 50 * MS, 3);
    ask(START + 100 * MS); /* 2 for the second time, 1 and 3 for the first */
    hold(START + 100 * MS, 2, 1);
    hold(START + 100 * MS, 2, 2);

    cr_expect(hear(START + 100 * MS, 4));

    cr_expect(eq(sz, lost, 2));
    cr_expect(eq(sz, msock__admission_bytes(admission), 0));
    cr_expect(eq(int, hold(START + 100 * MS, 2, 3), MSOCK_DROP_PENDING));
    cr_expect(eq(int, hold(START + 100 * MS, 1, 3), 0));
    cr_expect(eq(int, hold(START + 100 * MS, 3, 3), 0));
    cr_expect(eq(int, hold(START + 100 * MS, 4, 3), 0));
}

Test(pending, most_is_of_the_fullest_session)
{
    size_t frames = 1;
    cr_expect(eq(sz, msock__admission_most(admission, &frames), 0));
    cr_expect(eq(sz, frames, 0));
    hear(START, 1);
    hear(START, 2);
    hold(START, 1, 1);
    hold(START, 2, 1);
    size_t one = msock__admission_bytes(admission) / 2;
    hold(START, 2, 2);

    size_t most = msock__admission_most(admission, &frames);

    cr_expect(eq(sz, frames, 2));
    cr_expect(eq(sz, most, msock__admission_bytes(admission) - one));
}

Test(pending, of_those_asked_as_often_the_one_asked_longest_ago_goes)
{
    reopen(2);
    hear(START, 1);
    ask(START);
    hear(START + 10 * MS, 2);
    ask(START + 10 * MS);

    cr_expect(hear(START + 20 * MS, 3));

    cr_expect(eq(int, hold(START + 20 * MS, 1, 1), MSOCK_DROP_PENDING));
    cr_expect(eq(int, hold(START + 20 * MS, 2, 1), 0));
}

/* -- Who makes room, against a search through all -- */

static struct msock__pending *searched(const struct msock__pending_table *table)
{
    struct msock__pending *most = NULL;
    uint32_t asked = 0;
    for (struct msock__pending *at = table->first; at; at = at->later) {
        most = at->asked > asked ? at : most;
        asked = most ? most->asked : 0;
    }
    return most;
}

static uint64_t searched_ask_us(const struct msock__pending_table *table)
{
    uint64_t first_us = UINT64_MAX;
    for (struct msock__pending *at = table->first; at; at = at->later) {
        bool sooner = at->waiting && at->due.due_us < first_us;
        first_us = sooner ? at->due.due_us : first_us;
    }
    return first_us;
}

/* Does one thing or another to a session. */
static void stir(struct msock__pending_table *table, struct msock__pending *one,
                 uint64_t now_us)
{
    uint64_t later_us = now_us + msock__dice_below(&dice, 1000);
    uint64_t drawn = msock__dice_below(&dice, 8);
    if (drawn < 4) {
        msock__pending_asked(table, one, now_us);
    } else if (drawn < 5 && one->asked > 0 && one == table->last) {
        msock__pending_unasked(table, one);
    } else if (drawn < 6) {
        msock__pending_sleep(table, one);
    } else {
        msock__pending_wait(table, one, later_us, later_us + SECOND);
    }
}

/* Adds one: whom a search finds makes room.  Returns it, or NULL. */
static struct msock__pending *add_one(struct msock__pending_table *table,
                                      const uint8_t *id)
{
    bool full = msock__pending_count(table) == table->session_max;
    struct msock__pending *victim = full ? searched(table) : NULL;
    uint8_t gone[MSOCK__SESSION_SIZE] = {0xff};
    memcpy(gone, victim ? victim->id : gone, sizeof(gone));

    struct msock__pending *one = msock__pending_add(table, id, &lost);

    cr_assert(eq(int, one == NULL, full && !victim));
    cr_assert(eq(ptr, msock__pending_find(table, gone), NULL));
    return one;
}

Test(pending, indexes_find_what_a_search_finds)
{
    enum { SESSIONS = 60, ROUNDS = 20000, KEPT = 24 };
    struct msock__pending_table table;
    uint8_t id[MSOCK__SESSION_SIZE];
    msock__pending_init(&table, KEPT, key);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        session_id(msock__dice_below(&dice, SESSIONS), id);
        struct msock__pending *one = msock__pending_find(&table, id);

        one = one ? one : add_one(&table, id);
        stir(&table, one ? one : table.first, round);

        cr_assert(
            eq(u64, msock__pending_ask_us(&table), searched_ask_us(&table)));
    }
    msock__pending_fini(&table);
}

/* A recording of thousands of dead sessions is played back without pause, while
 * one living session says a single word. */
Test(pending, newcomer_is_asked_and_kept_amid_a_flood)
{
    enum { HONEST = 7 };
    uint64_t asked_at_us = 0;
    uint64_t now_us = START;
    uint64_t number = 1000;
    bool heard = false;
    for (; asked_at_us == 0 && now_us < START + 10 * SECOND; now_us += MS) {
        for (size_t i = 0; i < 10; i++) {
            hear(now_us, number);
            hold(now_us, number++, 1);
        }
        bool retry = now_us >= START + 3 * SECOND && !heard;
        heard |= retry && hear(now_us, HONEST) && hold(now_us, HONEST, 1) == 0;
        while (ask(now_us) > 0) {
            msock__admission_sent(admission, now_us, 1472);
            for (size_t i = 0; i < challenge.count; i++) {
                bool found = challenge.sessions[i] == HONEST;
                asked_at_us = found ? now_us : asked_at_us;
            }
        }
    }

    cr_expect(heard);
    cr_expect(lt(u64, asked_at_us - (START + 3 * SECOND), 3 * SECOND));
    struct msock__held *held = take(HONEST); /* the answer takes no time */
    cr_assert(ne(ptr, held, NULL));
    free(held);
}

/* -- Memory -- */

Test(pending, hearing_without_memory_changes_nothing)
{
    reopen(40);
    for (uint64_t number = 0; number < 60; number++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            size_t count = msock__admission_count(admission);
            test_alloc_fail_at(n);
            bool pending = hear(START + number * SECOND, number);
            failed = test_alloc_failed();
            cr_assert(eq(int, pending, !failed));
            size_t added = failed || count == 40 ? 0 : 1;
            cr_assert(eq(sz, msock__admission_count(admission), count + added));
        }
        ask(START + number * SECOND);
    }
}
