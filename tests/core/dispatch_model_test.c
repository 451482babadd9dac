/* SPDX-License-Identifier: Apache-2.0 */
/* The subscription trie against a plain list of filters, over seeded random
 * subscribing, unsubscribing and topics. */
#include "core/dispatch.h"

#include "core/topic.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MODEL_MAX = 300, STEPS = 30000 };

static const uint8_t key[16] = {4, 5, 6};
static struct msock__dispatch *dispatch;
static intptr_t calls[MODEL_MAX];
static size_t call_count;

static int note(msock_channel *channel, const msock_message *message,
                void *user)
{
    (void)channel;
    (void)message;
    cr_assert(lt(sz, call_count, MODEL_MAX));
    calls[call_count++] = (intptr_t)user;
    return 0;
}

static size_t run(const char *topic)
{
    const msock_message message = {.topic = topic, .topic_size = strlen(topic)};
    call_count = 0;
    return msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX).called;
}

struct entry {
    char filter[32];
    int id; /* 0: removed */
};

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state =
        random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return random_state >> 33;
}

/* Up to four levels out of a few, so that filters meet. */
static void random_name(const char *const *levels, size_t count, char *name)
{
    size_t level_count = 1 + next_random() % 4;
    name[0] = '\0';
    for (size_t i = 0; i < level_count; i++) {
        strcat(name, i > 0 ? "/" : "");
        strcat(name, levels[next_random() % count]);
    }
}

static void random_filter(char *filter)
{
    static const char *const levels[] = {"a", "b", "+", "", "$x"};
    do {
        random_name(levels, COUNT(levels), filter);
        strcat(filter, next_random() % 3 == 0 ? "/#" : "");
    } while (!msock__filter_valid(filter, strlen(filter)));
}

static void random_topic(char *topic)
{
    static const char *const levels[] = {"a", "b", "c", "", "$x"};
    do {
        random_name(levels, COUNT(levels), topic);
    } while (topic[0] == '\0');
}

static void change(struct entry *entry, intptr_t index)
{
    if (entry->id != 0) {
        cr_assert(eq(int, msock__dispatch_remove(dispatch, entry->id), 0));
        entry->id = 0;
        return;
    }
    random_filter(entry->filter);
    entry->id = msock__dispatch_add(dispatch, entry->filter, note,
                                    (void *)index, false);
    cr_assert(ge(int, entry->id, 1));
}

static size_t count_matches(const struct entry *entries, const char *topic)
{
    size_t count = 0;
    for (size_t i = 0; i < MODEL_MAX; i++) {
        const struct entry *one = &entries[i];
        count +=
            one->id != 0 && msock__topic_match(one->filter, strlen(one->filter),
                                               topic, strlen(topic));
    }
    return count;
}

/* What was called does match, and came in the order of subscribing. */
static void expect_order(const struct entry *entries, const char *topic)
{
    for (size_t i = 0; i < call_count; i++) {
        const char *filter = entries[calls[i]].filter;
        cr_assert(
            msock__topic_match(filter, strlen(filter), topic, strlen(topic)));
    }
    for (size_t i = 1; i < call_count; i++) {
        cr_assert(lt(int, entries[calls[i - 1]].id, entries[calls[i]].id));
    }
}

Test(dispatch_model, agrees_with_a_list_of_filters)
{
    static struct entry entries[MODEL_MAX];
    size_t matched = 0;
    char topic[32];
    random_state = 42;
    cr_assert(eq(int, msock__dispatch_new(&dispatch, key), 0));

    for (int step = 0; step < STEPS; step++) {
        size_t index = next_random() % MODEL_MAX;
        change(&entries[index], (intptr_t)index);
        if (step % 3 == 0) { /* else it is the same one again */
            random_topic(topic);
        }
        size_t expected = count_matches(entries, topic);
        bool any = msock__dispatch_any(dispatch, topic, strlen(topic), false);
        cr_assert(eq(sz, run(topic), expected), "step %d: %s", step, topic);
        cr_assert(eq(int, any, expected > 0));
        expect_order(entries, topic);
        matched += expected;
    }

    cr_expect(gt(sz, matched, STEPS));
    msock__dispatch_clear(dispatch);
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
    msock__dispatch_free(dispatch);
}
