/* SPDX-License-Identifier: Apache-2.0 */
/* State topics: the newest value of each. */
#include "core/values.h"

#include "core/number.h"
#include "core/topic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t expire_every_us = 1000000;

/* Topics in the order of their changes. */
struct msock__states {
    struct msock__state *first, *last;
};

struct msock__values {
    struct msock__values_limits limits;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
    struct msock__state *table;
    struct msock__states pinned;  /* stay, ... */
    struct msock__states loose;   /* ... make room, ... */
    struct msock__states cleared; /* ... or go hours later */
    uint64_t expire_us;           /* none of those goes before */
    struct msock__walks walks;
    uint64_t change;
    size_t count;
    size_t bytes;
};

/* -- Lists -- */

static void unlink_state(struct msock__state *state)
{
    struct msock__states *list = state->list;

    *(state->previous ? &state->previous->next : &list->first) = state->next;
    *(state->next ? &state->next->previous : &list->last) = state->previous;
    state->list = NULL;
}

/* Puts a topic last on the list where it belongs. */
static void link_state(struct msock__values *values, struct msock__state *state)
{
    struct msock__states *list = state->value->cleared ? &values->cleared
                                 : state->pinned       ? &values->pinned
                                                       : &values->loose;
    assert(state->list == NULL);
    state->list = list;
    state->previous = list->last;
    state->next = NULL;
    *(list->last ? &list->last->next : &list->first) = state;
    list->last = state;
}

/* -- Topics -- */

static size_t state_cost(size_t topic_size)
{
    return sizeof(struct msock__state) + topic_size + 1;
}

int msock__values_new(struct msock__values **values,
                      const struct msock__values_limits *limits,
                      const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    struct msock__values *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return MSOCK_ENOMEM;
    }
    made->limits = *limits;
    made->expire_us = UINT64_MAX;
    memcpy(made->hash_key, hash_key, sizeof made->hash_key);
    *values = made;
    return 0;
}

struct msock__state *msock__values_find(const struct msock__values *values,
                                        const char *topic, size_t size)
{
    unsigned hash = msock__table_hash(values->hash_key, topic, size);
    struct msock__state *found;

    HASH_FIND_BYHASHVALUE(hh, values->table, topic, size, hash, found);
    return found;
}

static void forget(struct msock__values *values, struct msock__state *state)
{
    values->bytes -=
        state_cost(state->topic_size) + msock__value_cost(state->value);
    values->count--;
    unlink_state(state);
    msock__place_leave(&state->place);
    msock__walks_leave(&values->walks, state);
    HASH_DELETE(hh, values->table, state);
    msock__value_release(state->value);
    free(state);
}

void msock__values_free(struct msock__values *values)
{
    if (values == NULL) {
        return;
    }
    while (values->table) {
        forget(values, values->table);
    }
    msock__walks_fini(&values->walks);
    free(values);
}

/* The topic that is the first to make room for another than `spared`. */
static struct msock__state *victim(const struct msock__values *values,
                                   const struct msock__state *spared)
{
    struct msock__state *state = values->cleared.first;

    if (state == spared && state != NULL) {
        state = state->next;
    }
    if (state == NULL) {
        state = values->loose.first;
    }
    return state == spared && state != NULL ? state->next : state;
}

static bool has_room(const struct msock__values *values, size_t bytes,
                     size_t count)
{
    return values->count + count <= values->limits.count_max &&
           values->bytes + bytes <= values->limits.bytes_max;
}

/* Makes room for so much more than there is, at the cost of others than
 * `spared`.  Returns 0, MSOCK_ELIMIT. */
static int make_room(struct msock__values *values, size_t bytes, size_t count,
                     const struct msock__state *spared)
{
    while (!has_room(values, bytes, count)) {
        struct msock__state *state = victim(values, spared);
        if (state == NULL) {
            return MSOCK_ELIMIT;
        }
        forget(values, state);
    }
    return 0;
}

/* Adds a topic without a value.  NULL: out of memory. */
static struct msock__state *add_state(struct msock__values *values,
                                      const char *topic, size_t size)
{
    struct msock__state *state = calloc(1, state_cost(size));
    if (state == NULL) {
        return NULL;
    }
    state->topic_size = size;
    memcpy(state->topic, topic, size);
    unsigned hash = msock__table_hash(values->hash_key, topic, size);
    HASH_ADD_BYHASHVALUE(hh, values->table, topic[0], size, hash, state);
    if (state->hh.tbl == NULL) {
        free(state);
        return NULL;
    }
    values->count++;
    values->bytes += state_cost(size);
    return state;
}

