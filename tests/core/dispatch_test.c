/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the subscription trie: order, changes during a run, cost. */
#include "core/dispatch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { CALLS_MAX = 4096 };

static const uint8_t key[16] = {1, 2, 3};
static struct msock__dispatch *dispatch;
static intptr_t calls[CALLS_MAX];
static size_t call_count;

static void setup(void)
{
    cr_assert(eq(int, msock__dispatch_new(&dispatch, key), 0));
    call_count = 0;
}

static void teardown(void)
{
    msock__dispatch_free(dispatch);
}

TestSuite(dispatch, .init = setup, .fini = teardown);

/* Notes the number it was subscribed with. */
static int note(msock_channel *channel, const msock_message *message,
                void *user)
{
    (void)channel;
    (void)message;
    calls[call_count++ % CALLS_MAX] = (intptr_t)user;
    return 0;
}

static int refuse(msock_channel *channel, const msock_message *message,
                  void *user)
{
    note(channel, message, user);
    return MSOCK_EINVAL;
}

static int add(const char *filter, intptr_t number)
{
    int id = msock__dispatch_add(dispatch, filter, note, (void *)number, false);
    cr_assert(ge(int, id, 1));
    return id;
}

static int add_call(const char *filter, msock_callback *callback, void *user)
{
    int id = msock__dispatch_add(dispatch, filter, callback, user, false);
    cr_assert(ge(int, id, 1));
    return id;
}

static struct msock__dispatch_result run_flags(const char *topic,
                                               unsigned flags)
{
    msock_message message = {.topic = topic,
                             .topic_size = strlen(topic),
                             .sender = "test",
                             .data = "1",
                             .data_size = 1,
                             .flags = flags};
    return msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX);
}

static size_t run(const char *topic)
{
    return run_flags(topic, 0).called;
}

/* -- What is called -- */

Test(dispatch, nothing_is_called_when_empty)
{
    cr_expect(eq(sz, run("a"), 0));
    cr_expect(not(msock__dispatch_any(dispatch, "a", 1, false)));
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
}

Test(dispatch, matches_are_called_in_order_of_subscribing)
{
    static const char *const filters[] = {"a/b", "#",   "a/+",   "x",
                                          "a/#", "+/b", "a/b/#", "+/+",
                                          "a/b", "+/#", "a"};
    static const intptr_t expected[] = {0, 1, 2, 4, 5, 6, 7, 8, 9};
    for (size_t i = 0; i < COUNT(filters); i++) {
        add(filters[i], (intptr_t)i);
    }

    cr_assert(eq(sz, run("a/b"), COUNT(expected)));

    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_expect(eq(long, calls[i], expected[i]));
    }
}

Test(dispatch, order_holds_beyond_one_batch)
{
    static const char *const filters[] = {"#", "a", "+", "a/#"};
    for (intptr_t i = 0; i < 2000; i++) {
        add(filters[i * 7 % 4], i);
    }

    cr_assert(eq(sz, run("a"), 2000));

    for (intptr_t i = 0; i < 2000; i++) {
        cr_assert(eq(long, calls[i], i));
    }
}

Test(dispatch, message_reaches_the_callback_as_it_is)
{
    add("a", 5);

    cr_expect(eq(sz, run_flags("a", MSOCK_MESSAGE_SEALED).called, 1));

    cr_expect(eq(long, calls[0], 5));
}

Test(dispatch, refusals_are_counted)
{
    add("a", 1);
    add_call("a", refuse, (void *)2);
    add_call("#", refuse, (void *)3);

    struct msock__dispatch_result result = run_flags("a", 0);

    cr_expect(eq(sz, result.called, 3));
    cr_expect(eq(sz, result.refused, 2));
}

Test(dispatch, no_local_skips_own_messages_only)
{
    int id = msock__dispatch_add(dispatch, "a", note, NULL, true);
    cr_assert(ge(int, id, 1));

    cr_expect(eq(sz, run_flags("a", MSOCK_MESSAGE_LOCAL).called, 0));
    cr_expect(eq(sz, run_flags("a", 0).called, 1));
    cr_expect(not(msock__dispatch_any(dispatch, "a", 1, true)));
    cr_expect(msock__dispatch_any(dispatch, "a", 1, false));
}

Test(dispatch, dollar_topics_are_hidden_from_wildcards)
{
    add("#", 1);
    add("+/a", 2);
    add("$x/#", 3);

    cr_expect(eq(sz, run("$x/a"), 1));
    cr_expect(eq(long, calls[0], 3));
    cr_expect(not(msock__dispatch_any(dispatch, "$y", 2, false)));
}

Test(dispatch, topic_need_not_end_with_nul)
{
    add("a/b", 1);

    cr_expect(msock__dispatch_any(dispatch, "a/bc", 3, false));
    cr_expect(not(msock__dispatch_any(dispatch, "a/bc", 4, false)));
}

/* -- Removing -- */

