/* SPDX-License-Identifier: Apache-2.0 */
/* Asking others for values of state topics. */
#include "core/engine_ask.h"

#include "core/number.h"
#include "core/topic.h"

#include <assert.h>
#include <string.h>

enum {
    LOST_US = 50000, /* what is lost at once is asked for at once */
    LOST_SPREAD_US = 150000,
    BACK_SPREAD_US = 200000,
    NODE_US = 2000,
    ALONE_MAX = 8, /* sessions that are asked alone; more: everyone */
    ALL_US = 500000,
    ALL_SPREAD_US = 1000000
};

/* -- What is wanted -- */

/* Filters on their way into rounds. */
struct wish {
    struct msock__engine *engine;
    uint64_t due_us;
    uint64_t of; /* session, 0: everyone */
    int code;
};

static bool wish_for(const char *filter, size_t size, void *user)
{
    struct wish *wish = user;
    char text[MSOCK_TOPIC_MAX + 1];

    memcpy(text, filter, size);
    text[size] = '\0';
    if (!msock__topic_reserved(text, size)) {
        wish->code =
            msock__ask_filter(&wish->engine->ask, wish->due_us, wish->of, text);
    }
    return wish->code >= 0;
}

static void note_memory(struct msock__engine *engine, int code)
{
    if (code < 0) {
        msock__engine_drop(engine, engine->driver->ops->now(engine->driver),
                           MSOCK_DROP_MEMORY, 1);
    }
}

/* Asks for all that is wanted here. */
static void wish_all(struct msock__engine *engine, uint64_t due_us, uint64_t of)
{
    struct wish wish = {.engine = engine, .due_us = due_us, .of = of};

    if (engine->config.raw || engine->closing) {
        return;
    }
    bool all = msock__dispatch_filters(engine->dispatch, wish_for, &wish);
    for (size_t i = 0; all && i < engine->audience.keep_count; i++) {
        const struct msock__keep *keep = engine->audience.keeps[i];
        all = wish_for(keep->filter, keep->filter_size, &wish);
    }
    note_memory(engine, wish.code);
}

/* Asks a session alone, or everyone, if there are many to be asked. */
static void wish_of(struct msock__engine *engine, uint64_t now_us,
                    uint64_t due_us, const struct msock__session *session)
{
    if (session->up && msock__ask_alone(&engine->ask) < ALONE_MAX) {
        wish_all(engine, due_us, msock__session_short(session->id));
    } else {
        wish_all(engine,
                 now_us + ALL_US +
                     msock__dice_below(&engine->dice, ALL_SPREAD_US),
                 0);
    }
}

void msock__engine_ask_for(struct msock__engine *engine, const char *filter)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    struct wish wish = {.engine = engine, .due_us = now_us};

    if (!engine->config.raw && !engine->closing) {
        (void)wish_for(filter, strlen(filter), &wish);
        note_memory(engine, wish.code);
        engine->driver->ops->wake(engine->driver);
    }
}

void msock__engine_ask_session(struct msock__engine *engine, uint64_t now_us,
                               const struct msock__session *session)
{
    uint64_t spread_us = msock__most(
        BACK_SPREAD_US, NODE_US * (uint64_t)msock__engine_nodes(engine));

    wish_of(engine, now_us,
            now_us + msock__dice_below(&engine->dice, spread_us), session);
}

void msock__engine_ask_begin(struct msock__engine *engine, uint64_t now_us,
                             struct msock__session *session, uint64_t floor)
{
    bool first = session->reliable_floor == 0;

    session->reliable_floor = floor;
    if (first && floor > 1) {
        msock__engine_ask_session(engine, now_us, session);
    }
}

void msock__engine_ask_lost(struct msock__engine *engine,
                            struct msock__session *session, uint64_t last)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);

    session->lost = last;
    msock__ask_anew(&engine->ask, msock__session_short(session->id));
    wish_of(engine, now_us,
            now_us + LOST_US + msock__dice_below(&engine->dice, LOST_SPREAD_US),
            session);
}

/* -- Answers -- */

