/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of things that become due, for the simulated network: first by
 * time, at one time by `order`. Entries live inside of their owners' structs;
 * the heap owns only the array of pointers.
 *
 * Adding, moving and removing cost O(log n), looking at the first O(1). */
#ifndef MSOCK_TRANSPORT_SIM_HEAP_H
#define MSOCK_TRANSPORT_SIM_HEAP_H

#include <stddef.h>
#include <stdint.h>

/** UINT64_MAX as a due time: never. */
#define MSOCK__SIM_NEVER UINT64_MAX

struct msock__sim_entry {
    uint64_t due_us;
    uint64_t order; /* unique within its heap, so that runs are alike */
    size_t place;   /* the heap's: index in entries */
};

struct msock__sim_heap {
    struct msock__sim_entry **entries;
    size_t count;
    size_t capacity;
};

/** Frees the array. A heap of zeros is empty and needs no init. */
void msock__sim_heap_fini(struct msock__sim_heap *heap);

/** Adds an entry with its due_us and order set.  Returns 0, MSOCK_ENOMEM. */
int msock__sim_heap_add(struct msock__sim_heap *heap,
                        struct msock__sim_entry *entry);

/** Removes an entry that is in the heap. */
void msock__sim_heap_remove(struct msock__sim_heap *heap,
                            struct msock__sim_entry *entry);

/** Changes when an entry of the heap is due. */
void msock__sim_heap_move(struct msock__sim_heap *heap,
                          struct msock__sim_entry *entry, uint64_t due_us);

/** Returns the entry that is due first, or NULL. */
struct msock__sim_entry *
msock__sim_heap_first(const struct msock__sim_heap *heap);

/** When that is, MSOCK__SIM_NEVER if the heap is empty. */
uint64_t msock__sim_heap_due(const struct msock__sim_heap *heap);

#endif
