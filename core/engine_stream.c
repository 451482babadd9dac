/* SPDX-License-Identifier: Apache-2.0 */
/* The reliable stream (docs/protocol.md 5): what others send is put in order,
 * asked for where it is missing and reported where it will not come; what this
 * session sent is sent again to who asks. */
#include "core/engine_stream.h"

#include "core/engine_ask.h"
#include "core/engine_flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYE_PATIENCE_US = 2000000,
    HISTORY_GRACE_MS = 5000,
    /* NACK frames: 40 at once, 20 a second. */
    NACK_US = 50000,
    NACKS_AHEAD_US = 39 * NACK_US,
    NACK_FRAMES = 32 /* and one more for each so many that come */
};

static struct msock__repair_round round_of(struct msock__engine *engine,
                                           uint64_t now_us)
{
    return (struct msock__repair_round){.now_us = now_us,
                                        .dice = &engine->dice,
                                        .nodes = msock__engine_nodes(engine)};
}

/* -- The list of sessions that miss something -- */

static void list_remove(struct msock__engine *engine,
                        struct msock__session *session)
{
    struct msock__session **link = &engine->gapped;
    while (*link && *link != session) {
        link = &(*link)->next_gapped;
    }
    if (*link) {
        *link = session->next_gapped;
    }
    session->gapped = false;
    session->next_gapped = NULL;
}

/* Lets all others go first next time. */
static void list_last(struct msock__engine *engine,
                      struct msock__session *session)
{
    list_remove(engine, session);
    struct msock__session **link = &engine->gapped;
    while (*link) {
        link = &(*link)->next_gapped;
    }
    *link = session;
    session->gapped = true;
}

/* Keeps the list true after a change of the session's gaps. */
static void watch(struct msock__engine *engine, struct msock__session *session)
{
    bool gapped =
        session->repair &&
        (session->loss.first > 0 || msock__repair_asks(session->repair) ||
         msock__repair_deadline(session->repair) != UINT64_MAX);
    if (gapped && !session->gapped) {
        session->gapped = true;
        session->next_gapped = engine->gapped;
        engine->gapped = session;
    } else if (!gapped && session->gapped) {
        list_remove(engine, session);
    }
}

/* -- Delivering in order -- */

/* What follows directly on it in this turn is told together with it. */
static void note_loss(struct msock__engine *engine,
                      struct msock__session *session, struct msock__range range)
{
    struct msock__range *loss = &session->loss;
    msock__join_reset(&session->join, &engine->join_pool);
    assert(loss->first == 0 || loss->last + 1 == range.first);
    loss->first = loss->first > 0 ? loss->first : range.first;
    loss->last = range.last;
}

void msock__engine_stream_report(struct msock__engine *engine,
                                 struct msock__session *session)
{
    struct msock__range loss = session->loss;
    if (loss.first == 0) {
        return;
    }
    uint64_t count = loss.last - loss.first + 1;
    session->loss = (struct msock__range){0};
    msock__stats_add(&engine->stats, MSOCK_LOST, count);
    msock__engine_event(
        engine, &(msock_event){.kind = MSOCK_EVENT_LOSS,
                               .node = session->sender,
                               .session = msock__session_short(session->id),
                               .first = loss.first,
                               .count = count});
    msock__engine_ask_lost(engine, session, loss.last);
}

static void take_piece(struct msock__engine *engine,
                       const struct msock__origin *origin,
                       const struct msock__body *body)
{
    struct msock__session *session = origin->session;
    struct msock__join *join = &session->join;
    int code = msock__join_add(join, &engine->join_pool, body);
    if (code < 0) {
        msock__engine_drop(engine, origin->now_us, -code, 1);
    } else if (code > 0) {
        struct msock__origin whole = *origin;
        whole.stamp_us = join->sent_us;
        whole.sent_us =
            msock__age_local(&session->age, origin->now_us, join->sent_us);
        msock__engine_message(engine, &whole, join->bytes, join->size, true);
        msock__join_reset(join, &engine->join_pool);
    }
}

/* The next frame of the stream; `bytes` is its body. */
static void deliver(struct msock__engine *engine,
                    const struct msock__origin *origin, uint8_t flags,
                    uint8_t *bytes, size_t size)
{
    struct msock__session *session = origin->session;
    struct msock__body body;
    msock__engine_stream_report(engine, session);
    if (engine->closing) {
        return;
    }
    int wrong = msock__body_decode(bytes, size, flags, &body);
    if (wrong) {
        msock__join_reset(&session->join, &engine->join_pool);
        msock__engine_drop(engine, origin->now_us, wrong, 1);
        return;
    }
    struct msock__origin dated = *origin;
    /* It may have waited: its flags are its own. */
    dated.flags &= ~(unsigned)MSOCK_MESSAGE_SIGNED;
    dated.flags |= body.is_signed ? MSOCK_MESSAGE_SIGNED : 0;
    dated.stamp_us = body.sent_us;
    dated.sent_us =
        msock__age_local(&session->age, origin->now_us, body.sent_us);
    if (body.count > 0) {
        take_piece(engine, &dated, &body);
        return;
    }
    if (msock__join_open(&session->join)) {
        msock__join_reset(&session->join, &engine->join_pool);
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_PIECE, 1);
    }
    msock__engine_batch(engine, &dated, &body);
}

