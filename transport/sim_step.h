/* SPDX-License-Identifier: Apache-2.0 */
/* A node on a virtual network, and the clock that steps such nodes: what
 * sim_step.c and sim_virtual.c share; nobody else looks inside.
 *
 * A node wants its next step when something arrives, when its engine is due, or
 * when woken; one that is suspended steps no earlier than it resumes, though
 * its clock goes on. */
#ifndef MSOCK_TRANSPORT_SIM_STEP_H
#define MSOCK_TRANSPORT_SIM_STEP_H

#include "core/engine.h"
#include "transport/sim_clock.h"
#include "transport/sim_net.h"

#include <stdatomic.h>

struct msock__sim_node {
    struct msock__sim_entry entry; /* first: the heap knows only this */
    struct msock__driver driver;
    struct msock__sim_net *net;
    struct msock__sim_endpoint *endpoint;
    struct msock__sim_clock clock;
    msock_channel *channel;
    unsigned generation; /* of the process that opened it */
    bool raw;
    atomic_bool stopped; /* the one thing that other threads touch */
    bool closing;
    uint64_t give_up_us; /* closing: sends until then */
    uint64_t stepped_us; /* last step */
    uint64_t asleep_us;  /* suspended until then */
    uint64_t worked_us;  /* its worker will be done; MSOCK__SIM_NEVER: idle */
    msock_closed *closed;
    void *closed_user;
    bool *gone; /* set when the node ends; of the call that waits for it */
};

/** What the node's own clock shows. */
uint64_t msock__sim_node_now(const struct msock__sim_node *node);

/** Lets a node step at `due_us` or as soon as it can after that, if it is not
 *  going to earlier. */
void msock__sim_node_hasten(struct msock__sim_node *node, uint64_t due_us);

/** Detaches and frees a node without its channel. */
void msock__sim_node_free(struct msock__sim_node *node);

/** Encloses runs: the network may lose its last holder in between. */
void msock__sim_enter(struct msock__sim_net *net);
void msock__sim_leave(struct msock__sim_net *net);

/** Lets the first thing happen that is due until `end_us`.  Returns false if
 *  there is none. */
bool msock__sim_advance(struct msock__sim_net *net, uint64_t end_us);

#endif
