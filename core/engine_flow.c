/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for whom in reliable streams. */
#include "core/engine_flow.h"

enum {
    SLOW_WINDOW_US = 10000000, /* over which a node's misses are counted */
    SLOW_PERCENT = 20,
    SLOW_FRAMES_MIN = 50, /* of fewer nothing is concluded */
    LEAST_SHARE = 256 /* of the pace that one has to take to be waited for */
};

/* -- As a listener -- */

static void list_remove(struct msock__engine *engine,
                        struct msock__session *session)
{
    struct msock__session **link = &engine->speaking;
    while (*link && *link != session) {
        link = &(*link)->next_speaking;
    }
    if (*link) {
        *link = session->next_speaking;
    }
    session->listed = false;
    session->next_speaking = NULL;
}

/* Keeps true what depends on how a session's stream goes. */
static void watch(struct msock__engine *engine, struct msock__session *session)
{
    if (session->repair) {
        msock__repair_reach(session->repair,
                            msock__intake_reach(&session->intake),
                            session->intake.promised);
    }
    if (session->intake.speaks && !session->listed) {
        session->listed = true;
        session->next_speaking = engine->speaking;
        engine->speaking = session;
    } else if (!session->intake.speaks && session->listed) {
        list_remove(engine, session);
    }
}

void msock__engine_flow_came(struct msock__engine *engine,
                             struct msock__session *session)
{
    struct msock__intake *intake = &session->intake;
    if (!msock__intake_looks(intake)) {
        return;
    }
    /* Handlers may have taken their time since this turn began. */
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    uint64_t next = msock__repair_next(session->repair);
    msock__intake_frame(intake, now_us, now_us - engine->arrived_us, next);
    watch(engine, session);
    if (msock__intake_deadline(intake, next) <= now_us) {
        engine->driver->ops->wake(engine->driver);
    }
}

struct msock__range
msock__engine_flow_take(const struct msock__session *session)
{
    return msock__intake_take(&session->intake,
                              msock__repair_next(session->repair),
                              msock__repair_room(session->repair));
}

void msock__engine_flow_asked(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__range *take, size_t count)
{
    msock__intake_asked(&session->intake, now_us, take, count);
    watch(engine, session);
}

static uint64_t deadline_of(const struct msock__session *session)
{
    return msock__intake_deadline(&session->intake,
                                  msock__repair_next(session->repair));
}

uint64_t msock__engine_flow_deadline(const struct msock__engine *engine)
{
    uint64_t due_us = UINT64_MAX;
    for (const struct msock__session *session = engine->speaking; session;
         session = session->next_speaking) {
        uint64_t one_us = deadline_of(session);
        due_us = one_us < due_us ? one_us : due_us;
    }
    return due_us;
}

bool msock__engine_flow_due(struct msock__engine *engine, uint64_t now_us,
                            struct msock__control *control)
{
    struct msock__session *session = engine->speaking;
    while (session && deadline_of(session) > now_us) {
        session = session->next_speaking;
    }
    if (!session) {
        return false;
    }
    control->kind = MSOCK__TAKE;
    control->session = msock__session_short(session->id);
    control->take = msock__intake_word(&session->intake, now_us,
                                       msock__repair_next(session->repair),
                                       msock__repair_room(session->repair));
    msock__intake_said(&session->intake, now_us, &control->take);
    watch(engine, session);
    return true;
}

/* -- As a sender -- */

/* What changed may let a frame go at once. */
static void apply(struct msock__engine *engine)
{
    msock__history_hold(engine->history, engine->flow.hold);
    engine->room_us = 0;
}

static void tell_slow(struct msock__engine *engine,
                      const struct msock__session *session)
{
    msock__engine_event(
        engine, &(msock_event){.kind = MSOCK_EVENT_SLOW,
                               .node = session->sender,
                               .session = msock__session_short(session->id)});
}

/* Counts what a node misses for the first time.  Returns whether it may slow
 * this channel. */
