/* SPDX-License-Identifier: Apache-2.0 */
/* When values are told that somebody asked for. */
#include "core/tell.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

enum { MS = 1000, START = 5000 * MS, SELF = 1, PEER = 7, OTHER = 8 };

static struct msock__dice dice = {1};
static struct msock__tell tell;

static void setup(void)
{
    msock__tell_init(&tell, &dice);
}

static void teardown(void)
{
    msock__tell_fini(&tell);
}

TestSuite(tell, .init = setup, .fini = teardown);

static struct msock__control query_of(uint64_t id)
{
    return (struct msock__control){
        .kind = MSOCK__QUERY,
        .asks_values = true,
        .query = id,
        .count = 2,
        .filters = {{"\"home/#\"", 8, MSOCK__JSON_STRING},
                    {"\"a\\\"b\"", 6, MSOCK__JSON_STRING}}};
}

static int asked_by(uint64_t now_us, const struct msock__control *query,
                    uint64_t asker, bool keeper)
{
    const struct msock__listener listener = {
        .self = SELF, .nodes = 3, .keeper = keeper};

    return msock__tell_asked(&tell, now_us, query, asker, &listener);
}

static int asked(uint64_t now_us, const struct msock__control *query,
                 bool keeper)
{
    return asked_by(now_us, query, PEER, keeper);
}
/* A job that was asked for at START and is due. */
static struct msock__job *job_of(bool keeper)
{
    const struct msock__control query = query_of(99);

    cr_assert(eq(int, asked(START, &query, keeper), 1));
    struct msock__job *job = msock__tell_due(&tell, START + 100 * MS);
    cr_assert(ne(ptr, (void *)job, NULL));
    return job;
}

Test(tell, nothing_is_told_at_first)
{
    struct msock__control held;

    cr_expect(eq(u64, msock__tell_deadline(&tell), UINT64_MAX));
    cr_expect(eq(u64, msock__tell_held_deadline(&tell), UINT64_MAX));
    cr_expect(eq(ptr, (void *)msock__tell_due(&tell, START), NULL));
    cr_expect(not(msock__tell_held(&tell, START, &held)));
}

Test(tell, job_knows_what_was_asked_for)
{
    struct msock__job *job = job_of(false);

    cr_expect(eq(u64, job->asker, PEER));
    cr_expect(eq(u64, job->query, 99));
    cr_assert(eq(sz, job->wild_count, 1));
    cr_expect(eq(str, job->wild[0].filter, "home/#"));
    cr_expect(eq(sz, job->wild[0].size, 6));
    cr_assert(eq(sz, job->exact_count, 1));
    cr_expect(eq(str, job->exact[0].filter, "a\"b"));
    cr_expect(eq(sz, job->exact[0].size, 3));
}

Test(tell, equal_filters_are_one)
{
    struct msock__control query = query_of(1);
    query.count = 6;
    query.filters[2] = query.filters[3] = query.filters[0];
    query.filters[4] = query.filters[5] = query.filters[1];

    cr_assert(eq(int, asked(START, &query, false), 1));

    cr_expect(eq(sz, tell.first->wild_count, 1));
    cr_expect(eq(sz, tell.first->exact_count, 1));
}

Test(tell, filter_that_is_none_is_not_looked_for)
{
    struct msock__control query = query_of(1);
    query.filters[0] =
        (struct msock__json_slice){"\"a#\"", 4, MSOCK__JSON_STRING, true};
    query.filters[1] =
        (struct msock__json_slice){"\"\"", 2, MSOCK__JSON_STRING, true};

    cr_assert(eq(int, asked(START, &query, false), 1));

    cr_expect(zero(sz, tell.first->wild_count));
    cr_expect(zero(sz, tell.first->exact_count));
}

/* -- Who answers -- */

Test(tell, others_do_not_answer_what_one_is_asked)
{
    struct msock__control query = query_of(1);
    query.of = (struct msock__asked){1, {OTHER}};
    cr_expect(zero(int, asked(START, &query, true)));

    query.of = (struct msock__asked){2, {OTHER, SELF}};
    cr_expect(eq(int, asked(START, &query, true), 1));
}

