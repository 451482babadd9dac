/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in the engine (docs/protocol.md 8.4): who waits for replies, who
 * replies, and whether anybody would. */
#ifndef MSOCK_CORE_ENGINE_REQUEST_H
#define MSOCK_CORE_ENGINE_REQUEST_H

#include "core/engine_state.h"

/* -- Asking -- */

/** Publishes a message as a request; *how is what it is to be like, and
 *  deadline_us the time from now to its end.
 *  Returns its id, MSOCK_ENOBODY, MSOCK_ELIMIT, MSOCK_ENOMEM, and as
 *  msock__engine_publish(); the detail is set. */
int msock__engine_request(struct msock__engine *engine,
                          struct msock__publication *publication,
                          const struct msock__request *how,
                          uint64_t deadline_us);

/** Ends a request: tells it.  Returns 0, MSOCK_ENOENT; the detail is set. */
int msock__engine_request_cancel(struct msock__engine *engine, int id);

/** Ends those that are over; what came by `known_us` is read. */
void msock__engine_request_tick(struct msock__engine *engine, uint64_t now_us,
                                uint64_t known_us);

/** Ends all: the channel closes. */
void msock__engine_request_close(struct msock__engine *engine);

/* -- Replies that come -- */

/** Whether a topic is that of replies to a request that waits here. */
bool msock__engine_awaits(const struct msock__engine *engine, const char *topic,
                          size_t size);

/** A message that is about to be handed over: if it replies to a request of
 *  this session, it is told, or dropped.  Returns whether it is for others. */
bool msock__engine_reply_heard(struct msock__engine *engine,
                               const struct msock__origin *origin,
                               const msock_message *message);

/* -- Replying -- */

/** Writes who is to be replied to about the message in hand.
 *  Returns 0, MSOCK_EINVAL (there is none), MSOCK_ENOBODY; the detail is set.
 */
int msock__engine_asker(struct msock__engine *engine,
                        struct msock__ticket *ticket);

/** Gives a token for it.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM, and as above. */
int msock__engine_reply_later(struct msock__engine *engine, uint64_t *token);

/** Writes who is to be replied to with a token.
 *  Returns 0, MSOCK_ENOENT, MSOCK_ENOBODY (it is used up); the detail is set.
 */
int msock__engine_reply_token(struct msock__engine *engine, uint64_t token,
                              struct msock__ticket *ticket);

/** Uses a token up.  Returns 0, MSOCK_ENOENT; the detail is set. */
int msock__engine_reply_used(struct msock__engine *engine, uint64_t token);

/** Frees what it holds. */
void msock__engine_request_fini(struct msock__engine *engine);

#endif
