/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of others. */
#include "core/engine_profile.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(engine_nodes, .fini = net_close);

enum { MS = 1000, NODES_MAX = 8, LIST_MAX = 16384 };

/* A node as it was told, its lists joined by blanks. */
struct told {
    msock_node node;
    char name[MSOCK_NAME_MAX + 1];
    char sealed_with[MSOCK_KEY_ID_SIZE];
    char filters[LIST_MAX];
    char keys[LIST_MAX];
    char version[MSOCK_NAME_MAX + 1];
};

static struct told told[NODES_MAX];
static size_t told_count;

static void join(char *text, const char *const *items, size_t count)
{
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, items[i]);
    }
}

static void note_node(msock_channel *channel, const msock_node *node,
                      void *user)
{
    struct told *noted = &told[told_count++];
    (void)channel;
    (void)user;
    noted->node = *node;
    strcpy(noted->name, node->name);
    strcpy(noted->sealed_with, node->sealed_with);
    strcpy(noted->version, node->version);
    join(noted->filters, node->filters, node->filter_count);
    join(noted->keys, node->keys, node->key_count);
}

/* What `by` knows of the only node of that name that is up, or was. */
static const struct told *known(size_t by, const char *name)
{
    const struct told *found = NULL;
    told_count = 0;
    int count = msock_nodes(net_channel(by), note_node, NULL);
    cr_assert(eq(int, count, (int)told_count));
    for (size_t i = 0; i < told_count; i++) {
        if (strcmp(told[i].name, name) == 0) {
            cr_assert(found == NULL);
            found = &told[i];
        }
    }
    cr_assert(found != NULL);
    return found;
}

Test(engine_nodes, others_are_listed_and_oneself_is_not)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    (void)net_open("attic", "", NET_KEY);
    cr_assert(zero(int, msock_nodes(net_channel(hub), note_node, NULL)));

    net_run(NET_SECOND_US);

    cr_expect(eq(int, msock_nodes(net_channel(hub), NULL, NULL), 2));
    cr_expect(known(hub, "attic")->node.up);
    const struct told *node = known(hub, "porch");
    cr_expect(node->node.up);
    cr_expect(eq(u64, node->node.session, msock_session(net_channel(porch))));
}

Test(engine_nodes, newest_frame_tells_its_time_and_its_key)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    uint32_t ids[MSOCK__KEYS_MAX];
    char id[MSOCK_KEY_ID_SIZE];
    net_run(NET_SECOND_US);
    msock__pipeline_keys(&net_bench(hub)->engine->pipeline, ids);
    snprintf(id, sizeof(id), "%08x", (unsigned)ids[0]);
    net_publish(porch, "a", "1");
    net_run(MS);

    net_crash(porch);
    net_run(1500 * MS);

    const struct told *node = known(hub, "porch");
    cr_expect(eq(str, (char *)node->sealed_with, id));
    cr_expect(ge(u64, node->node.heard_ms, 1500));
    cr_expect(le(u64, node->node.heard_ms, 1501));
}

Test(engine_nodes, who_is_down_is_listed_as_such)
{
    size_t hub = net_open("hub", "", 0);
    size_t porch = net_open("porch", "", 0);
    net_run(NET_SECOND_US);

    msock_close(net_channel(porch), NULL, NULL);
    net_run(NET_SECOND_US);

    const struct told *node = known(hub, "porch");
    cr_expect(not(node->node.up));
    cr_expect(eq(str, (char *)node->sealed_with, ""));
}

Test(engine_nodes, who_closes_lists_nobody)
{
    size_t hub = net_open("hub", "", 0);
    net_run(NET_SECOND_US);
    msock_close(net_channel(hub), NULL, NULL);

    cr_expect(
        eq(int, msock_nodes(net_channel(hub), note_node, NULL), MSOCK_ECLOSED));
}

/* -- What they say of themselves -- */

static void subscribe(size_t node, const char *filter)
{
    int code = bench_record(net_bench(node), filter, true);
    cr_assert(ge(int, code, 1));
}

static int hear_nothing(msock_channel *channel, const msock_message *message,
                        void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return 0;
}

static const int keys[] = {0, NET_KEY};

Test(engine_nodes, each_says_what_it_listens_to_and_which_keys_it_takes)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t hub = net_open("hub", "", keys[i]);
        size_t porch = net_open("porch", "", keys[i]);
        subscribe(porch, "porch/+/\"light\"");
        subscribe(porch, "#");
        net_run(NET_SECOND_US);

        const struct told *node = known(hub, "porch");

        cr_assert(node->node.described);
        cr_expect(eq(str, (char *)node->filters, "# n porch/+/\"light\""));
        cr_expect(eq(str, (char *)node->version, (char *)msock_version()));
        cr_expect(eq(str, (char *)node->keys, (char *)node->sealed_with));
        cr_expect(eq(sz, strlen(node->keys), keys[i] != 0 ? 8 : 0));
        cr_expect(not(node->node.keeper));
        net_close();
    }
}