Test(tell, who_has_answered_need_not_again)
{
    struct msock__control query = query_of(1);
    query.done = (struct msock__asked){2, {OTHER, SELF}};

    cr_expect(zero(int, asked(START, &query, true)));
}

Test(tell, query_without_filters_asks_for_nothing)
{
    struct msock__control query = query_of(1);
    query.count = 0;

    cr_expect(zero(int, asked(START, &query, true)));
}

/* -- When -- */

Test(tell, own_values_are_told_within_100_ms)
{
    for (uint64_t id = 1; id <= 60; id++) {
        const struct msock__control query = query_of(id);
        cr_assert(eq(int, asked(START, &query, false), 1));
    }

    uint64_t first_us = msock__tell_deadline(&tell);
    cr_expect(ge(u64, first_us, START));
    cr_expect(lt(u64, first_us, START + 20 * MS));
    for (struct msock__job *job = tell.first; job; job = job->next) {
        cr_expect(lt(u64, job->due_us, START + 100 * MS));
        cr_expect(eq(int, job->pass, MSOCK__PASS_OWN));
    }
}

Test(tell, kept_values_are_told_between_300_and_600_ms)
{
    struct msock__job *job = job_of(true);

    msock__tell_passed(job, START + 100 * MS);

    cr_expect(eq(int, job->pass, MSOCK__PASS_KEPT));
    cr_expect(ge(u64, job->due_us, START + 300 * MS));
    cr_expect(lt(u64, job->due_us, START + 600 * MS));
}

Test(tell, who_keeps_nothing_is_done_after_its_own)
{
    struct msock__job *job = job_of(false);

    msock__tell_passed(job, START + 100 * MS);

    cr_expect(eq(int, job->pass, MSOCK__PASS_END));
    cr_expect(eq(u64, job->due_us, START + 100 * MS));
}

Test(tell, other_values_are_told_after_600_ms)
{
    const struct msock__listener large = {SELF, 1000, false, true};
    const struct msock__control query = query_of(99);
    uint64_t latest_us = 0;

    for (uint64_t peer = 10; peer < 40; peer++) {
        cr_assert(
            eq(int, msock__tell_asked(&tell, START, &query, peer, &large), 1));
        struct msock__job *job = tell.first;
        msock__tell_passed(job, START);
        cr_expect(eq(int, job->pass, MSOCK__PASS_OTHERS));
        cr_expect(ge(u64, job->due_us, START + 600 * MS));
        cr_expect(lt(u64, job->due_us, START + 2600 * MS));
        latest_us = job->due_us > latest_us ? job->due_us : latest_us;
    }

    cr_expect(gt(u64, latest_us, START + 1000 * MS));
}

Test(tell, keeper_tells_other_values_last)
{
    const struct msock__listener small = {SELF, 3, true, true};
    const struct msock__control query = query_of(99);
    cr_assert(
        eq(int, msock__tell_asked(&tell, START, &query, PEER, &small), 1));
    struct msock__job *job = tell.first;

    msock__tell_passed(job, START);
    cr_expect(eq(int, job->pass, MSOCK__PASS_KEPT));
    msock__tell_passed(job, START + 600 * MS);
    cr_expect(eq(int, job->pass, MSOCK__PASS_OTHERS));
    cr_expect(lt(u64, job->due_us, START + 1000 * MS));
    msock__tell_passed(job, START + 1000 * MS);
    cr_expect(eq(int, job->pass, MSOCK__PASS_END));
}

Test(tell, value_that_nobody_sent_is_told_at_once)
{
    struct msock__job *job = job_of(false);

    cr_expect(eq(u64, msock__tell_from(job, START + 50, 0), START + 50));
}

