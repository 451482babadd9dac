/* SPDX-License-Identifier: Apache-2.0 */
/* Telling others the values of state topics. */
#include "core/engine_tell.h"

#include "core/engine_values.h"
#include "core/number.h"
#include "core/topic.h"

#include <string.h>

enum {
    PORTION = 64,         /* values that are told in a turn */
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
    if (code < 0) {
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

/* Values on their way out. */
struct portion {
    const struct msock__engine *engine;
    struct msock__job *job;
    uint64_t now_us;
    size_t count;
    struct msock__value *values[PORTION]; /* held */
};

static bool belongs(const struct portion *portion,
                    const struct msock__value *value)
{
    const struct msock__engine *engine = portion->engine;
    bool kept = !value->own &&
                msock__engine_keeps(engine, value->topic, value->topic_size);

    switch (portion->job->pass) {
    case MSOCK__PASS_OWN:
        /* Nobody has to wait for an owner that is gone. */
        return value->own ||
               (kept && portion->job->starts_us[MSOCK__PASS_KEPT] > 0 &&
                is_gone(engine, portion->now_us, value));
    case MSOCK__PASS_KEPT:
        return kept;
    case MSOCK__PASS_OTHERS:
        return !value->own;
    case MSOCK__PASS_END:
        break;
    }
    return false;
}

static bool add_value(const struct msock__state *state, void *user)
{
    struct portion *portion = user;

    if (belongs(portion, state->value) &&
        msock__tell_from(portion->job, portion->now_us, state->sent_us) <=
            portion->now_us) {
        portion->values[portion->count++] = msock__value_hold(state->value);
    }
    return portion->count < PORTION;
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

/* Tells a portion.  Returns whether there was room for all of it. */
static bool tell_portion(struct msock__engine *engine, struct portion *portion)
{
    bool room = true;

    for (size_t i = 0; i < portion->count; i++) {
        uint64_t frame = engine->counters[MSOCK__RELIABLE] + 1;
        room = room && tell(engine, portion->now_us, portion->values[i]);
        if (room) {
            msock__tell_told(portion->job, frame);
        }
        msock__value_release(portion->values[i]);
    }
    return room;
}

static void run_pass(struct msock__engine *engine, uint64_t now_us,
                     struct msock__job *job)
{
    struct portion portion = {.engine = engine, .job = job, .now_us = now_us};
    bool all = true;

    if (engine->outboxes[MSOCK__RELIABLE].bytes > BACKLOG_MAX) {
        msock__tell_pause(job, now_us + PAUSE_US);
        return;
    }
    for (size_t i = 0; i < job->filter_count && all; i++) {
        size_t size = strlen(job->filters[i]);
        if (!msock__filter_valid(job->filters[i], size)) {
            continue;
        }
        all = msock__values_each(engine->values, job->filters[i], size,
                                 add_value, &portion) &&
              tell_portion(engine, &portion);
        portion.count = 0;
    }
    if (all) {
        msock__tell_passed(job, now_us);
    } else {
        (void)tell_portion(engine, &portion);
        msock__tell_pause(job, now_us + PAUSE_US);
    }
}

static void run_job(struct msock__engine *engine, uint64_t now_us,
                    struct msock__job *job)
{
    if (job->pass != MSOCK__PASS_END) {
        run_pass(engine, now_us, job);
    } else if (engine->outboxes[MSOCK__RELIABLE].bytes == 0 ||
               now_us >= job->asked_us + PATIENCE_US) {
        msock__tell_end(&engine->tell, now_us, job,
                        engine->counters[MSOCK__RELIABLE]);
    } else {
        msock__tell_pause(job, now_us + PAUSE_US);
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
                             const struct msock__session *session)
{
    struct msock__value **list;
    int count = msock__values_collect(engine->values, NULL, 0, &list);

    for (int i = 0; i < count; i++) {
        if (memcmp(list[i]->edition.session, session->id,
                   MSOCK__SESSION_SIZE) == 0) {
            msock__engine_tell_last(engine, now_us, list[i]);
        }
    }
    if (count < 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_MEMORY, 1);
    }
    msock__values_release(list, count);
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
    struct msock__job *job;
    const struct msock__dispute *due;

    /* Each step ends one, or puts it off. */
    while ((job = msock__tell_due(&engine->tell, now_us)) != NULL) {
        run_job(engine, now_us, job);
    }
    while ((due = msock__disputes_due(&engine->tell.disputes, now_us)) !=
           NULL) {
        settle(engine, now_us, due);
    }
}

uint64_t msock__engine_tell_deadline(const struct msock__engine *engine)
{
    return msock__least(msock__tell_deadline(&engine->tell),
                        msock__disputes_deadline(&engine->tell.disputes));
}
