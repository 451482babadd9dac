/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated networks of this process by name: a model each, with a lock and
 * either the real clock or a virtual one.
 *
 * A network lives as long as somebody holds it: its handle, and its channels.
 * The lock guards the model alone and is held only for one call into it, so
 * nothing that calls back runs under it but observers; the virtual clock and
 * its nodes belong to one thread. */
#ifndef MSOCK_TRANSPORT_SIM_NET_H
#define MSOCK_TRANSPORT_SIM_NET_H

#include "core/options.h"
#include "transport/sim_heap.h"
#include "transport/sim_model.h"

#include <pthread.h>

struct msock__sim_net {
    struct msock__sim_net *next; /* the registry's */
    size_t holders;              /* the registry's */
    char name[MSOCK__HOST_MAX + 1];
    bool real_time;
    uint64_t seed;
    uint64_t opened_us; /* real time: on uv's clock */
    pthread_mutex_t lock;
    struct msock__sim_model model; /* under `lock` */

    /* Virtual time; see sim_virtual.c. */
    uint64_t now_us;
    bool running;
    uint64_t node_count; /* gives nodes their order */
    struct msock__sim_heap nodes;
    struct msock__sim_random random; /* what nodes draw */
    uint8_t *scratch;                /* MSOCK__SIM_SCRATCH bytes */
};

/** What a new network is made of. */
struct msock__sim_net_config {
    const char *name; /* valid */
    uint64_t seed;    /* 0: drawn */
    struct msock__sim_link link;
    bool real_time;
};

/** Makes a network and holds it.  Returns 0, MSOCK_EBUSY (the name is taken),
 *  MSOCK_ESYSTEM, MSOCK_ENOMEM, with the detail set. */
int msock__sim_net_open(struct msock__sim_net **net,
                        const struct msock__sim_net_config *config);

/** Holds the network config->host, which must agree with config->sim in all
 *  that is not zero there. One that does not exist is made, in real time, if
 *  `create`.
 *  Returns 0, MSOCK_ENOENT, MSOCK_EOPTION, MSOCK_ESYSTEM, MSOCK_ENOMEM, with
 *  the detail set. */
int msock__sim_net_join(struct msock__sim_net **net,
                        const struct msock__config *config, bool create);

/** Holds it once more. */
void msock__sim_net_hold(struct msock__sim_net *net);

/** Lets go; the last one frees it. */
void msock__sim_net_release(struct msock__sim_net *net);

/** Time since it was made. */
uint64_t msock__sim_net_now(const struct msock__sim_net *net);

/** Largest datagram to send for a channel's configuration: what UDP over IPv4
 *  leaves of its mtu, or of Ethernet's. */
size_t msock__sim_frame_size(const struct msock__config *config);

/** Enter and leave the model. Not nested: an observer that calls the network
 *  stops at an assertion instead of hanging. */
void msock__sim_net_lock(struct msock__sim_net *net);
void msock__sim_net_unlock(struct msock__sim_net *net);

#endif
