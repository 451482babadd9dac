/* SPDX-License-Identifier: Apache-2.0 */
/* State topics: the newest value of each, known to all who want it
 * (docs/protocol.md 8.1).
 *
 *     msock_publish_options state = {.state = true};
 *     msock_publish(channel, "kitchen/state", "{\"on\":true}", &state);
 *
 * An event happens; a state lasts until the next one. So a state has a version,
 * an owner and an age, goes reliably, and who subscribes later is given it all
 * the same: by its owner, or by who keeps it. A subscription never sees an
 * older state of a topic after a newer one. Each channel holds the states that
 * it publishes, that match its subscriptions, and that it keeps for others, as
 * far as msock_options.state_max and state_count_max allow. */
#ifndef MULTISOCK_STATE_H
#define MULTISOCK_STATE_H

#include <multisock/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct msock_channel;

enum { MSOCK_SESSION_SIZE = 16 /* bytes of a session */ };

/** The state of a topic; lent for the call. Nothing in it is safe to print to
 *  a terminal as it is: see msock_text_escape(). */
typedef struct msock_state {
    const char *topic;
    const char *owner; /* name of the node that published it */
    const char *data;  /* valid JSON; NULL: the topic was cleared */
    size_t topic_size; /* bytes, without the NUL */
    size_t owner_size;
    size_t data_size;
    uint64_t version; /* 1..2^53-1; of one version the higher session's wins */
    uint8_t session[MSOCK_SESSION_SIZE]; /* that published it */
    uint64_t age_us; /* since its owner published it; UINT64_MAX: unknown */
    bool alive;      /* that session is up, or this channel's own */
    bool told;       /* heard from another than its owner, or as an answer */
} msock_state;

typedef void msock_state_callback(struct msock_channel *channel,
                                  const msock_state *state, void *user);

/** Calls `callback` (NULL: counts only) for each state that the channel holds
 *  of the topics that match `filter`, cleared ones too while they are
 *  remembered (an hour, one's own three), in no particular order. The callback
 * may do what a message's callback may; what it changes is not seen in this
 * call. Returns their number, MSOCK_EFILTER, MSOCK_ECLOSED, MSOCK_EBUSY
 * (another thread runs the channel's loop), MSOCK_ENOMEM.  Thread: loop only.
 */
int msock_state_each(struct msock_channel *channel, const char *filter,
                     msock_state_callback *callback, void *user);

/** Keeps the states of the topics that match `filter` for others: the channel
 *  tells them when their owner is gone, and says of itself that it keeps
 *  (msock_node.keeper). With a trust file it needs the right `keep` for that.
 *  What is kept makes no room for other states: what does not fit then is
 *  dropped (MSOCK_DROP_STATE_FULL).
 *  `callback` (NULL: nobody) is shown each state once as it comes, whoever it
 *  is from, before subscriptions are, and what the channel holds already in the
 *  next turn of the loop. It may do what a message's callback may. What it
 *  writes to a disk, msock_state_restore() gives back. A keeper that has to
 *  confirm states subscribes to them, too.
 *  Returns 0, MSOCK_EFILTER, MSOCK_ECLOSED, MSOCK_EBUSY, MSOCK_ENOTSUP
 *  (codec=raw), MSOCK_ELIMIT (64 filters), MSOCK_ENOMEM.  Thread: loop only. */
int msock_keep(struct msock_channel *channel, const char *filter,
               msock_state_callback *callback, void *user);

/** Ends what msock_keep() began with the same filter, callback and `user`: that
 *  callback is not called any more, and what nothing else wants is forgotten in
 *  the next turn of the loop. Of several alike the newest ends.
 *  Returns 0, MSOCK_EFILTER, MSOCK_ENOENT, MSOCK_ECLOSED, MSOCK_EBUSY.
 *  Thread: loop only. */
int msock_unkeep(struct msock_channel *channel, const char *filter,
                 msock_state_callback *callback, void *user);

/** Gives the channel a state as it was kept: `json` (NULL: it was cleared) on
 *  `topic`, of version `version` by the node `owner` in `session`; all is
 *  copied. Its age is unknown. Subscriptions that match see it in the next turn
 *  of the loop, if nothing newer is known; keepers are not shown it. The topic
 *  has to match a filter of msock_keep().
 *  Returns 1 if it is the newest known now, 0 if a newer one or this very one
 *  is known, MSOCK_ETOPIC, MSOCK_ENAME (owner), MSOCK_EJSON, MSOCK_EINVAL
 *  (version), MSOCK_ENOENT (not kept), MSOCK_ELIMIT (state_max,
 *  state_count_max), MSOCK_ECLOSED, MSOCK_EBUSY, MSOCK_ENOMEM.
 *  Thread: loop only. */
int msock_state_restore(struct msock_channel *channel, const char *topic,
                        uint64_t version, const char *owner,
                        const uint8_t session[MSOCK_SESSION_SIZE],
                        const char *json);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
