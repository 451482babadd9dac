/* SPDX-License-Identifier: Apache-2.0 */
/* Telling others the values of state topics. */
#include "core/engine_tell.h"

#include "core/engine_values.h"
#include "core/number.h"
#include "core/topic.h"

#include <string.h>

enum {
    LOOKS = 2048,         /* at values, each PAUSE_US; ... */
    LOOKS_TURN = 256,     /* ... of which one job gets so many in a row */
    TELLING = 16,         /* looks that telling one costs */
    BACKLOG_MAX = 131072, /* bytes that wait: no values join them */
    PAUSE_US = 2000,
    AGAIN_SPREAD_US = 300000,

    PATIENCE_US = 5000000, /* until what was told has left */
    SILENT_FOR = 3         /* times the longest gap between hellos */
};

/* Whether others would take values of somebody else from this node. */
static bool may_keep(const struct msock__engine *engine)
{
    const struct msock__trusted *self =
        engine->trust ? msock__trust_find(engine->trust, engine->config.name,
                                          strlen(engine->config.name))
                      : NULL;

    return !engine->trust || (self && msock__trusted_keep(self));
}

/* -- Queries -- */

void msock__engine_tell_asked(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__session *session,
                              const struct msock__control *query)
{
    bool keeps = may_keep(engine);
    const struct msock__listener listener = {
        .self = msock__session_short(engine->session),
        .nodes = msock__engine_nodes(engine),
        .keeper = keeps && engine->audience.keep_count > 0,
        .helper = keeps,
    };

    int code = msock__tell_asked(&engine->tell, now_us, query,
                                 msock__session_short(session->id), &listener);
    if (code < 0 || code > 1) {
        msock__engine_drop(engine, now_us,
                           code == MSOCK_ENOMEM ? MSOCK_DROP_MEMORY
                                                : MSOCK_DROP_STATE_FULL,
                           1);
    }
}

/* Whether the session that published a value is no more: it went down, or
 * would have been heard by now. */
static bool is_gone(const struct msock__engine *engine, uint64_t now_us,
                    const struct msock__value *value)
{
    const struct msock__session *session =
        msock__sessions_find(engine->sessions, value->edition.session);
    uint64_t every_us =
        msock__announce_every_ms(msock__engine_nodes(engine)) * 1000;

    return session ? session->met && !session->up
                   : now_us - engine->opened_us >= SILENT_FOR * every_us;
}

/* -- A turn of a job -- */

struct turn {
    struct msock__engine *engine;
    struct msock__job *job;
    uint64_t now_us;
    uint64_t looks;  /* that it has */
    uint64_t looked; /* so far */
};

static bool belongs(const struct turn *turn, const struct msock__value *value)
{
    const struct msock__engine *engine = turn->engine;
    bool kept = !value->own &&
                msock__engine_keeps(engine, value->topic, value->topic_size);

    switch (turn->job->pass) {
    case MSOCK__PASS_OWN:
        /* Nobody has to wait for an owner that is gone. */
        return value->own ||
               (kept && turn->job->starts_us[MSOCK__PASS_KEPT] > 0 &&
                is_gone(engine, turn->now_us, value));
    case MSOCK__PASS_KEPT:
        return kept;
    case MSOCK__PASS_OTHERS:
        return !value->own;
    case MSOCK__PASS_END:
        break;
    }
    return false;
}

/* Queues one.  Returns whether there was room. */
static bool tell(struct msock__engine *engine, uint64_t now_us,
                 const struct msock__value *value)
{
    int code = msock__engine_value_tell(engine, now_us, value, true);

    if (code == MSOCK_EAGAIN) {
        return false;
    }
    /* What cannot be sent at all is not tried again either. */
    msock__values_sent(engine->values, now_us, value->topic, value->topic_size,
                       &value->edition);
    return true;
}

/* Tells a value that matches, unless that is not for this pass or not for now.
 * Returns whether there was room. */
static bool answer(struct turn *turn, const struct msock__state *state)
{
    struct msock__engine *engine = turn->engine;
    uint64_t frame = engine->counters[MSOCK__RELIABLE] + 1;

    if (!belongs(turn, state->value) ||
        msock__tell_from(turn->job, turn->now_us, state->sent_us) >
            turn->now_us) {
        return true;
    }
    turn->looked += TELLING;
    if (!tell(engine, turn->now_us, state->value)) {
        return false;
    }
    msock__tell_told(turn->job, frame);
    return true;
}

