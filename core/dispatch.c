/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriptions of a channel as a trie of filter levels. */
#include "core/dispatch.h"

#include "codec/error.h"
#include "core/dispatch_state.h"
#include "core/topic.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* -- Nodes -- */

enum { KEY_MAX = sizeof(uint64_t) + MSOCK_TOPIC_MAX };

/* Writes the key of a literal level, its parent's number and its text, in
 * KEY_MAX bytes at most.  Returns its size. */
static size_t write_key(uint8_t *key, const struct msock__trie_node *parent,
                        const char *text, size_t size)
{
    assert(size <= MSOCK_TOPIC_MAX);
    memcpy(key, &parent->number, sizeof(parent->number));
    memcpy(key + sizeof(parent->number), text, size);
    return sizeof(parent->number) + size;
}

struct msock__trie_node *
msock__dispatch_literal(const struct msock__dispatch *dispatch,
                        const struct msock__trie_node *parent, const char *text,
                        size_t size)
{
    uint8_t key[KEY_MAX];
    size_t key_size = write_key(key, parent, text, size);
    unsigned hash = msock__table_hash(dispatch->hash_key, key, key_size);

    struct msock__trie_node *found;
    HASH_FIND_BYHASHVALUE(hh, dispatch->literals, key, key_size, hash, found);
    return found;
}

static int enter_literal(struct msock__dispatch *dispatch,
                         struct msock__trie_node *node, const char *text,
                         size_t size)
{
    size_t key_size = write_key(node->key, node->parent, text, size);
    unsigned hash = msock__table_hash(dispatch->hash_key, node->key, key_size);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, dispatch->literals, node->key, key_size,
                                hash, node);
    return node->hh.tbl != NULL ? 0 : MSOCK_ENOMEM;
}

/* The parent's slot for a wildcard level, NULL for a literal one. */
static struct msock__trie_node **slot_of(struct msock__trie_node *parent,
                                         const char *text, size_t size)
{
    if (size != 1) {
        return NULL;
    }
    return text[0] == '+'   ? &parent->one
           : text[0] == '#' ? &parent->rest
                            : NULL;
}

