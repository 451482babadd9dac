/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network as msock_open() sees it (`sim://NAME`).
 *
 * A network in real time is a transport like any other, and loop.c drives it. A
 * network in virtual time (made by msock_sim_open(), include/multisock/sim.h)
 * has a clock of its own and no loop: its channels come whole, with their
 * driver. */
#ifndef MSOCK_TRANSPORT_SIM_H
#define MSOCK_TRANSPORT_SIM_H

#include "core/engine.h"
#include "core/options.h"
#include "transport/transport.h"

#include <stdbool.h>

/** Whether the network `name` exists and runs in virtual time. Then
 *  msock__sim_open_virtual() opens its channels, and a caller's loop cannot be
 *  honoured.  Thread: any. */
bool msock__sim_is_virtual(const char *name);

/** Makes the transport of a node on the real-time network config->host, which
 *  is created, with config->sim, if nobody has. The node's name is
 *  config->name; config->mtu, ->rcvbuf and ->raw count too.
 *  Returns 0, MSOCK_EOPTION (faults that differ from the existing network's),
 *  MSOCK_ENOTSUP (it runs in virtual time), MSOCK_ESYSTEM, MSOCK_ENOMEM, with
 * the detail set.  Thread: any. */
int msock__sim_new(struct msock__transport **transport,
                   const struct msock__config *config);

/** Opens a channel on the virtual network config->host: makes its driver and
 *  calls msock__channel_new(), whose rules for `pipeline` are these too.
 *  Returns 0, MSOCK_ENOENT (the network is gone), MSOCK_EOPTION (as above),
 *  MSOCK_ESYSTEM, MSOCK_ENOMEM, with the detail set.  Thread: the network's. */
int msock__sim_open_virtual(msock_channel **channel,
                            const struct msock__config *config,
                            struct msock__pipeline *pipeline,
                            msock_logger *logger);

#endif