/* Goes on with the filters that name one topic.  Returns whether there was
 * room. */
static bool look_up(struct turn *turn)
{
    struct msock__job *job = turn->job;

    for (; job->next_exact < job->exact_count && turn->looked < turn->looks;
         job->next_exact++) {
        const struct msock__wish *wish = &job->exact[job->next_exact];
        const struct msock__state *state =
            msock__values_find(turn->engine->values, wish->filter, wish->size);
        turn->looked++;
        if (state && !answer(turn, state)) {
            return false;
        }
    }
    return true;
}

static bool matches(struct turn *turn, const struct msock__state *state)
{
    const struct msock__job *job = turn->job;

    for (size_t i = 0; i < job->wild_count; i++) {
        turn->looked++;
        if (msock__topic_match(job->wild[i].filter, job->wild[i].size,
                               state->topic, state->topic_size)) {
            return true;
        }
    }
    return false;
}

/* Goes on with the others, over all topics.  Returns whether there was room. */
static bool walk(struct turn *turn)
{
    struct msock__job *job = turn->job;
    const struct msock__state *state;

    if (!job->walking && job->wild_count > 0) {
        msock__values_walk(turn->engine->values, &job->walk);
        job->walking = true;
    }
    while (turn->looked < turn->looks &&
           (state = msock__walk_at(&job->walk)) != NULL) {
        if (matches(turn, state) && !answer(turn, state)) {
            return false;
        }
        msock__walk_step(&job->walk);
    }
    return true;
}

static void run_pass(struct turn *turn)
{
    struct msock__job *job = turn->job;
    struct msock__engine *engine = turn->engine;

    if (engine->outboxes[MSOCK__RELIABLE].bytes > BACKLOG_MAX ||
        !look_up(turn) ||
        (job->next_exact == job->exact_count && !walk(turn))) {
        msock__tell_pause(job, turn->now_us + PAUSE_US);
    } else if (job->next_exact == job->exact_count &&
               msock__walk_at(&job->walk) == NULL) {
        msock__tell_passed(job, turn->now_us);
    }
}

static void end_job(struct turn *turn)
{
    struct msock__engine *engine = turn->engine;
    bool lost = msock__tell_end(&engine->tell, turn->now_us, turn->job,
                                engine->counters[MSOCK__RELIABLE]);

    msock__engine_drop(engine, turn->now_us, MSOCK_DROP_STATE_FULL, lost);
}

static void run_job(struct turn *turn)
{
    struct msock__engine *engine = turn->engine;
    struct msock__job *job = turn->job;
    bool over = job->pass == MSOCK__PASS_END;

    if (!over) {
        run_pass(turn);
    }
    msock__tell_turn(&engine->tell, job, turn->looked);
    if (!over) {
        return;
    }
    if (engine->outboxes[MSOCK__RELIABLE].bytes == 0 ||
        turn->now_us >= job->asked_us + PATIENCE_US) {
        end_job(turn);
    } else {
        msock__tell_pause(job, turn->now_us + PAUSE_US);
    }
}

/* All who ask take turns, until this node has looked at enough. */
static void run_jobs(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__tell *tell = &engine->tell;
    struct msock__job *job;
    uint64_t looked = 0;

    while (looked < LOOKS && (job = msock__tell_due(tell, now_us)) != NULL) {
        struct turn turn = {engine, job, now_us, .looks = LOOKS_TURN};
        run_job(&turn);
        looked += turn.looked;
    }
    if (looked >= LOOKS) {
        msock__tell_rest(tell, now_us + PAUSE_US);
    }
}

/* -- Disputes -- */

static void dispute(struct msock__engine *engine, uint64_t now_us,
                    struct msock__state *state)
{
    const struct msock__value *value = state->value;
    bool keeps = msock__engine_keeps(engine, value->topic, value->topic_size);
    enum msock__stake stake = value->own ? MSOCK__STAKE_OWN
                              : keeps    ? MSOCK__STAKE_KEPT
                                         : MSOCK__STAKE_OTHER;

