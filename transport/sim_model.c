/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network: endpoints, and copies of datagrams under way. */
#include "transport/sim_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A datagram, shared by its copies. */
struct payload {
    size_t holders;
    size_t size;
    char from[MSOCK_NAME_MAX + 1];
    uint8_t bytes[];
};

/* One copy on its way to one endpoint. */
struct copy {
    struct msock__sim_entry entry; /* first: the heap knows only this */
    struct payload *payload;
    bool own;
    bool corrupt;
    size_t bit;
};

struct msock__sim_endpoint {
    struct msock__sim_model *model;
    struct msock__sim_endpoint *previous, *next;
    struct msock__sim_heap copies;
    size_t buffered;
    size_t buffer_max;
    uint64_t overflowed;
    struct msock__sim_port port;
    void (*wake)(void *owner);
    void *owner;
    char name[MSOCK_NAME_MAX + 1];
};

static void observe(const struct msock__sim_model *model,
                    const msock_sim_event *event)
{
    if (model->observer != NULL) {
        model->observer(event, model->observer_user);
    }
}

/* An event about a datagram as its sender sent it. */
static void observe_payload(const struct msock__sim_model *model,
                            enum msock_sim_event_kind kind, uint64_t now_us,
                            const struct payload *payload, const char *to)
{
    observe(model, &(msock_sim_event){
                       .kind = kind,
                       .now_us = now_us,
                       .from = payload->from[0] != '\0' ? payload->from : NULL,
                       .to = to,
                       .bytes = payload->bytes,
                       .size = payload->size,
                   });
}

static struct payload *payload_new(const char *from, const uint8_t *bytes,
                                   size_t size)
{
    assert(size <= MSOCK__SIM_DATAGRAM_MAX);
    struct payload *payload = malloc(sizeof(*payload) + size);
    if (payload == NULL) {
        return NULL;
    }
    *payload = (struct payload){.holders = 1, .size = size};
    memcpy(payload->from, from, strlen(from) + 1);
    if (size > 0) {
        memcpy(payload->bytes, bytes, size);
    }
    return payload;
}

static void payload_release(struct payload *payload)
{
    payload->holders--;
    if (payload->holders == 0) {
        free(payload);
    }
}

static void count_overflow(struct msock__sim_endpoint *to)
{
    to->overflowed++;
    to->model->stats.overflowed++;
}

/* Lets a copy wait for `to`.  Returns false if there is no room for it. */
static bool enqueue(struct msock__sim_endpoint *to, struct payload *payload,
                    const struct copy *like, uint64_t due_us)
{
    size_t charge = payload->size + MSOCK__SIM_OVERHEAD;
    if (charge > to->buffer_max - to->buffered) {
        return false;
    }
    struct copy *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    *copy = *like;
    copy->payload = payload;
    copy->entry.due_us = due_us;
    copy->entry.order = to->model->copy_count;
    uint64_t first_us = msock__sim_heap_due(&to->copies);
    if (msock__sim_heap_add(&to->copies, &copy->entry) < 0) {
        free(copy);
        return false;
    }
    to->model->copy_count++;
    payload->holders++;
    to->buffered += charge;
    if (due_us < first_us) {
        to->wake(to->owner);
    }
    return true;
}

static void copy_free(struct msock__sim_endpoint *at, struct copy *copy)
{
    at->buffered -= copy->payload->size + MSOCK__SIM_OVERHEAD;
    payload_release(copy->payload);
    free(copy);
}

void msock__sim_model_init(struct msock__sim_model *model, uint64_t seed,
                           const struct msock__sim_link *link)
{
    *model = (struct msock__sim_model){.link = *link};
    msock__sim_random_init(&model->random, seed);
    msock__sim_random_init(&model->bursts, seed ^ UINT64_C(0xB0));
}

void msock__sim_model_fini(struct msock__sim_model *model)
{
    assert(model->first == NULL);
    msock__sim_rules_fini(&model->links);
    msock__sim_rules_fini(&model->cuts);
    msock__sim_hosts_fini(&model->hosts);
}

static void settle_port(struct msock__sim_endpoint *endpoint)
{
    msock__sim_port_settle(
        &endpoint->port,
        msock__sim_hosts_find(&endpoint->model->hosts, endpoint->name));
}

int msock__sim_attach(struct msock__sim_model *model,
                      struct msock__sim_endpoint **endpoint,
                      const struct msock__sim_endpoint_config *config)
{
    assert(config->name[0] != '\0' && strlen(config->name) <= MSOCK_NAME_MAX);

    struct msock__sim_endpoint *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->model = model;
    made->previous = model->last;
    made->buffer_max = config->buffer_max;
    made->wake = config->wake;
    made->owner = config->owner;
    memcpy(made->name, config->name, strlen(config->name) + 1);
    settle_port(made);
    if (model->last != NULL) {
        model->last->next = made;
    } else {
        model->first = made;
    }
    model->last = made;
    *endpoint = made;
    return 0;
}