/* Says when it is forgotten that a topic was cleared. */
static void set_forget(struct msock__values *values, uint64_t now_us,
                       struct msock__state *state)
{
    state->forget_us = msock__value_forget_us(state->value, now_us);
    values->expire_us = msock__least(values->expire_us, state->forget_us);
}

/* Gives a topic the value that it has from now on. */
static void put_value(struct msock__values *values, uint64_t now_us,
                      struct msock__state *state, struct msock__value *value)
{
    if (state->value) {
        values->bytes -= msock__value_cost(state->value);
        unlink_state(state);
        msock__value_release(state->value);
    }
    state->value = value;
    state->change = ++values->change;
    state->sent_us = 0;
    state->owed = state->waits = false;
    if (value->cleared) {
        set_forget(values, now_us, state);
    }
    values->bytes += msock__value_cost(value);
    link_state(values, state);
}

static int take_new(struct msock__values *values, uint64_t now_us,
                    const struct msock__offer *offer,
                    struct msock__state **state)
{
    struct msock__state *known = *state;
    size_t bytes = msock__offer_cost(offer);
    size_t more = known ? 0 : state_cost(offer->topic_size);
    size_t less = known ? msock__value_cost(known->value) : 0;

    if (bytes + more > less &&
        make_room(values, bytes + more - less, known ? 0 : 1, known) < 0) {
        return MSOCK_ELIMIT;
    }
    struct msock__value *value = msock__value_new(offer);
    if (value == NULL) {
        return MSOCK_ENOMEM;
    }
    if (known == NULL) {
        known = add_state(values, offer->topic, offer->topic_size);
    }
    if (known == NULL) {
        msock__value_release(value);
        return MSOCK_ENOMEM;
    }
    known->pinned |= offer->pinned;
    put_value(values, now_us, known, value);
    *state = known;
    return MSOCK__TAKEN_NEWER;
}

int msock__values_take(struct msock__values *values, uint64_t now_us,
                       const struct msock__offer *offer,
                       struct msock__state **state)
{
    assert(offer->edition.version > 0 &&
           offer->edition.version <= MSOCK__VERSION_MAX);
    assert(offer->owner_size > 0 && offer->owner_size <= MSOCK_NAME_MAX);
    struct msock__state *known =
        msock__values_find(values, offer->topic, offer->topic_size);
    int order =
        known ? msock__edition_compare(&offer->edition, &known->value->edition)
              : 1;
    if (order > 0) {
        int code = take_new(values, now_us, offer, &known);
        *state = code >= 0 ? known : *state;
        return code;
    }
    *state = known;
    if (order < 0) {
        return MSOCK__TAKEN_OLDER;
    }
    if (!known->value->age_known && offer->age_known) {
        known->value->published_us = offer->published_us;
        known->value->age_known = true;
        if (known->value->cleared) {
            set_forget(values, now_us, known);
        }
    }
    return MSOCK__TAKEN_SAME;
}

uint64_t msock__values_next(const struct msock__values *values,
                            const char *topic, size_t size, uint64_t wall_ms)
{
    const struct msock__state *state = msock__values_find(values, topic, size);
    uint64_t version = state ? state->value->edition.version
                             : msock__least(wall_ms, MSOCK__VERSION_MAX / 2);

    return version < MSOCK__VERSION_MAX ? version + 1 : 0;
}

/* -- All of them -- */

struct visit {
    const char *filter;
    size_t filter_size;
    bool (*visit)(const struct msock__state *state, void *user);
    void *user;
};

static bool matches(const struct visit *visit, const struct msock__state *state)
{
    return !visit->filter ||
           msock__topic_match(visit->filter, visit->filter_size, state->topic,
                              state->topic_size);
}

static bool visit_list(const struct msock__states *list,
                       const struct visit *visit)
{
    const struct msock__state *state = list->first;

    for (; state; state = state->next) {
        if (matches(visit, state) && !visit->visit(state, visit->user)) {
            return false;
        }
    }
    return true;
}

bool msock__values_each(
    const struct msock__values *values, const char *filter, size_t filter_size,
    bool (*visit)(const struct msock__state *state, void *user), void *user)
{
    if (filter && msock__filter_exact(filter, filter_size)) {
        const struct msock__state *state =
            msock__values_find(values, filter, filter_size);
        return state == NULL || visit(state, user);
    }
    const struct visit one = {filter, filter_size, visit, user};
    return visit_list(&values->pinned, &one) &&
           visit_list(&values->loose, &one) &&
           visit_list(&values->cleared, &one);
}

void msock__values_walk(struct msock__values *values, struct msock__walk *walk)
{
    msock__walk_start(&values->walks, walk, values->table, values->count);
}

struct collection {
    struct msock__value **list; /* NULL: they are counted only */
    size_t count;
};