static struct msock__trie_node *add_node(struct msock__dispatch *dispatch,
                                         struct msock__trie_node *parent,
                                         const char *text, size_t size)
{
    struct msock__trie_node *node =
        calloc(1, sizeof(*node) + sizeof(uint64_t) + size);
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

static struct msock__trie_node *child_of(struct msock__dispatch *dispatch,
                                         struct msock__trie_node *parent,
                                         const char *text, size_t size)
{
    struct msock__trie_node **slot = slot_of(parent, text, size);
    struct msock__trie_node *child =
        slot != NULL ? *slot
                     : msock__dispatch_literal(dispatch, parent, text, size);
    return child != NULL ? child : add_node(dispatch, parent, text, size);
}

/* Frees a node and its ancestors as far as nobody needs them. */
static void prune(struct msock__dispatch *dispatch,
                  struct msock__trie_node *node)
{
    while (node != dispatch->root && node->first == NULL &&
           node->child_count == 0) {
        struct msock__trie_node *parent = node->parent;
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
static struct msock__trie_node *reach(struct msock__dispatch *dispatch,
                                      const char *filter)
{
    struct msock__trie_node *node = dispatch->root;
    size_t filter_size = strlen(filter);
    size_t offset = 0;
    const char *level;
    size_t size;
    while (msock__topic_level(filter, filter_size, &offset, &level, &size)) {
        struct msock__trie_node *child = child_of(dispatch, node, level, size);
        if (child == NULL) {
            prune(dispatch, node);
            return NULL;
        }
        node = child;
    }
    return node;
}

/* -- Subscriptions -- */

struct msock__subscription *
msock__dispatch_find(const struct msock__dispatch *dispatch, int id)
{
    struct msock__subscription *found;
    unsigned hash = msock__table_hash(dispatch->hash_key, &id, sizeof(id));
    HASH_FIND_BYHASHVALUE(hh, dispatch->by_id, &id, sizeof(id), hash, found);
    return found;
}

static int next_id(struct msock__dispatch *dispatch)
{
    do {
        dispatch->last_id =
            dispatch->last_id == INT_MAX ? 1 : dispatch->last_id + 1;
    } while (msock__dispatch_find(dispatch, dispatch->last_id) != NULL);
    return dispatch->last_id;
}

static int enter_id(struct msock__dispatch *dispatch,
                    struct msock__subscription *added)
{
    added->id = next_id(dispatch);
    unsigned hash =
        msock__table_hash(dispatch->hash_key, &added->id, sizeof(added->id));
    HASH_ADD_BYHASHVALUE(hh, dispatch->by_id, id, sizeof(added->id), hash,
                         added);
    return added->hh.tbl != NULL ? 0 : MSOCK_ENOMEM;
}

static void append(struct msock__trie_node *node,
                   struct msock__subscription *added)
{
    added->node = node;
    added->prev = node->last;
    *(node->last != NULL ? &node->last->next : &node->first) = added;
    node->last = added;
}

/* The first one there that others are told of, besides `other`; or NULL. */
static const struct msock__subscription *
first_told(const struct msock__trie_node *node,
           const struct msock__subscription *other)
{
    const struct msock__subscription *one = node->first;
    while (one != NULL && (one->removed || one->observe || one == other)) {
        one = one->next;
    }
    return one;
}

/* Notes that one comes or goes. */
static void note_change(struct msock__dispatch *dispatch,
                        const struct msock__trie_node *node,
                        const struct msock__subscription *changed)
{
    dispatch->changes += !changed->observe && !first_told(node, changed);
    dispatch->edition++;
}

/* Takes a subscription, which no id leads to any more, out of the trie. */
static void reap(struct msock__dispatch *dispatch,
                 struct msock__subscription *gone)
{
    struct msock__trie_node *node = gone->node;
    *(gone->prev != NULL ? &gone->prev->next : &node->first) = gone->next;
    *(gone->next != NULL ? &gone->next->prev : &node->last) = gone->prev;
    free(gone);
    prune(dispatch, node);
}

/* A run may hold pointers to it, and to its node: then it is only marked. */
static void discard(struct msock__dispatch *dispatch,
                    struct msock__subscription *gone)
{
    HASH_DELETE(hh, dispatch->by_id, gone);
    note_change(dispatch, gone->node, gone);
    if (dispatch->depth == 0) {
        reap(dispatch, gone);
        return;
    }
    gone->removed = true;
    gone->next_removed = dispatch->removed;
    dispatch->removed = gone;
    dispatch->removed_count++;
}

void msock__dispatch_reap(struct msock__dispatch *dispatch)
{
    while (dispatch->removed != NULL) {
        struct msock__subscription *gone = dispatch->removed;
        dispatch->removed = gone->next_removed;
        dispatch->removed_count--;
        reap(dispatch, gone);
    }
}

/* -- Public -- */

int msock__dispatch_new(struct msock__dispatch **dispatch,
                        const uint8_t hash_key[static 16])
{
    struct msock__dispatch *made = calloc(1, sizeof(*made));
    struct msock__trie_node *root = calloc(1, sizeof(*root));
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
                        msock_callback *callback, void *user, unsigned manner)
{
    assert(msock__filter_valid(filter, strlen(filter)) && callback != NULL);
    if (msock__dispatch_count(dispatch) + dispatch->removed_count >=
        MSOCK__SUBSCRIPTIONS_MAX) {
        return msock__fail(MSOCK_ELIMIT,
                           "%d subscriptions are the limit: remove some",
                           MSOCK__SUBSCRIPTIONS_MAX);
    }

    struct msock__subscription *added = calloc(1, sizeof(*added));
    struct msock__trie_node *node =
        added != NULL ? reach(dispatch, filter) : NULL;
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
    added->no_local = (manner & MSOCK__NO_LOCAL) != 0;
    added->observe = (manner & MSOCK__OBSERVE) != 0;
    note_change(dispatch, node, added);
    append(node, added);
    return added->id;
}

int msock__dispatch_remove(struct msock__dispatch *dispatch, int id)
{
    struct msock__subscription *gone = msock__dispatch_find(dispatch, id);
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

size_t msock__dispatch_count(const struct msock__dispatch *dispatch)
{
    return HASH_CNT(hh, dispatch->by_id);
}

size_t msock__dispatch_nodes(const struct msock__dispatch *dispatch)
{
    return dispatch->node_count;
}

uint64_t msock__dispatch_changes(const struct msock__dispatch *dispatch)
{
    return dispatch->changes;
}

/* Writes a node's filter so that it ends at `end`.  Returns where it begins. */
static char *spell(const struct msock__trie_node *root,
                   const struct msock__trie_node *node, char *end)
{
    const struct msock__trie_node *last = node;
    char *at = end;
    for (; node != root; node = node->parent) {
        if (node != last) {
            *--at = '/';
        }
        if (node->slot != NULL) {
            *--at = node->slot == &node->parent->one ? '+' : '#';
        } else {
            size_t size = node->hh.keylen - sizeof(node->number);
            at -= size;
            memcpy(at, node->key + sizeof(node->number), size);
        }
    }
    return at;
}

bool msock__dispatch_filters(const struct msock__dispatch *dispatch,
                             bool (*add)(const char *filter, size_t size,
                                         void *user),
                             void *user)
{
    char text[MSOCK_TOPIC_MAX];
    char *end = text + sizeof(text);
    for (const struct msock__subscription *one = dispatch->by_id; one != NULL;
         one = one->hh.next) {
        /* Of those on one filter the first speaks for all. */
        if (first_told(one->node, NULL) != one) {
            continue;
        }
        const char *filter = spell(dispatch->root, one->node, end);
        if (!add(filter, (size_t)(end - filter), user)) {
            return false;
        }
    }
    return true;
}
