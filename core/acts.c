/* SPDX-License-Identifier: Apache-2.0 */
/* Results of frames, in a ring by counter. */
#include "core/acts.h"

#include "core/number.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>

/* Of one frame. */
struct deed {
    uint64_t counter; /* 0: none yet */
    uint32_t code;    /* of the first who refused, without its sign */
    uint32_t waits;   /* handlers that will say it later */
    bool ran;         /* a handler has said something */
    bool asked;       /* it is to be told */
};

struct msock__acts {
    struct msock__acts *next; /* of those that have something to say */
    bool listed;
    uint64_t session; /* whose frames they are */
    uint64_t due_us;
    struct deed deeds[MSOCK__ACTS_KEPT];
};

uint64_t msock__acts_spread_us(size_t nodes)
{
    return msock__least((uint64_t)nodes * MSOCK__ACTS_SPREAD_US,
                        MSOCK__ACTS_SPREAD_MAX_US);
}

int msock__acts_new(struct msock__acts **acts, uint64_t session)
{
    if (!*acts) {
        *acts = calloc(1, sizeof(**acts));
        if (!*acts) {
            return MSOCK_ENOMEM;
        }
        (*acts)->session = session;
    }
    return 0;
}

/* What is kept of a frame, in place of an older one; NULL: nothing any more. */
static struct deed *deed_of(struct msock__acts *acts, uint64_t counter)
{
    struct deed *deed = &acts->deeds[counter % MSOCK__ACTS_KEPT];
    assert(counter > 0);
    if (deed->counter > counter) {
        return NULL;
    }
    if (deed->counter < counter) {
        *deed = (struct deed){.counter = counter};
    }
    return deed;
}

static void list_remove(struct msock__acts_list *list, struct msock__acts *acts)
{
    struct msock__acts **link = &list->first;
    while (*link != acts) {
        link = &(*link)->next;
    }
    *link = acts->next;
    acts->listed = false;
}

/* Has the session told soon, if there is something that it asked for. */
static void tell(struct msock__acts *acts,
                 const struct msock__acts_round *round, const struct deed *deed)
{
    bool done = deed->ran && deed->waits == 0;
    if (!done || !deed->asked || acts->listed) {
        return; /* an ack that is on its way tells it too */
    }
    uint64_t spread_us = msock__acts_spread_us(round->nodes);
    acts->due_us =
        round->now_us + msock__dice_below(round->dice, spread_us + 1);
    acts->next = round->list->first;
    round->list->first = acts;
    acts->listed = true;
}

static void note(struct msock__acts *acts,
                 const struct msock__acts_round *round, struct deed *deed,
                 int code)
{
    deed->ran = true;
    if (deed->code == 0 && code < 0) {
        deed->code = code < -INT32_MAX ? INT32_MAX : (uint32_t)-code;
    }
    tell(acts, round, deed);
}

void msock__acts_did(struct msock__acts *acts,
                     const struct msock__acts_round *round, uint64_t counter,
                     int code)
{
    struct deed *deed = deed_of(acts, counter);
    if (deed) {
        note(acts, round, deed, code);
    }
}

bool msock__acts_defer(struct msock__acts *acts, uint64_t counter)
{
    struct deed *deed = deed_of(acts, counter);
    if (deed) {
        deed->waits++;
    }
    return deed != NULL;
}

void msock__acts_done(struct msock__acts *acts,
                      const struct msock__acts_round *round, uint64_t counter,
                      int code)
{
    struct deed *deed = deed_of(acts, counter);
    if (deed && deed->waits > 0) {
        deed->waits--;
        note(acts, round, deed, code);
    }
}

void msock__acts_asked(struct msock__acts *acts,
                       const struct msock__acts_round *round, uint64_t counter)
{
    struct deed *deed = deed_of(acts, counter);
    if (deed) {
        deed->asked = true;
        tell(acts, round, deed);
    }
}

uint64_t msock__acts_deadline(const struct msock__acts_list *list)
{
    uint64_t due_us = UINT64_MAX;
    for (const struct msock__acts *acts = list->first; acts;
         acts = acts->next) {
        due_us = msock__least(due_us, acts->due_us);
    }
    return due_us;
}

/* The results that the session asked for, as many as an ack holds: none if they
 * made room for newer ones.  Returns their number. */
static size_t fill(const struct msock__acts *acts, struct msock__control *ack)
{
    ack->kind = MSOCK__ACK;
    ack->session = acts->session;
    ack->count = 0;
    for (size_t i = 0; i < MSOCK__ACTS_KEPT && ack->count < MSOCK__ACTS_MAX;
         i++) {
        const struct deed *deed = &acts->deeds[i];
        if (deed->asked && deed->ran && deed->waits == 0) {
            ack->acts[ack->count++] = (struct msock__act){
                .counter = deed->counter, .code = deed->code};
        }
    }
    return ack->count;
}

bool msock__acts_ack(struct msock__acts_list *list, uint64_t now_us,
                     struct msock__control *ack)
{
    struct msock__acts *next;
    for (struct msock__acts *acts = list->first; acts; acts = next) {
        next = acts->next;
        if (acts->due_us > now_us) {
            continue;
        }
        if (fill(acts, ack) > 0) {
            list->saying = acts;
            return true;
        }
        list_remove(list, acts);
    }
    return false;
}

void msock__acts_acked(struct msock__acts_list *list,
                       const struct msock__control *ack, size_t used)
{
    struct msock__acts *acts = list->saying;
    assert(acts && used <= ack->count);
    list->saying = NULL;
    for (size_t i = 0; i < used; i++) {
        acts->deeds[ack->acts[i].counter % MSOCK__ACTS_KEPT].asked = false;
    }
    if (used == ack->count && used < MSOCK__ACTS_MAX) {
        list_remove(list, acts);
    }
}

void msock__acts_hurry(struct msock__acts_list *list)
{
    for (struct msock__acts *acts = list->first; acts; acts = acts->next) {
        acts->due_us = 0;
    }
}

void msock__acts_free(struct msock__acts_list *list, struct msock__acts *acts)
{
    if (acts && acts->listed) {
        list_remove(list, acts);
    }
    free(acts);
}
