/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated network with nodes on it, whose every step is checked: nodes are
 * channels of the public API, open and close, crash, sleep, publish; the ledger
 * checks what they hear, the traffic what they send, and the attacker records
 * it. Stories (story.h) drive a world by a scenario, tests drive one by hand.
 */
#ifndef MSOCK_TESTS_SIM_WORLD_H
#define MSOCK_TESTS_SIM_WORLD_H

#include "tests/sim/attacker.h"
#include "tests/sim/ledger.h"
#include "tests/sim/nonces.h"
#include "tests/sim/orders.h"
#include "tests/sim/questions.h"
#include "tests/sim/report.h"
#include "tests/sim/shared.h"
#include "tests/sim/traffic.h"
#include "tests/sim/wire.h"
#include "transport/sim_random.h"

enum { WORLD_NODES_MAX = 256, WORLD_TICK_MS = 5 };

/** Topic of a second subscription that a node may have. */
#define WORLD_EXTRA "nobody/publishes/this"

struct world;

struct world_node {
    struct world *world;
    unsigned number;
    char name[16];         /* on the network, and mostly its own */
    const char *called;    /* as whom it speaks */
    const char *filter;    /* it subscribes to [#] */
    bool keeper;           /* it keeps states for others */
    unsigned echo;         /* per cent of what it hears is answered */
    msock_options options; /* its channels open with */
    struct life *life;     /* the present one, or NULL */
};

struct world_config {
    uint64_t seed;
    bool sealed;
    unsigned node_count;
    msock_sim_faults faults; /* of all links */
    FILE *transcript;        /* or NULL */
};

struct world {
    struct report report;
    msock_sim *sim;
    char network[32];
    char key_path[64]; /* "": the channels are open */
    bool sealed;
    unsigned node_count;
    struct world_node *nodes;
    struct wire wire;
    struct ledger ledger;
    struct shared shared;
    struct traffic traffic;
    struct attacker attacker;
    struct nonces nonces;
    struct orders orders;
    struct questions questions;
    struct msock__sim_random random; /* of echoes */
    uint64_t checked_s;              /* second of the last budget check */
    uint64_t digest;                 /* of all that happened */
    char *payload;                   /* PAYLOAD_MAX bytes */
};

/** Makes a network with no node open. */
void world_init(struct world *world, const struct world_config *config);

/** Ends all nodes, at once. */
void world_fini(struct world *world);

/** Opens a node that has no life. */
void world_open(struct world *world, unsigned node);

/** Opens all. */
void world_open_all(struct world *world);

/** Opens a node that has no life as a copy of another's machine (disguise.h):
 *  two nodes with one session. The channels are sealed. */
void world_copy(struct world *world, unsigned node, unsigned of, bool late);

/** Begins to close a node's channel; its life ends when it has closed. */
void world_close(struct world *world, unsigned node);

/** Ends a node's life at once. */
void world_crash(struct world *world, unsigned node);

/** Has a node begin, or end, a second subscription, which hears nothing. */
void world_listen(struct world *world, unsigned node);

/** Checks that each living node, but forgetful ones, knows what each other one
 *  says of itself, and takes nobody for living who is silent for too long;
 *  what two were is left out. */
void world_check_rosters(struct world *world);

/** Lets a node sleep, or wakes it (0). */
void world_suspend(struct world *world, unsigned node, unsigned duration_ms);

/** Whether a node's channel is there to be used. */
bool world_alive(const struct world *world, unsigned node);

/** Publishes; padding, topic, flags, copies, expires and after count.  Returns
 *  what msock_publish() does. */
int world_publish(struct world *world, unsigned node,
                  const struct publication *publication);

/** Publishes a state (states.h), or clears one.  Returns what msock_publish()
 *  does. */
int world_state(struct world *world, unsigned node, unsigned topic, bool clear);

/** Lets time pass, tick by tick, with all checks. */
void world_run(struct world *world, uint64_t duration_ms);

/** Whether a living node heard the publication `number` of another's present
 *  life. */
bool world_heard(const struct world *world, unsigned node, unsigned sender,
                 size_t number);

/** A counter of a living node, or summed over all (`node` < 0). */
uint64_t world_counter(const struct world *world, int node,
                       enum msock_counter counter);

/** Virtual time in us. */
uint64_t world_now(const struct world *world);

#endif
