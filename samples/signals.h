/* SPDX-License-Identifier: Apache-2.0 */
/* The signals of hub, node and sensor: SIGTERM and SIGINT want the end, SIGHUP
 * another load of the plugins. A signal sets a flag and ends the loop's turn;
 * what it wants is done between two turns, where no message is in delivery. */
#ifndef SAMPLES_SIGNALS_H
#define SAMPLES_SIGNALS_H

#include <multisock/multisock.h>
#include <stdbool.h>

/** Catches the signals; each wakes `channel` from now on. NULL wakes nobody
 *  any more: say so before the channel is closed. */
void signals_wake(msock_channel *channel);

/** Says whether the end is wanted. */
bool signals_want_end(void);

/** Says whether a reload is wanted, once for each time. */
bool signals_want_reload(void);

#endif
