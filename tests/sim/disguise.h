/* SPDX-License-Identifier: Apache-2.0 */
/* Channels that speak as somebody else: under another's name, or as another's
 * very session, which is what a copy of a running machine does. Beside bounds.h
 * the only place of the simulator that reaches into an engine. */
#ifndef MSOCK_TESTS_SIM_DISGUISE_H
#define MSOCK_TESTS_SIM_DISGUISE_H

#include <multisock/multisock.h>

#include <stdbool.h>

/** From now on `channel` calls itself `name`. The simulated network goes on to
 *  deliver, cut and show it by the name that it opened with; to sleep and crash
 *  by this one. */
void disguise_name(msock_channel *channel, const char *name);

/** `copy`, which has just opened, was copied from the machine of `from` when
 *  that had just opened, or (`late`) just now, but for its data streams. */
void disguise_session(msock_channel *copy, const msock_channel *from,
                      bool late);

#endif
