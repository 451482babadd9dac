/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of admission's asking: whom, when, how often, and with which nonce.
 * Who makes room: pending_test.c; what is held meanwhile: held_test.c. */
#include "core/admission.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MS = 1000, SECOND = 1000000, START = 5 * SECOND, NO_JITTER = 0 };

static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {1};
static const uint8_t secret[MSOCK__ADMISSION_SECRET_SIZE] = {2};
static const uint8_t secret2[MSOCK__ADMISSION_SECRET_SIZE] = {3};
static struct msock__admission *admission;
static struct msock__dice dice;
static struct msock__control challenge;
static size_t lost;

static void setup(void)
{
    const struct msock__admission_limits limits = {
        .pending_max = MSOCK__PENDING_MAX,
        .frames_max = MSOCK__HELD_FRAMES_MAX,
        .bytes_max = 2 << 20,
        .all_max = 16 << 20};
    dice.state = 1;
    cr_assert(eq(int, msock__admission_new(&admission, &limits, key), 0));
    msock__admission_start(admission, START, secret);
}

static void teardown(void)
{
    msock__admission_free(admission);
}

TestSuite(admission, .init = setup, .fini = teardown);

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

static uint64_t deadline(void)
{
    return msock__admission_deadline(admission);
}

static size_t restart(uint64_t now_us)
{
    return msock__admission_restart(admission, now_us, &dice, NO_JITTER,
                                    secret2);
}

static uint64_t nonce_at(uint64_t now_us)
{
    uint64_t nonces[2];
    msock__admission_nonces(admission, now_us, nonces);
    return nonces[0];
}

static bool valid(uint64_t now_us, uint64_t nonce)
{
    uint64_t nonces[2];
    msock__admission_nonces(admission, now_us, nonces);
    return nonce == nonces[0] || nonce == nonces[1];
}

/* Lives by the deadlines up to `end_us`, noting when challenges left. */
static size_t live(uint64_t end_us, uint64_t *asked_us, size_t max)
{
    size_t count = 0;
    while (deadline() < end_us) {
        uint64_t now_us = deadline();
        msock__admission_expire(admission, now_us);
        while (ask(now_us) > 0) {
            cr_assert(lt(sz, count, max));
            asked_us[count++] = now_us;
        }
        cr_assert(gt(u64, deadline(), now_us)); /* never busy */
    }
    return count;
}

/* -- When -- */

Test(admission, nothing_is_due_before_anybody_is_heard)
{
    cr_expect(eq(u64, deadline(), UINT64_MAX));
    cr_expect(eq(sz, ask(START + SECOND), 0));
    cr_expect(eq(sz, msock__admission_expire(admission, START + SECOND), 0));
}

Test(admission, heard_session_is_named_in_a_challenge)
{
    cr_expect(hear(START + 7 * MS, 0x1122334455667788));
    cr_expect(eq(u64, deadline(), START + 7 * MS));

    cr_assert(eq(sz, ask(START + 7 * MS), 1));

    cr_expect(eq(int, challenge.kind, MSOCK__CHALLENGE));
    cr_expect(eq(sz, challenge.count, 1));
    cr_expect(eq(u64, challenge.sessions[0], 0x1122334455667788));
    cr_expect(eq(u64, challenge.up_ms, 7));
    cr_expect(valid(START + 7 * MS, challenge.nonce));
    cr_expect(eq(sz, msock__admission_count(admission), 1));
}

Test(admission, asks_quickly_at_first_then_doubling_until_10_s_are_over)
{
    static const uint64_t expected_ms[] = {0,   100,  200,  300,  400,
                                           600, 1000, 1800, 3400, 6600};
    uint64_t asked_us[20];
    hear(START, 1);

    size_t count = live(UINT64_MAX, asked_us, COUNT(asked_us));

    cr_assert(eq(sz, count, COUNT(expected_ms)));
    for (size_t i = 0; i < count; i++) {
        cr_expect(eq(u64, asked_us[i], START + expected_ms[i] * MS));
    }
    cr_expect(eq(u64, deadline(), UINT64_MAX)); /* quiet */
}