static bool collect(const struct msock__state *state, void *user)
{
    struct collection *collection = user;

    if (collection->list) {
        collection->list[collection->count] = msock__value_hold(state->value);
    }
    collection->count++;
    return true;
}

int msock__values_collect(const struct msock__values *values,
                          const char *filter, size_t filter_size,
                          struct msock__value ***list)
{
    struct collection collection = {NULL, 0};

    (void)msock__values_each(values, filter, filter_size, collect, &collection);
    if (collection.count == 0) {
        *list = NULL;
        return 0;
    }
    collection.list = malloc(collection.count * sizeof(struct msock__value *));
    if (collection.list == NULL) {
        return MSOCK_ENOMEM;
    }
    collection.count = 0;
    (void)msock__values_each(values, filter, filter_size, collect, &collection);
    *list = collection.list;
    return (int)collection.count;
}

/* -- Changes -- */

void msock__values_sent(struct msock__values *values, uint64_t now_us,
                        const char *topic, size_t size,
                        const struct msock__edition *edition)
{
    struct msock__state *state = msock__values_find(values, topic, size);

    if (state && msock__edition_compare(&state->value->edition, edition) == 0) {
        state->sent_us = now_us;
    }
}

static void
retain_list(struct msock__values *values, const struct msock__states *list,
            bool (*wanted)(const struct msock__state *state, void *user),
            void *user)
{
    struct msock__state *state = list->first;

    while (state) {
        struct msock__state *next = state->next;
        if (!state->written && !wanted(state, user)) {
            forget(values, state);
        }
        state = next;
    }
}

void msock__values_retain(struct msock__values *values,
                          bool (*wanted)(const struct msock__state *state,
                                         void *user),
                          void *user)
{
    retain_list(values, &values->pinned, wanted, user);
    retain_list(values, &values->loose, wanted, user);
    retain_list(values, &values->cleared, wanted, user);
}

/* Takes the least recently changed topic off two lists in that order. */
static struct msock__state *take_first(struct msock__states *one,
                                       struct msock__states *other)
{
    bool second = !one->first ||
                  (other->first && other->first->change < one->first->change);
    struct msock__states *list = second ? other : one;
    struct msock__state *state = list->first;

    if (state) {
        list->first = state->next;
        state->list = NULL;
    }
    return state;
}

void msock__values_pin(struct msock__values *values,
                       bool (*kept)(const struct msock__state *state,
                                    void *user),
                       void *user)
{
    struct msock__states pinned = values->pinned;
    struct msock__states loose = values->loose;
    struct msock__state *state = values->cleared.first;

    values->pinned = values->loose = (struct msock__states){NULL, NULL};
    for (; state; state = state->next) {
        state->pinned = state->written || kept(state, user);
    }
    while ((state = take_first(&pinned, &loose)) != NULL) {
        state->pinned = state->written || kept(state, user);
        link_state(values, state);
    }
}

static void adopt(struct msock__state *state,
                  const uint8_t session[static MSOCK__SESSION_SIZE])
{
    struct msock__edition *edition = &state->value->edition;
    bool delivered = msock__edition_compare(&state->delivered, edition) == 0;

    if (edition->version < MSOCK__VERSION_MAX) {
        edition->version++;
    }
    memcpy(edition->session, session, sizeof edition->session);
    state->sent_us = 0;
    if (delivered) {
        state->delivered = *edition;
    }
}

void msock__values_adopt(struct msock__values *values,
                         const uint8_t session[static MSOCK__SESSION_SIZE])
{
    struct msock__state *state = values->table;

    for (; state; state = state->hh.next) {
        if (state->value->own) {
            adopt(state, session);
        }
    }
}

void msock__values_expire(struct msock__values *values, uint64_t now_us)
{
    struct msock__state *state = values->cleared.first;
    uint64_t next_us = UINT64_MAX;

    if (now_us < values->expire_us) {
        return;
    }
    while (state) {
        struct msock__state *next = state->next;
        if (state->forget_us <= now_us) {
            forget(values, state);
        } else {
            next_us = msock__least(next_us, state->forget_us);
        }
        state = next;
    }
    /* All are looked at, so that is not done for each of many. */
    values->expire_us = msock__most(next_us, now_us + expire_every_us);
}

uint64_t msock__values_deadline(const struct msock__values *values)
{
    return values->cleared.first ? values->expire_us : UINT64_MAX;
}

uint64_t msock__values_change(const struct msock__values *values)
{
    return values->change;
}

size_t msock__values_count(const struct msock__values *values)
{
    return values->count;
}

size_t msock__values_bytes(const struct msock__values *values)
{
    return values->bytes;
}