Test(engine_nodes, what_changes_is_told_within_50_ms)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t changes = net_event_count(hub, MSOCK_EVENT_CHANGED);
    cr_assert(eq(sz, changes, 1));

    int id = bench_record(net_bench(porch), "a", true);
    net_run(50 * MS);

    cr_expect(eq(str, (char *)known(hub, "porch")->filters, "# n a"));
    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_CHANGED), 2));
    cr_assert(zero(int, msock_unsubscribe(net_channel(porch), id)));
    net_run(50 * MS);
    cr_expect(eq(str, (char *)known(hub, "porch")->filters, "# n"));
}

/* Notes what events of these kinds tell of nodes. */
static void note_about(msock_channel *channel, const msock_event *event,
                       void *user)
{
    unsigned kinds = *(unsigned *)user;
    if (event->about != NULL && kinds >> event->kind & 1) {
        note_node(channel, event->about, NULL);
    }
}

Test(engine_nodes, events_tell_all_that_is_known_of_a_node)
{
    unsigned kinds = 1u << MSOCK_EVENT_UP | 1u << MSOCK_EVENT_CHANGED |
                     1u << MSOCK_EVENT_DOWN;
    size_t node = net_open("node", "", NET_KEY);
    cr_assert(zero(int, msock_watch(net_channel(node), note_about, &kinds)));
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);
    cr_assert(ge(sz, told_count, 2));
    cr_expect(told[0].node.up);
    cr_expect(eq(str, told[0].name, "hub"));
    const struct told *changed = &told[told_count - 1];
    cr_expect(changed->node.described);
    cr_expect(eq(str, (char *)changed->version, (char *)msock_version()));
    cr_expect(eq(str, (char *)changed->filters, "# n"));

    msock_close(net_channel(hub), NULL, NULL);
    net_run(NET_SECOND_US);

    const struct told *last = &told[told_count - 1];
    cr_expect(not(last->node.up));
    cr_expect(eq(u64, last->node.session, changed->node.session));
    cr_expect(eq(str, (char *)last->filters, "# n"));
}

Test(engine_nodes, second_subscription_to_a_filter_tells_nothing_new)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);

    subscribe(porch, "n");
    net_run(50 * MS);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_CHANGED), 1));
}

Test(engine_nodes, nobody_is_told_what_a_node_observes)
{
    const msock_subscribe_options options = {.observe = true};
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t frames = net.frame_count;

    int id = msock_subscribe(net_channel(porch), "spy/#", hear_nothing, NULL,
                             &options);
    cr_assert(ge(int, id, 1));
    net_run(50 * MS);

    /* Others hear that states are asked for, and no hello. */
    cr_expect(eq(sz, net.frame_count, frames + 1));
    net_run(20 * NET_SECOND_US);
    cr_expect(eq(str, (char *)known(hub, "porch")->filters, "# n"));
}

Test(engine_nodes, visitors_are_listed_and_no_event_tells_of_them)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);
    size_t events = net.nodes[hub].event_count;

    size_t first = net_open("$sub-host-7", "", NET_KEY);
    size_t second = net_open("$sub-host-7", "", NET_KEY);
    net_run(NET_SECOND_US);
    subscribe(first, "new");
    net_run(NET_SECOND_US);
    cr_expect(eq(sz, net_bench(hub)->engine->up_count, 3));
    cr_expect(not(known(hub, "porch")->node.visitor));
    net_crash(second);
    msock_close(net_channel(first), NULL, NULL);
    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, net_bench(hub)->engine->up_count, 1));
    cr_expect(eq(sz, net.nodes[hub].event_count, events));
    cr_expect(eq(sz, net_event_count(porch, MSOCK_EVENT_UP), 1));
    told_count = 0;
    cr_expect(eq(int, msock_nodes(net_channel(hub), note_node, NULL), 3));
    size_t visitors = 0;
    for (size_t i = 0; i < told_count; i++) {
        visitors += told[i].node.visitor;
    }
    cr_expect(eq(sz, visitors, 2));
}

enum { MANY = 200 };

static void subscribe_to_many(size_t node, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char filter[64];
        snprintf(filter, sizeof(filter), "many/filters/of/one/node/%zu/#", i);
        subscribe(node, filter);
    }
}

Test(engine_nodes, what_does_not_fit_a_frame_is_told_in_parts)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);

    subscribe_to_many(porch, MANY);
    net_run(100 * MS);

    const struct told *node = known(hub, "porch");
    cr_expect(eq(sz, node->node.filter_count, 2 + MANY));
    cr_expect(not(strstr(node->filters, "node/199/#") == NULL));
}

