/* SPDX-License-Identifier: Apache-2.0 */
/* Whether nodes know each other. */
#include "tests/sim/world.h"

#include <string.h>

static bool lists(const msock_node *node, const char *filter)
{
    for (size_t i = 0; i < node->filter_count; i++) {
        if (strcmp(node->filters[i], filter) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_right(const msock_node *node, const struct life *life,
                     bool sealed)
{
    bool extra = life->extra > 0;
    return node->up && node->described &&
           strcmp(node->name, msock_name(life->channel)) == 0 &&
           strcmp(node->version, msock_version()) == 0 &&
           node->filter_count == (extra ? 2 : 1) && lists(node, life->filter) &&
           lists(node, WORLD_EXTRA) == extra &&
           node->key_count == (sealed ? 1 : 0) &&
           (!sealed || strcmp(node->keys[0], node->sealed_with) == 0);
}

struct search {
    const struct life *wanted;
    bool sealed;
    bool right;
};

static void look_at(msock_channel *channel, const msock_node *node, void *user)
{
    struct search *search = user;
    (void)channel;
    if (node->session == msock_session(search->wanted->channel)) {
        search->right = is_right(node, search->wanted, search->sealed);
    }
}

static void check_pair(struct world *world, unsigned by, unsigned of)
{
    struct search search = {world->nodes[of].life, world->sealed, false};
    msock_nodes(world->nodes[by].life->channel, look_at, &search);
    if (!search.right) {
        report_fail(&world->report, "%s does not know what %s says of itself",
                    world->nodes[by].name, world->nodes[of].name);
    }
}

/* Whether a session is that of a node that lives. */
static bool lives(const struct world *world, uint64_t session)
{
    for (unsigned i = 0; i < world->node_count; i++) {
        const struct life *life = world->nodes[i].life;
        if (life != NULL && life->channel != NULL &&
            msock_session(life->channel) == session) {
            return true;
        }
    }
    return shared_has(&world->shared, session);
}

/* The longest that a node is taken for living without a word: three times what
 * is assumed of one whose hello never came, and drift. */
enum { SILENCE_MS_MAX = 31000 };

static void look_for_ghosts(msock_channel *channel, const msock_node *node,
                            void *user)
{
    struct world *world = user;
    if (node->up && node->heard_ms > SILENCE_MS_MAX &&
        !lives(world, node->session)) {
        report_fail(&world->report, "%s takes %s for living",
                    msock_name(channel), node->name);
    }
}

/* Of a session that two had nothing can be promised, nor to it: its counters
 * may have to pass the other's before anybody hears what it asks. */
static bool is_promised(const struct world *world, unsigned node)
{
    return world_alive(world, node) &&
           !shared_has(&world->shared,
                       msock_session(world->nodes[node].life->channel));
}

void world_check_rosters(struct world *world)
{
    for (unsigned by = 0; by < world->node_count; by++) {
        if (!is_promised(world, by) || world->nodes[by].life->forgetful) {
            continue;
        }
        msock_nodes(world->nodes[by].life->channel, look_for_ghosts, world);
        for (unsigned of = 0; of < world->node_count; of++) {
            if (of != by && is_promised(world, of)) {
                check_pair(world, by, of);
            }
        }
    }
}
