/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of the simulated network (include/multisock/sim.h). */
#include "codec/error.h"
#include "transport/sim_net.h"
#include "transport/sim_virtual.h"

#include <multisock/sim.h>
#include <stdlib.h>
#include <string.h>

struct msock_sim {
    struct msock__sim_net *net;
};

static const uint64_t DURATION_MAX_MS = UINT64_C(1) << 40;

/* Others could not stand in an address, and no channel could join. */
static bool is_network_name(const char *name)
{
    size_t size = name != NULL ? strlen(name) : 0;
    return size >= 1 && size <= MSOCK__HOST_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == size;
}

static int read_options(struct msock__sim_net_config *config, const char *name,
                        const msock_sim_options *options)
{
    static const msock_sim_options defaults = {0};
    const msock_sim_options *given = options != NULL ? options : &defaults;
    if (!is_network_name(name)) {
        return msock__fail(MSOCK_EINVAL,
                           "a network's name is 1..%d letters, digits, dots, "
                           "dashes and underscores",
                           MSOCK__HOST_MAX);
    }
    if (given->struct_size != 0 && given->struct_size != sizeof(*given)) {
        return msock__fail(MSOCK_EINVAL,
                           "struct_size is of no known msock_sim_options");
    }
    config->name = name;
    config->seed = given->seed;
    config->real_time = given->real_time;
    return msock__sim_link_read(&config->link, &given->faults);
}

int msock_sim_open(msock_sim **sim, const char *name,
                   const msock_sim_options *options)
{
    struct msock__sim_net_config config = {0};
    int result = read_options(&config, name, options);
    if (result < 0) {
        return result;
    }
    msock_sim *made = malloc(sizeof(*made));
    if (made == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for the network \"%s\"",
                           name);
    }
    result = msock__sim_net_open(&made->net, &config);
    if (result < 0) {
        free(made);
        return result;
    }
    *sim = made;
    return 0;
}

void msock_sim_close(msock_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    if (!sim->net->real_time) {
        msock__sim_virtual_settle(sim->net);
    }
    msock__sim_net_release(sim->net);
    free(sim);
}

static int not_virtual(void)
{
    return msock__fail(MSOCK_ENOTSUP, "only a network in virtual time can");
}

int msock_sim_run(msock_sim *sim, uint64_t duration_ms)
{
    struct msock__sim_net *net = sim->net;
    if (net->real_time) {
        return msock__fail(MSOCK_ENOTSUP,
                           "a network in real time is run by its channels' "
                           "loops");
    }
    if (net->running) {
        return msock__fail(MSOCK_EBUSY, "the network is running already");
    }
    if (duration_ms > DURATION_MAX_MS) {
        return msock__fail(MSOCK_EINVAL, "a run lasts at most 2^40 ms");
    }
    msock__sim_virtual_run(net, net->now_us + duration_ms * 1000);
    return 0;
}

uint64_t msock_sim_now_us(const msock_sim *sim)
{
    return msock__sim_net_now(sim->net);
}

uint64_t msock_sim_seed(const msock_sim *sim)
{
    return sim->net->seed;
}

static int read_name(char name[static MSOCK_NAME_MAX + 1], const char *given)
{
    if (given == NULL) {
        name[0] = '\0';
        return 0;
    }
    size_t size = strlen(given);
    if (size == 0 || size > MSOCK_NAME_MAX) {
        return msock__fail(MSOCK_EINVAL,
                           "a node name has 1..%d bytes; NULL means all nodes",
                           MSOCK_NAME_MAX);
    }
    memcpy(name, given, size + 1);
    return 0;
}

static int read_rule(struct msock__sim_rule *rule, const char *from,
                     const char *to)
{
    int result = read_name(rule->from, from);
    return result < 0 ? result : read_name(rule->to, to);
}

/* Adds a rule to one of the model's lists. */
static int add_rule(msock_sim *sim, struct msock__sim_rules *rules,
                    const struct msock__sim_rule *rule)
{
    msock__sim_net_lock(sim->net);
    int result = msock__sim_rules_add(rules, rule);
    msock__sim_net_unlock(sim->net);
    return result < 0 ? msock__fail(result, "a network has at most %d rules",
                                    MSOCK__SIM_RULES_MAX)
                      : 0;
}

