/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network itself, without clock, threads or I/O: a datagram sent
 * by one endpoint is on its way to every endpoint until its time has come and
 * the receiver takes it. Real and virtual time drive the same model.
 *
 * Everything random comes from one seed, and endpoints are visited in the order
 * they were attached: the same calls give the same network. Copies of a
 * datagram share its bytes; per copy about 80 bytes are held, and per receiver
 * at most buffer_max, MSOCK__SIM_OVERHEAD charged for each copy. Sending costs
 * O(endpoints x (rules + log waiting)). */
#ifndef MSOCK_TRANSPORT_SIM_MODEL_H
#define MSOCK_TRANSPORT_SIM_MODEL_H

#include "transport/sim_faults.h"
#include "transport/sim_heap.h"
#include "transport/sim_host.h"
#include "transport/sim_random.h"

#include <multisock/sim.h>

enum {
    MSOCK__SIM_DATAGRAM_MAX = 65507,
    MSOCK__SIM_OVERHEAD = 512,
    /* room for the largest datagram and its spare byte */
    MSOCK__SIM_SCRATCH = MSOCK__SIM_DATAGRAM_MAX + 1
};

struct msock__sim_endpoint;

struct msock__sim_model {
    struct msock__sim_random random;
    struct msock__sim_link link;   /* of links without a rule */
    struct msock__sim_rules links; /* faults of links */
    struct msock__sim_rules cuts;  /* partitions */
    struct msock__sim_hosts hosts; /* conditions of nodes */
    struct msock__sim_random bursts;
    struct msock__sim_endpoint *first, *last;
    uint64_t copy_count; /* gives copies their order */
    msock_sim_stats stats;
    msock_sim_observer *observer;
    void *observer_user;
};

struct msock__sim_endpoint_config {
    const char *name;  /* of the node, copied */
    size_t buffer_max; /* bytes that may wait for it */
    /** A copy that is due earlier than all others waits for the endpoint. Must
     *  not call the model back. */
    void (*wake)(void *owner);
    void *owner;
};

/** A copy that was taken. */
struct msock__sim_arrival {
    uint8_t *bytes; /* at the very end of the caller's scratch */
    size_t size;
    uint64_t due_us; /* when it reached the endpoint */
    bool own;
    char from[MSOCK_NAME_MAX + 1]; /* "": injected */
};

void msock__sim_model_init(struct msock__sim_model *model, uint64_t seed,
                           const struct msock__sim_link *link);

/** All endpoints must be detached. */
void msock__sim_model_fini(struct msock__sim_model *model);

/** Adds an endpoint.  Returns 0, MSOCK_ENOMEM. */
int msock__sim_attach(struct msock__sim_model *model,
                      struct msock__sim_endpoint **endpoint,
                      const struct msock__sim_endpoint_config *config);

/** Removes an endpoint and what waits for it; what it sent goes on. NULL is
 *  ignored. */
void msock__sim_detach(struct msock__sim_endpoint *endpoint);

/** Sends a datagram (at most MSOCK__SIM_DATAGRAM_MAX bytes, copied) to all
 *  endpoints, its own too. Where memory fails, it counts as overflow. */
void msock__sim_send(struct msock__sim_endpoint *from, uint64_t now_us,
                     const uint8_t *bytes, size_t size);

/** Puts a datagram (as above) before the endpoints named `to` (NULL: all)
 *  without faults.  Returns how many get it, MSOCK_ENOENT (none of that name),
 *  MSOCK_ENOMEM. */
int msock__sim_model_inject(struct msock__sim_model *model, uint64_t now_us,
                            const char *to, const uint8_t *bytes, size_t size);

/** When the next copy reaches the endpoint, MSOCK__SIM_NEVER if none waits. */
uint64_t msock__sim_due(const struct msock__sim_endpoint *endpoint);

/** Takes the next copy that is due at `now_us`. Its bytes are written so that
 *  nothing but its spare byte follows them in `scratch`: a reader that runs too
 *  far leaves the buffer, which sanitizers see.
 *  Returns false if none is due. */
bool msock__sim_take(struct msock__sim_endpoint *endpoint, uint64_t now_us,
                     uint8_t scratch[static MSOCK__SIM_SCRATCH],
                     struct msock__sim_arrival *arrival);

/** Returns how many copies overflowed since the last call. */
uint64_t msock__sim_overflowed(struct msock__sim_endpoint *endpoint);

/** Sets conditions of hosts (copied), for endpoints that are there too.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM (nothing changed). */
int msock__sim_model_host(struct msock__sim_model *model,
                          const struct msock__sim_host *host);

/** How fast the clock of an endpoint's host runs. */
int64_t msock__sim_drift(const struct msock__sim_endpoint *endpoint);

/** How far its wall clock is ahead, in ms. */
int64_t msock__sim_wall(const struct msock__sim_endpoint *endpoint);

/** What is sent to the endpoint before `until_us` is lost. */
void msock__sim_deafen(struct msock__sim_endpoint *endpoint, uint64_t until_us);

/** Bytes charged for what waits for an endpoint. */
size_t msock__sim_buffered(const struct msock__sim_endpoint *endpoint);

#endif
