/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for replies (docs/protocol.md 8.4): the asker's side.
 *
 * A request is known by its session, which may change while it waits, and by a
 * number that nobody can guess who did not hear it. It ends when as many
 * replies have come as it takes, at its deadline, or when it is taken out. At
 * most 1024 at a time, of about 100 bytes and the topic; replies are not kept.
 * Costs are O(requests). */
#ifndef MSOCK_CORE_REQUESTS_H
#define MSOCK_CORE_REQUESTS_H

#include "codec/reply.h"

#include <multisock/request.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__REQUESTS_MAX = 1024 };

struct msock__request {
    struct msock__request *next;
    int id;                    /* from 1 on */
    struct msock__reply reply; /* what its replies are about */
    msock_request_callback *callback;
    void *user;
    uint64_t began_us;
    uint64_t deadline_us;
    uint32_t replies; /* that came */
    uint32_t replies_max;
    char topic[]; /* with a NUL */
};

/** All zero: none. */
struct msock__requests {
    struct msock__request *first, *last; /* in the order of asking */
    size_t count;
    int last_id;
};

/** Begins one under its `reply`, or the next number that is not in use.
 *  Returns it, borrowed until it is taken out, or NULL: too many, or no
 *  memory. */
struct msock__request *msock__requests_add(struct msock__requests *requests,
                                           const struct msock__reply *reply,
                                           const char *topic);

/** Returns the one that waits for this reply, or NULL. */
struct msock__request *
msock__requests_find(const struct msock__requests *requests,
                     const struct msock__reply *reply);

/** Counts a reply.  Returns whether it was the last one that it takes. */
bool msock__request_count(struct msock__request *request);

/** Takes it out: it is the caller's to free(). */
void msock__requests_remove(struct msock__requests *requests,
                            struct msock__request *request);

/** Takes out one by its id, for the caller to free(), or NULL. */
struct msock__request *msock__requests_take(struct msock__requests *requests,
                                            int id);

/** Takes out the eldest whose deadline is over, for the caller to free(), or
 *  NULL. */
struct msock__request *
msock__requests_take_over(struct msock__requests *requests, uint64_t now_us);

/** When the next deadline is over in us, UINT64_MAX: there is none. */
uint64_t msock__requests_deadline(const struct msock__requests *requests);

/** Frees all. */
void msock__requests_fini(struct msock__requests *requests);

#endif
