/* SPDX-License-Identifier: Apache-2.0 */
/* The reliable stream in the engine (docs/protocol.md 5): what others send is
 * put in order and asked for, what this session sent is sent again. */
#ifndef MSOCK_CORE_ENGINE_STREAM_H
#define MSOCK_CORE_ENGINE_STREAM_H

#include "core/engine_state.h"

/** Whether a frame is new to its stream.  Returns 0 or the drop counter. */
int msock__engine_stream_check(const struct msock__session *session,
                               const struct msock__frame *frame);

/** A reliable frame of origin->session; `bytes` is its plain body, with a spare
 *  byte behind it. */
void msock__engine_stream_frame(struct msock__engine *engine,
                                struct msock__origin *origin,
                                const struct msock__frame *frame,
                                uint64_t received_us, uint8_t *bytes,
                                size_t size);

/** A session, now `age_us` old, told what it can send again. */
void msock__engine_stream_range(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session, uint64_t age_us,
                                struct msock__range held);

/** Tells what was lost of a session and is not told yet: what is lost in a row
 *  within a turn is one event, before whatever follows it. */
void msock__engine_stream_report(struct msock__engine *engine,
                                 struct msock__session *session);

/** A session is gone: its gaps are given up. */
void msock__engine_stream_end(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session);

/** Frees what the stream holds for a session. */
void msock__engine_stream_forget(struct msock__engine *engine,
                                 struct msock__session *session);

/** Gives gaps up that are due. */
void msock__engine_stream_tick(struct msock__engine *engine, uint64_t now_us);
uint64_t msock__engine_stream_deadline(const struct msock__engine *engine);

/** When a NACK may leave that is due, UINT64_MAX if none is. */
uint64_t msock__engine_stream_nack_deadline(const struct msock__engine *engine);

/** Fills in the NACK that is due.  Returns whether there is one. */
bool msock__engine_stream_nack(struct msock__engine *engine, uint64_t now_us,
                               struct msock__control *control);

/** The first `used` ranges of that NACK have left. */
void msock__engine_stream_nacked(struct msock__engine *engine, uint64_t now_us,
                                 const struct msock__control *control,
                                 size_t used);

/** A NACK was heard; `asker` is NULL if it is not admitted. */
void msock__engine_stream_asked(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *asker,
                                const struct msock__control *control);

#endif