int msock_sim_link(msock_sim *sim, const char *from, const char *to,
                   const msock_sim_faults *faults)
{
    struct msock__sim_rule rule = {0};
    int result = read_rule(&rule, from, to);
    if (result == 0) {
        result = msock__sim_link_read(&rule.link, faults);
    }
    return result < 0 ? result : add_rule(sim, &sim->net->model.links, &rule);
}

int msock_sim_partition(msock_sim *sim, const char *from, const char *to,
                        bool cut)
{
    struct msock__sim_rule rule = {.cut = cut};
    int result = read_rule(&rule, from, to);
    return result < 0 ? result : add_rule(sim, &sim->net->model.cuts, &rule);
}

int msock_sim_condition(msock_sim *sim, const char *name,
                        const msock_sim_host *host)
{
    struct msock__sim_net *net = sim->net;
    struct msock__sim_host read;
    int result = msock__sim_host_read(&read, host);
    if (result == 0) {
        result = read_name(read.name, name);
    }
    if (result < 0) {
        return result;
    }
    if (net->real_time && (read.drift_ppb != 0 || read.wall_ms != 0)) {
        return not_virtual();
    }
    msock__sim_net_lock(net);
    result = msock__sim_model_host(&net->model, &read);
    msock__sim_net_unlock(net);
    if (result < 0) {
        return msock__fail(result,
                           "a network has conditions for at most %d "
                           "nodes",
                           MSOCK__SIM_HOSTS_MAX);
    }
    if (!net->real_time) {
        msock__sim_virtual_drift(net);
    }
    return 0;
}

/* What the calls that befall nodes have in common. */
static int check_nodes(const msock_sim *sim, const char *name)
{
    char read[MSOCK_NAME_MAX + 1];
    return sim->net->real_time ? not_virtual() : read_name(read, name);
}

static int count_nodes(int count, const char *name)
{
    return count > 0
               ? count
               : msock__fail(MSOCK_ENOENT, "no node \"%s\" is on the network",
                             name != NULL ? name : "");
}

int msock_sim_suspend(msock_sim *sim, const char *name, uint64_t duration_ms)
{
    struct msock__sim_net *net = sim->net;
    int result = check_nodes(sim, name);
    if (result < 0) {
        return result;
    }
    if (duration_ms > DURATION_MAX_MS) {
        return msock__fail(MSOCK_EINVAL, "a sleep lasts at most 2^40 ms");
    }
    uint64_t until_us = net->now_us + duration_ms * 1000;
    return count_nodes(msock__sim_virtual_suspend(net, name, until_us), name);
}

int msock_sim_crash(msock_sim *sim, const char *name)
{
    int result = check_nodes(sim, name);
    if (result < 0) {
        return result;
    }
    if (sim->net->running) {
        return msock__fail(MSOCK_EBUSY, "the network is running");
    }
    return count_nodes(msock__sim_virtual_crash(sim->net, name), name);
}

int msock_sim_inject(msock_sim *sim, const char *to, const void *bytes,
                     size_t size)
{
    if (size > MSOCK__SIM_DATAGRAM_MAX) {
        return msock__fail(MSOCK_EINVAL, "a datagram has at most %d bytes",
                           MSOCK__SIM_DATAGRAM_MAX);
    }
    msock__sim_net_lock(sim->net);
    int result = msock__sim_model_inject(
        &sim->net->model, msock__sim_net_now(sim->net), to, bytes, size);
    msock__sim_net_unlock(sim->net);
    if (result == MSOCK_ENOENT) {
        return msock__fail(result, "no node \"%s\" is on the network",
                           to != NULL ? to : "");
    }
    return result < 0 ? msock__fail(result, "no memory for the datagram")
                      : result;
}

void msock_sim_tap(msock_sim *sim, msock_sim_observer *observer, void *user)
{
    msock__sim_net_lock(sim->net);
    sim->net->model.observer = observer;
    sim->net->model.observer_user = user;
    msock__sim_net_unlock(sim->net);
}

void msock_sim_stats_get(const msock_sim *sim, msock_sim_stats *stats,
                         size_t size)
{
    msock__sim_net_lock(sim->net);
    msock_sim_stats now = sim->net->model.stats;
    msock__sim_net_unlock(sim->net);
    memcpy(stats, &now, size < sizeof(now) ? size : sizeof(now));
}
