/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of nodes on the simulated network. */
#include "transport/sim_host.h"

#include "codec/error.h"
#include "transport/sim_clock.h"

#include <stdlib.h>
#include <string.h>

enum { BURST_SIZE = 8, QUEUE_BYTES = 64 * 1024, FRAMING = 42 };

static const double BURST_SIZE_MAX = 1000000.0;
static const uint64_t RATE_MAX = UINT64_C(1) << 40;
static const int64_t WALL_MAX_MS = INT64_C(1) << 42;
static const uint64_t SECOND_US = 1000000;

static int read_drift(int64_t *drift_ppb, double ppm)
{
    double ppb = ppm * 1000.0;
    if (!(ppb >= -MSOCK__SIM_DRIFT_MAX_PPB &&
          ppb <= MSOCK__SIM_DRIFT_MAX_PPB)) {
        return msock__fail(MSOCK_EOPTION,
                           "drift_ppm must be within -100000..100000");
    }
    *drift_ppb = (int64_t)ppb;
    return 0;
}

static int read_burst(struct msock__sim_host *host, const msock_sim_host *given)
{
    double size = given->burst_size > 0.0 ? given->burst_size : BURST_SIZE;
    /* Turned around, this would let a NaN pass. */
    if (!(given->burst >= 0.0 && given->burst <= 100.0)) {
        return msock__fail(MSOCK_EOPTION,
                           "burst must be within 0..100 per cent");
    }
    if (!(given->burst_size >= 0.0 && size >= 1.0 && size <= BURST_SIZE_MAX)) {
        return msock__fail(MSOCK_EOPTION,
                           "burst_size must be within 1..1000000 datagrams");
    }
    host->burst = given->burst;
    host->burst_end = 100.0 / size;
    return 0;
}

int msock__sim_host_read(struct msock__sim_host *host,
                         const msock_sim_host *given)
{
    struct msock__sim_host read = {
        .wall_ms = given->wall_ms,
        .rate_in = given->rate_in,
        .rate_out = given->rate_out,
        .queue = given->queue > 0 ? given->queue : QUEUE_BYTES,
    };
    if (given->struct_size != 0 && given->struct_size != sizeof(*given)) {
        return msock__fail(MSOCK_EINVAL,
                           "struct_size is of no known msock_sim_host");
    }
    if (read_drift(&read.drift_ppb, given->drift_ppm) < 0 ||
        read_burst(&read, given) < 0) {
        return MSOCK_EOPTION;
    }
    if (read.rate_in > RATE_MAX || read.rate_out > RATE_MAX ||
        read.queue > RATE_MAX) {
        return msock__fail(MSOCK_EOPTION,
                           "rates and queue are at most 2^40 bytes");
    }
    if (read.wall_ms > WALL_MAX_MS || read.wall_ms < -WALL_MAX_MS) {
        return msock__fail(MSOCK_EOPTION, "wall_ms must be within 2^42 ms");
    }
    *host = read;
    return 0;
}

void msock__sim_hosts_fini(struct msock__sim_hosts *hosts)
{
    free(hosts->hosts);
    *hosts = (struct msock__sim_hosts){0};
}

/* "" covers every name. */
static bool covers(const char *pattern, const char *name)
{
    return pattern[0] == '\0' || strcmp(pattern, name) == 0;
}

static void remove_covered(struct msock__sim_hosts *hosts, const char *by)
{
    size_t kept = 0;
    for (size_t i = 0; i < hosts->count; i++) {
        if (!covers(by, hosts->hosts[i].name)) {
            hosts->hosts[kept] = hosts->hosts[i];
            kept++;
        }
    }
    hosts->count = kept;
}

int msock__sim_hosts_set(struct msock__sim_hosts *hosts,
                         const struct msock__sim_host *host)
{
    /* Before anything is removed, so that a failure changes nothing. */
    if (hosts->count == hosts->capacity) {
        size_t capacity = hosts->capacity == 0 ? 8 : 2 * hosts->capacity;
        struct msock__sim_host *grown =
            realloc(hosts->hosts, capacity * sizeof(*grown));
        if (grown == NULL) {
            return MSOCK_ENOMEM;
        }
        hosts->hosts = grown;
        hosts->capacity = capacity;
    }
    remove_covered(hosts, host->name);
    if (hosts->count == MSOCK__SIM_HOSTS_MAX) {
        return MSOCK_ELIMIT;
    }
    hosts->hosts[hosts->count] = *host;
    hosts->count++;
    return 0;
}

const struct msock__sim_host *
msock__sim_hosts_find(const struct msock__sim_hosts *hosts, const char *name)
{
    for (size_t i = hosts->count; i > 0; i--) {
        if (covers(hosts->hosts[i - 1].name, name)) {
            return &hosts->hosts[i - 1];
        }
    }
    return NULL;
}

void msock__sim_port_settle(struct msock__sim_port *port,
                            const struct msock__sim_host *host)
{
    port->host = host != NULL ? *host : (struct msock__sim_host){0};
    /* Without bursts there is none to end. */
    port->in_burst = port->in_burst && port->host.burst > 0.0;
}

bool msock__sim_port_burst(struct msock__sim_port *port,
                           struct msock__sim_random *random)
{
    double turn = port->in_burst ? port->host.burst_end : port->host.burst;
    if (msock__sim_random_chance(random, turn)) {
        port->in_burst = !port->in_burst;
    }
    return port->in_burst;
}

/* One direction: what was accepted before goes first. */
static bool pass(uint64_t *free_us, uint64_t rate, uint64_t queue,
                 uint64_t now_us, uint64_t size, uint64_t *delay_us)
{
    *delay_us = 0;
    if (rate == 0) {
        return true;
    }
    uint64_t begin_us = *free_us > now_us ? *free_us : now_us;
    uint64_t waiting_us = begin_us - now_us;
    if (waiting_us > queue * SECOND_US / rate) {
        return false;
    }
    *free_us = begin_us + (size + FRAMING) * SECOND_US / rate;
    *delay_us = *free_us - now_us;
    return true;
}

bool msock__sim_port_out(struct msock__sim_port *port, uint64_t now_us,
                         size_t size, uint64_t *delay_us)
{
    return pass(&port->out_free_us, port->host.rate_out, port->host.queue,
                now_us, size, delay_us);
}

bool msock__sim_port_in(struct msock__sim_port *port, uint64_t now_us,
                        size_t size, uint64_t *delay_us)
{
    return pass(&port->in_free_us, port->host.rate_in, port->host.queue, now_us,
                size, delay_us);
}
