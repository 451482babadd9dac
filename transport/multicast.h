/* SPDX-License-Identifier: Apache-2.0 */
/* UDP multicast as a transport: one group and port, on each wanted interface.
 *
 * A socket bound to group:port receives, and one for each interface sends, so
 * that an interface that stalls does not hold up the others
 * (docs/decisions/0016). They join and send by interface index: neither a
 * default route nor a VPN decides where frames go. Frames for other groups or
 * from other interfaces are dropped and counted.
 *
 * With `peer` or `listen` there is one more, for unicast to the hosts that are
 * named there, and from anybody. No address that a datagram carries is ever
 * sent to.
 *
 * Interfaces that appear, change or vanish are followed 100 ms later, up to
 * 1 s where there are thousands; with none at all the channel waits. One that
 * is silent against expectation (silence.h) is joined anew. Nothing of that
 * ends the channel.
 *
 * Memory: 1 MiB of address space to receive into, of which an idle channel
 * touches nothing and ordinary frames 64 KiB. Time: one system call for up to
 * 16 datagrams in or 64 out; no wake-up when idle. */
#ifndef MSOCK_TRANSPORT_MULTICAST_H
#define MSOCK_TRANSPORT_MULTICAST_H

#include "core/options.h"
#include "transport/transport.h"

/** Makes the transport of config->host and ->port, which is not started yet,
 *  and writes the group's 16 bytes as the seal wants them. Counts: ->iface,
 *  ->ttl, ->dscp, ->rcvbuf, ->mtu, ->raw (name the source of datagrams),
 *  ->peer, ->listen.
 *  `logger` (may be NULL, outlives the transport) hears what is joined.
 *  Returns 0, MSOCK_EURL (not a multicast group), MSOCK_EOPTION (iface, peer),
 *  MSOCK_ENOMEM, with the detail set. */
int msock__multicast_new(struct msock__transport **transport,
                         const struct msock__config *config,
                         msock_logger *logger, uint8_t group[static 16]);

#endif