Test(admission, silent_session_is_asked_when_heard_at_most_every_5_s)
{
    static const uint64_t expected_ms[] = {11600, 16600};
    uint64_t asked_us[20];
    hear(START, 1);
    live(START + 10 * SECOND + 1, asked_us, COUNT(asked_us));
    for (uint64_t now_ms = 10500; now_ms < 11000; now_ms += 20) {
        hear(START + now_ms * MS, 1);
    }

    size_t count = live(UINT64_MAX, asked_us, COUNT(asked_us));

    cr_assert(eq(sz, count, COUNT(expected_ms)));
    for (size_t i = 0; i < count; i++) {
        cr_expect(eq(u64, asked_us[i], START + expected_ms[i] * MS));
    }
}

Test(admission, replayer_of_one_dead_session_costs_a_challenge_every_5_s)
{
    static uint64_t asked_us[100];
    size_t count = 0;
    for (uint64_t second = 0; second < 300; second++) {
        uint64_t now_us = START + second * SECOND;
        count += live(now_us, asked_us + count, COUNT(asked_us) - count);
        hear(now_us, 1);
    }

    cr_expect(le(sz, count, 10 + 60));
    for (size_t i = 11; i < count; i++) {
        cr_expect(ge(u64, asked_us[i] - asked_us[i - 1], 5 * SECOND));
    }
}

static const struct {
    size_t nodes;
    uint64_t most_us;
} jitters[] = {{1, 2000},      {2, 4000},         {100, 200000},
               {249, 498000},  {250, 500000},     {251, 500000},
               {1000, 500000}, {SIZE_MAX, 500000}};

Test(admission, first_asking_waits_a_time_up_to_2_ms_a_node)
{
    for (size_t i = 0; i < COUNT(jitters); i++) {
        uint64_t least_us = UINT64_MAX;
        uint64_t most_us = 0;
        uint8_t id[MSOCK__SESSION_SIZE];
        session_id(1, id);
        for (size_t draw = 0; draw < 500; draw++) {
            msock__admission_hear(admission, START, &dice, jitters[i].nodes, id,
                                  &lost);
            uint64_t wait_us = deadline() - START;
            least_us = wait_us < least_us ? wait_us : least_us;
            most_us = wait_us > most_us ? wait_us : most_us;
            take(1);
        }
        cr_expect(le(u64, most_us, jitters[i].most_us));
        cr_expect(gt(u64, most_us, jitters[i].most_us * 9 / 10));
        cr_expect(lt(u64, least_us, jitters[i].most_us / 10));
    }
}

Test(admission, up_counts_whole_ms_from_the_mark_to_10_s)
{
    static const struct {
        uint64_t after_us, up_ms;
    } rows[] = {{0, 0},
                {999, 0},
                {1000, 1},
                {1999999, 1999},
                {9999999, 9999},
                {10000000, 10000},
                {10001000, 10000},
                {UINT64_C(86400) * SECOND, 10000}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t now_us = START + rows[i].after_us;
        hear(now_us, 1);
        cr_assert(eq(sz, ask(now_us), 1));
        cr_expect(eq(u64, challenge.up_ms, rows[i].up_ms), "row %zu", i);
        take(1);
    }
}

/* -- Nonces -- */

