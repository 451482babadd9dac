/* SPDX-License-Identifier: Apache-2.0 */
/* Flow control in the engine (docs/protocol.md 5.8): what this node says of how
 * far it is in others' reliable streams, and whom it waits for in its own. */
#ifndef MSOCK_CORE_ENGINE_FLOW_H
#define MSOCK_CORE_ENGINE_FLOW_H

#include "core/engine_state.h"

/* -- As a listener -- */

/** A reliable frame of a session came and was dealt with. */
void msock__engine_flow_came(struct msock__engine *engine,
                             struct msock__session *session);

/** What a NACK to a session says of it. */
struct msock__range
msock__engine_flow_take(const struct msock__session *session);

/** That NACK left, said so, and asked for `count` frames for the first time. */
void msock__engine_flow_asked(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__range *take, size_t count);

/** When a take is due, UINT64_MAX if none is. */
uint64_t msock__engine_flow_deadline(const struct msock__engine *engine);

/** Fills in the take that is due, and counts it as sent.  Returns whether there
 *  is one. */
bool msock__engine_flow_due(struct msock__engine *engine, uint64_t now_us,
                            struct msock__control *control);

/* -- As a sender -- */

/** A NACK for this session was heard; `asker` is NULL if it is not admitted. */
void msock__engine_flow_nacked(struct msock__engine *engine, uint64_t now_us,
                               struct msock__session *asker,
                               const struct msock__control *control);

/** A session said what it can take of this one's stream. */
void msock__engine_flow_heard(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__control *control);

/** A session is down: it holds nobody up any more. */
void msock__engine_flow_release(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session);

/** The same, and nothing is said to it any more. */
void msock__engine_flow_forget(struct msock__engine *engine, uint64_t now_us,
                               struct msock__session *session);

/** A new session of this node begins: nobody said anything of it. */
void msock__engine_flow_redraw(struct msock__engine *engine);

/** Gives up those that are silent. */
void msock__engine_flow_tick(struct msock__engine *engine, uint64_t now_us);

#endif