Test(engine_nodes, who_listens_to_too_much_listens_to_everything)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);

    subscribe_to_many(porch, MSOCK__PROFILE_FILTERS);
    net_run(100 * MS);

    cr_expect(eq(str, (char *)known(hub, "porch")->filters, "#"));
}

/* -- What gets lost -- */

static size_t deaf; /* nothing reaches this node until ... */
static uint64_t deaf_us;

static bool lose_while_deaf(const struct net_frame *frame, size_t to)
{
    return to == deaf && frame->at_us < deaf_us;
}

/* Queries since a frame, on an open channel. */
static size_t queries(size_t since)
{
    static const char query[] = "{\"topic\":\"$ms/query\"";
    size_t start = MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE;
    size_t count = 0;
    for (size_t i = since; i < net.frame_count; i++) {
        const struct net_frame *frame = &net.frames[i];
        count += frame->size > start + sizeof(query) &&
                 memcmp(frame->bytes + start, query, sizeof(query) - 1) == 0;
    }
    return count;
}

Test(engine_nodes, change_that_got_lost_is_asked_for)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(NET_SECOND_US);
    deaf = hub;
    deaf_us = net.now_us + 100 * MS;
    net.lose = lose_while_deaf;
    subscribe(porch, "a");
    net_run(100 * MS);
    cr_assert(eq(str, (char *)known(hub, "porch")->filters, "# n"));

    /* The next hello, and the asking. */
    net_run(7 * NET_SECOND_US);

    cr_expect(eq(str, (char *)known(hub, "porch")->filters, "# n a"));
}

Test(engine_nodes, of_several_who_miss_the_same_one_asks)
{
    size_t porch = net_open("porch", "", 0);
    size_t first = net_open("first", "", 0);
    for (size_t i = 0; i < 3; i++) {
        (void)net_open("other", "", 0);
    }
    net_run(20 * NET_SECOND_US);
    struct msock__session *of_porch = NULL;
    for (size_t i = first; i < net.count; i++) {
        struct msock__engine *engine = net_bench(i)->engine;
        of_porch = msock__sessions_find(engine->sessions,
                                        net_bench(porch)->engine->session);
        cr_assert(of_porch != NULL);
        msock__roster_forget(&engine->roster, &of_porch->entry);
        msock__engine_profile_wanted(engine, net.now_us, of_porch);
    }
    size_t since = net.frame_count;

    net_run(NET_SECOND_US);

    for (size_t i = first; i < net.count; i++) {
        cr_expect(msock__entry_known(
            &msock__sessions_find(net_bench(i)->engine->sessions,
                                  net_bench(porch)->engine->session)
                 ->entry));
    }
    cr_expect(eq(sz, queries(since), 1));
}

/* What comes unasked takes longer in a group that grew since the time to ask
 * was drawn. */
Test(engine_nodes, asking_is_put_off_when_the_group_grew)
{
    enum { MORE = 400 };
    size_t porch = net_open("porch", "", 0);
    struct msock__engine *hub = net_bench(net_open("hub", "", 0))->engine;
    net_run(20 * NET_SECOND_US);
    struct msock__session *of_porch =
        msock__sessions_find(hub->sessions, net_bench(porch)->engine->session);
    msock__roster_forget(&hub->roster, &of_porch->entry);
    msock__engine_profile_wanted(hub, net.now_us, of_porch);
    size_t since = net.frame_count;

    hub->up_count += MORE;
    net_run(NET_SECOND_US);
    uint64_t ask_us = msock__engine_query_deadline(hub);
    hub->up_count -= MORE;

    uint64_t spread_us =
        (uint64_t)(MORE + 2) * hub->announce.full_size * NET_SECOND_US / 8000;
    cr_expect(eq(sz, queries(since), 0));
    cr_expect(ge(u64, ask_us, net.now_us - NET_SECOND_US + spread_us));
    cr_expect(le(u64, ask_us, net.now_us + 2 * spread_us));
}

Test(engine_nodes, group_with_nothing_new_says_short_hellos_alone)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t porch = net_open("porch", "", NET_KEY);
    net_run(10 * NET_SECOND_US);
    size_t since = net.frame_count;
    net_run(60 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(hub, MSOCK_EVENT_CHANGED), 1));
    cr_expect(eq(sz, net_event_count(porch, MSOCK_EVENT_CHANGED), 1));
    for (size_t i = since; i < net.frame_count; i++) {
        cr_expect(lt(sz, net.frames[i].size, 200));
    }
    cr_expect(le(sz, net.frame_count - since, 36));
}