Test(dispatch, removed_is_not_called_and_not_found_again)
{
    int first = add("a", 1);
    int second = add("a", 2);

    cr_expect(eq(int, msock__dispatch_remove(dispatch, first), 0));

    cr_expect(eq(int, msock__dispatch_remove(dispatch, first), MSOCK_ENOENT));
    cr_expect(eq(int, msock__dispatch_remove(dispatch, 0), MSOCK_ENOENT));
    cr_expect(eq(int, msock__dispatch_remove(dispatch, -1), MSOCK_ENOENT));
    cr_expect(eq(sz, run("a"), 1));
    cr_expect(eq(long, calls[0], 2));
    cr_expect(eq(int, msock__dispatch_remove(dispatch, second), 0));
    cr_expect(eq(sz, msock__dispatch_count(dispatch), 0));
}

Test(dispatch, levels_go_with_their_last_subscription)
{
    int deep = add("a/b/+/d/#", 1);
    int shallow = add("a/b", 2);
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 5));

    msock__dispatch_remove(dispatch, deep);
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 2));
    cr_expect(eq(sz, run("a/b"), 1));

    msock__dispatch_remove(dispatch, shallow);
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
}

Test(dispatch, ids_are_not_reused)
{
    int last = 0;
    for (int i = 0; i < 1000; i++) {
        int id = add("a", 0);
        cr_assert(gt(int, id, last));
        cr_assert(eq(int, msock__dispatch_remove(dispatch, id), 0));
        last = id;
    }
}

Test(dispatch, clear_removes_all)
{
    add("a/b", 1);
    add("#", 2);

    msock__dispatch_clear(dispatch);

    cr_expect(eq(sz, msock__dispatch_count(dispatch), 0));
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
    cr_expect(eq(sz, run("a/b"), 0));
}

Test(dispatch, limit_is_65536)
{
    int id = 0;
    for (int i = 0; i < MSOCK__SUBSCRIPTIONS_MAX; i++) {
        id = add("a", 0);
    }

    cr_expect(eq(int, msock__dispatch_add(dispatch, "b", note, NULL, false),
                 MSOCK_ELIMIT));
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 1));
    msock__dispatch_remove(dispatch, id);
    add("b", 0);
}

/* -- Changes inside of a run -- */

static int target_id;

static int remove_target(msock_channel *channel, const msock_message *message,
                         void *user)
{
    note(channel, message, user);
    msock__dispatch_remove(dispatch, target_id);
    return 0;
}

Test(dispatch, what_a_callback_removes_is_not_called)
{
    add_call("a", remove_target, (void *)1);
    target_id = add("a", 2);
    add("a", 3);

    cr_expect(eq(sz, run("a"), 2));

    cr_expect(eq(long, calls[1], 3));
    cr_expect(eq(sz, msock__dispatch_count(dispatch), 2));
    cr_expect(eq(sz, run("a"), 2));
}

Test(dispatch, callback_may_remove_itself_and_its_level)
{
    target_id = add_call("a/b/c", remove_target, (void *)1);

    cr_expect(eq(sz, run("a/b/c"), 1));

    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
    cr_expect(eq(sz, run("a/b/c"), 0));
}

static int add_another(msock_channel *channel, const msock_message *message,
                       void *user)
{
    note(channel, message, user);
    add("a", 100);
    add("#", 101);
    return 0;
}

Test(dispatch, what_a_callback_adds_starts_with_the_next_message)
{
    target_id = add_call("a", add_another, (void *)1);
    add("+", 2);

    cr_expect(eq(sz, run("a"), 2));
    msock__dispatch_remove(dispatch, target_id);

    cr_expect(eq(sz, run("a"), 3));
}

static int replace_target(msock_channel *channel, const msock_message *message,
                          void *user)
{
    note(channel, message, user);
    msock__dispatch_remove(dispatch, target_id);
    target_id = add("a", 7);
    return 0;
}

Test(dispatch, callback_may_replace_another)
{
    add_call("a", replace_target, (void *)1);
    target_id = add("a", 2);

    cr_expect(eq(sz, run("a"), 1));
    cr_expect(eq(sz, run("a"), 1));

    cr_expect(eq(sz, msock__dispatch_count(dispatch), 2));
}

static int clear_all(msock_channel *channel, const msock_message *message,
                     void *user)
{
    note(channel, message, user);
    msock__dispatch_clear(dispatch);
    return 0;
}

Test(dispatch, clear_inside_a_run_ends_it)
{
    add("a", 1);
    add_call("a", clear_all, (void *)2);
    for (intptr_t i = 0; i < 500; i++) {
        add("#", 3);
    }

    cr_expect(eq(sz, run("a"), 2));

    cr_expect(eq(sz, msock__dispatch_count(dispatch), 0));
    cr_expect(eq(sz, msock__dispatch_nodes(dispatch), 0));
}

static int run_again(msock_channel *channel, const msock_message *message,
                     void *user)
{
    note(channel, message, user);
    run("b");
    return 0;
}

