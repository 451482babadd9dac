/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel subscribes to, as a list. */
#include "core/dispatch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const uint8_t key[16] = {1, 2, 3};
static struct msock__dispatch *dispatch;

static void setup(void)
{
    cr_assert(zero(int, msock__dispatch_new(&dispatch, key)));
}

static void teardown(void)
{
    msock__dispatch_free(dispatch);
}

TestSuite(dispatch_filters, .init = setup, .fini = teardown);

static int nothing(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return 0;
}

static int add(const char *filter)
{
    int id = msock__dispatch_add(dispatch, filter, nothing, NULL, false);
    cr_assert(ge(int, id, 1));
    return id;
}

static char listed[1024];

static bool list(const char *filter, size_t size, void *user)
{
    (void)user;
    strncat(listed, filter, size);
    strcat(listed, " ");
    return strlen(listed) < 60;
}

static const char *list_all(void)
{
    listed[0] = '\0';
    msock__dispatch_filters(dispatch, list, NULL);
    return listed;
}

Test(dispatch_filters, filters_are_listed_once_each_in_order)
{
    add("b/+/c");
    int first = add("#");
    add("/");
    add("#");
    add("+");
    add("a//#");
    cr_expect(eq(str, (char *)list_all(), "b/+/c # / + a//# "));

    msock__dispatch_remove(dispatch, first);

    cr_expect(eq(str, (char *)list_all(), "b/+/c / # + a//# "));
}

static int list_without(msock_channel *channel, const msock_message *message,
                        void *user)
{
    (void)channel;
    (void)message;
    msock__dispatch_remove(dispatch, *(int *)user);
    list_all();
    return 0;
}

Test(dispatch_filters, what_is_removed_in_a_run_is_not_listed_in_it)
{
    int id;
    add("b");
    id = msock__dispatch_add(dispatch, "a", list_without, &id, false);

    const msock_message message = {
        .topic = "a", .topic_size = 1, .sender = "test", .data = "1"};
    msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX);

    cr_expect(eq(str, listed, "b "));
}

Test(dispatch_filters, listing_ends_when_told_so)
{
    add("a/rather/long/filter/that/fills/the/list/of/this/very/test");
    add("b");
    add("c");

    list_all();

    cr_expect(eq(ptr, strstr(listed, "c"), NULL));
}

Test(dispatch_filters, changes_are_those_of_the_set_of_filters)
{
    uint64_t before = msock__dispatch_changes(dispatch);
    int first = add("a");
    cr_expect(ne(u64, msock__dispatch_changes(dispatch), before));
    before = msock__dispatch_changes(dispatch);

    int second = add("a");
    msock__dispatch_remove(dispatch, first);
    cr_expect(eq(u64, msock__dispatch_changes(dispatch), before));

    msock__dispatch_remove(dispatch, second);
    cr_expect(ne(u64, msock__dispatch_changes(dispatch), before));
}

/* -- Observers -- */

static int observe(const char *filter)
{
    int id =
        msock__dispatch_add(dispatch, filter, nothing, NULL, MSOCK__OBSERVE);
    cr_assert(ge(int, id, 1));
    return id;
}

Test(dispatch_filters, observers_are_not_listed)
{
    observe("a");
    observe("b");
    add("b");
    observe("b");
    observe("c");

    cr_expect(eq(str, (char *)list_all(), "b "));
}

Test(dispatch_filters, observers_that_come_and_go_change_nothing)
{
    int listener = add("a");
    uint64_t changes = msock__dispatch_changes(dispatch);

    int first = observe("a");
    int second = observe("b");
    msock__dispatch_remove(dispatch, first);
    msock__dispatch_remove(dispatch, second);
    first = observe("a");
    cr_expect(eq(u64, msock__dispatch_changes(dispatch), changes));

    msock__dispatch_remove(dispatch, listener);
    cr_expect(eq(u64, msock__dispatch_changes(dispatch), changes + 1));
    cr_expect(eq(str, (char *)list_all(), ""));
    add("a");
    cr_expect(eq(u64, msock__dispatch_changes(dispatch), changes + 2));
    cr_expect(eq(str, (char *)list_all(), "a "));
}

static int count_one(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)channel;
    (void)message;
    ++*(int *)user;
    return 0;
}

Test(dispatch_filters, observers_hear_as_all_do)
{
    const msock_message message = {.topic = "a", .topic_size = 1};
    int observed = 0;
    int told = 0;
    msock__dispatch_add(dispatch, "a", count_one, &observed, MSOCK__OBSERVE);
    msock__dispatch_add(dispatch, "a", count_one, &told, 0);

    msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX);

    cr_expect(eq(int, observed, 1));
    cr_expect(eq(int, told, 1));
}
