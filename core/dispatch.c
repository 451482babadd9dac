/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriptions of a channel as a trie of filter levels. */
#include "core/dispatch.h"

#include "codec/error.h"
#include "core/table.h"
#include "core/topic.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Matches are gathered this many at a time, on the stack: a run allocates
 * nothing, and a callback may begin another. */
enum { BATCH_MAX = 128 };

struct subscription {
    uint64_t order; /* of subscribing; sorts what one message reaches */
    struct node *node;
    struct subscription *next, *prev; /* of the node, by order */
    struct subscription *next_removed;
    msock_callback *callback;
    void *user;
    int id;
    bool no_local;
    bool removed; /* during a run; freed at its end */
    UT_hash_handle hh;
};

struct node {
    uint64_t number; /* never used again */
    struct node *parent;
    struct node **slot;      /* in its parent, if it is a wildcard */
    struct node *one, *rest; /* children `+` and `#` */
    size_t child_count;      /* of all kinds */
    struct subscription *first, *last;
    UT_hash_handle hh;
    uint8_t key[];
};

struct msock__dispatch {
    struct node *root;
    struct node *literals;        /* uthash head: literal levels of all nodes */
    struct subscription *by_id;   /* uthash head */
    struct subscription *removed; /* waiting for the end of the run */
    size_t removed_count;
    size_t node_count;
    size_t depth; /* runs within runs */
    uint64_t ordered;
    uint64_t numbered;
    uint64_t visited;
    int last_id;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
};

/* -- Nodes -- */

enum { KEY_MAX = sizeof(uint64_t) + MSOCK_TOPIC_MAX };

/* Writes the key of a literal level, its parent's number and its text, in
 * KEY_MAX bytes at most.  Returns its size. */
static size_t write_key(uint8_t *key, const struct node *parent,
                        const char *text, size_t size)
{
    assert(size <= MSOCK_TOPIC_MAX);
    memcpy(key, &parent->number, sizeof(parent->number));
    memcpy(key + sizeof(parent->number), text, size);
    return sizeof(parent->number) + size;
}

static struct node *find_literal(const struct msock__dispatch *dispatch,
                                 const struct node *parent, const char *text,
                                 size_t size)
{
    uint8_t key[KEY_MAX];
    size_t key_size = write_key(key, parent, text, size);
    unsigned hash = msock__table_hash(dispatch->hash_key, key, key_size);

    struct node *found;
    HASH_FIND_BYHASHVALUE(hh, dispatch->literals, key, key_size, hash, found);
    return found;
}

static int enter_literal(struct msock__dispatch *dispatch, struct node *node,
                         const char *text, size_t size)
{
    size_t key_size = write_key(node->key, node->parent, text, size);
    unsigned hash = msock__table_hash(dispatch->hash_key, node->key, key_size);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, dispatch->literals, node->key, key_size,
                                hash, node);
    return node->hh.tbl != NULL ? 0 : MSOCK_ENOMEM;
}

/* The parent's slot for a wildcard level, NULL for a literal one. */
static struct node **slot_of(struct node *parent, const char *text, size_t size)
{
    if (size != 1) {
        return NULL;
    }
    return text[0] == '+'   ? &parent->one
           : text[0] == '#' ? &parent->rest
                            : NULL;
}

static struct node *add_node(struct msock__dispatch *dispatch,
                             struct node *parent, const char *text, size_t size)
{
    struct node *node = calloc(1, sizeof(*node) + sizeof(uint64_t) + size);
    if (node == NULL) {
        return NULL;
    }
    node->number = ++dispatch->numbered;
    node->parent = parent;
    node->slot = slot_of(parent, text, size);
    if (node->slot != NULL) {
        *node->slot = node;
    } else if (enter_literal(dispatch, node, text, size) < 0) {
        free(node);
        return NULL;
    }
    parent->child_count++;
    dispatch->node_count++;
    return node;
}

