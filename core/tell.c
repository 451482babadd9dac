/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and answers. */
#include "core/tell.h"

#include "codec/json.h"
#include "core/number.h"
#include "core/topic.h"

#include <assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

enum {
    OWN_SPREAD_US = 100000,
    KEPT_AFTER_US = 300000,
    KEPT_SPREAD_US = 300000,
    OTHERS_AFTER_US = 600000,
    OTHERS_SPREAD_US = 400000,
    NODE_US = 2000,
    AGAIN_SPREAD_US = 20000,
    JOB_MAX_US = 5000000 /* by then the asker has asked three times */
};

/* -- Jobs -- */

static void job_free(struct msock__job *job)
{
    for (size_t i = 0; i < job->exact_count; i++) {
        free(job->exact[i].filter);
    }
    for (size_t i = 0; i < job->wild_count; i++) {
        free(job->wild[i].filter);
    }
    msock__walk_stop(&job->walk);
    free(job);
}

static void job_remove(struct msock__tell *tell, struct msock__job *job)
{
    struct msock__job **link = &tell->first;

    while (*link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    tell->count--;
    job_free(job);
}

static bool is_among(const struct msock__wish *wishes, size_t count,
                     const struct msock__wish *wish)
{
    for (size_t i = 0; i < count; i++) {
        if (wishes[i].size == wish->size &&
            memcmp(wishes[i].filter, wish->filter, wish->size) == 0) {
            return true;
        }
    }
    return false;
}

/* Gives a job a filter, unless that matches nothing, or nothing more.  Returns
 * whether there was memory. */
static bool add_wish(struct msock__job *job,
                     const struct msock__json_slice *filter)
{
    struct msock__wish wish = {.size = msock__json_unescape(filter, NULL)};

    wish.filter = malloc(wish.size + 1);
    if (!wish.filter) {
        return false;
    }
    (void)msock__json_unescape(filter, wish.filter);
    wish.filter[wish.size] = '\0';
    bool exact = msock__filter_exact(wish.filter, wish.size);
    struct msock__wish *wishes = exact ? job->exact : job->wild;
    size_t *count = exact ? &job->exact_count : &job->wild_count;
    if (!msock__filter_valid(wish.filter, wish.size) ||
        is_among(wishes, *count, &wish)) {
        free(wish.filter);
        return true;
    }
    wishes[(*count)++] = wish;
    return true;
}

static struct msock__job *job_new(const struct msock__control *query)
{
    struct msock__job *job = calloc(1, sizeof(*job));

    for (size_t i = 0; job && i < query->count; i++) {
        if (!add_wish(job, &query->filters[i])) {
            job_free(job);
            return NULL;
        }
    }
    return job;
}

static size_t jobs_of(const struct msock__tell *tell, uint64_t asker)
{
    size_t count = 0;

    for (const struct msock__job *job = tell->first; job; job = job->next) {
        count += job->asker == asker;
    }
    return count;
}

/* The youngest job, which has cost least, of the asker that has most of them;
 * NULL: nobody has more than `enough`. */
static struct msock__job *greediest(const struct msock__tell *tell,
                                    size_t enough)
{
    struct msock__job *found = NULL;
    size_t most = enough;

    for (struct msock__job *job = tell->first; job; job = job->next) {
        size_t count = jobs_of(tell, job->asker);
        if (count > most) {
            most = count;
            found = job;
        }
    }
    return found;
}

/* The job that makes room for one of an asker, or NULL. */
static struct msock__job *victim(const struct msock__tell *tell, uint64_t asker)
{
    size_t own = jobs_of(tell, asker);

    /* Who has so many has most: whoever floods is sent away at once. */
    return own + 1 >= tell->count - own ? NULL : greediest(tell, own + 1);
}

static bool names(const struct msock__asked *asked, uint64_t session)
{
    for (size_t i = 0; i < asked->count; i++) {
        if (asked->sessions[i] == session) {
            return true;
        }
    }
    return false;
}

/* Whether a query is in hand, or was answered: then that is said once more. */
static bool known(struct msock__tell *tell, uint64_t now_us, uint64_t asker,
                  uint64_t query)
{
    for (struct msock__job *job = tell->first; job; job = job->next) {
        if (job->asker == asker && job->query == query) {
            return true;
        }
    }
    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        struct msock__answered *answered = &tell->answered[i];
        if (answered->asker == asker && answered->query == query) {
            uint64_t due_us =
                now_us + msock__dice_below(tell->dice, AGAIN_SPREAD_US);
            answered->due_us = msock__least(answered->due_us, due_us);
            tell->held_us = msock__least(tell->held_us, due_us);
            return true;
        }
    }
    return false;
}

