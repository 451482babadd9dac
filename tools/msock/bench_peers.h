/* SPDX-License-Identifier: Apache-2.0 */
/* Whom msock bench heard: what came of each session, in 50 KiB each, of at most
 * BENCH_PEERS_MAX. */
#ifndef MSOCK_TOOLS_BENCH_PEERS_H
#define MSOCK_TOOLS_BENCH_PEERS_H

#include "tools/msock/bench_latency.h"
#include "tools/msock/bench_tally.h"

#include <multisock/multisock.h>

enum { BENCH_PEERS_MAX = 64 };

struct bench_peer {
    uint64_t session;
    char name[MSOCK_NAME_MAX + 1];
    uint64_t bytes;    /* of what was received */
    uint64_t first_ns; /* when the first and ... */
    uint64_t last_ns;  /* ... the last came, if some were received */
    uint64_t heard_ns; /* when it was heard last */
    struct bench_tally tally;
    struct bench_latency latency;
};

struct bench_peers {
    struct bench_peer *all[BENCH_PEERS_MAX];
    int count;
    int last;             /* the one that was found last */
    uint64_t passed_over; /* messages of those there was no room for */
};

/** Returns the message's sender, a new one if it was not heard before; NULL if
 *  there is no room for it, which is counted. */
struct bench_peer *bench_peers_find(struct bench_peers *peers,
                                    const msock_message *message);

/** Takes a message with this number, which took so long.  Returns whether it is
 *  received. */
bool bench_peer_add(struct bench_peer *peer, uint64_t number, size_t size,
                    int64_t took_ns);

/** Returns the sum of what was received, and what is lost of all. */
uint64_t bench_peers_received(const struct bench_peers *peers);
uint64_t bench_peers_lost(const struct bench_peers *peers);

/** Whether somebody was heard, and all came of everybody. */
bool bench_peers_complete(const struct bench_peers *peers);

void bench_peers_fini(struct bench_peers *peers);

#endif
