/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the table of states while topics come and go. */
#include "core/values.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {1};
static struct msock__values *values;
static struct msock__walk walk;
static char seen[64];

/* Adds a topic, or gives it a newer value. */
static void set(const char *topic, uint64_t version)
{
    struct msock__state *state;
    const struct msock__offer offer = {
        .edition = {.version = version, .session = {1}},
        .topic = topic,
        .topic_size = strlen(topic),
        .owner = "hub",
        .owner_size = 3,
        .data = "1",
        .data_size = 1,
        .age_known = true,
    };

    cr_assert(eq(int, msock__values_take(values, 1, &offer, &state),
                 MSOCK__TAKEN_NEWER));
}

static void setup(void)
{
    const struct msock__values_limits limits = {1 << 20, 1024};

    cr_assert(eq(int, msock__values_new(&values, &limits, key), 0));
    set("a", 1);
    set("b", 1);
    set("c", 1);
    set("d", 1);
    memset(seen, 0, sizeof(seen));
    msock__values_walk(values, &walk);
}

static void teardown(void)
{
    msock__walk_stop(&walk);
    msock__values_free(values);
}

TestSuite(walk, .init = setup, .fini = teardown);

static bool is_not(const struct msock__state *state, void *user)
{
    return strcmp(state->topic, user) != 0;
}

static void forget(const char *topic)
{
    char copy[8];

    strcpy(copy, topic);
    msock__values_retain(values, is_not, copy);
}

/* Looks at so many topics, or at what is left. */
static const char *look(struct msock__walk *at, size_t count)
{
    const struct msock__state *state;

    for (; count > 0 && (state = msock__walk_at(at)) != NULL; count--) {
        strcat(seen, state->topic);
        msock__walk_step(at);
    }
    return seen;
}

#define EXPECT_SEEN(count, wanted)                                             \
    cr_expect(eq(str, (char *)look(&walk, count), wanted))

Test(walk, looks_at_each_topic_once)
{
    EXPECT_SEEN(2, "ab");
    EXPECT_SEEN(100, "abcd");
    cr_expect(eq(ptr, (void *)msock__walk_at(&walk), NULL));
}

Test(walk, over_nothing_is_over)
{
    struct msock__walk none = {0};

    msock__walk_stop(&none);

    cr_expect(eq(ptr, (void *)msock__walk_at(&none), NULL));
}

Test(walk, goes_on_behind_a_topic_that_goes)
{
    EXPECT_SEEN(1, "a");

    forget("b");

    EXPECT_SEEN(100, "acd");
}

Test(walk, misses_nothing_when_what_it_saw_goes)
{
    EXPECT_SEEN(2, "ab");

    forget("a");
    forget("b");

    EXPECT_SEEN(100, "abcd");
}

Test(walk, is_over_when_the_rest_goes)
{
    EXPECT_SEEN(2, "ab");

    forget("d");
    forget("c");

    EXPECT_SEEN(100, "ab");
}

Test(walk, looks_once_at_what_changes)
{
    EXPECT_SEEN(2, "ab");

    set("a", 2);
    set("c", 2);

    EXPECT_SEEN(100, "abcd");
}

Test(walk, ends_though_topics_keep_coming)
{
    static const char *const names[] = {"e", "f", "g", "h"};

    for (size_t i = 0; i < 4; i++) {
        set(names[i], 1);
        look(&walk, 1);
    }

    EXPECT_SEEN(100, "abcd");
}

Test(walk, several_go_on_each_where_it_is)
{
    struct msock__walk other = {0};
    msock__values_walk(values, &other);
    look(&other, 2);
    memset(seen, 0, sizeof(seen));

    forget("c");

    EXPECT_SEEN(100, "abd");
    memset(seen, 0, sizeof(seen));
    cr_expect(eq(str, (char *)look(&other, 100), "d"));
    msock__walk_stop(&other);
}

Test(walk, starts_again)
{
    EXPECT_SEEN(3, "abc");

    msock__values_walk(values, &walk);

    EXPECT_SEEN(100, "abcabcd");
}

Test(walk, that_was_stopped_is_over)
{
    struct msock__walk first = {0};
    struct msock__walk last = {0};
    msock__values_walk(values, &first);
    msock__values_walk(values, &last);

    msock__walk_stop(&walk);
    msock__walk_stop(&last);
    forget("a");

    cr_expect(eq(ptr, (void *)msock__walk_at(&walk), NULL));
    cr_expect(eq(str, (char *)look(&first, 100), "bcd"));
    msock__walk_stop(&first);
}

Test(walk, ends_with_the_table)
{
    msock__values_free(values);
    values = NULL;

    cr_expect(eq(ptr, (void *)msock__walk_at(&walk), NULL));
}