/* Whether all reliable frames of a session up to `last` came, or never will. */
static bool reached(const struct msock__session *session, uint64_t last)
{
    uint64_t next = session->repair ? msock__repair_next(session->repair)
                                    : session->reliable_floor;

    return last < next;
}

void msock__engine_ask_held(struct msock__engine *engine, uint64_t now_us,
                            const struct msock__session *session,
                            const struct msock__control *held)
{
    uint64_t id = msock__session_short(session->id);
    bool told = held->value_count > 0;
    bool missed = told && (session->reliable_floor > held->held.first ||
                           session->lost >= held->held.first);

    if (msock__ask_held(&engine->ask, held->query, id,
                        told ? held->held.last : 0) &&
        missed) {
        note_memory(engine,
                    msock__ask_missed(&engine->ask, now_us, held->query, id));
    }
}

/* -- Queries -- */

/* Whose answers a round has: they need not give them again. */
static void name_done(const struct msock__engine *engine,
                      struct msock__round *round, struct msock__asked *done)
{
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);

    for (; session && done->count < MSOCK__ASKED_MAX;
         session = session->older) {
        uint64_t id = msock__session_short(session->id);
        const struct msock__holder *holder = msock__round_holder(round, id);
        if (holder && reached(session, holder->last)) {
            done->sessions[done->count++] = id;
        }
    }
}

/* Everyone was asked three times. Who has sent something reliably since and did
 * not answer may not have heard it: it has to say so if there is nothing. */
static void follow_up(struct msock__engine *engine, uint64_t now_us,
                      struct msock__round *round)
{
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);
    uint64_t query = round->query;
    size_t count = msock__ask_alone(&engine->ask);

    for (; session && count < ALONE_MAX; session = session->older) {
        uint64_t id = msock__session_short(session->id);
        if (session->up && session->repair && !msock__round_holder(round, id)) {
            note_memory(engine,
                        msock__ask_missed(&engine->ask, now_us, query, id));
            count++;
        }
    }
}

static bool is_up(const struct msock__engine *engine, uint64_t id)
{
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);

    while (session && msock__session_short(session->id) != id) {
        session = session->older;
    }
    return session && session->up;
}

/* Forgets rounds that are over, and those of who is gone: its values are told
 * by others. */
static void end_rounds(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__round *round;

    while ((round = msock__ask_over(&engine->ask, now_us)) != NULL) {
        if (round->of == 0) {
            follow_up(engine, now_us, round);
        }
        msock__ask_forget(&engine->ask, round);
    }
    while ((round = msock__ask_due(&engine->ask, now_us)) != NULL &&
           round->of != 0 && !is_up(engine, round->of)) {
        msock__ask_forget(&engine->ask, round);
    }
}

bool msock__engine_ask(struct msock__engine *engine, uint64_t now_us,
                       struct msock__control *query)
{
    if (engine->closing || engine->ask.count == 0 ||
        msock__engine_ask_deadline(engine) > now_us) {
        return false;
    }
    end_rounds(engine, now_us);
    struct msock__round *round = msock__ask_due(&engine->ask, now_us);
    if (!round) {
        return false;
    }
    msock__ask_fill(round, query);
    name_done(engine, round, &query->done);
    return true;
}

void msock__engine_ask_narrow(struct msock__engine *engine, uint64_t now_us,
                              struct msock__control *query)
{
    struct msock__round *round = msock__ask_due(&engine->ask, now_us);

    if (query->done.count > 0) {
        query->done.count = 0;
        return;
    }
    assert(strcmp(round->filters[0], "\"#\"") != 0);
    msock__ask_widen(round);
    msock__ask_fill(round, query);
}

void msock__engine_ask_sent(struct msock__engine *engine, uint64_t now_us,
                            size_t used, size_t size)
{
    msock__ask_sent(&engine->ask, now_us, msock__ask_due(&engine->ask, now_us),
                    used);
    msock__announce_asked_who(&engine->announce, now_us,
                              msock__engine_nodes(engine), size);
}

uint64_t msock__engine_ask_deadline(const struct msock__engine *engine)
{
    return msock__most(msock__ask_deadline(&engine->ask),
                       engine->announce.allowed_us);
}