/* Draws when the passes of a job begin. */
static void plan(struct msock__job *job, uint64_t now_us,
                 struct msock__dice *dice,
                 const struct msock__listener *listener)
{
    uint64_t spread_us =
        msock__most(OTHERS_SPREAD_US, NODE_US * (uint64_t)listener->nodes);

    job->due_us = now_us + msock__dice_below(dice, OWN_SPREAD_US);
    job->starts_us[MSOCK__PASS_OWN] = job->due_us;
    if (listener->keeper) {
        job->starts_us[MSOCK__PASS_KEPT] =
            now_us + KEPT_AFTER_US + msock__dice_below(dice, KEPT_SPREAD_US);
    }
    if (listener->helper) {
        job->starts_us[MSOCK__PASS_OTHERS] =
            now_us + OTHERS_AFTER_US + msock__dice_below(dice, spread_us);
    }
}

/* The turn in which an asker had one last; one that had none is behind those
 * that wait. */
static uint64_t served(const struct msock__tell *tell, uint64_t asker)
{
    for (const struct msock__job *job = tell->first; job; job = job->next) {
        if (job->asker == asker) {
            return job->served;
        }
    }
    return tell->turns;
}

static bool is_before(const struct msock__job *one,
                      const struct msock__job *other)
{
    return one->served != other->served ? one->served < other->served
                                        : one->due_us < other->due_us;
}

/* -- Answers -- */

static size_t answers_of(const struct msock__tell *tell, uint64_t asker)
{
    size_t count = 0;

    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        count += tell->answered[i].asker == asker;
    }
    return count;
}

/* Where one more answer to an asker is kept: an empty place, or that of the
 * eldest one of the asker that has most. */
static struct msock__answered *place_for(struct msock__tell *tell,
                                         uint64_t asker)
{
    struct msock__answered *found = NULL;
    size_t most = 0;

    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        struct msock__answered *answered = &tell->answered[i];
        if (answered->asker == 0) {
            return answered;
        }
        size_t count =
            answers_of(tell, answered->asker) + (answered->asker == asker);
        if (count > most ||
            (count == most && answered->number < found->number)) {
            most = count;
            found = answered;
        }
    }
    return found;
}

/* -- In header order -- */

void msock__tell_init(struct msock__tell *tell, struct msock__dice *dice)
{
    *tell = (struct msock__tell){.dice = dice, .held_us = UINT64_MAX};
    tell->sweep.due_us = UINT64_MAX;
}

void msock__tell_fini(struct msock__tell *tell)
{
    while (tell->first) {
        job_remove(tell, tell->first);
    }
    msock__walk_stop(&tell->sweep.walk);
    msock__disputes_fini(&tell->disputes);
}

int msock__tell_asked(struct msock__tell *tell, uint64_t now_us,
                      const struct msock__control *query, uint64_t asker,
                      const struct msock__listener *listener)
{
    assert(query->kind == MSOCK__QUERY && query->asks_values);
    bool named = names(&query->of, listener->self);
    if ((query->of.count > 0 && !named) ||
        names(&query->done, listener->self) || query->count == 0 ||
        known(tell, now_us, asker, query->query)) {
        return 0;
    }
    bool full = tell->count == MSOCK__JOBS_MAX;
    struct msock__job *other = full ? victim(tell, asker) : NULL;
    if (full && !other) {
        return MSOCK_ELIMIT;
    }
    struct msock__job *job = job_new(query);
    if (!job) {
        return MSOCK_ENOMEM;
    }
    if (other) {
        job_remove(tell, other);
    }
    job->asker = asker;
    job->query = query->query;
    job->served = served(tell, asker);
    job->asked_us = now_us;
    job->speaks = named;
    plan(job, now_us, tell->dice, listener);
    job->again_us = UINT64_MAX;
    job->next = tell->first;
    tell->first = job;
    tell->count++;
    return other ? 2 : 1;
}

struct msock__job *msock__tell_due(struct msock__tell *tell, uint64_t now_us)
{
    struct msock__job *due = NULL;