/* Hands on what is in order now. */
static void drain(struct msock__engine *engine,
                  const struct msock__origin *origin)
{
    struct msock__session *session = origin->session;
    struct msock__repair_round round = round_of(engine, origin->now_us);
    struct msock__ready ready;
    /* A callback may end the session: what waits of it is dropped. */
    while (!engine->closing && !session->over &&
           msock__repair_pop(session->repair, &round, &ready)) {
        if (ready.kind == MSOCK__READY_LOSS) {
            note_loss(engine, session, ready.range);
            continue;
        }
        struct msock__origin one = *origin;
        one.counter = one.sequence = ready.range.first;
        deliver(engine, &one, ready.kept->flags, ready.kept->bytes,
                ready.kept->size);
        free(ready.kept);
    }
    watch(engine, session);
}

static struct msock__origin origin_of(struct msock__engine *engine,
                                      struct msock__session *session,
                                      uint64_t now_us)
{
    return (struct msock__origin){
        .session = session,
        .session_short = msock__session_short(session->id),
        .now_us = now_us,
        .newest = UINT64_MAX,
        .flags = MSOCK_MESSAGE_RELIABLE |
                 (engine->admission ? MSOCK_MESSAGE_SEALED : 0),
    };
}

/* -- What others send -- */

int msock__engine_stream_check(const struct msock__session *session,
                               const struct msock__frame *frame)
{
    if (frame->stream == MSOCK__CONTROL) {
        return msock__window_check(&session->control, frame->counter);
    }
    if (frame->stream == MSOCK__BEST_EFFORT) {
        return msock__window_check(&session->best_effort, frame->counter);
    }
    uint64_t next = session->repair ? msock__repair_next(session->repair)
                                    : session->reliable_floor;
    return frame->counter < next ? MSOCK_DROP_DUPLICATE : 0;
}

/* A stream that began after this channel opened is wanted from its beginning;
 * of an older one what is heard from now on. */
static uint64_t first_wanted(const struct msock__engine *engine,
                             const struct msock__session *session,
                             uint64_t age_us, uint64_t heard)
{
    if (session->reliable_floor > 0) {
        return session->reliable_floor;
    }
    return age_us < engine->arrived_us - engine->opened_us ? 1 : heard;
}

static bool start(struct msock__engine *engine, struct msock__session *session,
                  uint64_t next, uint64_t now_us)
{
    if (session->repair) {
        return true;
    }
    msock__engine_ask_begin(engine, now_us, session, next);
    if (msock__repair_new(&session->repair, &engine->repair_pool,
                          (size_t)engine->config.reorder_max, next) < 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_MEMORY, 1);
        return false;
    }
    return true;
}

/* Whether a frame was withheld on the way: no history has it any more. */
static bool withheld(const struct msock__engine *engine,
                     const struct msock__session *session, uint64_t received_us,
                     uint64_t sent_us)
{
    uint64_t limit_ms = engine->config.history_ms + HISTORY_GRACE_MS;
    return engine->admission &&
           msock__age_of(&session->age, received_us, sent_us) > limit_ms * 1000;
}

void msock__engine_stream_frame(struct msock__engine *engine,
                                struct msock__origin *origin,
                                const struct msock__frame *frame,
                                uint64_t received_us, uint8_t *bytes,
                                size_t size)
{
    struct msock__session *session = origin->session;
    struct msock__body body;
    bool broken = msock__body_decode(bytes, size, frame->flags, &body) != 0;
    if (!broken) {
        msock__engine_clock(session, received_us, body.sent_us);
    }
    bool late = !broken && withheld(engine, session, received_us, body.sent_us);
    uint64_t age_us = broken ? UINT64_MAX : body.sent_us;
    uint64_t next = first_wanted(engine, session, age_us, frame->counter);
    if (!start(engine, session, next, origin->now_us)) {
        return;
    }
    struct msock__repair_round round = round_of(engine, origin->now_us);
    if (late) {
        msock__repair_lose(session->repair, &round, frame->counter);
        drain(engine, origin);
        return;
    }
    msock__engine_session_alive(engine, origin->now_us, session);
    int code = msock__repair_add(session->repair, &round, frame->counter,
                                 frame->flags, bytes, size);
    if (code >= 0) {
        msock__rate_give(&engine->nack_rate, NACK_US / NACK_FRAMES);
    }
    if (code < 0) {
        msock__engine_drop(engine, origin->now_us, -code, 1);
    } else if (code > 0) {
        origin->counter = origin->sequence = frame->counter;
        deliver(engine, origin, frame->flags, bytes, size);
    }
    drain(engine, origin);
    if (!session->over) {
        msock__engine_flow_came(engine, session);
    }
}

