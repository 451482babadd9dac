/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmations in a list: few are under way at a time. */
#include "core/confirm.h"

#include "core/number.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

/* -- Making -- */

struct msock__confirmation *
msock__confirms_add(struct msock__confirms *confirms, uint64_t now_us,
                    uint64_t deadline_us)
{
    if (confirms->count == MSOCK__CONFIRMS_MAX) {
        return NULL;
    }
    struct msock__confirmation *one = calloc(1, sizeof(*one));
    if (!one) {
        return NULL;
    }
    confirms->last_id = confirms->last_id % INT_MAX + 1;
    *one = (struct msock__confirmation){.next = confirms->first,
                                        .id = confirms->last_id,
                                        .began_us = now_us,
                                        .deadline_us = deadline_us,
                                        .ask_us = UINT64_MAX};
    confirms->first = one;
    confirms->count++;
    return one;
}

static bool grow(struct msock__confirmation *one)
{
    size_t capacity = one->capacity > 0 ? 2 * one->capacity : FIRST_CAPACITY;
    struct msock__confirmer *nodes =
        realloc(one->nodes, capacity * sizeof(*nodes));
    if (nodes) {
        one->nodes = nodes;
        one->capacity = capacity;
    }
    return nodes != NULL;
}

struct msock__confirmer *msock__confirm_add(struct msock__confirmation *one,
                                            uint64_t session, const char *name,
                                            bool extra)
{
    size_t size = strlen(name);
    assert(size <= MSOCK_NAME_MAX && (extra || one->count == one->expected));
    if (one->count == one->capacity && !grow(one)) {
        return NULL;
    }
    struct msock__confirmer *node = &one->nodes[one->count++];
    *node = (struct msock__confirmer){
        .session = session, .state = MSOCK_CONFIRM_SILENT, .extra = extra};
    memcpy(node->name, name, size + 1);
    one->expected += extra ? 0 : 1;
    return node;
}

static void unlink_one(struct msock__confirms *confirms,
                       const struct msock__confirmation *one)
{
    struct msock__confirmation **link = &confirms->first;
    while (*link != one) {
        link = &(*link)->next;
    }
    *link = one->next;
    confirms->count--;
}

void msock__confirm_free(struct msock__confirmation *one)
{
    if (one) {
        free(one->nodes);
        free(one);
    }
}

void msock__confirms_remove(struct msock__confirms *confirms,
                            struct msock__confirmation *one)
{
    unlink_one(confirms, one);
    msock__confirm_free(one);
}

void msock__confirms_fini(struct msock__confirms *confirms)
{
    while (confirms->first) {
        msock__confirms_remove(confirms, confirms->first);
    }
}

/* -- Answers -- */

static struct msock__confirmation *find(const struct msock__confirms *confirms,
                                        uint64_t counter)
{
    struct msock__confirmation *one = confirms->first;
    while (one && one->counter != counter) {
        one = one->next;
    }
    return one;
}

static bool complete(const struct msock__confirmation *one)
{
    return one->acted + one->refused == one->expected;
}

static int by_session(const void *a, const void *b)
{
    uint64_t left = ((const struct msock__confirmer *)a)->session;
    uint64_t right = ((const struct msock__confirmer *)b)->session;
    return left < right ? -1 : left > right;
}

static struct msock__confirmer *find_node(const struct msock__confirmation *one,
                                          uint64_t session)
{
    const struct msock__confirmer wanted = {.session = session};
    for (size_t i = one->expected; i < one->count; i++) {
        if (one->nodes[i].session == session) {
            return &one->nodes[i];
        }
    }
    return one->expected > 0 ? bsearch(&wanted, one->nodes, one->expected,
                                       sizeof(wanted), by_session)
                             : NULL;
}

struct msock__confirmation *
msock__confirms_heard(struct msock__confirms *confirms, uint64_t now_us,
                      uint64_t session, const char *name,
                      const struct msock__act *act,
                      const struct msock__confirmer **node)
{
    struct msock__confirmation *one = find(confirms, act->counter);
    if (!one) {
        return NULL;
    }
    struct msock__confirmer *found = find_node(one, session);
    if (!found && one->count - one->expected == MSOCK__CONFIRM_EXTRA_MAX) {
        *node = NULL;
        return one;
    }
    if (!found) {
        found = msock__confirm_add(one, session, name, true);
    }
    if (!found || found->state != MSOCK_CONFIRM_SILENT) {
        return NULL; /* for lack of memory it is as if it had been lost */
    }
    found->state = act->code > 0 ? MSOCK_CONFIRM_REFUSED : MSOCK_CONFIRM_ACTED;
    found->code = act->code;
    found->time_us = now_us - one->began_us;
    if (!found->extra) {
        *(act->code > 0 ? &one->refused : &one->acted) += 1;
    }
    *node = found;
    return one;
}