    if (state->disputed || (!value->own && !may_keep(engine))) {
        return;
    }
    int code = msock__disputes_add(
        &engine->tell.disputes, now_us, &engine->dice, stake,
        msock__engine_nodes(engine), value->topic, value->topic_size);
    if (code < 0) {
        msock__engine_drop(engine, now_us,
                           code == MSOCK_ENOMEM ? MSOCK_DROP_MEMORY
                                                : MSOCK_DROP_STATE_FULL,
                           1);
        return;
    }
    state->disputed = true;
}

void msock__engine_tell_older(struct msock__engine *engine, uint64_t now_us,
                              struct msock__state *state)
{
    dispute(engine, now_us, state);
}

void msock__engine_tell_gone(struct msock__engine *engine, uint64_t now_us,
                             struct msock__session *session)
{
    struct msock__sweep *sweep = &engine->tell.sweep;

    session->swept = sweep->round + 1;
    sweep->again = true;
    sweep->due_us = msock__least(sweep->due_us, now_us);
}

/* Whether a value is of a session that this round looks for. */
static bool is_swept(const struct msock__engine *engine,
                     const struct msock__value *value)
{
    const struct msock__session *session =
        value->own
            ? NULL
            : msock__sessions_find(engine->sessions, value->edition.session);

    return session && session->swept == engine->tell.sweep.round;
}

/* Looks for the values of sessions that are gone, a portion of the table each
 * time, and of all of them at once. */
static void sweep_on(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__sweep *sweep = &engine->tell.sweep;
    struct msock__state *state;

    if (now_us < sweep->due_us) {
        return;
    }
    if (!msock__walk_at(&sweep->walk)) {
        sweep->round++;
        sweep->again = false;
        msock__values_walk(engine->values, &sweep->walk);
    }
    for (size_t looks = LOOKS;
         looks > 0 && (state = msock__walk_at(&sweep->walk)) != NULL; looks--) {
        engine->tell.looked++;
        if (is_swept(engine, state->value)) {
            dispute(engine, now_us, state);
        }
        msock__walk_step(&sweep->walk);
    }
    sweep->due_us = msock__walk_at(&sweep->walk) || sweep->again
                        ? now_us + PAUSE_US
                        : UINT64_MAX;
}

void msock__engine_tell_last(struct msock__engine *engine, uint64_t now_us,
                             const struct msock__value *value)
{
    struct msock__state *state =
        msock__values_find(engine->values, value->topic, value->topic_size);

    if (state) {
        dispute(engine, now_us, state);
    }
}

/* Tells the topic that is due, unless somebody did. */
static void settle(struct msock__engine *engine, uint64_t now_us,
                   const struct msock__dispute *due)
{
    struct msock__disputes *disputes = &engine->tell.disputes;
    struct msock__state *state =
        msock__values_find(engine->values, due->topic, due->topic_size);

    if (state && state->sent_us <= due->since_us) {
        uint64_t from_us =
            state->sent_us +
            (state->value->own ? MSOCK__TELL_OWN_US : MSOCK__TELL_KEPT_US);
        if (state->sent_us > 0 && from_us > now_us) {
            /* Not all at the same moment. */
            uint64_t spread_us = state->value->own ? 0 : AGAIN_SPREAD_US;
            msock__disputes_again(
                disputes,
                from_us + msock__dice_below(&engine->dice, spread_us));
            return;
        }
        if (engine->outboxes[MSOCK__RELIABLE].bytes > BACKLOG_MAX ||
            !tell(engine, now_us, state->value)) {
            msock__disputes_again(disputes, now_us + PAUSE_US);
            return;
        }
    }
    if (state) {
        state->disputed = false;
    }
    msock__disputes_pop(disputes);
}

/* -- Turns -- */

void msock__engine_tell_tick(struct msock__engine *engine, uint64_t now_us)
{
    const struct msock__dispute *due;

    run_jobs(engine, now_us);
    sweep_on(engine, now_us);
    /* Each step ends one, or puts it off. */
    while ((due = msock__disputes_due(&engine->tell.disputes, now_us)) !=
           NULL) {
        settle(engine, now_us, due);
    }
}

uint64_t msock__engine_tell_deadline(const struct msock__engine *engine)
{
    const struct msock__tell *tell = &engine->tell;

    return msock__least(
        msock__least(msock__tell_deadline(tell), tell->sweep.due_us),
        msock__disputes_deadline(&tell->disputes));
}
