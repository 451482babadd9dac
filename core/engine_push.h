/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that change while a channel runs: those that one node gives others, and
 * what everybody hears of it. A part of the engine (engine_state.h). */
#ifndef MSOCK_CORE_ENGINE_PUSH_H
#define MSOCK_CORE_ENGINE_PUSH_H

#include "core/engine_state.h"

/** The keys are others now: log and hello say so. */
void msock__engine_keys_changed(struct msock__engine *engine);

/** As msock_keys_push(), of a channel that is open. */
int msock__engine_push(struct msock__engine *engine, const msock_ring *ring,
                       const char *const *names, size_t count);

/** Somebody pushed keys to a node; `frame` has SIGNED if it was verified. */
void msock__engine_pushed(struct msock__engine *engine, uint64_t now_us,
                          const struct msock__session *session,
                          const struct msock__frame *frame,
                          const struct msock__pushed *pushed);

#endif