static struct node *child_of(struct msock__dispatch *dispatch,
                             struct node *parent, const char *text, size_t size)
{
    struct node **slot = slot_of(parent, text, size);
    struct node *child =
        slot != NULL ? *slot : find_literal(dispatch, parent, text, size);
    return child != NULL ? child : add_node(dispatch, parent, text, size);
}

/* Frees a node and its ancestors as far as nobody needs them. */
static void prune(struct msock__dispatch *dispatch, struct node *node)
{
    while (node != dispatch->root && node->first == NULL &&
           node->child_count == 0) {
        struct node *parent = node->parent;
        if (node->slot != NULL) {
            *node->slot = NULL;
        } else {
            HASH_DELETE(hh, dispatch->literals, node);
        }
        free(node);
        parent->child_count--;
        dispatch->node_count--;
        node = parent;
    }
}

/* The node of a filter, made if need be; NULL: out of memory. */
static struct node *reach(struct msock__dispatch *dispatch, const char *filter)
{
    struct node *node = dispatch->root;
    size_t filter_size = strlen(filter);
    size_t offset = 0;
    const char *level;
    size_t size;
    while (msock__topic_level(filter, filter_size, &offset, &level, &size)) {
        struct node *child = child_of(dispatch, node, level, size);
        if (child == NULL) {
            prune(dispatch, node);
            return NULL;
        }
        node = child;
    }
    return node;
}

/* -- Subscriptions -- */

static struct subscription *find_id(const struct msock__dispatch *dispatch,
                                    int id)
{
    struct subscription *found;
    unsigned hash = msock__table_hash(dispatch->hash_key, &id, sizeof(id));
    HASH_FIND_BYHASHVALUE(hh, dispatch->by_id, &id, sizeof(id), hash, found);
    return found;
}

static int next_id(struct msock__dispatch *dispatch)
{
    do {
        dispatch->last_id =
            dispatch->last_id == INT_MAX ? 1 : dispatch->last_id + 1;
    } while (find_id(dispatch, dispatch->last_id) != NULL);
    return dispatch->last_id;
}

static int enter_id(struct msock__dispatch *dispatch,
                    struct subscription *added)
{
    added->id = next_id(dispatch);
    unsigned hash =
        msock__table_hash(dispatch->hash_key, &added->id, sizeof(added->id));
    HASH_ADD_BYHASHVALUE(hh, dispatch->by_id, id, sizeof(added->id), hash,
                         added);
    return added->hh.tbl != NULL ? 0 : MSOCK_ENOMEM;
}

static void append(struct node *node, struct subscription *added)
{
    added->node = node;
    added->prev = node->last;
    *(node->last != NULL ? &node->last->next : &node->first) = added;
    node->last = added;
}

/* Takes a subscription, which no id leads to any more, out of the trie. */
static void reap(struct msock__dispatch *dispatch, struct subscription *gone)
{
    struct node *node = gone->node;
    *(gone->prev != NULL ? &gone->prev->next : &node->first) = gone->next;
    *(gone->next != NULL ? &gone->next->prev : &node->last) = gone->prev;
    free(gone);
    prune(dispatch, node);
}

/* A run may hold pointers to it, and to its node: then it is only marked. */
static void discard(struct msock__dispatch *dispatch, struct subscription *gone)
{
    HASH_DELETE(hh, dispatch->by_id, gone);
    if (dispatch->depth == 0) {
        reap(dispatch, gone);
        return;
    }
    gone->removed = true;
    gone->next_removed = dispatch->removed;
    dispatch->removed = gone;
    dispatch->removed_count++;
}

static void reap_removed(struct msock__dispatch *dispatch)
{
    while (dispatch->removed != NULL) {
        struct subscription *gone = dispatch->removed;
        dispatch->removed = gone->next_removed;
        dispatch->removed_count--;
        reap(dispatch, gone);
    }
}

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
    struct subscription *batch[BATCH_MAX];
};

static bool wanted(const struct walk *walk, const struct subscription *one)
{
    return !one->removed && !(one->no_local && walk->local) &&
           one->order > walk->after && one->order <= walk->newest;
}

