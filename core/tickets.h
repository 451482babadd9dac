/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that an application holds for something that it will finish later: a
 * handler that acts later, a request that is answered later.
 *
 * At most 1024 at a time, in memory that grows by doubling and stays. A number
 * is never given twice in the life of a channel, so one that was used up, or
 * made up, finds nothing. Constant cost. */
#ifndef MSOCK_CORE_TICKETS_H
#define MSOCK_CORE_TICKETS_H

#include "codec/frame.h"
#include "codec/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__TICKETS_MAX = 1024,
    MSOCK__ID_MAX = 64 /* bytes of a message's id */
};

/** What one stands for. */
struct msock__ticket {
    uint8_t session[MSOCK__SESSION_SIZE]; /* of the message's sender */
    uint64_t counter; /* its reliable frame, 0: none of others */
    uint64_t hearing; /* a told state's number in the hearsay, 0: none */
    bool bare;        /* its sender has no session */
    struct msock__reply reply;  /* what its reply_to names */
    char id[MSOCK__ID_MAX + 1]; /* its id, NUL-terminated */
};

struct msock__ticket_slot {
    uint64_t token; /* 0: free */
    uint32_t next;  /* of those that are free */
    struct msock__ticket ticket;
};

/** All zero: none. */
struct msock__tickets {
    struct msock__ticket_slot *slots;
    uint32_t capacity;
    uint32_t used;  /* slots that were ever used */
    uint32_t free;  /* the first free one of those, its index + 1; 0: none */
    uint64_t given; /* the last number's upper part */
};

/** Makes room for one more.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM. */
int msock__tickets_room(struct msock__tickets *tickets);

/** Gives a number for a copy of `ticket`.
 *  Returns it (from 1 on), 0 if there are too many, or no memory. */
uint64_t msock__tickets_give(struct msock__tickets *tickets,
                             const struct msock__ticket *ticket);

/** Gives back all numbers of which `gone` says so. */
void msock__tickets_sweep(struct msock__tickets *tickets,
                          bool (*gone)(const struct msock__ticket *ticket,
                                       void *user),
                          void *user);

/** Says what a number stands for.  Returns it, borrowed until the next call, or
 *  NULL: nothing. */
const struct msock__ticket *
msock__tickets_find(const struct msock__tickets *tickets, uint64_t token);

/** Takes a number back.  Returns whether it stood for something; that is
 *  written to *ticket then. */
bool msock__tickets_take(struct msock__tickets *tickets, uint64_t token,
                         struct msock__ticket *ticket);

/** Frees what it holds. */
void msock__tickets_fini(struct msock__tickets *tickets);

#endif
