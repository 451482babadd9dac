/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the table of states: the order of editions, bounds, what is
 * remembered, and every lack of memory. */
#include "core/values.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { SECOND = 1000000 };

static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {1};
static struct msock__values *values;

static void open_with(size_t bytes_max, size_t count_max)
{
    const struct msock__values_limits limits = {bytes_max, count_max};

    msock__values_free(values);
    cr_assert(eq(int, msock__values_new(&values, &limits, key), 0));
}

static void setup(void)
{
    open_with(1 << 20, 1024);
}

static void teardown(void)
{
    msock__values_free(values);
    values = NULL;
}

TestSuite(values, .init = setup, .fini = teardown);

/* A value of `kitchen`, whose session begins with `session`. */
static struct msock__offer offer_of(const char *topic, uint64_t version,
                                    uint8_t session, const char *data)
{
    return (struct msock__offer){
        .edition = {.version = version, .session = {session}},
        .topic = topic,
        .topic_size = strlen(topic),
        .owner = "kitchen",
        .owner_size = 7,
        .data = data,
        .data_size = data ? strlen(data) : 0,
        .published_us = 5 * SECOND,
        .age_known = true,
    };
}

static int take_at(uint64_t now_us, const struct msock__offer *offer)
{
    struct msock__state *state;

    return msock__values_take(values, now_us, offer, &state);
}

static int take(const char *topic, uint64_t version, uint8_t session,
                const char *data)
{
    struct msock__offer offer = offer_of(topic, version, session, data);

    return take_at(SECOND, &offer);
}

static struct msock__state *find(const char *topic)
{
    return msock__values_find(values, topic, strlen(topic));
}

/* What a filter finds, in its order, as "topic=data ". */
static const char *found(const char *filter)
{
    static char text[512];
    struct msock__value **list;
    int count = msock__values_collect(values, filter, strlen(filter), &list);
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s=%s ",
                                 list[i]->topic, list[i]->data);
    }
    msock__values_release(list, count);
    return text;
}

#define EXPECT_FOUND(filter, wanted)                                           \
    cr_expect(eq(str, (char *)found(filter), wanted))

Test(values, value_is_there_as_it_was_offered)
{
    struct msock__offer offer = offer_of("a/b", 3, 7, "{\"on\":true}");
    offer.told = offer.own = true;

    cr_expect(eq(int, take_at(SECOND, &offer), MSOCK__TAKEN_NEWER));

    const struct msock__value *value = find("a/b")->value;
    cr_expect(eq(str, (char *)value->topic, "a/b"));
    cr_expect(eq(str, (char *)value->data, "{\"on\":true}"));
    cr_expect(eq(str, (char *)value->owner, "kitchen"));
    cr_expect(eq(sz, value->owner_size, 7));
    cr_expect(eq(u64, value->edition.version, 3));
    cr_expect(eq(u64, value->published_us, 5 * SECOND));
    cr_expect(value->told && value->own && value->age_known);
    cr_expect(not(value->cleared));
}

Test(values, topic_that_nobody_offered_is_not_found)
{
    (void)take("a/b", 1, 1, "1");

    cr_expect(eq(ptr, find("a"), NULL));
    cr_expect(eq(ptr, find("a/bc"), NULL));
}

Test(values, higher_version_wins_and_never_goes_back)
{
    (void)take("t", 2, 9, "2");

    cr_expect(eq(int, take("t", 1, 9, "1"), MSOCK__TAKEN_OLDER));
    cr_expect(eq(int, take("t", 2, 9, "2"), MSOCK__TAKEN_SAME));
    EXPECT_FOUND("t", "t=2 ");
    cr_expect(eq(int, take("t", 3, 1, "3"), MSOCK__TAKEN_NEWER));
    EXPECT_FOUND("t", "t=3 ");
}

Test(values, of_one_version_the_higher_session_wins)
{
    (void)take("t", 2, 5, "five");

    cr_expect(eq(int, take("t", 2, 4, "four"), MSOCK__TAKEN_OLDER));
    cr_expect(eq(int, take("t", 2, 6, "six"), MSOCK__TAKEN_NEWER));
    EXPECT_FOUND("t", "t=six ");
}