static void unlink_endpoint(struct msock__sim_endpoint *endpoint)
{
    struct msock__sim_model *model = endpoint->model;
    if (endpoint->previous != NULL) {
        endpoint->previous->next = endpoint->next;
    } else {
        model->first = endpoint->next;
    }
    if (endpoint->next != NULL) {
        endpoint->next->previous = endpoint->previous;
    } else {
        model->last = endpoint->previous;
    }
}

void msock__sim_detach(struct msock__sim_endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    unlink_endpoint(endpoint);
    struct msock__sim_heap *copies = &endpoint->copies;
    for (size_t i = 0; i < copies->count; i++) {
        struct copy *copy = (struct copy *)(void *)copies->entries[i];
        endpoint->model->stats.waiting -= !copy->own;
        copy_free(endpoint, copy);
    }
    msock__sim_heap_fini(copies);
    free(endpoint);
}

/* Puts one copy of a datagram on its way to another endpoint. */
static bool transfer(struct msock__sim_endpoint *to, struct payload *payload,
                     const struct msock__sim_copy *drawn, uint64_t now_us)
{
    struct copy like = {.corrupt = drawn->corrupt, .bit = drawn->bit};
    if (!enqueue(to, payload, &like, now_us + drawn->delay_us)) {
        count_overflow(to);
        observe_payload(to->model, MSOCK_SIM_OVERFLOW, now_us, payload,
                        to->name);
        return false;
    }
    to->model->stats.waiting++;
    to->model->stats.reordered += drawn->reordered;
    to->model->stats.corrupted += drawn->corrupt;
    return true;
}

static void lose(struct msock__sim_endpoint *to, const struct payload *payload,
                 enum msock_sim_event_kind kind, uint64_t *count,
                 uint64_t now_us)
{
    (*count)++;
    observe_payload(to->model, kind, now_us, payload, to->name);
}

/* Carries the copies that were drawn through the receiver's interface. */
static void carry_copies(struct msock__sim_endpoint *to,
                         struct payload *payload, struct msock__sim_fate *fate,
                         uint64_t now_us)
{
    struct msock__sim_model *model = to->model;
    for (size_t i = 0; i < fate->count; i++) {
        struct msock__sim_copy *copy = &fate->copies[i];
        uint64_t delay_us;
        if (!msock__sim_port_in(&to->port, now_us, payload->size, &delay_us)) {
            lose(to, payload, MSOCK_SIM_LOST, &model->stats.congested, now_us);
            continue;
        }
        copy->delay_us += delay_us;
        bool under_way = transfer(to, payload, copy, now_us);
        model->stats.duplicated += under_way && i > 0;
    }
}

/* Decides what becomes of a datagram on its way to another endpoint, which it
 * begins at `left_us`; MSOCK__SIM_NEVER: it did not leave the sender. */
static void carry(struct msock__sim_endpoint *to, struct payload *payload,
                  uint64_t now_us, uint64_t left_us)
{
    struct msock__sim_model *model = to->model;
    const struct msock__sim_rule *cut =
        msock__sim_rules_find(&model->cuts, payload->from, to->name);
    const struct msock__sim_rule *rule =
        msock__sim_rules_find(&model->links, payload->from, to->name);
    struct msock__sim_fate fate;

    /* Drawn behind a cut too: mending it does not shift what follows. */
    msock__sim_fate_draw(&fate, &model->random,
                         rule != NULL ? &rule->link : &model->link,
                         payload->size);
    bool burst = msock__sim_port_burst(&to->port, &model->bursts);
    if (cut != NULL && cut->cut) {
        lose(to, payload, MSOCK_SIM_CUT, &model->stats.cut, now_us);
    } else if (left_us == MSOCK__SIM_NEVER) {
        lose(to, payload, MSOCK_SIM_LOST, &model->stats.congested, now_us);
    } else if (fate.count == 0 || burst || now_us < to->port.deaf_us) {
        lose(to, payload, MSOCK_SIM_LOST, &model->stats.lost, now_us);
    } else {
        carry_copies(to, payload, &fate, left_us);
    }
}

/* A sender's own copy never leaves its host, where no fault befalls it. */
static void loop_back(struct msock__sim_endpoint *to, struct payload *payload,
                      uint64_t now_us)
{
    struct copy like = {.own = true};
    if (!enqueue(to, payload, &like, now_us + 1)) {
        to->overflowed++;
    }
}