    if (now_us < tell->resume_us) {
        return NULL;
    }
    for (struct msock__job *job = tell->first; job; job = job->next) {
        if (job->due_us <= now_us && (!due || is_before(job, due))) {
            due = job;
        }
    }
    return due;
}

void msock__tell_turn(struct msock__tell *tell, const struct msock__job *job,
                      uint64_t looked)
{
    tell->turns++;
    tell->looked += looked;
    for (struct msock__job *one = tell->first; one; one = one->next) {
        if (one->asker == job->asker) {
            one->served = tell->turns;
        }
    }
}

void msock__tell_rest(struct msock__tell *tell, uint64_t until_us)
{
    tell->resume_us = until_us;
}

uint64_t msock__tell_from(struct msock__job *job, uint64_t now_us,
                          uint64_t sent_us)
{
    assert(job->pass != MSOCK__PASS_END);
    job->speaks |= job->pass != MSOCK__PASS_OTHERS;
    if (sent_us >= job->asked_us) {
        return UINT64_MAX;
    }
    if (sent_us == 0) {
        return now_us;
    }
    uint64_t from_us =
        sent_us + (job->pass == MSOCK__PASS_OWN ? MSOCK__TELL_OWN_US
                                                : MSOCK__TELL_KEPT_US);
    if (from_us > now_us) {
        job->again_us = msock__least(job->again_us, from_us);
    }
    return from_us;
}

void msock__tell_told(struct msock__job *job, uint64_t frame)
{
    job->first = job->first > 0 ? job->first : frame;
    job->count++;
    job->speaks = true;
}

void msock__tell_pause(struct msock__job *job, uint64_t until_us)
{
    job->due_us = until_us;
}

void msock__tell_passed(struct msock__job *job, uint64_t now_us)
{
    uint64_t again_us = job->again_us;

    job->again_us = UINT64_MAX;
    job->next_exact = 0;
    job->walking = false;
    msock__walk_stop(&job->walk);
    if (again_us < job->asked_us + JOB_MAX_US) {
        /* Not all at the same moment. */
        job->due_us = again_us;
        if (job->pass != MSOCK__PASS_OWN) {
            job->due_us += job->starts_us[job->pass] - job->asked_us;
        }
        return;
    }
    job->due_us = now_us;
    do {
        job->pass++;
    } while (job->pass < MSOCK__PASS_END && job->starts_us[job->pass] == 0);
    if (job->pass < MSOCK__PASS_END) {
        job->due_us = msock__most(now_us, job->starts_us[job->pass]);
    }
}

bool msock__tell_end(struct msock__tell *tell, uint64_t now_us,
                     struct msock__job *job, uint64_t last)
{
    bool lost = false;

    if (job->speaks) {
        struct msock__answered *place = place_for(tell, job->asker);
        lost = place->asker != 0 && place->due_us != UINT64_MAX;
        *place = (struct msock__answered){
            .asker = job->asker,
            .query = job->query,
            .count = job->count,
            .frames = {.first = job->first > 0 ? job->first : last + 1,
                       .last = last},
            .due_us = now_us,
            .number = ++tell->answers,
        };
        tell->held_us = msock__least(tell->held_us, now_us);
    }
    job_remove(tell, job);
    return lost;
}

bool msock__tell_held(struct msock__tell *tell, uint64_t now_us,
                      struct msock__control *held)
{
    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        const struct msock__answered *answered = &tell->answered[i];
        if (answered->asker != 0 && answered->due_us <= now_us) {
            held->kind = MSOCK__HELD;
            held->query = answered->query;
            held->value_count = answered->count;
            held->held = answered->frames;
            return true;
        }
    }
    return false;
}

void msock__tell_held_sent(struct msock__tell *tell,
                           const struct msock__control *held)
{
    tell->held_us = UINT64_MAX;
    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        struct msock__answered *answered = &tell->answered[i];
        if (answered->query == held->query) {
            answered->due_us = UINT64_MAX;
        }
        if (answered->asker != 0) {
            tell->held_us = msock__least(tell->held_us, answered->due_us);
        }
    }
}

uint64_t msock__tell_deadline(const struct msock__tell *tell)
{
    uint64_t due_us = UINT64_MAX;

    for (const struct msock__job *job = tell->first; job; job = job->next) {
        due_us = msock__least(due_us, job->due_us);
    }
    return msock__most(due_us, tell->resume_us);
}

uint64_t msock__tell_held_deadline(const struct msock__tell *tell)
{
    return tell->held_us;
}
