/* SPDX-License-Identifier: Apache-2.0 */
/* Asking others for values of state topics (docs/protocol.md 8.2): a part of
 * the engine (engine_state.h) around the machine of core/ask.h. */
#ifndef MSOCK_CORE_ENGINE_ASK_H
#define MSOCK_CORE_ENGINE_ASK_H

#include "core/engine_state.h"

/** Somebody here wants the values that match a filter, from now on. */
void msock__engine_ask_for(struct msock__engine *engine, const char *filter);

/** A session may have sent values that were not heard here. */
void msock__engine_ask_session(struct msock__engine *engine, uint64_t now_us,
                               const struct msock__session *session);

/** A session's reliable stream is heard from counter `floor` on: what was sent
 *  before may have been values. */
void msock__engine_ask_begin(struct msock__engine *engine, uint64_t now_us,
                             struct msock__session *session, uint64_t floor);

/** Reliable frames of a session are lost for good, up to counter `last`. */
void msock__engine_ask_lost(struct msock__engine *engine,
                            struct msock__session *session, uint64_t last);

/** A session told all that it holds for a query. */
void msock__engine_ask_held(struct msock__engine *engine, uint64_t now_us,
                            const struct msock__session *session,
                            const struct msock__control *held);

/** Fills in the query for values that is due.  Returns whether one is. */
bool msock__engine_ask(struct msock__engine *engine, uint64_t now_us,
                       struct msock__control *query);

/** That query fits no frame: it leaves out who has answered; if nobody is named
 *  any more, it asks for `#`, which fits. */
void msock__engine_ask_narrow(struct msock__engine *engine, uint64_t now_us,
                              struct msock__control *query);

/** It left with its first `used` filters, in a frame of `size` bytes. */
void msock__engine_ask_sent(struct msock__engine *engine, uint64_t now_us,
                            size_t used, size_t size);

uint64_t msock__engine_ask_deadline(const struct msock__engine *engine);

#endif
