/* SPDX-License-Identifier: Apache-2.0 */
/* Who says what of himself: the part of the engine behind full hellos, queries
 * and msock_nodes() (docs/protocol.md 7.7). */
#ifndef MSOCK_CORE_ENGINE_PROFILE_H
#define MSOCK_CORE_ENGINE_PROFILE_H

#include "core/engine_state.h"

/* -- engine_nodes.c -- */

/** As msock_nodes(), of a channel that is open. */
int msock__engine_list(struct msock__engine *engine,
                       msock_node_callback *callback, void *user);

/** Calls the watcher with what happened to a session, unless that visits. */
void msock__engine_event_about(struct msock__engine *engine,
                               enum msock_event_kind kind,
                               const struct msock__session *session);

/* -- engine_profile.c -- */

/** Which hello is due, what it says being up to date; of a full one it is part
 *  announce.part. */
enum msock__hello msock__engine_hello_due(struct msock__engine *engine,
                                          uint64_t now_us);

/** Subscriptions or keys may have changed. */
void msock__engine_profile_changed(struct msock__engine *engine);

/** What a session says of itself should come soon: else it is asked. */
void msock__engine_profile_wanted(struct msock__engine *engine, uint64_t now_us,
                                  struct msock__session *session);

/** A session should have been heard again: it is asked, until it is. */
void msock__engine_profile_doubt(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session);

/** A session's hello. */
void msock__engine_profile_heard(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session,
                                 const struct msock__control *hello);

/** Fills in the query that is due.  Returns whether there is one. */
bool msock__engine_query(struct msock__engine *engine, uint64_t now_us,
                         struct msock__control *query);

/** The first `used` sessions of that query have left in `size` bytes. */
void msock__engine_query_sent(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__control *query, size_t used,
                              size_t size);

/** Somebody asked who they are. */
void msock__engine_query_heard(struct msock__engine *engine, uint64_t now_us,
                               const struct msock__control *query);

/** When a query may leave that is due, UINT64_MAX if none is. */
uint64_t msock__engine_query_deadline(const struct msock__engine *engine);

#endif
