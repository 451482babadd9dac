/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the table of state topics (core/values.h) that look at some of
 * them and go on later, while topics come and go.
 *
 * Invariant: a topic that is in the table from the start of a walk to its end
 * is looked at exactly once, one that comes meanwhile hardly ever. Topics go by
 * the order in which they came. A step is O(1); that a topic goes is O(walks
 * under way). No memory but the walk, which its owner lends. */
#ifndef MSOCK_CORE_WALK_H
#define MSOCK_CORE_WALK_H

#include <stddef.h>

struct msock__state;

/** All zero: over. */
struct msock__walk {
    struct msock__state *next; /* to be looked at, NULL: none is left */
    size_t left;               /* steps until it is over */
    struct msock__walk **link; /* what points to this one, NULL: nothing */
    struct msock__walk *after;
};

/** The walks over a table. All zero: none. */
struct msock__walks {
    struct msock__walk *first;
};

/** Starts a walk, or starts it again, over `count` topics, `first` (or NULL)
 *  being the one that came first. Until it is stopped it stays where it is. */
void msock__walk_start(struct msock__walks *walks, struct msock__walk *walk,
                       struct msock__state *first, size_t count);

/** The topic to look at, borrowed until the next change of the table, or NULL:
 *  the walk is over. */
struct msock__state *msock__walk_at(const struct msock__walk *walk);

/** That topic was looked at. */
void msock__walk_step(struct msock__walk *walk);

/** Ends a walk; one that is over, too. */
void msock__walk_stop(struct msock__walk *walk);

/** A topic is about to leave the table. */
void msock__walks_leave(struct msock__walks *walks,
                        const struct msock__state *state);

/** Ends all. */
void msock__walks_fini(struct msock__walks *walks);

#endif