Test(values, age_is_learnt_once)
{
    struct msock__offer offer = offer_of("t", 1, 1, "1");
    offer.age_known = false;
    (void)take_at(SECOND, &offer);
    cr_expect(not(find("t")->value->age_known));

    cr_expect(eq(int, take("t", 1, 1, "1"), MSOCK__TAKEN_SAME));
    cr_expect(find("t")->value->age_known);
    cr_expect(eq(u64, find("t")->value->published_us, 5 * SECOND));

    offer.published_us = 9 * SECOND;
    offer.age_known = true;
    (void)take_at(SECOND, &offer);
    cr_expect(eq(u64, find("t")->value->published_us, 5 * SECOND));
}

Test(values, next_version_is_above_the_highest_heard)
{
    (void)take("t", 41, 1, "1");
    (void)take("full", MSOCK__VERSION_MAX, 1, "1");

    cr_expect(eq(u64, msock__values_next(values, "t", 1, 7), 42));
    cr_expect(eq(u64, msock__values_next(values, "new", 3, 0), 1));
    cr_expect(eq(u64, msock__values_next(values, "new", 3, 7), 8));
    cr_expect(eq(u64, msock__values_next(values, "full", 4, 7), 0));
}

Test(values, filters_find_what_matches)
{
    (void)take("a/one", 1, 1, "1");
    (void)take("b/one", 1, 1, "2");
    (void)take("a/two", 1, 1, "3");
    (void)take("$hidden", 1, 1, "4");

    EXPECT_FOUND("a/+", "a/one=1 a/two=3 ");
    EXPECT_FOUND("#", "a/one=1 b/one=2 a/two=3 ");
    EXPECT_FOUND("b/one", "b/one=2 ");
    EXPECT_FOUND("$hidden", "$hidden=4 ");
    EXPECT_FOUND("c", "");
}

static bool stop(const struct msock__state *state, void *user)
{
    *(size_t *)user += state != NULL;
    return false;
}

Test(values, visit_ends_when_it_is_told_to)
{
    size_t count = 0;
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, "2");

    cr_expect(not(msock__values_each(values, "+", 1, stop, &count)));
    cr_expect(eq(sz, count, 1));
    cr_expect(msock__values_each(values, "c", 1, stop, &count));
    cr_expect(eq(sz, count, 1));
}

Test(values, held_value_outlives_its_topic)
{
    (void)take("t", 1, 1, "\"old\"");
    struct msock__value *value = msock__value_hold(find("t")->value);

    (void)take("t", 2, 1, "\"new\"");
    msock__values_free(values);
    values = NULL;

    cr_expect(eq(str, (char *)value->data, "\"old\""));
    msock__value_release(value);
    msock__value_release(NULL);
}

Test(values, cleared_is_remembered_for_an_hour)
{
    (void)take("t", 1, 1, "1");
    struct msock__offer offer = offer_of("t", 2, 1, NULL);
    offer.published_us = 7 * SECOND;
    (void)take_at(17 * SECOND, &offer);

    EXPECT_FOUND("#", "t=null ");
    cr_expect(find("t")->value->cleared);
    cr_expect(eq(u64, msock__values_deadline(values),
                 7 * SECOND + MSOCK__CLEARED_US));
    msock__values_expire(values, 7 * SECOND + MSOCK__CLEARED_US - 1);
    cr_expect(eq(int, take("t", 1, 1, "1"), MSOCK__TAKEN_OLDER));
    msock__values_expire(values, 7 * SECOND + MSOCK__CLEARED_US);
    cr_expect(eq(ptr, find("t"), NULL));
    cr_expect(eq(u64, msock__values_deadline(values), UINT64_MAX));
    cr_expect(eq(sz, msock__values_bytes(values), 0));
}

Test(values, cleared_is_forgotten_by_its_age_and_ones_own_last)
{
    struct msock__offer offer = offer_of("told", 2, 1, NULL);
    offer.published_us = 0;
    (void)take_at(MSOCK__CLEARED_US - 100 * SECOND, &offer);
    offer.topic = "own!";
    offer.own = true;
    (void)take_at(0, &offer);
    offer.own = false;
    offer.topic = "late";
    (void)take_at(MSOCK__CLEARED_US - SECOND, &offer);
    offer.topic = "when";
    offer.age_known = false;
    (void)take_at(SECOND, &offer);

    msock__values_expire(values, MSOCK__CLEARED_US);
    EXPECT_FOUND("#", "own!=null late=null when=null ");
    msock__values_expire(values, MSOCK__CLEARED_US + SECOND);
    EXPECT_FOUND("#", "own!=null late=null ");
    msock__values_expire(values, MSOCK__CLEARED_US + 59 * SECOND);
    EXPECT_FOUND("#", "own!=null ");
    cr_expect(eq(u64, msock__values_deadline(values), MSOCK__CLEARED_OWN_US));
    msock__values_expire(values, MSOCK__CLEARED_OWN_US);
    EXPECT_FOUND("#", "");
}