Test(tell, value_sent_since_it_was_asked_for_is_not_told)
{
    struct msock__job *job = job_of(false);

    cr_expect(eq(u64, msock__tell_from(job, START + 50, START), UINT64_MAX));
    cr_expect(
        ne(u64, msock__tell_from(job, START + 50, START - 1), UINT64_MAX));
}

Test(tell, own_value_is_told_250_ms_after_it_was_sent_before)
{
    struct msock__job *job = job_of(false);

    uint64_t from_us = msock__tell_from(job, START + 50, START - 200 * MS);
    msock__tell_passed(job, START + 50);

    cr_expect(eq(u64, from_us, START + 50 * MS));
    cr_expect(eq(int, job->pass, MSOCK__PASS_OWN));
    cr_expect(eq(u64, job->due_us, from_us));
    msock__tell_passed(job, from_us);
    cr_expect(eq(int, job->pass, MSOCK__PASS_END));
}

Test(tell, kept_value_is_told_a_second_after_it_was_sent_before)
{
    struct msock__job *job = job_of(true);
    msock__tell_passed(job, START + 100 * MS);

    uint64_t from_us =
        msock__tell_from(job, START + 600 * MS, START - 200 * MS);
    msock__tell_passed(job, START + 600 * MS);

    cr_expect(eq(u64, from_us, START + 800 * MS));
    cr_expect(eq(int, job->pass, MSOCK__PASS_KEPT));
    cr_expect(ge(u64, job->due_us, from_us + 300 * MS));
    cr_expect(lt(u64, job->due_us, from_us + 600 * MS));
}

Test(tell, pass_that_pauses_goes_on)
{
    struct msock__job *job = job_of(true);

    msock__tell_pause(job, START + 102 * MS);

    cr_expect(eq(ptr, (void *)msock__tell_due(&tell, START + 101 * MS), NULL));
    cr_expect(
        eq(ptr, (void *)msock__tell_due(&tell, START + 102 * MS), (void *)job));
    cr_expect(eq(int, job->pass, MSOCK__PASS_OWN));
}

/* -- The answer -- */

Test(tell, answer_names_the_frames_of_what_was_told)
{
    struct msock__job *job = job_of(false);
    struct msock__control held = {.kind = MSOCK__CONTROL_UNKNOWN};
    (void)msock__tell_from(job, START, 0);
    msock__tell_told(job, 41);
    (void)msock__tell_from(job, START, 0);
    msock__tell_told(job, 43);
    msock__tell_passed(job, START);

    msock__tell_end(&tell, START + 5, job, 44);

    cr_expect(eq(u64, msock__tell_held_deadline(&tell), START + 5));
    cr_assert(msock__tell_held(&tell, START + 5, &held));
    cr_expect(eq(int, held.kind, MSOCK__HELD));
    cr_expect(eq(u64, held.query, 99));
    cr_expect(eq(u64, held.value_count, 2));
    cr_expect(eq(u64, held.held.first, 41));
    cr_expect(eq(u64, held.held.last, 44));
    msock__tell_held_sent(&tell, &held);
    cr_expect(not(msock__tell_held(&tell, START + 5, &held)));
}

Test(tell, who_left_the_telling_to_others_says_that_it_is_done)
{
    struct msock__job *job = job_of(false);
    struct msock__control held;
    (void)msock__tell_from(job, START, START);
    msock__tell_passed(job, START);

    msock__tell_end(&tell, START, job, 44);

    cr_assert(msock__tell_held(&tell, START, &held));
    cr_expect(zero(u64, held.value_count));
    cr_expect(eq(u64, held.held.first, 45));
    cr_expect(eq(u64, held.held.last, 44));
}

Test(tell, who_has_nothing_that_matches_stays_silent)
{
    struct msock__job *job = job_of(false);
    struct msock__control held;
    msock__tell_passed(job, START);

    msock__tell_end(&tell, START, job, 44);

    cr_expect(not(msock__tell_held(&tell, START, &held)));
    cr_expect(eq(u64, msock__tell_held_deadline(&tell), UINT64_MAX));
}

