/* SPDX-License-Identifier: Apache-2.0 */
/* Who is pushed to. */
#include "tools/msock/push_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Choosing -- */

/* An entry of the trust file; all become nodes first. */
static void on_entry(const msock_trust_entry *entry, void *user)
{
    struct push_targets *targets = user;

    if (strcmp(entry->name, targets->self) == 0) {
        targets->admin = entry->admin;
    }
    if (targets->count == targets->room) {
        size_t room = targets->room > 0 ? 2 * targets->room : 64;
        struct push_target *nodes =
            realloc(targets->nodes, room * sizeof(*targets->nodes));
        if (!nodes) {
            targets->failed = CLI_FAILURE;
            return;
        }
        targets->nodes = nodes;
        targets->room = room;
    }
    struct push_target *node = &targets->nodes[targets->count++];
    *node = (struct push_target){.state = PUSH_ABSENT};
    snprintf(node->name, sizeof(node->name), "%s", entry->name);
}

static int by_name(const void *name, const void *node)
{
    return strcmp(name, ((const struct push_target *)node)->name);
}

static struct push_target *find(const struct push_targets *targets,
                                const char *name)
{
    return targets->count == 0 ? NULL
                               : bsearch(name, targets->nodes, targets->count,
                                         sizeof(*targets->nodes), by_name);
}

/* A mistyped name would leave out nobody, or push to nobody. */
static int check_names(const struct push_targets *targets,
                       const struct key_call *call)
{
    for (size_t i = 0; i < call->name_count; i++) {
        if (!find(targets, call->names[i])) {
            return cli_error("%s: nobody is called %s there%s",
                             call->channel.trust_file, call->names[i],
                             call->choice == KEY_EXCEPT
                                 ? ": who has no line gets nothing anyway"
                                 : "");
        }
        if (call->choice == KEY_TO &&
            strcmp(call->names[i], targets->self) == 0) {
            return cli_usage("%s is this node itself: its keys are those of "
                             "its file",
                             targets->self);
        }
    }
    return CLI_OK;
}

static bool is_chosen(const struct key_call *call, const char *self,
                      const char *name)
{
    return key_names(call, name) == (call->choice == KEY_TO) &&
           strcmp(name, self) != 0;
}

static int read_trust(struct push_targets *targets, const char *path)
{
    int code = msock_trust_list(path, on_entry, targets);

    if (code < 0) {
        return cli_error_code(code);
    }
    if (targets->failed) {
        return cli_error("out of memory");
    }
    return targets->admin
               ? CLI_OK
               : cli_error("%s: %s has no right admin there, so nobody would "
                           "take keys from it: name an admin with --name",
                           path, targets->self);
}

int push_targets_choose(struct push_targets *targets,
                        const struct key_call *call, const msock_ring *ring,
                        const char *self)
{
    *targets = (struct push_targets){.self = self};
    targets->id_count = msock_ring_count(ring);
    for (int i = 0; i < targets->id_count; i++) {
        msock_ring_id(ring, i, targets->ids[i]);
    }
    int code = read_trust(targets, call->channel.trust_file);
    code = code == CLI_OK ? check_names(targets, call) : code;
    if (code != CLI_OK) {
        return code;
    }
    size_t chosen = 0;
    for (size_t i = 0; i < targets->count; i++) {
        if (is_chosen(call, self, targets->nodes[i].name)) {
            targets->nodes[chosen++] = targets->nodes[i];
        }
    }
    targets->count = chosen;
    return chosen > 0 ? CLI_OK
                      : cli_error("%s: nobody is left there to push to",
                                  call->channel.trust_file);
}

void push_targets_free(struct push_targets *targets)
{
    free(targets->nodes);
}

/* -- Looking -- */

static bool in_ring(const struct push_targets *targets, const char *id)
{
    bool found = false;

    for (int i = 0; i < targets->id_count; i++) {
        found |= strcmp(targets->ids[i], id) == 0;
    }
    return found;
}

static bool holds(const msock_node *node, const char *id)
{
    bool found = false;

    for (size_t i = 0; i < node->key_count; i++) {
        found |= strcmp(node->keys[i], id) == 0;
    }
    return found;
}

static bool is_same(const struct push_targets *targets, const msock_node *node)
{
    bool same = node->key_count == (size_t)targets->id_count;

    for (size_t i = 0; same && i < node->key_count; i++) {
        same = strcmp(node->keys[i], targets->ids[i]) == 0;
    }
    return same;
}

/* Whether the node would seal with another key, or lose one. */
static bool changes(const struct push_targets *targets, const msock_node *node)
{
    bool changes = strcmp(node->keys[0], targets->ids[0]) != 0;

    for (size_t i = 0; i < node->key_count; i++) {
        changes |= !in_ring(targets, node->keys[i]);
    }
    return changes;
}

static void on_node(msock_channel *channel, const msock_node *node, void *user)
{
    const struct push_targets *targets = user;
    struct push_target *target = find(targets, node->name);

    (void)channel;
    if (!target || !node->up || node->heard_ms >= target->heard_ms) {
        return; /* of two sessions, the newer one speaks */
    }
    target->heard_ms = node->heard_ms;
    target->changes = false;
    target->state = PUSH_SILENT;
    if (!node->described || node->key_count == 0) {
        return;
    }
    target->changes = changes(targets, node);
    if (is_same(targets, node)) {
        target->state = PUSH_HAS;
    } else {
        target->state = holds(node, targets->ids[0]) ? PUSH_WAITS : PUSH_LACKS;
    }
}

void push_targets_look(struct push_targets *targets, msock_channel *channel)
{
    for (size_t i = 0; i < targets->count; i++) {
        targets->nodes[i].state = PUSH_ABSENT;
        targets->nodes[i].changes = false;
        targets->nodes[i].heard_ms = UINT64_MAX;
    }
    msock_nodes(channel, on_node, targets);
}

size_t push_targets_in(const struct push_targets *targets,
                       enum push_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < targets->count; i++) {
        count += targets->nodes[i].state == state;
    }
    return count;
}

bool push_targets_change(const struct push_targets *targets)
{
    bool changes = false;

    for (size_t i = 0; i < targets->count; i++) {
        changes |= targets->nodes[i].changes;
    }
    return changes;
}
