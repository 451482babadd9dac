/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of simulated networks. */
#include "transport/sim_net.h"

#include "codec/error.h"
#include "transport/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { MTU_DEFAULT = 1500, IP_UDP_HEADERS = 28 };

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct msock__sim_net *registry; /* under registry_lock */

static void lock(pthread_mutex_t *mutex)
{
    int result = pthread_mutex_lock(mutex);
    assert(result == 0);
    (void)result;
}

static void unlock(pthread_mutex_t *mutex)
{
    int result = pthread_mutex_unlock(mutex);
    assert(result == 0);
    (void)result;
}

static struct msock__sim_net *find(const char *name)
{
    struct msock__sim_net *net = registry;
    while (net != NULL && strcmp(net->name, name) != 0) {
        net = net->next;
    }
    return net;
}

static int draw_seed(uint64_t *seed)
{
    while (*seed == 0) {
        int result = uv_random(NULL, NULL, seed, sizeof(*seed), 0, NULL);
        if (result < 0) {
            return msock__fail(MSOCK_ESYSTEM, "no seed for the network: %s",
                               uv_strerror(result));
        }
    }
    return 0;
}

/* A mutex that reports a second lock by its own thread. */
static int lock_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0) {
        return MSOCK_ENOMEM;
    }
    int result =
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    if (result == 0) {
        result = pthread_mutex_init(mutex, &attributes);
    }
    pthread_mutexattr_destroy(&attributes);
    return result == 0 ? 0 : MSOCK_ENOMEM;
}

static int net_new(struct msock__sim_net **net,
                   const struct msock__sim_net_config *config)
{
    uint64_t seed = config->seed;
    int result = draw_seed(&seed);
    if (result < 0) {
        return result;
    }
    struct msock__sim_net *made = calloc(1, sizeof(*made));
    uint8_t *scratch = malloc(MSOCK__SIM_SCRATCH);
    if (made == NULL || scratch == NULL || lock_init(&made->lock) < 0) {
        free(scratch);
        free(made);
        return msock__fail(MSOCK_ENOMEM, "no memory for the network \"%s\"",
                           config->name);
    }
    assert(strlen(config->name) < sizeof(made->name));
    memcpy(made->name, config->name, strlen(config->name) + 1);
    made->real_time = config->real_time;
    made->seed = seed;
    made->opened_us = uv_hrtime() / 1000;
    made->scratch = scratch;
    made->holders = 1;
    msock__sim_model_init(&made->model, seed, &config->link);
    msock__sim_random_init(&made->random, ~seed);
    made->next = registry;
    registry = made;
    *net = made;
    return 0;
}

static void net_free(struct msock__sim_net *net)
{
    struct msock__sim_net **at = &registry;
    while (*at != net) {
        at = &(*at)->next;
    }
    *at = net->next;

    assert(net->nodes.count == 0 && !net->running);
    msock__sim_heap_fini(&net->nodes);
    msock__sim_model_fini(&net->model);
    pthread_mutex_destroy(&net->lock);
    free(net->scratch);
    free(net);
}

int msock__sim_net_open(struct msock__sim_net **net,
                        const struct msock__sim_net_config *config)
{
    lock(&registry_lock);
    int result;
    if (find(config->name) != NULL) {
        result = msock__fail(MSOCK_EBUSY,
                             "a network \"%s\" exists already; close it and "
                             "its channels, or take another name",
                             config->name);
    } else {
        result = net_new(net, config);
    }
    unlock(&registry_lock);
    return result;
}

static bool differs(double wanted, double is)
{
    return wanted > 0.0 && (wanted < is || wanted > is);
}

static bool differs_us(uint64_t wanted, uint64_t is)
{
    return wanted != 0 && wanted != is;
}

/* A network is one for all its channels: none may think it has other faults
 * than it was made with. */
static int check_agreement(const struct msock__sim_net *net,
                           const struct msock__sim_config *wanted)
{
    const struct msock__sim_link *link = &net->model.link;
    const char *key = NULL;
    if (differs_us(wanted->seed, net->seed)) {
        key = "seed";
    } else if (differs(wanted->loss, link->loss)) {
        key = "loss";
    } else if (differs(wanted->dup, link->dup)) {
        key = "dup";
    } else if (differs(wanted->reorder, link->reorder)) {
        key = "reorder";
    } else if (differs_us(wanted->delay_us, link->delay_us)) {
        key = "delay";
    } else if (differs_us(wanted->jitter_us, link->jitter_us)) {
        key = "jitter";
    }
    if (key == NULL) {
        return 0;
    }
    return msock__fail(MSOCK_EOPTION,
                       "the network \"%s\" exists with another %s; leave the "
                       "key out, or give the same value everywhere",
                       net->name, key);
}

static int create_from_url(struct msock__sim_net **net,
                           const struct msock__config *config)
{
    const struct msock__sim_config *sim = &config->sim;
    return net_new(net, &(struct msock__sim_net_config){
                            .name = config->host,
                            .seed = sim->seed,
                            .link = {.loss = sim->loss,
                                     .dup = sim->dup,
                                     .reorder = sim->reorder,
                                     .delay_us = sim->delay_us,
                                     .jitter_us = sim->jitter_us},
                            .real_time = true,
                        });
}

int msock__sim_net_join(struct msock__sim_net **net,
                        const struct msock__config *config, bool create)
{
    lock(&registry_lock);
    struct msock__sim_net *found = find(config->host);
    int result = 0;
    if (found != NULL) {
        result = check_agreement(found, &config->sim);
        if (result == 0) {
            found->holders++;
            *net = found;
        }
    } else if (create) {
        result = create_from_url(net, config);
    } else {
        result = msock__fail(MSOCK_ENOENT, "the network \"%s\" was closed",
                             config->host);
    }
    unlock(&registry_lock);
    return result;
}

void msock__sim_net_hold(struct msock__sim_net *net)
{
    lock(&registry_lock);
    net->holders++;
    unlock(&registry_lock);
}

void msock__sim_net_release(struct msock__sim_net *net)
{
    lock(&registry_lock);
    net->holders--;
    if (net->holders == 0) {
        net_free(net);
    }
    unlock(&registry_lock);
}

uint64_t msock__sim_net_now(const struct msock__sim_net *net)
{
    return net->real_time ? uv_hrtime() / 1000 - net->opened_us : net->now_us;
}

size_t msock__sim_frame_size(const struct msock__config *config)
{
    size_t mtu = config->mtu == 0 ? MTU_DEFAULT : (size_t)config->mtu;
    return mtu - IP_UDP_HEADERS;
}

void msock__sim_net_lock(struct msock__sim_net *net)
{
    lock(&net->lock);
}

void msock__sim_net_unlock(struct msock__sim_net *net)
{
    unlock(&net->lock);
}

bool msock__sim_is_virtual(const char *name)
{
    lock(&registry_lock);
    const struct msock__sim_net *net = find(name);
    bool is_virtual = net != NULL && !net->real_time;
    unlock(&registry_lock);
    return is_virtual;
}
