/* SPDX-License-Identifier: Apache-2.0 */
/* A node's own clock on a virtual network: like any host's it was ahead before
 * the network was made, and it may run a little fast or slow.
 *
 * Both directions are exact integers, so that runs repeat; a local time turned
 * into network time and back is never earlier than it was. */
#ifndef MSOCK_TRANSPORT_SIM_CLOCK_H
#define MSOCK_TRANSPORT_SIM_CLOCK_H

#include <stdint.h>

enum { MSOCK__SIM_DRIFT_MAX_PPB = 100000000 }; /* 10 per cent */

struct msock__sim_clock {
    uint64_t network_us; /* moment since when the drift holds */
    uint64_t local_us;   /* what the clock showed then */
    int64_t drift_ppb;
};

/** A clock that keeps time, an hour ahead of the network's. */
void msock__sim_clock_init(struct msock__sim_clock *clock);

/** From `network_us` on it runs so much faster (at most DRIFT_MAX_PPB). */
void msock__sim_clock_drift(struct msock__sim_clock *clock, uint64_t network_us,
                            int64_t drift_ppb);

/** What it shows at `network_us`, which is not before the drift was set. */
uint64_t msock__sim_clock_local(const struct msock__sim_clock *clock,
                                uint64_t network_us);

/** When it shows `local_us` for the first time: never for UINT64_MAX, at the
 *  moment of the last drift for what it showed before. */
uint64_t msock__sim_clock_network(const struct msock__sim_clock *clock,
                                  uint64_t local_us);

#endif
