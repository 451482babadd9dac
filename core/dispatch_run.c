/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on their way through the trie of subscriptions. */
#include "core/dispatch.h"

#include "core/dispatch_state.h"
#include "core/topic.h"

#include <assert.h>
#include <string.h>

/* Matches are gathered this many at a time, on the stack: a run allocates
 * nothing, and a callback may begin another. */
enum { BATCH_MAX = 128 };

/* -- Matching -- */

/* One walk through what a topic matches: the first BATCH_MAX subscriptions with
 * after < order <= newest, sorted. */
struct walk {
    const struct msock__dispatch *dispatch;
    const char *topic;
    size_t topic_size;
    bool local;
    uint64_t after;
    uint64_t newest;
    uint64_t visited;
    size_t count;
    struct msock__subscription *batch[BATCH_MAX];
};

static bool wanted(const struct walk *walk,
                   const struct msock__subscription *one)
{
    return !one->removed && !(one->no_local && walk->local) &&
           one->order > walk->after && one->order <= walk->newest;
}

/* Returns false when it, and all later ones, come behind a full batch. */
static bool insert(struct walk *walk, struct msock__subscription *one)
{
    size_t index = walk->count;
    while (index > 0 && walk->batch[index - 1]->order > one->order) {
        index--;
    }
    if (index == BATCH_MAX) {
        return false;
    }

    size_t kept = walk->count < BATCH_MAX ? walk->count : BATCH_MAX - 1;
    memmove(&walk->batch[index + 1], &walk->batch[index],
            (kept - index) * sizeof(walk->batch[0]));
    walk->batch[index] = one;
    walk->count = kept + 1;
    return true;
}

static void gather(struct walk *walk, const struct msock__trie_node *node)
{
    if (node == NULL) {
        return;
    }
    walk->visited++;
    for (struct msock__subscription *one = node->first; one != NULL;
         one = one->next) {
        if (wanted(walk, one) && !insert(walk, one)) {
            return;
        }
    }
}

/* Follows the levels from `offset` on below `node`; at most MSOCK_LEVELS_MAX
 * deep, since no filter has more levels. */
static void descend(struct walk *walk, const struct msock__trie_node *node,
                    size_t offset)
{
    if (node == NULL) {
        return;
    }
    walk->visited++;

    const char *level;
    size_t size;
    bool wild = offset > 0 || walk->topic[0] != '$';
    if (wild) {
        gather(walk, node->rest);
    }
    if (!msock__topic_level(walk->topic, walk->topic_size, &offset, &level,
                            &size)) {
        gather(walk, node);
        return;
    }
    descend(walk, msock__dispatch_literal(walk->dispatch, node, level, size),
            offset);
    if (wild) {
        descend(walk, node->one, offset);
    }
}

static void call(struct msock__subscription *one, msock_channel *channel,
                 const msock_message *message,
                 struct msock__dispatch_result *result)
{
    if (one->removed) {
        return;
    }
    result->called++;
    int code = one->callback(channel, message, one->user);
    result->refused += code < 0 ? 1 : 0;
    if (!one->observe) {
        result->counted++;
        result->code = result->code < 0 || code > 0 ? result->code : code;
    }
}

/* -- Public -- */

bool msock__dispatch_any(const struct msock__dispatch *dispatch,
                         const char *topic, size_t topic_size, bool local)
{
    assert(topic_size > 0);
    struct walk walk = {.dispatch = dispatch,
                        .topic = topic,
                        .topic_size = topic_size,
                        .local = local,
                        .newest = dispatch->ordered};
    descend(&walk, dispatch->root, 0);
    return walk.count > 0;
}

uint64_t msock__dispatch_newest(const struct msock__dispatch *dispatch)
{
    return dispatch->ordered;
}

struct msock__dispatch_result
msock__dispatch_run(struct msock__dispatch *dispatch, msock_channel *channel,
                    const msock_message *message, uint64_t newest)
{
    assert(message->topic_size > 0);
    uint64_t ordered = dispatch->ordered;
    struct msock__dispatch_result result = {0};
    struct walk walk = {.dispatch = dispatch,
                        .topic = message->topic,
                        .topic_size = message->topic_size,
                        .local = (message->flags & MSOCK_MESSAGE_LOCAL) != 0,
                        .newest = newest < ordered ? newest : ordered};

    dispatch->depth++;
    do {
        walk.count = 0;
        descend(&walk, dispatch->root, 0);
        for (size_t i = 0; i < walk.count; i++) {
            call(walk.batch[i], channel, message, &result);
            walk.after = walk.batch[i]->order;
        }
    } while (walk.count == BATCH_MAX);
    dispatch->visited += walk.visited;
    if (--dispatch->depth == 0) {
        msock__dispatch_reap(dispatch);
    }
    return result;
}

struct msock__dispatch_result
msock__dispatch_run_one(struct msock__dispatch *dispatch,
                        msock_channel *channel, const msock_message *message,
                        int id)
{
    struct msock__dispatch_result result = {0};
    struct msock__subscription *one = msock__dispatch_find(dispatch, id);
    bool local = (message->flags & MSOCK_MESSAGE_LOCAL) != 0;
    if (one == NULL || (one->no_local && local)) {
        return result;
    }

    dispatch->depth++;
    call(one, channel, message, &result);
    if (--dispatch->depth == 0) {
        msock__dispatch_reap(dispatch);
    }
    return result;
}

uint64_t msock__dispatch_visited(const struct msock__dispatch *dispatch)
{
    return dispatch->visited;
}
