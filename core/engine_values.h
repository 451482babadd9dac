/* SPDX-License-Identifier: Apache-2.0 */
/* State topics (docs/protocol.md 8.1): the part of the engine between messages,
 * the table of values, and those who are shown them. */
#ifndef MSOCK_CORE_ENGINE_VALUES_H
#define MSOCK_CORE_ENGINE_VALUES_H

#include "core/engine_state.h"

#include <multisock/state.h>

/** Returns 0, MSOCK_ENOMEM. */
int msock__engine_values_init(
    struct msock__engine *engine,
    const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE]);
void msock__engine_values_fini(struct msock__engine *engine);

/* -- What arrives -- */

/** Whether a message with `state` is one.  Returns 0 or the drop counter. */
int msock__engine_value_check(const struct msock__origin *origin,
                              const struct msock__envelope *envelope);

/** Takes the state of a message that passed that check and may be said, and
 *  makes `message`, which has all that events have, one about it. What that
 *  borrows then is *held, for msock__value_release(); else that stays as it is.
 *  Returns whether subscriptions are to be shown it. */
bool msock__engine_value_heard(struct msock__engine *engine,
                               const struct msock__origin *origin,
                               const struct msock__envelope *envelope,
                               msock_message *message,
                               struct msock__value **held);

/* -- One's own -- */

/** Gives a state that is to be published its version.
 *  Returns 0, MSOCK_ELIMIT; the detail is set. */
int msock__engine_value_number(const struct msock__engine *engine,
                               struct msock__publication *publication);

/** Takes one's own state, which is about to be queued.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM; the detail is set. */
int msock__engine_value_published(struct msock__engine *engine,
                                  const struct msock__publication *publication);

/** Publishes what another thread posted: an encoded message without version.
 *  Returns as msock__engine_publish(). */
int msock__engine_value_posted(struct msock__engine *engine,
                               const struct msock__posted *posted);

/** Queues a value for the network once more, on the reliable stream: one of
 *  another session, or of one's own that somebody asked for, as a reply, with
 *  `origin`; else what confirms its topic's last one goes with it.
 *  Returns 0, MSOCK_EAGAIN, MSOCK_ETOOBIG, MSOCK_ENOMEM. */
int msock__engine_value_tell(struct msock__engine *engine, uint64_t now_us,
                             const struct msock__value *value, bool as_reply);

/** Queues a message on the reliable stream for the network alone: not for one's
 *  own subscriptions (engine_publish.c). `confirm` is what it is confirmed by
 *  (msock__outbox_confirm()), or 0.
 *  Returns as msock__engine_value_tell(); the detail is set. */
int msock__engine_queue(struct msock__engine *engine,
                        const struct msock__envelope *envelope, int confirm);

/** The engine has a new session: its values are of that one now. */
void msock__engine_values_redraw(struct msock__engine *engine);

/* -- Who is shown them: engine_audience.c -- */

/** Makes a message one about a value: adds to its flags. */
void msock__engine_value_message(const struct msock__engine *engine,
                                 uint64_t now_us,
                                 const struct msock__value *value,
                                 msock_message *message);

/** Shows the newest value of a topic to those who keep it, once. */
void msock__engine_show_keepers(struct msock__engine *engine, uint64_t now_us,
                                struct msock__value *value);

/** Whether the session that published a value is up, or one's own. */
bool msock__engine_value_alive(const struct msock__engine *engine,
                               const struct msock__value *value);

/** Whether somebody here keeps the states of a topic for others. */
bool msock__engine_keeps(const struct msock__engine *engine, const char *topic,
                         size_t size);

/** There is a subscription more: it is shown what is there in the next turn.
 *  Returns 0, MSOCK_ENOMEM. */
int msock__engine_values_subscribed(struct msock__engine *engine, int id,
                                    const char *filter);

/** There is one less: what nobody wants any more is forgotten. */
void msock__engine_values_unsubscribed(struct msock__engine *engine);

/** Shows newcomers what was there before them, and does what else is due. */
void msock__engine_values_tick(struct msock__engine *engine, uint64_t now_us);
uint64_t msock__engine_values_deadline(const struct msock__engine *engine);

/* -- For the application: of a channel that is open, arguments checked -- */

int msock__engine_values_list(struct msock__engine *engine, const char *filter,
                              msock_state_callback *callback, void *user);
int msock__engine_keep(struct msock__engine *engine, const char *filter,
                       msock_state_callback *callback, void *user);
int msock__engine_unkeep(struct msock__engine *engine, const char *filter,
                         msock_state_callback *callback, const void *user);
int msock__engine_restore(struct msock__engine *engine,
                          const struct msock__offer *offer);

#endif
