/* SPDX-License-Identifier: Apache-2.0 */
/* Who may say what, and whose sessions are whose (docs/protocol.md 1.5 and
 * 6.10): the trust file, the signatures of what arrives, the rights of each
 * message, and what of one's own is signed. A part of the engine
 * (engine_state.h). */
#ifndef MSOCK_CORE_ENGINE_IDENTITY_H
#define MSOCK_CORE_ENGINE_IDENTITY_H

#include "core/engine_state.h"

/** Reads the trust file that the configuration names, if it does.
 *  Returns 0, MSOCK_ENOMEM, and as msock__engine_trust_check(). */
int msock__engine_identity_init(struct msock__engine *engine,
                                const struct msock__pipeline *pipeline);
void msock__engine_identity_fini(struct msock__engine *engine);

/** Draws a session that was not there before: of its own key, if the pipeline
 *  has one. */
void msock__engine_draw_session(struct msock__engine *engine,
                                const struct msock__pipeline *pipeline);

/** Reads the trust file again, all or nothing. Sessions whose key is another
 *  one now end, and are forgotten by the next msock__engine_trust_sweep().
 * Returns whether it changed, or as msock__engine_trust_check(). */
int msock__engine_trust_reload(struct msock__engine *engine);

/** Forgets the sessions that ended with their key: what they say from now on is
 *  held until they are admitted anew. Not below a callback, which may have been
 *  called for one of them. */
void msock__engine_trust_sweep(struct msock__engine *engine, uint64_t now_us);

/** The entry of a name, or NULL: it has none, or there is no trust file. */
const struct msock__trusted *
msock__engine_entry(const struct msock__engine *engine, const char *name,
                    size_t size);

/** Looks at the signature of an authentic frame, new to its session, on a
 *  channel that has a trust file; one that is not looked at is taken out of the
 *  flags.
 *  Returns 0, the drop counter, or -1: it waits for a worker. */
int msock__engine_identify(struct msock__engine *engine,
                           struct msock__session *session,
                           struct msock__plain *plain);

/** Whether an authentic frame of one's own session may be that of a clone: of
 *  who signs, it has to be signed, as a clone's control frames are.
 *  Returns 0 or the drop counter. */
int msock__engine_own(struct msock__engine *engine,
                      const struct msock__packet *packet);

/** Keeps what the signature of a stranger's frame is over, before its body is
 *  taken apart, for msock__engine_answerer(). */
void msock__engine_stranger_text(struct msock__engine *engine,
                                 const struct msock__packet *packet);

/** Whether the sender of an answer may have its name, and the session whose
 *  frame it is (engine_answerer.c).  Returns 0 or the drop counter. */
int msock__engine_answerer(struct msock__engine *engine, uint64_t now_us,
                           const struct msock__frame *frame,
                           const struct msock__envelope *envelope);

/** Holds a message against its sender's rights.  Returns 0 or the drop counter.
 */
int msock__engine_may(const struct msock__engine *engine,
                      const struct msock__origin *origin,
                      const struct msock__envelope *envelope);

/** Whether the frames of a message of one's own are to be signed. */
bool msock__engine_signs(const struct msock__engine *engine, const char *topic);

/** Logs, less and less often, that this node's own trust file does not let it
 *  publish on a topic. */
void msock__engine_warn_rights(struct msock__engine *engine, const char *topic,
                               bool is_signed);

/** The flags of one's own control frames, as far as signing goes. */
uint8_t msock__engine_control_flags(const struct msock__engine *engine);

#endif