Test(values, age_of_a_clearing_that_becomes_known_counts)
{
    struct msock__offer offer = offer_of("t", 2, 1, NULL);
    offer.age_known = false;
    (void)take_at(100 * SECOND, &offer);
    offer.age_known = true;

    (void)take_at(200 * SECOND, &offer);

    cr_expect(eq(u64, msock__values_deadline(values),
                 5 * SECOND + MSOCK__CLEARED_US));
}

Test(values, what_is_set_again_is_not_cleared_any_more)
{
    (void)take("t", 1, 1, NULL);
    (void)take("t", 2, 1, "2");

    cr_expect(eq(u64, msock__values_deadline(values), UINT64_MAX));
    EXPECT_FOUND("#", "t=2 ");
}

Test(values, least_recently_changed_makes_room)
{
    open_with(1 << 20, 2);
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, "1");
    (void)take("a", 2, 1, "2");

    cr_expect(eq(int, take("c", 1, 1, "1"), MSOCK__TAKEN_NEWER));

    EXPECT_FOUND("#", "a=2 c=1 ");
    cr_expect(eq(sz, msock__values_count(values), 2));
}

Test(values, cleared_makes_room_first)
{
    open_with(1 << 20, 2);
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, NULL);

    (void)take("c", 1, 1, "1");

    EXPECT_FOUND("#", "a=1 c=1 ");
}

Test(values, pinned_makes_no_room)
{
    open_with(1 << 20, 2);
    struct msock__offer offer = offer_of("a", 1, 1, "1");
    offer.pinned = true;
    (void)take_at(SECOND, &offer);
    offer.topic = "b";
    (void)take_at(SECOND, &offer);

    cr_expect(eq(int, take("c", 1, 1, "1"), MSOCK_ELIMIT));

    EXPECT_FOUND("#", "a=1 b=1 ");
    cr_expect(eq(int, take("a", 2, 1, "2"), MSOCK__TAKEN_NEWER));
    cr_expect(find("a")->pinned);
}

static bool is_in(const struct msock__state *state, void *user)
{
    return strchr(user, state->topic[0]) != NULL;
}

Test(values, pinned_are_those_that_are_kept_or_were_written_here)
{
    open_with(1 << 20, 4);
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, "1");
    (void)take("c", 1, 1, "1");
    (void)take("d", 1, 1, "1");
    find("d")->written = true;

    msock__values_pin(values, is_in, "ab");
    (void)take("e", 1, 1, "1");
    EXPECT_FOUND("#", "a=1 b=1 d=1 e=1 ");
    cr_expect(eq(int, take("f", 1, 1, "1"), MSOCK__TAKEN_NEWER));
    EXPECT_FOUND("#", "a=1 b=1 d=1 f=1 ");

    msock__values_pin(values, is_in, "bf");
    (void)take("g", 1, 1, "1");
    EXPECT_FOUND("#", "b=1 d=1 f=1 g=1 ");
}

Test(values, unpinned_ones_make_room_in_the_order_of_their_changes)
{
    open_with(1 << 20, 4);
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, "1");
    (void)take("c", 1, 1, "1");
    (void)take("d", 1, 1, NULL);
    msock__values_pin(values, is_in, "bd");

    msock__values_pin(values, is_in, "");
    cr_expect(not(find("d")->pinned));
    EXPECT_FOUND("#", "a=1 b=1 c=1 d=null ");
    (void)take("d", 2, 1, "2");
    (void)take("e", 1, 1, "1");
    (void)take("f", 1, 1, "1");
    EXPECT_FOUND("#", "c=1 d=2 e=1 f=1 ");
}

