/* SPDX-License-Identifier: Apache-2.0 */
/* What the trie of subscriptions is made of, for the files of dispatch. */
#ifndef MSOCK_CORE_DISPATCH_STATE_H
#define MSOCK_CORE_DISPATCH_STATE_H

#include "core/dispatch.h"
#include "core/table.h"

enum { MSOCK__ROUTE_MAX = 16 };

struct msock__subscription {
    uint64_t order; /* of subscribing; sorts what one message reaches */
    struct msock__trie_node *node;
    struct msock__subscription *next, *prev; /* of the node, by order */
    struct msock__subscription *next_removed;
    msock_callback *callback;
    void *user;
    int id;
    bool no_local;
    bool observe;
    bool removed; /* during a run; freed at its end */
    UT_hash_handle hh;
};

struct msock__trie_node {
    uint64_t number; /* never used again */
    struct msock__trie_node *parent;
    struct msock__trie_node **slot; /* in its parent, if it is a wildcard */
    struct msock__trie_node *one, *rest; /* children `+` and `#` */
    size_t child_count;                  /* of all kinds */
    struct msock__subscription *first, *last;
    UT_hash_handle hh;
    uint8_t key[];
};

/* What the last topic reaches, so that the next message need not walk. */
struct msock__route {
    uint64_t edition;  /* of the trie */
    size_t topic_size; /* 0: none yet */
    size_t count;
    struct msock__subscription *found[MSOCK__ROUTE_MAX];
    char topic[MSOCK_TOPIC_MAX];
};

struct msock__dispatch {
    struct msock__trie_node *root;
    struct msock__trie_node
        *literals; /* uthash head: literal levels of all nodes */
    struct msock__subscription *by_id;   /* uthash head */
    struct msock__subscription *removed; /* waiting for the end of the run */
    size_t removed_count;
    size_t node_count;
    size_t depth; /* runs within runs */
    uint64_t ordered;
    uint64_t numbered;
    uint64_t visited;
    uint64_t changes;              /* of the set of filters */
    uint64_t edition;              /* rises when a subscription comes or goes */
    struct msock__route routes[2]; /* of others' messages, and of own ones */
    int last_id;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
};

/** Returns the child of a literal level, or NULL. */
struct msock__trie_node *
msock__dispatch_literal(const struct msock__dispatch *dispatch,
                        const struct msock__trie_node *parent, const char *text,
                        size_t size);

/** Returns the subscription of an id, or NULL. */
struct msock__subscription *
msock__dispatch_find(const struct msock__dispatch *dispatch, int id);

/** Frees what was removed during the run that has ended. */
void msock__dispatch_reap(struct msock__dispatch *dispatch);

#endif