void msock__sim_send(struct msock__sim_endpoint *from, uint64_t now_us,
                     const uint8_t *bytes, size_t size)
{
    struct msock__sim_model *model = from->model;
    struct payload *payload = payload_new(from->name, bytes, size);
    model->stats.sent++;
    if (payload == NULL) {
        for (struct msock__sim_endpoint *to = model->first; to != NULL;
             to = to->next) {
            count_overflow(to);
        }
        return;
    }
    observe_payload(model, MSOCK_SIM_SENT, now_us, payload, NULL);
    uint64_t delay_us;
    bool left = msock__sim_port_out(&from->port, now_us, size, &delay_us);
    uint64_t left_us = left ? now_us + delay_us : MSOCK__SIM_NEVER;
    for (struct msock__sim_endpoint *to = model->first; to != NULL;
         to = to->next) {
        if (to == from) {
            loop_back(to, payload, now_us);
        } else {
            carry(to, payload, now_us, left_us);
        }
    }
    payload_release(payload);
}

/* From `at` on: the first endpoint named `name` (NULL: any), or NULL. */
static struct msock__sim_endpoint *find(struct msock__sim_endpoint *at,
                                        const char *name)
{
    while (at != NULL && name != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    return at;
}

int msock__sim_model_inject(struct msock__sim_model *model, uint64_t now_us,
                            const char *to, const uint8_t *bytes, size_t size)
{
    static const struct msock__sim_copy unharmed = {.delay_us = 1};
    if (find(model->first, to) == NULL) {
        return MSOCK_ENOENT;
    }
    struct payload *payload = payload_new("", bytes, size);
    if (payload == NULL) {
        return MSOCK_ENOMEM;
    }
    model->stats.injected++;
    observe_payload(model, MSOCK_SIM_SENT, now_us, payload, NULL);
    int count = 0;
    for (struct msock__sim_endpoint *at = find(model->first, to); at != NULL;
         at = find(at->next, to)) {
        count += transfer(at, payload, &unharmed, now_us);
    }
    payload_release(payload);
    return count;
}

uint64_t msock__sim_due(const struct msock__sim_endpoint *endpoint)
{
    return msock__sim_heap_due(&endpoint->copies);
}

bool msock__sim_take(struct msock__sim_endpoint *endpoint, uint64_t now_us,
                     uint8_t scratch[static MSOCK__SIM_SCRATCH],
                     struct msock__sim_arrival *arrival)
{
    struct copy *copy =
        (struct copy *)(void *)msock__sim_heap_first(&endpoint->copies);
    if (copy == NULL || copy->entry.due_us > now_us) {
        return false;
    }
    msock__sim_heap_remove(&endpoint->copies, &copy->entry);

    const struct payload *payload = copy->payload;
    arrival->size = payload->size;
    arrival->due_us = copy->entry.due_us;
    arrival->own = copy->own;
    arrival->bytes = scratch + (MSOCK__SIM_DATAGRAM_MAX - payload->size);
    memcpy(arrival->bytes, payload->bytes, payload->size);
    memcpy(arrival->from, payload->from, sizeof(arrival->from));
    if (copy->corrupt) {
        arrival->bytes[copy->bit / 8] ^= (uint8_t)(1U << (copy->bit % 8));
    }
    if (!copy->own) {
        endpoint->model->stats.arrived++;
        endpoint->model->stats.waiting--;
        observe(endpoint->model,
                &(msock_sim_event){
                    .kind = MSOCK_SIM_ARRIVED,
                    .now_us = now_us,
                    .from = arrival->from[0] != '\0' ? arrival->from : NULL,
                    .to = endpoint->name,
                    .bytes = arrival->bytes,
                    .size = arrival->size,
                });
    }
    copy_free(endpoint, copy);
    return true;
}

uint64_t msock__sim_overflowed(struct msock__sim_endpoint *endpoint)
{
    uint64_t count = endpoint->overflowed;
    endpoint->overflowed = 0;
    return count;
}

size_t msock__sim_buffered(const struct msock__sim_endpoint *endpoint)
{
    return endpoint->buffered;
}

int msock__sim_model_host(struct msock__sim_model *model,
                          const struct msock__sim_host *host)
{
    int result = msock__sim_hosts_set(&model->hosts, host);
    if (result < 0) {
        return result;
    }
    for (struct msock__sim_endpoint *at = model->first; at != NULL;
         at = at->next) {
        settle_port(at);
    }
    return 0;
}

int64_t msock__sim_drift(const struct msock__sim_endpoint *endpoint)
{
    return endpoint->port.host.drift_ppb;
}

int64_t msock__sim_wall(const struct msock__sim_endpoint *endpoint)
{
    return endpoint->port.host.wall_ms;
}

void msock__sim_deafen(struct msock__sim_endpoint *endpoint, uint64_t until_us)
{
    endpoint->port.deaf_us = until_us;
}
