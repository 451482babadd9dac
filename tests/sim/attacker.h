/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody on the network without the key: records every datagram, replays any
 * at any time to anybody, damages and makes up others, and keeps back what one
 * node sends another. */
#ifndef MSOCK_TESTS_SIM_ATTACKER_H
#define MSOCK_TESTS_SIM_ATTACKER_H

#include "tests/sim/report.h"
#include "tests/sim/wire.h"
#include "transport/sim_random.h"

enum { ATTACKER_RECORDS = 8192, ATTACKER_BYTES = 16 * 1024 * 1024 };

/** A datagram as it was sent. */
struct record {
    uint64_t at_us;
    uint8_t *bytes;
    size_t size;
    enum wire_kind kind;
    uint64_t session; /* first 8 bytes */
    uint64_t counter;
    unsigned node;
    bool withheld; /* to be delivered later to `withheld_from` */
};

struct attacker {
    struct report *report;
    msock_sim *sim;
    struct record *records; /* a ring of ATTACKER_RECORDS */
    uint64_t count;         /* ever recorded */
    size_t bytes;
    /* Withholding: what `from` sends does not reach `to` until then. */
    bool withholding;
    char from[16], to[16];
    unsigned from_node;
    uint64_t release_us;
};

void attacker_init(struct attacker *attacker, struct report *report,
                   msock_sim *sim);
void attacker_fini(struct attacker *attacker);

/** A node sent a datagram: records it. From within a tap. */
void attacker_record(struct attacker *attacker, unsigned node,
                     const struct wire_view *view, const uint8_t *bytes,
                     size_t size, uint64_t now_us);

/** Replays something that is recorded, to one of the nodes or to all. */
void attacker_replay(struct attacker *attacker,
                     struct msock__sim_random *random, unsigned nodes);

/** Replays all recorded datagrams of a session (0: of all), of a kind or of
 *  all (WIRE_STRANGE), to a node (NULL: to all), in the order they were sent.
 *  Returns their number. */
size_t attacker_replay_all(struct attacker *attacker, uint64_t session,
                           enum wire_kind kind, const char *to);

/** Sends a damaged or made-up datagram. */
void attacker_forge(struct attacker *attacker, struct msock__sim_random *random,
                    unsigned nodes);

/** Keeps back what one node sends another until `release_us`. */
void attacker_withhold(struct attacker *attacker, unsigned from, unsigned to,
                       uint64_t release_us);

/** Lets go what was kept back, if its time has come (`now`: at once). */
void attacker_release(struct attacker *attacker, bool now);

#endif
