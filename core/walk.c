/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the table of state topics. */
#include "core/walk.h"

#include "core/values.h"

#include <assert.h>

static void skip(struct msock__walk *walk)
{
    /* The table lists its topics in the order in which they came. */
    walk->next = walk->next->hh.next;
}

void msock__walk_start(struct msock__walks *walks, struct msock__walk *walk,
                       struct msock__state *first, size_t count)
{
    msock__walk_stop(walk);
    *walk = (struct msock__walk){
        .next = first,
        .left = count,
        .link = &walks->first,
        .after = walks->first,
    };
    if (walk->after) {
        walk->after->link = &walk->after;
    }
    walks->first = walk;
}

struct msock__state *msock__walk_at(const struct msock__walk *walk)
{
    return walk->left > 0 ? walk->next : NULL;
}

void msock__walk_step(struct msock__walk *walk)
{
    assert(msock__walk_at(walk) != NULL);
    walk->left--;
    skip(walk);
}

void msock__walk_stop(struct msock__walk *walk)
{
    if (walk->link) {
        *walk->link = walk->after;
    }
    if (walk->after) {
        walk->after->link = walk->link;
    }
    *walk = (struct msock__walk){0};
}

void msock__walks_leave(struct msock__walks *walks,
                        const struct msock__state *state)
{
    for (struct msock__walk *walk = walks->first; walk; walk = walk->after) {
        if (walk->next == state) {
            skip(walk);
        }
    }
}

void msock__walks_fini(struct msock__walks *walks)
{
    while (walks->first) {
        msock__walk_stop(walks->first);
    }
}
