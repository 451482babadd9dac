/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed messages: both sides. */
#include "core/engine_confirm.h"

#include "codec/error.h"
#include "codec/hash.h"
#include "codec/told.h"
#include "core/number.h"

#include <assert.h>
#include <string.h>

/* -- What handlers do here -- */

static struct msock__acts_round round_of(struct msock__engine *engine,
                                         uint64_t now_us)
{
    return (struct msock__acts_round){.list = &engine->acting.list,
                                      .dice = &engine->dice,
                                      .now_us = now_us,
                                      .nodes = msock__engine_nodes(engine)};
}

/* What is kept of a session, NULL: there is no memory. */
static struct msock__acts *acts_of(struct msock__engine *engine,
                                   uint64_t now_us,
                                   struct msock__session *session)
{
    if (msock__acts_new(&session->acts, msock__session_short(session->id)) <
        0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_MEMORY, 1);
    }
    return session->acts;
}

const struct msock__origin *
msock__engine_acts_enter(struct msock__engine *engine,
                         const struct msock__origin *origin)
{
    const struct msock__origin *outer = engine->acting.origin;
    engine->acting.origin = origin;
    return outer;
}

void msock__engine_acts_leave(struct msock__engine *engine,
                              const struct msock__origin *outer)
{
    engine->acting.origin = outer;
}

/* Only what is reliable and came from another session is ever asked about. */
static bool asked_about(const struct msock__origin *origin)
{
    return origin->session && origin->counter > 0;
}

/* Notes what a handler did with a frame of a session. */
static void did(struct msock__engine *engine, uint64_t now_us,
                struct msock__session *session, uint64_t counter, int code)
{
    struct msock__acts *acts = acts_of(engine, now_us, session);
    if (acts) {
        struct msock__acts_round round = round_of(engine, now_us);
        msock__acts_did(acts, &round, counter, code);
    }
}

/* -- States that others told -- */

/* A hash of a state, under a key that only has to spread. */
static uint64_t key_of(const struct msock__engine *engine,
                       const uint8_t session[static MSOCK__SESSION_SIZE],
                       const struct msock__envelope *envelope)
{
    struct {
        uint64_t version;
        uint8_t session[MSOCK__SESSION_SIZE];
        uint64_t topic;
    } which = {.version = envelope->state,
               .topic = msock__hash(engine->session, envelope->topic,
                                    envelope->topic_size)};
    memcpy(which.session, session, sizeof(which.session));
    return msock__hash(engine->session, &which, sizeof(which));
}

/* What is kept of the told state that handlers have in hand, NULL: no memory.
 */
static struct msock__hearing *hearing_of(struct msock__engine *engine,
                                         const struct msock__origin *origin)
{
    struct msock__told told;
    bool valid = msock__told_decode(origin->told->origin,
                                    origin->told->origin_size, &told);
    assert(valid);
    struct msock__hearing *hearing = msock__hearsay_add(
        &engine->acting.hearsay, key_of(engine, told.session, origin->told));
    if (!hearing) {
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_MEMORY, 1);
    }
    return hearing;
}

/* Has the owner told, if its frame has come and all is done. */
static void settle(struct msock__engine *engine, uint64_t now_us,
                   const struct msock__hearing *hearing)
{
    struct msock__session *session =
        msock__hearing_settled(hearing)
            ? msock__sessions_find(engine->sessions, hearing->session)
            : NULL;
    if (session) {
        did(engine, now_us, session, hearing->counter, hearing->code);
    }
}

void msock__engine_acted_before(struct msock__engine *engine,
                                const struct msock__origin *origin,
                                const struct msock__envelope *envelope)
{
    if (!asked_about(origin) || origin->told) {
        return;
    }
    struct msock__hearing *hearing = msock__hearsay_find(
        &engine->acting.hearsay, key_of(engine, origin->session->id, envelope));
    if (hearing) {
        memcpy(hearing->session, origin->session->id, sizeof(hearing->session));
        hearing->counter = origin->counter;
        settle(engine, origin->now_us, hearing);
    }
}

/* -- Handlers -- */

void msock__engine_acted(struct msock__engine *engine,
                         const struct msock__origin *origin, int code)
{
    if (!asked_about(origin)) {
        return;
    }
    if (!origin->told) {
        did(engine, origin->now_us, origin->session, origin->counter, code);
        return;
    }
    struct msock__hearing *hearing = hearing_of(engine, origin);
    if (hearing) {
        msock__hearing_did(hearing, code);
        settle(engine, origin->now_us, hearing);
    }
}

void msock__engine_kept(struct msock__engine *engine)
{
    if (engine->acting.origin) {
        msock__engine_acted(engine, engine->acting.origin,
                            engine->acting.undeferred);
    }
}