/* -- Asking -- */

void msock__confirms_sent(struct msock__confirms *confirms, uint64_t now_us,
                          int id, uint64_t counter, uint64_t spread_us)
{
    struct msock__confirmation *one = confirms->first;
    while (one && one->id != id) {
        one = one->next;
    }
    if (one) { /* else it is over */
        if (one->expected > 0) {
            qsort(one->nodes, one->expected, sizeof(*one->nodes), by_session);
        }
        one->counter = counter;
        one->asked = 0;
        one->ask_us = now_us;
        one->gap_us = msock__most(spread_us, MSOCK__CONFIRM_GAP_US);
    }
}

void msock__confirms_reset(struct msock__confirms *confirms)
{
    for (struct msock__confirmation *one = confirms->first; one;
         one = one->next) {
        one->counter = 0;
    }
}

/* When a confirmation asks next: never, if nobody is missing. */
static uint64_t ask_due(const struct msock__confirmation *one)
{
    return one->counter > 0 && !complete(one) ? one->ask_us : UINT64_MAX;
}

/* Names one more session.  Returns whether there was room. */
static bool name_one(struct msock__asked *of, uint64_t session)
{
    for (size_t i = 0; i < of->count; i++) {
        if (of->sessions[i] == session) {
            return true;
        }
    }
    if (of->count == MSOCK__CONFIRM_NAMED) {
        return false;
    }
    of->sessions[of->count++] = session;
    return true;
}

/* Names all who are missing.  Returns whether there was room. */
static bool name_missing(struct msock__asked *of,
                         const struct msock__confirmation *one)
{
    bool fits = true;
    for (size_t i = 0; i < one->expected && fits; i++) {
        if (one->nodes[i].state == MSOCK_CONFIRM_SILENT) {
            fits = name_one(of, one->nodes[i].session);
        }
    }
    return fits;
}

bool msock__confirms_ask(const struct msock__confirms *confirms,
                         uint64_t now_us, struct msock__control *sync)
{
    bool named = true;
    sync->count = 0;
    sync->of.count = 0;
    for (const struct msock__confirmation *one = confirms->first;
         one && sync->count < MSOCK__ACK_MAX; one = one->next) {
        if (ask_due(one) <= now_us) {
            sync->asked[sync->count++] = one->counter;
            /* Who was not expected may have acted, too: once all are asked. */
            named = named && one->asked > 0 && name_missing(&sync->of, one);
        }
    }
    sync->of.count = named ? sync->of.count : 0;
    return sync->count > 0;
}

void msock__confirms_asked(struct msock__confirms *confirms, uint64_t now_us,
                           const struct msock__control *sync, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        struct msock__confirmation *one = find(confirms, sync->asked[i]);
        assert(one);
        one->ask_us = now_us + one->gap_us;
        if (++one->asked >= MSOCK__CONFIRM_EARLY) {
            one->gap_us =
                msock__least(2 * one->gap_us, MSOCK__CONFIRM_GAP_MAX_US);
        }
    }
}

uint64_t msock__confirms_ask_deadline(const struct msock__confirms *confirms)
{
    uint64_t due_us = UINT64_MAX;
    for (const struct msock__confirmation *one = confirms->first; one;
         one = one->next) {
        due_us = msock__least(due_us, ask_due(one));
    }
    return due_us;
}

/* -- The end -- */

static uint64_t over_us(const struct msock__confirmation *one)
{
    return complete(one) ? 0 : one->deadline_us;
}

struct msock__confirmation *
msock__confirms_take(struct msock__confirms *confirms, uint64_t now_us)
{
    struct msock__confirmation *one = confirms->first;
    while (one && over_us(one) > now_us) {
        one = one->next;
    }
    if (one) {
        unlink_one(confirms, one);
    }
    return one;
}

uint64_t msock__confirms_deadline(const struct msock__confirms *confirms)
{
    uint64_t due_us = UINT64_MAX;
    for (const struct msock__confirmation *one = confirms->first; one;
         one = one->next) {
        due_us = msock__least(due_us, over_us(one));
    }
    return due_us;
}