static bool judge(struct msock__engine *engine, uint64_t now_us,
                  struct msock__session *asker,
                  const struct msock__control *control)
{
    struct msock__misses *misses = &asker->misses;
    uint64_t sent = engine->counters[MSOCK__RELIABLE];
    if (!asker->taker.listed && misses->top < sent) {
        misses->top = sent; /* it could not say before that it was too much */
    }
    if (misses->since_us == 0 && control->count > 0) {
        /* It begins with what is missing first, not with the session. */
        uint64_t before = control->ranges[0].first - 1;
        misses->since_us = now_us;
        misses->sent = before < sent ? before : sent;
    }
    for (size_t i = 0; i < control->count; i++) {
        struct msock__range range = control->ranges[i];
        uint64_t first =
            range.first > misses->top ? range.first : misses->top + 1;
        if (first <= range.last && range.last <= sent) {
            misses->count += range.last - first + 1;
            misses->top = range.last;
        }
    }
    if (now_us - misses->since_us < SLOW_WINDOW_US) {
        return !misses->slow;
    }
    uint64_t frames = sent - misses->sent;
    bool slow = frames >= SLOW_FRAMES_MIN &&
                misses->count * 100 > frames * SLOW_PERCENT;
    if (slow && !misses->slow) {
        tell_slow(engine, asker);
    }
    *misses = (struct msock__misses){
        .since_us = now_us, .sent = sent, .top = misses->top, .slow = slow};
    return !slow;
}

/* How many frames one has to take between two looks. */
static uint64_t least_frames(const struct msock__engine *engine)
{
    uint64_t bytes =
        engine->pace.ceiling / LEAST_SHARE * (MSOCK__FLOW_LOOK_US / 1000000);
    return bytes / engine->frame_size;
}

void msock__engine_flow_heard(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session,
                              const struct msock__control *control)
{
    struct msock__range take = control->take;
    bool down = !session->up && (session->met || session->bye_us > 0);
    if (control->session != msock__session_short(engine->session) ||
        session->misses.slow || down) {
        return;
    }
    if (take.first == 0) {
        if (control->count == 0) {
            return;
        }
        take.first = control->ranges[0].first;
        take.last = MSOCK__COUNTER_MAX;
    }
    if (control->kind == MSOCK__NACK && take.last == MSOCK__COUNTER_MAX) {
        take.last--; /* who asks is not over it */
    }
    if (take.first > engine->counters[MSOCK__RELIABLE] + 1) {
        return; /* nobody has what was not sent */
    }
    if (msock__flow_hear(&engine->flow, &session->taker, now_us, &take,
                         least_frames(engine))) {
        tell_slow(engine, session);
    }
    apply(engine);
}

void msock__engine_flow_nacked(struct msock__engine *engine, uint64_t now_us,
                               struct msock__session *asker,
                               const struct msock__control *control)
{
    msock__stats_add(&engine->stats, MSOCK_RX_NACKS, 1);
    msock__announce_asked(&engine->announce, now_us);
    msock__sync_asked(&engine->sync, now_us);
    engine->unwilling = !asker || !judge(engine, now_us, asker, control);
    for (size_t i = 0; i < control->count; i++) {
        msock__history_ask(engine->history, now_us, control->ranges[i]);
    }
    if (!engine->unwilling) {
        msock__engine_flow_heard(engine, now_us, asker, control);
        msock__pace_lower(&engine->pace, now_us);
    } else if (asker) {
        msock__engine_flow_release(engine, now_us, asker);
    }
}

void msock__engine_flow_release(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session)
{
    msock__flow_release(&engine->flow, now_us, &session->taker);
    apply(engine);
}

void msock__engine_flow_forget(struct msock__engine *engine, uint64_t now_us,
                               struct msock__session *session)
{
    msock__engine_flow_release(engine, now_us, session);
    if (session->listed) {
        list_remove(engine, session);
    }
    session->intake = (struct msock__intake){.speaks = false};
}

void msock__engine_flow_redraw(struct msock__engine *engine)
{
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    for (; session; session = session->older) {
        session->taker = (struct msock__taker){.listed = false};
    }
    msock__flow_init(&engine->flow);
    apply(engine);
}

void msock__engine_flow_tick(struct msock__engine *engine, uint64_t now_us)
{
    if (engine->flow.expires_us > now_us) {
        return;
    }
    unsigned count = msock__flow_expire(&engine->flow, now_us,
                                        engine->counters[MSOCK__RELIABLE]);
    msock__stats_add(&engine->stats, MSOCK_TX_GIVEN_UP, count);
    apply(engine);
}
