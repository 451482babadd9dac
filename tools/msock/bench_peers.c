/* SPDX-License-Identifier: Apache-2.0 */
/* Whom msock bench heard. */
#include "tools/msock/bench_peers.h"

#include <stdlib.h>
#include <string.h>

static struct bench_peer *add_peer(struct bench_peers *peers,
                                   const msock_message *message)
{
    struct bench_peer *peer =
        peers->count < BENCH_PEERS_MAX ? calloc(1, sizeof(*peer)) : NULL;

    if (!peer) {
        peers->passed_over++;
        return NULL;
    }
    size_t size = message->sender_size < MSOCK_NAME_MAX ? message->sender_size
                                                        : MSOCK_NAME_MAX;
    memcpy(peer->name, message->sender, size);
    peer->session = message->session;
    peers->last = peers->count;
    peers->all[peers->count++] = peer;
    return peer;
}

struct bench_peer *bench_peers_find(struct bench_peers *peers,
                                    const msock_message *message)
{
    for (int i = 0; i < peers->count; i++) {
        int at = (peers->last + i) % peers->count;
        if (peers->all[at]->session == message->session) {
            peers->last = at;
            return peers->all[at];
        }
    }
    return add_peer(peers, message);
}

bool bench_peer_add(struct bench_peer *peer, uint64_t number, size_t size,
                    int64_t took_ns)
{
    if (!bench_tally_add(&peer->tally, number)) {
        return false;
    }
    if (peer->tally.received == 1) {
        peer->first_ns = peer->heard_ns;
    }
    peer->last_ns = peer->heard_ns;
    peer->bytes += size;
    bench_latency_add(&peer->latency, took_ns);
    return true;
}

uint64_t bench_peers_received(const struct bench_peers *peers)
{
    uint64_t sum = 0;

    for (int i = 0; i < peers->count; i++) {
        sum += peers->all[i]->tally.received;
    }
    return sum;
}

uint64_t bench_peers_lost(const struct bench_peers *peers)
{
    uint64_t sum = 0;

    for (int i = 0; i < peers->count; i++) {
        sum += bench_tally_lost(&peers->all[i]->tally);
    }
    return sum;
}

bool bench_peers_complete(const struct bench_peers *peers)
{
    bool complete = peers->count > 0 && peers->passed_over == 0;

    for (int i = 0; i < peers->count; i++) {
        complete = complete && bench_tally_complete(&peers->all[i]->tally);
    }
    return complete;
}

void bench_peers_fini(struct bench_peers *peers)
{
    for (int i = 0; i < peers->count; i++) {
        free(peers->all[i]);
    }
}
