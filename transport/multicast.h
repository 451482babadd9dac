/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast as a transport: one group and port, on each wanted interface.
 *
 * Two sockets: one bound to group:port receives, one on a port of its own
 * sends. Both join and send by interface index, so neither a default route nor
 * a VPN decides where frames go; frames for other groups or from other
 * interfaces are dropped and counted. Interfaces that appear, change or vanish
 * are followed 250 ms later; with none at all the channel waits.
 *
 * Memory: 1 MiB of address space to receive into, of which an idle channel
 * touches nothing and ordinary frames 64 KiB. Time: one system call for up to
 * 16 datagrams in or 64 out; no wake-up when idle. */
#ifndef MSOCK_TRANSPORT_MULTICAST_H
#define MSOCK_TRANSPORT_MULTICAST_H

#include "core/options.h"
#include "transport/transport.h"

enum { MSOCK__MULTICAST_SETTLE_MS = 250 /* from a change to looking again */ };

/** Makes the transport of config->host and ->port, which is not started yet,
 *  and writes the group's 16 bytes as the seal wants them. Counts: ->iface,
 *  ->ttl, ->dscp, ->rcvbuf, ->mtu, ->raw (name the source of datagrams).
 *  `logger` (may be NULL, outlives the transport) hears what is joined.
 *  Returns 0, MSOCK_EURL (not a multicast group), MSOCK_EOPTION (iface),
 *  MSOCK_ENOMEM, with the detail set. */
int msock__multicast_new(struct msock__transport **transport,
                         const struct msock__config *config,
                         msock_logger *logger, uint8_t group[static 16]);

#endif
