/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills: one's own, which goes out in full hellos, and those of others
 * (docs/protocol.md 8.5). A part of the engine (engine_state.h). */
#ifndef MSOCK_CORE_ENGINE_WILL_H
#define MSOCK_CORE_ENGINE_WILL_H

#include "core/engine_state.h"

/** As msock_will(), of a channel that is open. */
int msock__engine_will(struct msock__engine *engine, const char *topic,
                       const char *json);

/** Frames have another size: says so if one's will does not fit any more. */
void msock__engine_will_resized(const struct msock__engine *engine);

/** A session went without a bye: delivers its will, if it has one. */
void msock__engine_will_speak(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__session *session);

#endif