Test(dispatch, runs_nest)
{
    static const intptr_t expected[] = {1, 5, 20, 21, 5, 3, 30};
    add_call("a", run_again, (void *)1);
    add_call("+", note, (void *)5);
    add("a", 3);
    add("b", 20);
    target_id = add("a", 40);
    add_call("b", remove_target, (void *)21);
    add("a", 30);

    cr_assert(eq(sz, run("a"), 4));

    cr_assert(eq(sz, call_count, COUNT(expected)));
    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_expect(eq(long, calls[i], expected[i]));
    }
}

Test(dispatch, what_is_added_waits_beyond_one_batch_too)
{
    target_id = add_call("a", add_another, (void *)1);
    for (intptr_t i = 0; i < 300; i++) {
        add("a", i);
    }

    cr_expect(eq(sz, run("a"), 301));
}

static int added_id;

static int remove_and_add(msock_channel *channel, const msock_message *message,
                          void *user)
{
    note(channel, message, user);
    msock__dispatch_remove(dispatch, target_id);
    added_id = msock__dispatch_add(dispatch, "b", note, NULL, false);
    return 0;
}

Test(dispatch, removals_inside_a_run_count_against_the_limit)
{
    add_call("a", remove_and_add, NULL);
    for (int i = 1; i < MSOCK__SUBSCRIPTIONS_MAX; i++) {
        target_id = add("b", 0);
    }

    cr_expect(eq(sz, run("a"), 1));

    cr_expect(eq(int, added_id, MSOCK_ELIMIT));
    cr_expect(gt(int, add("b", 0), target_id));
}

/* -- The same topic again -- */

Test(dispatch, the_same_topic_again_reaches_who_is_there_now)
{
    add("a", 1);
    int second_id = add("+", 2);
    cr_expect(eq(sz, run("a"), 2));
    add("#", 3);
    cr_expect(eq(sz, run("a"), 3));
    cr_assert(zero(int, msock__dispatch_remove(dispatch, second_id)));
    cr_expect(eq(sz, run("a"), 2));
    cr_expect(eq(sz, run("b"), 1));
    cr_expect(eq(sz, run("a"), 2));
}

Test(dispatch, the_same_topic_again_minds_where_it_comes_from)
{
    cr_assert(
        ge(int,
           msock__dispatch_add(dispatch, "a", note, (void *)1, MSOCK__NO_LOCAL),
           1));
    for (int i = 0; i < 2; i++) {
        cr_expect(eq(sz, run("a"), 1));
        cr_expect(zero(sz, run_flags("a", MSOCK_MESSAGE_LOCAL).called));
    }
}

Test(dispatch, the_same_topic_again_minds_when_it_came)
{
    const msock_message message = {.topic = "a", .topic_size = 1};
    add("a", 1);
    uint64_t then = msock__dispatch_newest(dispatch);
    add("a", 2);
    cr_expect(eq(sz, run("a"), 2));
    struct msock__dispatch_result result =
        msock__dispatch_run(dispatch, NULL, &message, then);
    cr_expect(eq(sz, result.called, 1));
    cr_expect(eq(sz, run("a"), 2));
}

Test(dispatch, callback_that_runs_another_topic_disturbs_none)
{
    add_call("a", run_again, (void *)1);
    add("b", 2);
    add("a", 3);
    for (int i = 0; i < 2; i++) {
        call_count = 0;
        cr_expect(eq(sz, run("a"), 2));
        cr_assert(eq(sz, call_count, 3));
        cr_expect(eq(long, calls[2], 3));
    }
}

Test(dispatch, the_same_topic_again_is_not_looked_for)
{
    add("home/+/lights", 1);
    run("home/kitchen/lights");
    uint64_t once = msock__dispatch_visited(dispatch);
    cr_expect(eq(sz, run("home/kitchen/lights"), 1));
    cr_expect(eq(u64, msock__dispatch_visited(dispatch), once));
}

Test(dispatch, more_than_a_route_holds_are_all_called)
{
    for (intptr_t i = 0; i < 40; i++) {
        add("a", i);
    }
    cr_expect(eq(sz, run("a"), 40));
    cr_expect(eq(sz, run("a"), 40));
}

/* -- Cost -- */

Test(dispatch, cost_does_not_grow_with_unrelated_filters)
{
    add("home/kitchen/lights", 1);
    add("home/+/lights", 2);
    add("home/#", 3);
    run("home/kitchen/lights");
    uint64_t alone = msock__dispatch_visited(dispatch);

    for (int i = 0; i < 10000; i++) {
        char filter[64];
        snprintf(filter, sizeof(filter), "home/room%d/lights/%d", i, i % 7);
        add(filter, 4);
        snprintf(filter, sizeof(filter), "other%d/+/lights", i);
        add(filter, 5);
    }
    cr_expect(eq(sz, run("home/kitchen/lights"), 3));

    cr_expect(eq(u64, msock__dispatch_visited(dispatch) - alone, alone));
    cr_expect(lt(u64, alone, 12));
}