void msock__engine_stream_range(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session, uint64_t age_us,
                                struct msock__range held)
{
    if (!session->repair && session->reliable_floor == 0) {
        msock__engine_ask_begin(
            engine, now_us, session,
            first_wanted(engine, session, age_us, held.last + 1));
    }
    if (!session->repair && held.last < session->reliable_floor) {
        return;
    }
    if (!start(engine, session, session->reliable_floor, now_us)) {
        return;
    }
    struct msock__repair_round round = round_of(engine, now_us);
    msock__repair_range(session->repair, &round, held);
    struct msock__origin origin = origin_of(engine, session, now_us);
    drain(engine, &origin);
}

void msock__engine_stream_end(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session)
{
    msock__engine_flow_forget(engine, now_us, session);
    if (!session->repair) {
        return;
    }
    msock__repair_end(session->repair);
    struct msock__origin origin = origin_of(engine, session, now_us);
    drain(engine, &origin);
    msock__engine_stream_report(engine, session);
    watch(engine, session);
}

void msock__engine_stream_forget(struct msock__engine *engine,
                                 struct msock__session *session)
{
    msock__engine_flow_forget(engine, engine->forget_us, session);
    if (session->gapped) {
        list_remove(engine, session);
    }
    msock__join_reset(&session->join, &engine->join_pool);
    msock__repair_free(session->repair);
    session->repair = NULL;
    msock__acts_free(&engine->acting.list, session->acts);
    session->acts = NULL;
}

/* -- Time -- */

void msock__engine_stream_tick(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__repair_round round = round_of(engine, now_us);
    struct msock__session *next;
    for (struct msock__session *session = engine->gapped; session;
         session = next) {
        next = session->next_gapped;
        msock__repair_expire(session->repair, &round);
        if (session->bye_us > 0 &&
            now_us - session->bye_us >= BYE_PATIENCE_US) {
            msock__repair_end(session->repair);
        }
        struct msock__origin origin = origin_of(engine, session, now_us);
        drain(engine, &origin);
        msock__engine_stream_report(engine, session);
        watch(engine, session);
        if (engine->closing) {
            return;
        }
    }
}

uint64_t msock__engine_stream_deadline(const struct msock__engine *engine)
{
    uint64_t due_us = UINT64_MAX;
    for (const struct msock__session *session = engine->gapped; session;
         session = session->next_gapped) {
        uint64_t gap_us = msock__repair_deadline(session->repair);
        uint64_t bye_us = session->bye_us > 0
                              ? session->bye_us + BYE_PATIENCE_US
                              : UINT64_MAX;
        if (session->loss.first > 0) {
            return 0;
        }
        due_us = gap_us < due_us ? gap_us : due_us;
        due_us = bye_us < due_us ? bye_us : due_us;
    }
    return due_us;
}

/* -- NACKs -- */

uint64_t msock__engine_stream_nack_deadline(const struct msock__engine *engine)
{
    const struct msock__session *session = engine->gapped;
    while (session && !msock__repair_asks(session->repair)) {
        session = session->next_gapped;
    }
    return session ? msock__rate_due(&engine->nack_rate, NACKS_AHEAD_US)
                   : UINT64_MAX;
}

bool msock__engine_stream_nack(struct msock__engine *engine, uint64_t now_us,
                               struct msock__control *control)
{
    struct msock__repair_round round = round_of(engine, now_us);
    for (struct msock__session *session = engine->gapped; session;
         session = session->next_gapped) {
        control->count =
            msock__repair_asks(session->repair)
                ? msock__repair_nack(session->repair, &round, control->ranges)
                : 0;
        if (control->count > 0) {
            control->kind = MSOCK__NACK;
            control->session = msock__session_short(session->id);
            control->take = msock__engine_flow_take(session);
            engine->asked = session;
            return true;
        }
    }
    return false;
}

void msock__engine_stream_nacked(struct msock__engine *engine, uint64_t now_us,
                                 const struct msock__control *control,
                                 size_t used)
{
    struct msock__repair_round round = round_of(engine, now_us);
    /* By its short id it could be another one. */
    assert(engine->asked && engine->asked->gapped);
    size_t thick = msock__repair_asked(engine->asked->repair, &round,
                                       control->ranges, used);
    msock__engine_flow_asked(engine, now_us, engine->asked, &control->take,
                             thick);
    list_last(engine, engine->asked);
    engine->asked = NULL;
    msock__rate_take(&engine->nack_rate, now_us, NACK_US);
}

void msock__engine_stream_asked(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *asker,
                                const struct msock__control *control)
{
    if (control->session == msock__session_short(engine->session)) {
        msock__engine_flow_nacked(engine, now_us, asker, control);
        return;
    }
    if (engine->admission && !asker) {
        return; /* a recording must not keep us from asking */
    }
    struct msock__repair_round round = round_of(engine, now_us);
    for (struct msock__session *session = engine->gapped; session;
         session = session->next_gapped) {
        if (msock__session_short(session->id) == control->session) {
            msock__repair_heard(session->repair, &round, control->ranges,
                                control->count);
        }
    }
}
