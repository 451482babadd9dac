/* SPDX-License-Identifier: Apache-2.0 */
/* The flooder's way to the group: datagrams in batches, from its own address
 * or under another's. */
#ifndef BENCH_FLOOD_ATTACK_SOCKET_H
#define BENCH_FLOOD_ATTACK_SOCKET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum { BATCH = 32, DATAGRAM_MAX = 1472 };

struct attack_socket {
    int in, out;
    struct sockaddr_in group;
    uint64_t sent;
    size_t head_size; /* of the IP and UDP headers that are forged, or 0 */
    uint8_t head[28];
};

/** Joins the group on the interface of address `from`.  Returns 0 or -1. */
int attack_open(struct attack_socket *net, const char *group, uint16_t port,
                const char *from);

/** From now on sends under the address and port of `victim`.
 *  Returns 0, or -1 if raw sockets are not allowed. */
int attack_forge(struct attack_socket *net, const struct sockaddr_in *victim);

/** Sends a batch. `datagrams` may be changed. */
void attack_send(struct attack_socket *net,
                 uint8_t datagrams[BATCH][DATAGRAM_MAX],
                 const size_t sizes[BATCH]);

/** Receives one datagram and where it came from, waiting at most `wait_ms`.
 *  Returns its size, 0: none. */
size_t attack_receive(struct attack_socket *net, int wait_ms,
                      uint8_t bytes[DATAGRAM_MAX], struct sockaddr_in *source);

#endif
