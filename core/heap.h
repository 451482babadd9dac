/* SPDX-License-Identifier: Apache-2.0 */
/* Things that are due at a time: a binary heap of pointers, ties in the order
 * of arrival. A thing has a struct msock__heap_node in it and stays its
 * owner's. Adding, taking and moving cost O(log n), looking O(1); the heap's
 * own memory is a pointer for each, taken by doubling and kept. */
#ifndef MSOCK_CORE_HEAP_H
#define MSOCK_CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msock__heap_node {
    uint64_t due_us;
    uint64_t order; /* of arrival; decides ties */
    size_t index;   /* while it is in a heap */
};

/** All zero: empty. */
struct msock__heap {
    struct msock__heap_node **nodes;
    size_t count;
    size_t capacity;
    uint64_t arrived; /* order of the newest */
};

/** Frees the heap's memory, not the things in it. */
void msock__heap_fini(struct msock__heap *heap);

/** Takes memory for `count` nodes in all: to add them cannot fail.  Returns
 *  whether there was. */
bool msock__heap_reserve(struct msock__heap *heap, size_t count);

/** Adds a node that is due at `due_us`.  Returns whether there was memory. */
bool msock__heap_add(struct msock__heap *heap, struct msock__heap_node *node,
                     uint64_t due_us);

/** Returns the first one due, NULL if there is none. */
struct msock__heap_node *msock__heap_first(const struct msock__heap *heap);

/** Removes the first one, which is there. */
void msock__heap_pop(struct msock__heap *heap);

/** Makes the first one, which is there, due at `due_us`, as if it had arrived
 *  again: needs no memory. */
void msock__heap_again(struct msock__heap *heap, uint64_t due_us);

/** Removes a node that is in the heap. */
void msock__heap_remove(struct msock__heap *heap,
                        struct msock__heap_node *node);

/** Makes a node that is in the heap due at `due_us`, sooner or later, as if it
 *  had arrived again: needs no memory. */
void msock__heap_move(struct msock__heap *heap, struct msock__heap_node *node,
                      uint64_t due_us);

/** Removes all nodes of which `leaves` says so, having freed them; O(n).
 *  Returns how many. */
size_t msock__heap_sieve(struct msock__heap *heap,
                         bool (*leaves)(struct msock__heap_node *node,
                                        void *user),
                         void *user);

/** When the first one is due in us, UINT64_MAX if there is none. */
uint64_t msock__heap_deadline(const struct msock__heap *heap);

#endif
