/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual time: the nodes of one simulated network as a heap by when they want
 * to do something, stepped one after another by a clock that jumps.
 *
 * A step of a node takes what arrived, runs the engine's timers and sends what
 * it has to send. A node steps at most once in 1 us, so time always goes on.
 * A step costs O(log nodes) beside its work. */
#ifndef MSOCK_TRANSPORT_SIM_VIRTUAL_H
#define MSOCK_TRANSPORT_SIM_VIRTUAL_H

#include "transport/sim_net.h"

/** Lets everything up to `end_us` (inclusive) happen; the clock stands there
 *  then. Not inside of a step. */
void msock__sim_virtual_run(struct msock__sim_net *net, uint64_t end_us);

/** Lets time pass until the channels that are closing have closed. Not inside
 *  of a step. */
void msock__sim_virtual_settle(struct msock__sim_net *net);

/** Frees the nodes of that name (NULL: all) and their channels, which say
 *  nothing more. Not inside of a run.  Returns their number. */
int msock__sim_virtual_crash(struct msock__sim_net *net, const char *name);

/** Lets the nodes of that name (NULL: all) do and hear nothing until
 *  `until_us`.  Returns their number. */
int msock__sim_virtual_suspend(struct msock__sim_net *net, const char *name,
                               uint64_t until_us);

/** Gives clocks the drift that their hosts have now. */
void msock__sim_virtual_drift(struct msock__sim_net *net);

#endif
