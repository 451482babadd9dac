/* SPDX-License-Identifier: Apache-2.0 */
/* Says when one of a few small files was changed, replaced, removed or came
 * back: 100 ms after the last of a row of changes, 1 s after the first at most.
 *
 * The folders are watched, not the files, since a file is best replaced by
 * another. What no folder tells of (a link that leads elsewhere, a file system
 * of the network, no watch to be had) is found by looking, every 10 s and only
 * when the loop turns anyway: nothing wakes an idle channel. */
#ifndef MSOCK_TRANSPORT_KEYWATCH_H
#define MSOCK_TRANSPORT_KEYWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { MSOCK__KEYWATCH_MAX = 2 };

struct msock__keywatch;

struct msock__keywatch_events {
    void *owner;
    /* One of them, since the last call.  Returns whether that is dealt with;
     * otherwise it is told again in 10 s. */
    bool (*changed)(void *owner);
    void (*closed)(void *owner); /* the last one, after close */
};

/** Watches `count` (1..MSOCK__KEYWATCH_MAX) absolute paths, copied, which need
 *  not exist.
 *  Returns 0, MSOCK_ENOMEM; the detail is set. */
int msock__keywatch_new(struct msock__keywatch **watch, uv_loop_t *loop,
                        const char *const *paths, size_t count,
                        const struct msock__keywatch_events *events);

/** Looks at the files if that was not done for 10 s. */
void msock__keywatch_look(struct msock__keywatch *watch, uint64_t now_us);

/** Ends; `closed` is called in a later turn of the loop, and nothing before. */
void msock__keywatch_close(struct msock__keywatch *watch);

#endif