Test(tell, who_was_named_says_that_it_has_nothing)
{
    struct msock__control query = query_of(5);
    struct msock__control held;
    query.of = (struct msock__asked){1, {SELF}};
    cr_assert(eq(int, asked(START, &query, false), 1));

    msock__tell_end(&tell, START, tell.first, 44);

    cr_assert(msock__tell_held(&tell, START, &held));
    cr_expect(zero(u64, held.value_count));
}

Test(tell, who_holds_what_others_told_stays_silent)
{
    const struct msock__listener helper = {SELF, 3, false, true};
    const struct msock__control query = query_of(5);
    struct msock__control held;
    cr_assert(
        eq(int, msock__tell_asked(&tell, START, &query, PEER, &helper), 1));
    struct msock__job *job = tell.first;
    msock__tell_passed(job, START);
    (void)msock__tell_from(job, START + 900 * MS, START + 1);

    msock__tell_end(&tell, START, job, 44);

    cr_expect(not(msock__tell_held(&tell, START, &held)));
}

Test(tell, query_in_hand_is_one_job)
{
    const struct msock__control query = query_of(99);
    (void)job_of(false);

    cr_expect(zero(int, asked(START + 1, &query, false)));
    cr_expect(eq(int, asked_by(START, &query, OTHER, false), 1));
}

Test(tell, query_that_was_answered_gets_the_answer_again)
{
    const struct msock__control query = query_of(99);
    struct msock__control held;
    struct msock__job *job = job_of(false);
    (void)msock__tell_from(job, START, 0);
    msock__tell_told(job, 41);
    msock__tell_end(&tell, START, job, 41);
    cr_assert(msock__tell_held(&tell, START, &held));
    msock__tell_held_sent(&tell, &held);

    cr_expect(zero(int, asked(START + 1000 * MS, &query, false)));

    cr_expect(eq(u64, msock__tell_deadline(&tell), UINT64_MAX));
    cr_expect(lt(u64, msock__tell_held_deadline(&tell), START + 1020 * MS));
    cr_assert(msock__tell_held(&tell, START + 1020 * MS, &held));
    cr_expect(eq(u64, held.value_count, 1));
}

/* -- Room -- */

/* As many queries of one asker as there is room for, or more. */
static int flood(size_t count, uint64_t first, uint64_t asker)
{
    int code = 0;

    for (uint64_t id = first; id < first + count; id++) {
        const struct msock__control query = query_of(id);
        code = asked_by(START, &query, asker, false);
    }
    return code;
}

static size_t jobs_of(uint64_t asker)
{
    size_t count = 0;

    for (const struct msock__job *job = tell.first; job; job = job->next) {
        count += job->asker == asker;
    }
    return count;
}

Test(tell, there_are_so_many_jobs_at_most)
{
    cr_assert(eq(int, flood(MSOCK__JOBS_MAX, 1, PEER), 1));

    cr_expect(eq(int, flood(1, 1000, PEER), MSOCK_ELIMIT));
    cr_expect(eq(sz, tell.count, MSOCK__JOBS_MAX));
}

Test(tell, who_asks_most_makes_room_for_others)
{
    (void)flood(2 * MSOCK__JOBS_MAX, 1, PEER);

    cr_expect(eq(int, flood(3, 1000, OTHER), 2));

    cr_expect(eq(sz, tell.count, MSOCK__JOBS_MAX));
    cr_expect(eq(sz, jobs_of(OTHER), 3));
    cr_expect(eq(int, flood(1, 2000, PEER), MSOCK_ELIMIT));
}

Test(tell, none_gets_more_than_its_share_at_the_cost_of_others)
{
    (void)flood(MSOCK__JOBS_MAX, 1, PEER);

    cr_expect(eq(int, flood(MSOCK__JOBS_MAX, 1000, OTHER), MSOCK_ELIMIT));

    cr_expect(eq(sz, jobs_of(OTHER), MSOCK__JOBS_MAX / 2));
}