/* Has a deferred message wait, if anybody may ask about it.  Returns 0 or
 * MSOCK_ENOMEM. */
static int wait_for(struct msock__engine *engine,
                    const struct msock__origin *origin,
                    struct msock__ticket *ticket)
{
    if (!asked_about(origin)) {
        return 0;
    }
    if (origin->told) {
        struct msock__hearing *hearing = hearing_of(engine, origin);
        ticket->hearing = hearing ? hearing->number : 0;
        if (hearing) {
            hearing->waits++;
        }
        return hearing ? 0 : MSOCK_ENOMEM;
    }
    struct msock__acts *acts = acts_of(engine, origin->now_us, origin->session);
    if (!acts) {
        return MSOCK_ENOMEM;
    }
    if (msock__acts_defer(acts, origin->counter)) {
        ticket->counter = origin->counter;
        memcpy(ticket->session, origin->session->id, sizeof(ticket->session));
    }
    return 0;
}

int msock__engine_defer(struct msock__engine *engine, uint64_t *token)
{
    const struct msock__origin *origin = engine->acting.origin;
    struct msock__tickets *deferred = &engine->acting.deferred;
    struct msock__ticket ticket = {.counter = 0};
    if (!origin) {
        return msock__fail(MSOCK_EINVAL,
                           "msock_defer() belongs into a message's callback");
    }
    int code = msock__tickets_room(deferred);
    if (code == MSOCK_ELIMIT) {
        engine->acting.undeferred = code;
        return msock__fail(code, "%d messages are deferred already",
                           MSOCK__TICKETS_MAX);
    }
    if (code == 0) {
        code = wait_for(engine, origin, &ticket);
    }
    if (code < 0) {
        engine->acting.undeferred = code;
        return msock__fail(code, "no memory to defer a message");
    }
    *token = msock__tickets_give(deferred, &ticket);
    return 0;
}

/* A handler of a told state has ended. */
static void told_done(struct msock__engine *engine, uint64_t number, int code)
{
    struct msock__hearing *hearing =
        msock__hearsay_get(&engine->acting.hearsay, number);
    if (hearing && hearing->waits > 0) { /* else newer ones took its place */
        hearing->waits--;
        msock__hearing_did(hearing, code);
        settle(engine, engine->driver->ops->now(engine->driver), hearing);
        engine->driver->ops->wake(engine->driver);
    }
}

int msock__engine_done(struct msock__engine *engine, uint64_t token, int code)
{
    struct msock__ticket ticket;
    if (!msock__tickets_take(&engine->acting.deferred, token, &ticket)) {
        return msock__fail(MSOCK_ENOENT, "no such message was deferred, or it "
                                         "is done");
    }
    if (ticket.hearing > 0) {
        told_done(engine, ticket.hearing, code);
    }
    if (ticket.counter == 0) {
        return 0;
    }
    struct msock__session *session =
        msock__sessions_find(engine->sessions, ticket.session);
    if (session && session->acts) { /* else it is forgotten */
        struct msock__acts_round round =
            round_of(engine, engine->driver->ops->now(engine->driver));
        msock__acts_done(session->acts, &round, ticket.counter, code);
        engine->driver->ops->wake(engine->driver);
    }
    return 0;
}

static bool names(const struct msock__asked *of, uint64_t session)
{
    bool named = of->count == 0;
    for (size_t i = 0; i < of->count; i++) {
        named |= of->sessions[i] == session;
    }
    return named;
}

void msock__engine_acts_asked(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__control *sync)
{
    if (sync->count == 0 ||
        !names(&sync->of, msock__session_short(engine->session))) {
        return;
    }
    struct msock__acts *acts = acts_of(engine, now_us, session);
    struct msock__acts_round round = round_of(engine, now_us);
    for (size_t i = 0; acts && i < sync->count; i++) {
        /* One that has not left yet would only cost an older one its place. */
        if (sync->asked[i] <= sync->held.last) {
            msock__acts_asked(acts, &round, sync->asked[i]);
        }
    }
}

/* -- What others do -- */

bool msock__engine_listens(const struct msock__session *session,
                           const char *topic)
{
    const struct msock__card *card = session->entry.card;
    if (!card || card->vague) {
        return card != NULL;
    }
    const char *filter = card->filters;
    for (size_t i = 0; i < card->filter_count; i++) {
        if (msock_topic_match(filter, topic)) {
            return true;
        }
        filter += strlen(filter) + 1;
    }
    return false;
}

/* Who is up and listens is expected to act.  Returns whether there was memory.
 */
