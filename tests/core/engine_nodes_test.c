/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of others. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

TestSuite(engine_nodes, .fini = net_close);

enum { MS = 1000, NODES_MAX = 8, LIST_MAX = 1024 };

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
