/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed messages in the engine (docs/protocol.md 8.3): what handlers did is
 * noted and told, and others are asked what theirs did. */
#ifndef MSOCK_CORE_ENGINE_CONFIRM_H
#define MSOCK_CORE_ENGINE_CONFIRM_H

#include "core/engine_state.h"

/* -- What handlers do here -- */

/** A handler is about to get a message from there: it may defer it.
 *  Returns what to give msock__engine_acts_leave() afterwards. */
const struct msock__origin *
msock__engine_acts_enter(struct msock__engine *engine,
                         const struct msock__origin *origin);
void msock__engine_acts_leave(struct msock__engine *engine,
                              const struct msock__origin *outer);

/** A handler had a message from there: `code` is what it returned. */
void msock__engine_acted(struct msock__engine *engine,
                         const struct msock__origin *origin, int code);

/** The frame of a state's owner came, and nobody was shown it: perhaps it was
 *  told by somebody else before, and handlers did something with that. */
void msock__engine_acted_before(struct msock__engine *engine,
                                const struct msock__origin *origin,
                                const struct msock__envelope *envelope);

/** A keeper had the state of the message in hand, if there is one. */
void msock__engine_kept(struct msock__engine *engine);

/** As msock_defer(), of a channel that is open. */
int msock__engine_defer(struct msock__engine *engine, uint64_t *token);

/** As msock_done(), of a channel that is open. */
int msock__engine_done(struct msock__engine *engine, uint64_t token, int code);

/** A session asks what became of its frames. */
void msock__engine_acts_asked(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__control *sync);

/* -- What others do -- */

/** Whether what a session subscribes to is known, and matches a topic. */
bool msock__engine_listens(const struct msock__session *session,
                           const char *topic);

/** Publishes a message and begins to confirm it.
 *  Returns its id, MSOCK_ELIMIT, MSOCK_ENOMEM, and as msock__engine_publish();
 *  the detail is set. */
int msock__engine_confirm(struct msock__engine *engine,
                          struct msock__publication *publication,
                          uint64_t deadline_us,
                          msock_confirm_callback *callback, void *user);

/** A frame of the message of this id, its last one, is finished. */
void msock__engine_confirm_sent(struct msock__engine *engine, uint64_t now_us,
                                int id, uint64_t counter);

/** A session tells what it did. */
void msock__engine_ack(struct msock__engine *engine, uint64_t now_us,
                       const struct msock__session *session,
                       const struct msock__control *ack);

/** Ends what is over. */
void msock__engine_confirm_tick(struct msock__engine *engine, uint64_t now_us);

/* -- Both -- */

/** Fills in the ack, or the sync that asks, that is due; what stands there
 *  already is kept.  Returns whether there is one. */
bool msock__engine_confirm_due(struct msock__engine *engine, uint64_t now_us,
                               struct msock__control *control);
uint64_t
msock__engine_confirm_control_deadline(const struct msock__engine *engine);

/** Frees what it holds. */
void msock__engine_confirm_fini(struct msock__engine *engine);

#endif
