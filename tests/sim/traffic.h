/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes put on the wire, counted by kind and second, and the checks that
 * they keep their budgets (docs/protocol.md 7) and are silent when idle. */
#ifndef MSOCK_TESTS_SIM_TRAFFIC_H
#define MSOCK_TESTS_SIM_TRAFFIC_H

#include "tests/sim/report.h"
#include "tests/sim/wire.h"

enum { TRAFFIC_NODES_MAX = 1024, TRAFFIC_SECONDS = 16, TRAFFIC_ASKINGS = 64 };

/** What one node sent, in total or in a second. */
struct traffic_count {
    uint64_t frames[WIRE_KINDS];
    uint64_t bytes[WIRE_KINDS];
};

/** How often a session asked what became of a frame. */
struct traffic_asking {
    uint64_t counter; /* 0: none */
    uint64_t times;
    uint64_t last_us;
    uint64_t gap_us; /* before the next one, at least */
};

/** What a node says of its present session: how far its reliable stream is, and
 *  that it ends. */
struct traffic_session {
    uint64_t session;
    uint64_t last;    /* reliable frame, */
    uint64_t last_us; /* and when it was first sent */
    bool burst;       /* soon after the one before it */
    uint64_t syncs;   /* since then */
    struct traffic_asking askings[TRAFFIC_ASKINGS]; /* a ring by counter */
    uint64_t byes;
    uint64_t answers; /* since the first of them */
};

struct traffic_node {
    struct traffic_count total;
    struct traffic_count seconds[TRAFFIC_SECONDS]; /* a ring */
    struct traffic_session session;
    uint64_t told;               /* results, in acks */
    struct traffic_count window; /* the last full seconds, summed */
    uint64_t second;             /* the newest in the ring */
};

struct traffic {
    struct report *report;
    struct traffic_node *nodes; /* TRAFFIC_NODES_MAX */
    uint64_t asked;             /* for results, by all */
};

void traffic_init(struct traffic *traffic, struct report *report);
void traffic_fini(struct traffic *traffic);

/** A node opens: its budgets are new. */
void traffic_opened(struct traffic *traffic, unsigned node);

/** A node sent a datagram. */
void traffic_sent(struct traffic *traffic, unsigned node,
                  const struct wire_view *view, uint64_t now_us);

/** Checks the budgets of a node over the last seconds; `nodes`: how many
 *  there are. */
void traffic_check(struct traffic *traffic, unsigned node, unsigned nodes,
                   uint64_t now_us);

/** What a node sent since it began, or all nodes (`node` < 0). */
struct traffic_count traffic_total(const struct traffic *traffic, int node);

/** Checks that between two totals of a node only hellos were sent, and no more
 *  than its interval allows. */
void traffic_check_idle(struct traffic *traffic, unsigned node,
                        const struct traffic_count *before,
                        uint64_t duration_us);

#endif