Test(tell, a_crowd_of_newcomers_is_answered_in_the_order_it_came)
{
    for (uint64_t peer = 100; peer < 100 + MSOCK__JOBS_MAX; peer++) {
        cr_assert(eq(int, flood(1, 1, peer), 1));
    }

    cr_expect(eq(int, flood(1, 1, OTHER), MSOCK_ELIMIT));
}

Test(tell, the_youngest_makes_room)
{
    (void)flood(MSOCK__JOBS_MAX, 1, PEER);

    (void)flood(1, 1000, OTHER);

    cr_assert(ne(ptr, (void *)tell.first->next, NULL));
    cr_expect(eq(u64, tell.first->next->query, MSOCK__JOBS_MAX - 1));
}

Test(tell, askers_take_turns_whatever_they_ask)
{
    static const uint64_t order[] = {PEER, OTHER, PEER, OTHER};
    (void)flood(10, 1, PEER);
    (void)flood(1, 1000, OTHER);
    tell.first->due_us = START + 200 * MS;

    for (size_t i = 0; i < 4; i++) {
        struct msock__job *job = msock__tell_due(&tell, START + 300 * MS);
        cr_assert(ne(ptr, (void *)job, NULL));
        cr_expect(eq(u64, job->asker, order[i]));
        msock__tell_turn(&tell, job, 10);
    }
    cr_expect(eq(u64, tell.looked, 40));
}

Test(tell, nothing_is_due_while_it_rests)
{
    (void)flood(1, 1, PEER);

    msock__tell_rest(&tell, START + 300 * MS);

    cr_expect(eq(ptr, (void *)msock__tell_due(&tell, START + 299 * MS), NULL));
    cr_expect(eq(u64, msock__tell_deadline(&tell), START + 300 * MS));
    cr_expect(ne(ptr, (void *)msock__tell_due(&tell, START + 300 * MS), NULL));
}

/* An answer of so many is said, of all queries from `first` on. */
static void answer_all(size_t count, uint64_t first, uint64_t asker)
{
    struct msock__control held;

    for (uint64_t id = first; id < first + count; id++) {
        (void)flood(1, id, asker);
        msock__tell_told(tell.first, 41);
        cr_expect(not(msock__tell_end(&tell, START, tell.first, 41)));
        cr_assert(msock__tell_held(&tell, START, &held));
        msock__tell_held_sent(&tell, &held);
    }
}

/* Whether an answer is remembered. */
static bool remembers(uint64_t id, uint64_t asker)
{
    return flood(1, id, asker) == 0;
}

Test(tell, answers_to_one_asker_are_not_forgotten_for_anothers)
{
    answer_all(2, 1000, OTHER);

    answer_all(3 * MSOCK__ANSWERS_KEPT, 1, PEER);

    cr_expect(remembers(1000, OTHER));
    cr_expect(remembers(1001, OTHER));
    cr_expect(remembers(3 * MSOCK__ANSWERS_KEPT, PEER));
    cr_expect(not(remembers(1, PEER)));
}

Test(tell, answer_that_nobody_was_told_is_counted_when_it_is_forgotten)
{
    for (uint64_t id = 1; id <= MSOCK__ANSWERS_KEPT; id++) {
        (void)flood(1, id, PEER);
        msock__tell_told(tell.first, 41);
        cr_expect(not(msock__tell_end(&tell, START, tell.first, 41)));
    }
    (void)flood(1, 1000, PEER);
    msock__tell_told(tell.first, 41);

    cr_expect(msock__tell_end(&tell, START, tell.first, 41));
}

Test(tell, without_memory_there_is_no_job)
{
    const struct msock__control query = query_of(1);
    for (long n = 1; n <= 3; n++) {
        test_alloc_fail_at(n);
        int code = asked(START, &query, false);
        cr_expect(test_alloc_failed());
        cr_expect(eq(int, code, MSOCK_ENOMEM));
        cr_expect(eq(ptr, (void *)tell.first, NULL));
    }
}
