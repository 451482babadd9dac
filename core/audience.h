/* SPDX-License-Identifier: Apache-2.0 */
/* Who is shown states besides the subscriptions that hear them as they come:
 * those who keep them, and who is new and has to catch up. A part of the engine
 * (engine_values.h); bounded by 64 filters that are kept and by the number of
 * subscriptions. */
#ifndef MSOCK_CORE_AUDIENCE_H
#define MSOCK_CORE_AUDIENCE_H

#include <multisock/multisock.h>
#include <multisock/state.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__KEEPS_MAX = 64 };

struct msock__keep {
    msock_state_callback *callback; /* or NULL */
    void *user;
    bool ended; /* it wants nothing more, and goes in the next tick */
    size_t filter_size;
    char filter[MSOCK_TOPIC_MAX + 1];
};

/** Who has not seen what was there before. */
struct msock__newcomer {
    struct msock__newcomer *next;
    int id;                         /* a subscription's; 0: */
    const struct msock__keep *keep; /* a keeper */
    uint64_t change;                /* newest that was there before */
    size_t filter_size;
    char filter[]; /* with a NUL */
};

struct msock__audience {
    struct msock__keep *keeps[MSOCK__KEEPS_MAX];
    size_t keep_count;
    struct msock__newcomer *first, *last;
    bool unwanted;     /* a subscription ended: who wants what is to be seen */
    bool left;         /* a keeper ended */
    bool unsettled;    /* some state is restored, or owed to the network: */
    uint64_t again_us; /* looked for then */
};

void msock__audience_fini(struct msock__audience *audience);

/** Adds a keeper, who is a newcomer, too.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM. */
int msock__audience_keep(struct msock__audience *audience, const char *filter,
                         msock_state_callback *callback, void *user,
                         uint64_t change);

/** Ends a keeper, who stays in memory: a callback of his may be running.
 *  Returns 0, MSOCK_ENOENT. */
int msock__audience_unkeep(struct msock__audience *audience, const char *filter,
                           msock_state_callback *callback, const void *user);

/** Removes keepers that have ended; only while no callback runs. */
void msock__audience_sweep(struct msock__audience *audience);

/** Whether somebody keeps the states of a topic. */
bool msock__audience_keeps(const struct msock__audience *audience,
                           const char *topic, size_t size);

/** Adds a subscription that is new.  Returns 0, MSOCK_ENOMEM. */
int msock__audience_enter(struct msock__audience *audience, int id,
                          const char *filter, uint64_t change);

/** Takes the first newcomer, for free(); NULL if there is none. */
struct msock__newcomer *msock__audience_take(struct msock__audience *audience);

#endif
