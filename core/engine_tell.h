/* SPDX-License-Identifier: Apache-2.0 */
/* Telling others the values of state topics (docs/protocol.md 8.2): who asked
 * for them, who sent an older one, who may have missed one of somebody who is
 * gone. A part of the engine (engine_state.h) around core/tell.h and
 * core/dispute.h. */
#ifndef MSOCK_CORE_ENGINE_TELL_H
#define MSOCK_CORE_ENGINE_TELL_H

#include "core/engine_state.h"
#include "core/values.h"

/** A session asks for values. */
void msock__engine_tell_asked(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__session *session,
                              const struct msock__control *query);

/** An older value than `state`'s was heard. */
void msock__engine_tell_older(struct msock__engine *engine, uint64_t now_us,
                              struct msock__state *state);

/** A session left or fell silent: its last values may not have reached all.
 * They are looked for from the next turn on. */
void msock__engine_tell_gone(struct msock__engine *engine, uint64_t now_us,
                             struct msock__session *session);

/** A value came from a session that has left, as a repair: nor may that. */
void msock__engine_tell_last(struct msock__engine *engine, uint64_t now_us,
                             const struct msock__value *value);

/** Tells what is due. */
void msock__engine_tell_tick(struct msock__engine *engine, uint64_t now_us);
uint64_t msock__engine_tell_deadline(const struct msock__engine *engine);

#endif