Test(admission, nonce_is_valid_in_its_epoch_and_the_next)
{
    static const struct {
        uint64_t made_us, back_us;
        bool valid;
    } rows[] = {{0, 0, true},
                {0, 2 * SECOND - 1, true},
                {0, 4 * SECOND - 1, true},
                {0, 4 * SECOND, false},
                {2 * SECOND - 1, 4 * SECOND - 1, true},
                {2 * SECOND - 1, 4 * SECOND, false},
                {2 * SECOND, 6 * SECOND - 1, true},
                {2 * SECOND, 6 * SECOND, false},
                {100 * SECOND, 104 * SECOND - 1, true},
                {100 * SECOND, 104 * SECOND, false},
                {2 * SECOND, 2 * SECOND - 1, false}, /* not before it */
                {4 * SECOND, 0, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t nonce = nonce_at(START + rows[i].made_us);
        cr_expect(eq(int, valid(START + rows[i].back_us, nonce), rows[i].valid),
                  "row %zu", i);
    }
}

Test(admission, first_epoch_has_one_nonce_alone)
{
    uint64_t nonces[2];
    msock__admission_nonces(admission, START, nonces);
    cr_expect(eq(u64, nonces[0], nonces[1]));

    msock__admission_nonces(admission, START + 2 * SECOND, nonces);
    cr_expect(ne(u64, nonces[0], nonces[1]));
    cr_expect(eq(u64, nonces[1], nonce_at(START)));
}

Test(admission, nonce_of_another_secret_is_not_valid)
{
    uint64_t nonce = nonce_at(START);
    msock__admission_start(admission, START, secret2);

    cr_expect(not(valid(START, nonce)));
    cr_expect(valid(START, nonce_at(START)));
    cr_expect(not(valid(START, nonce_at(START) ^ 1)));
}

/* -- How much -- */

Test(admission, no_second_has_over_ten_challenges)
{
    static uint64_t asked_us[200];
    size_t count = 0;
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t now_us = START + i * 10 * MS;
        count += live(now_us, asked_us + count, COUNT(asked_us) - count);
        hear(now_us, 1000 + i);
        take(1000 + i - 100); /* answered meanwhile */
    }

    cr_expect(gt(sz, count, 30));
    for (size_t i = 10; i < count; i++) {
        cr_expect(ge(u64, asked_us[i] - asked_us[i - 10], SECOND));
    }
}

Test(admission, challenge_names_64_and_the_next_one_others)
{
    bool named[200] = {false};
    for (uint64_t i = 0; i < COUNT(named); i++) {
        hear(START, i);
    }

    static const size_t expected[] = {64, 64, 64, 8};
    for (size_t frame = 0; frame < COUNT(expected); frame++) {
        cr_assert(eq(sz, ask(START), expected[frame]));
        for (size_t i = 0; i < challenge.count; i++) {
            cr_expect(not(named[challenge.sessions[i]]));
            named[challenge.sessions[i]] = true;
        }
    }

    cr_expect(eq(sz, ask(START), 0));
    cr_expect(eq(u64, deadline(), START + 150 * MS));
}

Test(admission, those_asked_least_recently_come_first)
{
    for (uint64_t i = 0; i < 100; i++) {
        hear(START, i);
    }
    ask(START); /* 0..63 */

    cr_expect(eq(sz, ask(START + SECOND), 64));

    cr_expect(eq(u64, challenge.sessions[0], 64));
    cr_expect(eq(u64, challenge.sessions[35], 99));
    cr_expect(eq(u64, challenge.sessions[36], 0));
}

/* 256 dead sessions, replayed without end and never in one frame. */
Test(admission, bytes_stay_within_32_kbit_a_second_and_8_kb)
{
    enum { FRAME = 1472, SECONDS = 60 };
    size_t bytes = 0;
    for (uint64_t now_us = START; now_us < START + SECONDS * SECOND;
         now_us += 10 * MS) {
        uint64_t number = now_us / (10 * MS);
        hear(now_us, number);
        take(number - 50);
        while (ask(now_us) > 0) {
            msock__admission_sent(admission, now_us, FRAME);
            bytes += FRAME;
        }
        cr_assert(gt(u64, deadline(), now_us));
    }

    cr_expect(le(sz, bytes, 8000 + 4000 * SECONDS));
    cr_expect(ge(sz, bytes, 4000 * SECONDS));
}

Test(admission, what_did_not_fit_is_due_again_as_if_not_asked)
{
    uint64_t asked_us[20];
    for (uint64_t i = 0; i < 3; i++) {
        hear(START, i);
    }
    cr_assert(eq(sz, ask(START), 3));

    msock__admission_return(admission, &challenge, 1);

    cr_expect(eq(u64, deadline(), START));
    cr_assert(eq(sz, ask(START), 2));
    cr_expect(eq(u64, challenge.sessions[0], 1));
    cr_expect(eq(u64, challenge.sessions[1], 2));
    live(START + 101 * MS, asked_us, COUNT(asked_us));
    cr_expect(eq(sz, challenge.count, 3)); /* all 100 ms later */
}