static bool expect_listeners(const struct msock__engine *engine,
                             struct msock__confirmation *one, const char *topic)
{
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);
    bool fits = true;
    for (; session && fits; session = session->older) {
        if (session->up && msock__engine_listens(session, topic)) {
            fits = msock__confirm_add(one, msock__session_short(session->id),
                                      session->sender, false) != NULL;
        }
    }
    return fits;
}

int msock__engine_confirm(struct msock__engine *engine,
                          struct msock__publication *publication,
                          uint64_t deadline_us,
                          msock_confirm_callback *callback, void *user)
{
    struct msock__confirms *confirms = &engine->acting.confirms;
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    if (confirms->count == MSOCK__CONFIRMS_MAX) {
        return msock__fail(MSOCK_ELIMIT, "%d confirmed messages are under way",
                           MSOCK__CONFIRMS_MAX);
    }
    struct msock__confirmation *one =
        msock__confirms_add(confirms, now_us, now_us + deadline_us);
    if (!one) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a confirmed message");
    }
    one->callback = callback;
    one->user = user;
    publication->delivery.confirm = one->id;
    int code = expect_listeners(engine, one, publication->topic)
                   ? msock__engine_publish(engine, publication)
                   : msock__fail(MSOCK_ENOMEM,
                                 "no memory for those who are to confirm");
    if (code < 0) {
        msock__confirms_remove(confirms, one);
        return code;
    }
    return one->id;
}

void msock__engine_confirm_sent(struct msock__engine *engine, uint64_t now_us,
                                int id, uint64_t counter)
{
    msock__confirms_sent(&engine->acting.confirms, now_us, id, counter,
                         msock__acts_spread_us(msock__engine_nodes(engine)));
}

/* Tells what is known of one node, or NULL: the end. */
static void tell(struct msock__engine *engine,
                 const struct msock__confirmation *one,
                 const struct msock__confirmer *node, uint64_t time_us)
{
    msock_confirm confirm = {.id = one->id,
                             .time_us = time_us,
                             .expected = one->expected,
                             .acted = one->acted,
                             .refused = one->refused};
    if (node) {
        confirm.node = node->name;
        confirm.session = node->session;
        confirm.state = node->state;
        confirm.code = -(int)node->code;
        confirm.extra = node->extra;
    }
    one->callback(engine->channel, &confirm, one->user);
}

void msock__engine_ack(struct msock__engine *engine, uint64_t now_us,
                       const struct msock__session *session,
                       const struct msock__control *ack)
{
    if (ack->session != msock__session_short(engine->session)) {
        return;
    }
    for (size_t i = 0; i < ack->count && !engine->closing; i++) {
        const struct msock__confirmer *node;
        const struct msock__confirmation *one = msock__confirms_heard(
            &engine->acting.confirms, now_us, msock__session_short(session->id),
            session->sender, &ack->acts[i], &node);
        if (one && node) {
            tell(engine, one, node, node->time_us);
        } else if (one) {
            msock__engine_drop(engine, now_us, MSOCK_DROP_REPLY, 1);
        }
    }
}

/* The silent ones, then the end. */
static void end(struct msock__engine *engine, uint64_t now_us,
                const struct msock__confirmation *one)
{
    uint64_t time_us = now_us - one->began_us;
    for (size_t i = 0; i < one->count && !engine->closing; i++) {
        if (one->nodes[i].state == MSOCK_CONFIRM_SILENT) {
            tell(engine, one, &one->nodes[i], time_us);
        }
    }
    if (!engine->closing) {
        tell(engine, one, NULL, time_us);
    }
}

void msock__engine_confirm_tick(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__confirmation *one;
    while (!engine->closing &&
           (one = msock__confirms_take(&engine->acting.confirms, now_us)) !=
               NULL) {
        end(engine, now_us, one);
        msock__confirm_free(one);
    }
}

/* -- Both -- */

bool msock__engine_confirm_due(struct msock__engine *engine, uint64_t now_us,
                               struct msock__control *control)
{
    if (msock__acts_ack(&engine->acting.list, now_us, control)) {
        return true;
    }
    if (engine->closing ||
        !msock__confirms_ask(&engine->acting.confirms, now_us, control)) {
        return false;
    }
    control->kind = MSOCK__SYNC;
    control->held = msock__history_range(engine->history);
    return true;
}

uint64_t
msock__engine_confirm_control_deadline(const struct msock__engine *engine)
{
    uint64_t ask_us =
        engine->closing
            ? UINT64_MAX
            : msock__confirms_ask_deadline(&engine->acting.confirms);
    return msock__least(ask_us, msock__acts_deadline(&engine->acting.list));
}

void msock__engine_confirm_fini(struct msock__engine *engine)
{
    msock__tickets_fini(&engine->acting.deferred);
    msock__hearsay_fini(&engine->acting.hearsay);
    msock__confirms_fini(&engine->acting.confirms);
}