Test(values, bytes_are_bounded_and_a_topic_is_not_pushed_out_by_itself)
{
    static char large[3000];
    memset(large, '7', sizeof large - 1);
    open_with(4096, 1024);
    (void)take("a", 1, 1, "1");
    (void)take("b", 1, 1, "1");

    cr_expect(eq(int, take("a", 2, 1, large), MSOCK__TAKEN_NEWER));
    cr_expect(le(sz, msock__values_bytes(values), 4096));
    cr_expect(eq(u64, find("a")->value->edition.version, 2));

    cr_expect(eq(int, take("c", 1, 1, large), MSOCK__TAKEN_NEWER));
    cr_expect(eq(ptr, find("a"), NULL));
    cr_expect(eq(sz, msock__values_count(values), 1));
    open_with(2048, 1024);
    cr_expect(eq(int, take("c", 1, 1, large), MSOCK_ELIMIT));
    cr_expect(eq(sz, msock__values_count(values), 0));
}

Test(values, sending_is_noted_for_the_newest_alone)
{
    const struct msock__edition old = {.version = 1, .session = {1}};
    const struct msock__edition new = {.version = 2, .session = {1}};
    (void)take("t", 2, 1, "2");

    msock__values_sent(values, 8 * SECOND, "t", 1, &old);
    cr_expect(eq(u64, find("t")->sent_us, 0));
    msock__values_sent(values, 9 * SECOND, "t", 1, &new);
    cr_expect(eq(u64, find("t")->sent_us, 9 * SECOND));
    msock__values_sent(values, 9 * SECOND, "other", 5, &new);

    (void)take("t", 3, 1, "3");
    cr_expect(eq(u64, find("t")->sent_us, 0));
}

static bool is_a(const struct msock__state *state, void *user)
{
    ++*(size_t *)user;
    return state->topic[0] == 'a';
}

Test(values, what_nobody_wants_goes_but_what_was_written_here)
{
    size_t asked = 0;
    (void)take("a1", 1, 1, "1");
    (void)take("b1", 1, 1, NULL);
    (void)take("b2", 1, 1, "2");
    (void)take("b3", 1, 1, "3");
    find("b3")->written = true;

    msock__values_retain(values, is_a, &asked);

    EXPECT_FOUND("#", "a1=1 b3=3 ");
    cr_expect(eq(sz, asked, 3));
}

Test(values, another_session_keeps_its_own_values_newest)
{
    const uint8_t session[MSOCK__SESSION_SIZE] = {1};
    struct msock__offer offer = offer_of("mine", 4, 9, "1");
    offer.own = true;
    (void)take_at(SECOND, &offer);
    (void)take("yours", 4, 9, "2");
    find("mine")->delivered = offer.edition;

    msock__values_adopt(values, session);

    const struct msock__state *mine = find("mine");
    cr_expect(eq(u64, mine->value->edition.version, 5));
    cr_expect(eq(int, mine->value->edition.session[0], 1));
    cr_expect(eq(u64, mine->delivered.version, 5));
    cr_expect(eq(u64, find("yours")->value->edition.version, 4));
}

Test(values, changes_are_numbered_in_order)
{
    (void)take("a", 1, 1, "1");
    uint64_t before = msock__values_change(values);
    (void)take("b", 1, 1, "1");
    (void)take("a", 1, 1, "1");

    cr_expect(eq(u64, find("a")->change, before));
    cr_expect(gt(u64, find("b")->change, before));
    cr_expect(eq(u64, msock__values_change(values), find("b")->change));
}

/* Everything that allocates.  Returns whether all of it worked. */
static bool scenario(void)
{
    const struct msock__values_limits limits = {1 << 20, 16};
    struct msock__values *made;
    struct msock__state *state;
    struct msock__value **list = NULL;
    struct msock__offer offer = offer_of("t", 1, 1, "1");
    if (msock__values_new(&made, &limits, key) < 0) {
        return false;
    }
    bool one = msock__values_take(made, 0, &offer, &state) > 0;
    offer.edition.version = 2;
    bool two = msock__values_take(made, 0, &offer, &state) > 0;
    int count = msock__values_collect(made, "#", 1, &list);
    cr_expect(eq(int, (int)msock__values_count(made), one || two));
    msock__values_release(list, count);
    msock__values_free(made);
    return one && two && count == 1;
}

Test(values, every_lack_of_memory_is_survived)
{
    long n = 0;
    bool worked;
    do {
        test_alloc_fail_at(++n);
        worked = scenario();
    } while (test_alloc_failed());

    cr_expect(worked);
    cr_expect(gt(long, n, 4));
}
