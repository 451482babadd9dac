/* SPDX-License-Identifier: Apache-2.0 */
/* The same frames through several outlets (an interface each, or the peers), of
 * which each goes at its own pace: one that takes nothing for a while is left
 * out, so that it does not hold up the others. Why: docs/decisions/0016.
 *
 * Frames are done in order. One is done when each outlet that is not left out
 * had it; where all are left out, when one had it. Pure: no sockets, time is
 * passed in, nothing is allocated. */
#ifndef MSOCK_TRANSPORT_FANOUT_H
#define MSOCK_TRANSPORT_FANOUT_H

#include "core/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__OUTLETS_MAX = 65,         /* 64 interfaces and the peers */
    MSOCK__FANOUT_WINDOW = 64,       /* frames that outlets may be apart */
    MSOCK__FANOUT_PATIENCE_MS = 100, /* for an outlet that takes nothing */
    MSOCK__FANOUT_GRUDGE_MS = 10000  /* after that: none, if it blocks again */
};

struct msock__outlet {
    /** Tries to send frames, in order, and sets the bits of those that will
     *  never leave here in *failed. Returns how many are settled so or so;
     *  fewer than `count` (at most 64): it is blocked until it says otherwise.
     */
    size_t (*push)(struct msock__outlet *outlet,
                   const struct msock__outgoing *frames, size_t count,
                   uint64_t *failed);
    /** The first frame is taken from it: the next push starts with another. */
    void (*skip)(struct msock__outlet *outlet);

    /* The fan-out's own. */
    size_t taken; /* frames of the window that it had */
    bool blocked;
    bool left_out; /* blocked, and nobody waits for it */
    bool grudge;   /* it was left out, at: */
    uint64_t left_out_ms;
    uint64_t blocked_ms;
};

struct msock__fanout {
    struct msock__outlet *outlets[MSOCK__OUTLETS_MAX];
    size_t count;
    struct {
        uint8_t sent;               /* outlets through which it left */
        uint8_t missed;             /* those through which it did not */
    } window[MSOCK__FANOUT_WINDOW]; /* from the first frame not done */
};

/** What became of the frames that are done. */
struct msock__fanout_result {
    size_t done;
    size_t errors;  /* of these: left nowhere */
    size_t skipped; /* copies that others of them lack */
};

/** Adds an outlet, zero but for its functions; there is room. It gets what is
 *  not done yet. */
void msock__fanout_add(struct msock__fanout *fanout,
                       struct msock__outlet *outlet);

/** Takes an outlet out, if it is in. Somebody may have waited for it: send
 *  again. */
void msock__fanout_remove(struct msock__fanout *fanout,
                          const struct msock__outlet *outlet);

/** Sends frames. Those that are not done afterwards come first the next time,
 *  the same ones; without an outlet all are done, and errors. */
struct msock__fanout_result
msock__fanout_send(struct msock__fanout *fanout, uint64_t now_ms,
                   const struct msock__outgoing *frames, size_t count);

/** The frames that are not done will not come again: the next ones are new to
 *  each outlet. */
void msock__fanout_forget(struct msock__fanout *fanout);

/** A blocked outlet takes frames again: send. */
void msock__fanout_unblock(struct msock__outlet *outlet);

/** Leaves out those whose time is over. Returns whether there were some: send
 *  again. */
bool msock__fanout_expire(struct msock__fanout *fanout, uint64_t now_ms);

/** When to call that, in ms; UINT64_MAX: nobody is waited for, or nobody but
 *  it waits. */
uint64_t msock__fanout_deadline(const struct msock__fanout *fanout);

#endif
