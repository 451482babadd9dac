/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls a node's host on the simulated network: bursts in which it hears
 * nothing, and an interface that carries only so many bytes a second, with a
 * queue before it in each direction.
 *
 * Conditions name nodes, as rules of links do, so they hold for nodes that come
 * later; a port is what one endpoint has of them, with its memory. */
#ifndef MSOCK_TRANSPORT_SIM_HOST_H
#define MSOCK_TRANSPORT_SIM_HOST_H

#include "transport/sim_random.h"

#include <multisock/sim.h>

enum { MSOCK__SIM_HOSTS_MAX = 4096 };

struct msock__sim_host {
    char name[MSOCK_NAME_MAX + 1]; /* "": every node */
    int64_t drift_ppb;
    int64_t wall_ms;   /* its wall clock is ahead by that */
    double burst;      /* per cent of datagrams that begin one */
    double burst_end;  /* per cent of datagrams that end one */
    uint64_t rate_in;  /* bytes/s, 0: any number */
    uint64_t rate_out; /* the same */
    uint64_t queue;    /* bytes that wait for either */
};

/** Reads the public form but its name.  Returns 0, MSOCK_EINVAL (struct_size),
 *  MSOCK_EOPTION, with the detail set. */
int msock__sim_host_read(struct msock__sim_host *host,
                         const msock_sim_host *given);

/** Zeros: no conditions. */
struct msock__sim_hosts {
    struct msock__sim_host *hosts; /* oldest first */
    size_t count;
    size_t capacity;
};

void msock__sim_hosts_fini(struct msock__sim_hosts *hosts);

/** Sets the conditions of a name (copied), or of all with "": those of single
 *  nodes from before are gone then.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM (nothing changed). */
int msock__sim_hosts_set(struct msock__sim_hosts *hosts,
                         const struct msock__sim_host *host);

/** Returns the conditions of a node, borrowed until the next change, or NULL.
 */
const struct msock__sim_host *
msock__sim_hosts_find(const struct msock__sim_hosts *hosts, const char *name);

struct msock__sim_port {
    struct msock__sim_host host;
    bool in_burst;
    uint64_t in_free_us;  /* the interface has received all until then */
    uint64_t out_free_us; /* it has sent all until then */
    uint64_t deaf_us;     /* what is sent to it before is lost */
};

/** Gives the port conditions (copied; NULL: none); what it went through stays,
 *  but for a burst where there are none any more. */
void msock__sim_port_settle(struct msock__sim_port *port,
                            const struct msock__sim_host *host);

/** One draw: whether a datagram meets a burst of the receiver. */
bool msock__sim_port_burst(struct msock__sim_port *port,
                           struct msock__sim_random *random);

/** Takes a datagram of `size` bytes through the interface's way out or in.
 *  Returns false if its queue is full; else *delay_us is the time it takes. */
bool msock__sim_port_out(struct msock__sim_port *port, uint64_t now_us,
                         size_t size, uint64_t *delay_us);
bool msock__sim_port_in(struct msock__sim_port *port, uint64_t now_us,
                        size_t size, uint64_t *delay_us);

#endif