/* Returns false when it, and all later ones, come behind a full batch. */
static bool insert(struct walk *walk, struct subscription *one)
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

static void gather(struct walk *walk, const struct node *node)
{
    if (node == NULL) {
        return;
    }
    walk->visited++;
    for (struct subscription *one = node->first; one != NULL; one = one->next) {
        if (wanted(walk, one) && !insert(walk, one)) {
            return;
        }
    }
}

/* Follows the levels from `offset` on below `node`; at most MSOCK_LEVELS_MAX
 * deep, since no filter has more levels. */
static void descend(struct walk *walk, const struct node *node, size_t offset)
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
    descend(walk, find_literal(walk->dispatch, node, level, size), offset);
    if (wild) {
        descend(walk, node->one, offset);
    }
}

static void call(struct subscription *one, msock_channel *channel,
                 const msock_message *message,
                 struct msock__dispatch_result *result)
{
    if (one->removed) {
        return;
    }
    result->called++;
    if (one->callback(channel, message, one->user) < 0) {
        result->refused++;
    }
}

/* -- Public -- */

int msock__dispatch_new(struct msock__dispatch **dispatch,
                        const uint8_t hash_key[static 16])
{
    struct msock__dispatch *made = calloc(1, sizeof(*made));
    struct node *root = calloc(1, sizeof(*root));
    if (made == NULL || root == NULL) {
        free(made);
        free(root);
        return MSOCK_ENOMEM;
    }
    made->root = root;
    memcpy(made->hash_key, hash_key, sizeof(made->hash_key));
    *dispatch = made;
    return 0;
}

void msock__dispatch_free(struct msock__dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    assert(dispatch->depth == 0);
    msock__dispatch_clear(dispatch);
    assert(dispatch->node_count == 0);
    free(dispatch->root);
    free(dispatch);
}

int msock__dispatch_add(struct msock__dispatch *dispatch, const char *filter,
                        msock_callback *callback, void *user, bool no_local)
{
    assert(msock__filter_valid(filter, strlen(filter)) && callback != NULL);
    if (msock__dispatch_count(dispatch) + dispatch->removed_count >=
        MSOCK__SUBSCRIPTIONS_MAX) {
        return msock__fail(MSOCK_ELIMIT,
                           "%d subscriptions are the limit: remove some",
                           MSOCK__SUBSCRIPTIONS_MAX);
    }

    struct subscription *added = calloc(1, sizeof(*added));
    struct node *node = added != NULL ? reach(dispatch, filter) : NULL;
    if (node == NULL || enter_id(dispatch, added) < 0) {
        if (node != NULL) {
            prune(dispatch, node);
        }
        free(added);
        return msock__fail(MSOCK_ENOMEM, "no memory for a subscription");
    }
    added->order = ++dispatch->ordered;
    added->callback = callback;
    added->user = user;
    added->no_local = no_local;
    append(node, added);
    return added->id;
}

int msock__dispatch_remove(struct msock__dispatch *dispatch, int id)
{
    struct subscription *gone = find_id(dispatch, id);
    if (gone == NULL) {
        return msock__fail(MSOCK_ENOENT, "no subscription %d", id);
    }
    discard(dispatch, gone);
    return 0;
}

void msock__dispatch_clear(struct msock__dispatch *dispatch)
{
    while (dispatch->by_id != NULL) {
        discard(dispatch, dispatch->by_id);
    }
}

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
    struct msock__dispatch_result result = {0, 0};
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
        reap_removed(dispatch);
    }
    return result;
}

size_t msock__dispatch_count(const struct msock__dispatch *dispatch)
{
    return HASH_CNT(hh, dispatch->by_id);
}

size_t msock__dispatch_nodes(const struct msock__dispatch *dispatch)
{
    return dispatch->node_count;
}

uint64_t msock__dispatch_visited(const struct msock__dispatch *dispatch)
{
    return dispatch->visited;
}