/* -- The mark moves -- */

Test(admission, moved_mark_asks_again_and_believes_no_former_nonce)
{
    uint64_t asked_us[20];
    hear(START, 1);
    hear(START, 2);
    live(START + 2 * SECOND, asked_us, COUNT(asked_us));
    uint64_t before = nonce_at(START + 2 * SECOND);
    hold(START + 2 * SECOND, 1, 9);

    cr_expect(eq(sz, restart(START + 2 * SECOND), 1));

    cr_expect(not(valid(START + 2 * SECOND, before)));
    cr_expect(eq(sz, msock__admission_bytes(admission), 0));
    cr_assert(eq(sz, ask(START + 2 * SECOND), 2));
    cr_expect(eq(u64, challenge.up_ms, 0));
    cr_expect(valid(START + 2 * SECOND, challenge.nonce));
    cr_expect(eq(u64, deadline(), START + 2100 * MS)); /* from 100 ms again */
}

Test(admission, moved_mark_wakes_who_sleeps_but_asks_it_slowly)
{
    uint64_t asked_us[20];
    hear(START, 1);
    live(START + 10 * SECOND + 1, asked_us, COUNT(asked_us)); /* at 6.6 s */
    cr_assert(eq(u64, deadline(), UINT64_MAX));

    restart(START + 10500 * MS);

    cr_expect(eq(u64, deadline(), START + 11600 * MS));
}

Test(admission, moved_mark_puts_nothing_off)
{
    hear(START, 1);
    ask(START); /* again at 100 ms */
    msock__admission_restart(admission, START + 99 * MS, &dice, 250, secret2);

    for (uint64_t i = 0; i < 50; i++) {
        msock__admission_restart(admission, START + 100 * MS, &dice, 250,
                                 secret2);
    }

    cr_expect(le(u64, deadline(), START + 100 * MS));
}

/* -- Admission -- */

Test(admission, admitted_session_is_asked_no_more)
{
    hear(START, 1);
    hear(START, 2);
    ask(START);

    cr_expect(eq(ptr, take(1), NULL)); /* nothing held */
    cr_expect(eq(ptr, take(1), NULL)); /* not there */

    cr_expect(eq(sz, msock__admission_count(admission), 1));
    cr_expect(eq(sz, ask(START + 100 * MS), 1));
    cr_expect(eq(u64, challenge.sessions[0], 2));
    take(2);
    cr_expect(eq(u64, deadline(), UINT64_MAX));
}

/* -- Memory -- */

static bool look(uint64_t now_us, uint64_t number)
{
    uint8_t id[MSOCK__SESSION_SIZE];
    session_id(number, id);
    return msock__admission_look(admission, now_us, id);
}

Test(admission, each_pending_session_has_looks_of_its_own)
{
    hear(START, 1);
    hear(START, 2);

    cr_expect(look(START, 1));
    cr_expect(look(START, 1));
    cr_expect(not(look(START, 1)));
    cr_expect(look(START, 2), "another's are left");
    cr_expect(not(look(START + 499 * MS, 1)));
    cr_expect(look(START + 500 * MS, 1));
    cr_expect(not(look(START + 500 * MS, 1)));
    cr_expect(not(look(START, 3)), "it is not pending");
}

Test(admission, opening_without_memory_says_so)
{
    const struct msock__admission_limits limits = {.pending_max = 1};
    struct msock__admission *none = NULL;
    test_alloc_fail_at(1);

    cr_expect(eq(int, msock__admission_new(&none, &limits, key), MSOCK_ENOMEM));

    cr_expect(test_alloc_failed());
    cr_expect(eq(ptr, none, NULL));
    msock__admission_free(NULL);
}
