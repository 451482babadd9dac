/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of nodes on virtual networks. */
#include "transport/sim_clock.h"

#include <assert.h>

static const uint64_t UPTIME_US = UINT64_C(3600000000);
static const uint64_t BILLION = UINT64_C(1000000000);

/* value * factor / divisor without overflow, for factors up to 2^34. */
static uint64_t scale(uint64_t value, uint64_t factor, uint64_t divisor)
{
    uint64_t whole = value / divisor;
    uint64_t rest = value % divisor;
    return whole * factor + rest * factor / divisor;
}

static uint64_t speed(const struct msock__sim_clock *clock)
{
    return (uint64_t)((int64_t)BILLION + clock->drift_ppb);
}

void msock__sim_clock_init(struct msock__sim_clock *clock)
{
    *clock = (struct msock__sim_clock){.local_us = UPTIME_US};
}

void msock__sim_clock_drift(struct msock__sim_clock *clock, uint64_t network_us,
                            int64_t drift_ppb)
{
    assert(drift_ppb >= -MSOCK__SIM_DRIFT_MAX_PPB);
    assert(drift_ppb <= MSOCK__SIM_DRIFT_MAX_PPB);

    clock->local_us = msock__sim_clock_local(clock, network_us);
    clock->network_us = network_us;
    clock->drift_ppb = drift_ppb;
}

uint64_t msock__sim_clock_local(const struct msock__sim_clock *clock,
                                uint64_t network_us)
{
    assert(network_us >= clock->network_us);
    uint64_t elapsed_us = network_us - clock->network_us;
    return clock->local_us + scale(elapsed_us, speed(clock), BILLION);
}

uint64_t msock__sim_clock_network(const struct msock__sim_clock *clock,
                                  uint64_t local_us)
{
    if (local_us == UINT64_MAX) {
        return UINT64_MAX;
    }
    if (local_us <= clock->local_us) {
        return clock->network_us;
    }
    uint64_t wanted_us = local_us - clock->local_us;
    uint64_t at_us =
        clock->network_us + scale(wanted_us, BILLION, speed(clock));
    /* Both directions round down: the first moment is this one or close by. */
    while (msock__sim_clock_local(clock, at_us) < local_us) {
        at_us++;
    }
    return at_us;
}
