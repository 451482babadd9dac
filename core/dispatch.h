/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriptions of a channel: a trie of filter levels, so that the cost of
 * a message grows with its levels and its matches, not with other filters.
 *
 * Children of a node are found by a keyed hash (SipHash), since topics come
 * from strangers; `+` and `#` have slots of their own. Only subscribing grows
 * it; a message allocates nothing. A level without subscriptions goes with the
 * last of them. Callbacks may add and remove subscriptions: what is removed is
 * not called again (its memory waits for the end of the outermost run, and
 * counts against the limit till then), what is added starts with the next
 * message. About 150 bytes a subscription and 150 a level. */
#ifndef MSOCK_CORE_DISPATCH_H
#define MSOCK_CORE_DISPATCH_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSOCK__SUBSCRIPTIONS_MAX = 65536 };

/** What a subscription is like. */
enum {
    MSOCK__NO_LOCAL = 1, /* it is not told what the channel published itself */
    MSOCK__OBSERVE = 2   /* nobody is told of it */
};

struct msock__dispatch;

/** Makes an empty trie whose hashes are keyed by `hash_key`.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__dispatch_new(struct msock__dispatch **dispatch,
                        const uint8_t hash_key[static 16]);

/** Frees all subscriptions; not inside msock__dispatch_run(). NULL is ignored.
 */
void msock__dispatch_free(struct msock__dispatch *dispatch);

/** Adds a subscription with a valid filter (copied); `manner` is
 *  MSOCK__NO_LOCAL, MSOCK__OBSERVE, both or neither.
 *  Returns its id (1..2^31-1), MSOCK_ELIMIT, MSOCK_ENOMEM. Ids rise, and are
 *  not reused until 2^31-1 of them were given. */
int msock__dispatch_add(struct msock__dispatch *dispatch, const char *filter,
                        msock_callback *callback, void *user, unsigned manner);

/** Removes one.  Returns 0, MSOCK_ENOENT. */
int msock__dispatch_remove(struct msock__dispatch *dispatch, int id);

/** Removes all, also inside msock__dispatch_run(). */
void msock__dispatch_clear(struct msock__dispatch *dispatch);

/** Whether a message on `topic` would reach a callback; `local`: one that the
 *  channel published itself. */
bool msock__dispatch_any(struct msock__dispatch *dispatch, const char *topic,
                         size_t topic_size, bool local);

struct msock__dispatch_result {
    size_t called;
    size_t refused; /* callbacks that returned a negative code */
    size_t counted; /* callbacks that do not merely observe, and ... */
    int code;       /* ... the first of their codes that refuses, else 0 */
};

/** The newest subscription, as a number for msock__dispatch_run(). */
uint64_t msock__dispatch_newest(const struct msock__dispatch *dispatch);

/** Calls the matching callbacks in the order of subscribing, of subscriptions
 *  up to `newest` (UINT64_MAX: all there are now); those with no_local not for
 *  a MSOCK_MESSAGE_LOCAL message. May be entered again by a callback. */
struct msock__dispatch_result
msock__dispatch_run(struct msock__dispatch *dispatch, msock_channel *channel,
                    const msock_message *message, uint64_t newest);

/** Calls the callback of one subscription, whatever the message's topic is;
 * none if there is no such id any more, or it has no_local and the message is.
 */
struct msock__dispatch_result
msock__dispatch_run_one(struct msock__dispatch *dispatch,
                        msock_channel *channel, const msock_message *message,
                        int id);

/** A number that rises when what msock__dispatch_filters() tells changes. */
uint64_t msock__dispatch_changes(const struct msock__dispatch *dispatch);

/** Calls `add` with each filter that somebody subscribes to, not only observing
 *  (no NUL), once, in the order of subscribing, until it returns false. Returns
 * whether it never did. */
bool msock__dispatch_filters(const struct msock__dispatch *dispatch,
                             bool (*add)(const char *filter, size_t size,
                                         void *user),
                             void *user);

/** Number of subscriptions, and of trie nodes (for tests and bounds). */
size_t msock__dispatch_count(const struct msock__dispatch *dispatch);
size_t msock__dispatch_nodes(const struct msock__dispatch *dispatch);

/** Trie nodes that all runs so far looked at: their cost, for tests. */
uint64_t msock__dispatch_visited(const struct msock__dispatch *dispatch);

#endif
