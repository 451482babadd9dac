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

/* The batch itself stays as it is: it is large, and most walks find little. */
static void start(struct walk *walk, const struct msock__dispatch *dispatch,
                  const char *topic, size_t topic_size, bool local)
{
    assert(topic_size > 0 && topic_size <= MSOCK_TOPIC_MAX);
    walk->dispatch = dispatch;
    walk->topic = topic;
    walk->topic_size = topic_size;
    walk->local = local;
    walk->after = 0;
    walk->newest = dispatch->ordered;
    walk->visited = 0;
    walk->count = 0;
}

/* -- Routes -- */

/* Takes the batch of a walk that has not begun from the route of the last such
 * topic.  Returns whether it could. */
static bool recall(struct walk *walk)
{
    const struct msock__dispatch *dispatch = walk->dispatch;
    const struct msock__route *route = &dispatch->routes[walk->local];

    if (route->edition != dispatch->edition ||
        route->topic_size != walk->topic_size ||
        memcmp(route->topic, walk->topic, walk->topic_size) != 0) {
        return false;
    }
    for (size_t i = 0; i < route->count; i++) {
        if (route->found[i]->order <= walk->newest) {
            walk->batch[walk->count++] = route->found[i];
        }
    }
    return true;
}

/* Keeps what a walk from the start to the newest subscription found. */
static void remember(struct msock__dispatch *dispatch, const struct walk *walk)
{
    struct msock__route *route = &dispatch->routes[walk->local];

    if (walk->count > MSOCK__ROUTE_MAX || walk->newest < dispatch->ordered) {
        return;
    }
    route->edition = dispatch->edition;
    route->topic_size = walk->topic_size;
    memcpy(route->topic, walk->topic, walk->topic_size);
    route->count = walk->count;
    memcpy(route->found, walk->batch, walk->count * sizeof(walk->batch[0]));
}

static void first_batch(struct msock__dispatch *dispatch, struct walk *walk)
{
    if (!recall(walk)) {
        descend(walk, dispatch->root, 0);
        remember(dispatch, walk);
    }
}

static void next_batch(struct walk *walk)
{
    size_t count = walk->count;

    walk->count = 0;
    if (count == BATCH_MAX) {
        walk->after = walk->batch[count - 1]->order;
        descend(walk, walk->dispatch->root, 0);
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

bool msock__dispatch_any(struct msock__dispatch *dispatch, const char *topic,
                         size_t topic_size, bool local)
{
    struct walk walk;
    start(&walk, dispatch, topic, topic_size, local);
    first_batch(dispatch, &walk);
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
    struct msock__dispatch_result result = {0};
    struct walk walk;
    start(&walk, dispatch, message->topic, message->topic_size,
          (message->flags & MSOCK_MESSAGE_LOCAL) != 0);
    walk.newest = newest < walk.newest ? newest : walk.newest;

    dispatch->depth++;
    first_batch(dispatch, &walk);
    while (walk.count > 0) {
        for (size_t i = 0; i < walk.count; i++) {
            call(walk.batch[i], channel, message, &result);
        }
        next_batch(&walk);
    }
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
