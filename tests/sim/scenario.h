/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulation consists of, drawn from one 64-bit seed: nodes and how they
 * publish, and what happens to them and to the network between them. */
#ifndef MSOCK_TESTS_SIM_SCENARIO_H
#define MSOCK_TESTS_SIM_SCENARIO_H

#include "transport/sim_random.h"

#include <multisock/sim.h>
#include <stdio.h>

enum { SCENARIO_NODES_MAX = 12 };

/** How a node publishes and listens; shares are per cent of its messages. */
struct scenario_node {
    const char *filter;   /* it subscribes to */
    unsigned interval_ms; /* between two messages, on average; 0: silent */
    unsigned reliable;
    unsigned copies; /* of those that are not reliable */
    unsigned expires;
    unsigned after;
    unsigned raw;
    unsigned state_ms;    /* between two states, on average; 0: it has none */
    bool keeper;          /* it keeps them for others */
    unsigned order_ms;    /* between two orders, on average; 0: it has none */
    unsigned question_ms; /* between two questions, likewise */
    unsigned echo;        /* of what it hears, answered from the callback */
    unsigned size_max;    /* bytes of padding */
    double drift_ppm;
    int64_t wall_ms;       /* of its wall clock */
    msock_options options; /* sizes, mostly the defaults */
};

/** How often something happens while there are faults, per minute. */
struct scenario_rates {
    unsigned link;    /* the faults of a link change */
    unsigned host;    /* a node's host gets worse */
    unsigned cut;     /* a direction is cut, for a while */
    unsigned suspend; /* a node sleeps */
    unsigned crash;
    unsigned close;
    unsigned copy;     /* per cent of openings are of a copied machine */
    unsigned replay;   /* the attacker sends what he recorded */
    unsigned forge;    /* ... or made up, or damaged */
    unsigned withhold; /* ... or keeps back what one node sends another */
    unsigned listen;   /* a node begins or ends a subscription */
};

struct scenario {
    uint64_t seed;
    bool sealed;
    unsigned node_count;
    unsigned faulty_ms; /* the phase with faults */
    unsigned quiet_ms;  /* nothing is published then, 0: no such phase */
    bool twins;         /* the last node has the name of the first */
    unsigned loss_max;  /* the worst that is drawn for a link */
    unsigned delay_max_ms;
    msock_sim_faults calm; /* of all links when there are no faults */
    struct scenario_rates rates;
    struct scenario_node nodes[SCENARIO_NODES_MAX];
    struct msock__sim_random random; /* what is drawn while it runs */
};

/** Draws a scenario. */
void scenario_draw(struct scenario *scenario, uint64_t seed);

/** Draws the faults of a link within the scenario's worst. */
msock_sim_faults scenario_link(struct scenario *scenario);

/** Draws the conditions of a host, but its drift. */
msock_sim_host scenario_host(struct scenario *scenario);

/** Describes it in a few lines. */
void scenario_print(const struct scenario *scenario, FILE *out);

/** Draws a number of low..high, both included. */
unsigned scenario_within(struct msock__sim_random *random, unsigned low,
                         unsigned high);

#endif
