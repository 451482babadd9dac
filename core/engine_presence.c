/* SPDX-License-Identifier: Apache-2.0 */
/* Who is up (docs/protocol.md 6 to 8): a session that is believed and speaks,
 * until it says bye or falls silent. */
#include "core/engine_ask.h"
#include "core/engine_flow.h"
#include "core/engine_profile.h"
#include "core/engine_state.h"
#include "core/engine_stream.h"
#include "core/engine_tell.h"
#include "core/engine_will.h"
#include "core/number.h"

/* Times the promised gap without any frame. */
enum { DOUBT_AFTER = 2, DOWN_AFTER = 3 };

size_t msock__engine_nodes(const struct msock__engine *engine)
{
    return engine->up_count + 1;
}

/* A group that grew says hello less often than it promised. */
uint64_t msock__engine_session_every_us(const struct msock__engine *engine,
                                        const struct msock__session *session)
{
    uint64_t now_us =
        msock__announce_every_ms(msock__engine_nodes(engine)) * 1000;
    return msock__most(now_us, session->every_us);
}

/* When a session has been silent for so many of these gaps. */
static uint64_t silent_us(const struct msock__engine *engine,
                          const struct msock__session *session, unsigned gaps)
{
    return session->heard_us +
           gaps * msock__engine_session_every_us(engine, session);
}

bool msock__engine_session_doubted(const struct msock__engine *engine,
                                   uint64_t now_us,
                                   const struct msock__session *session)
{
    return silent_us(engine, session, DOUBT_AFTER) <= now_us;
}

static void expect(struct msock__engine *engine,
                   const struct msock__session *session)
{
    /* While it is asked there is nothing more to be done. */
    unsigned gaps = session->entry.ask_us > 0 ? DOWN_AFTER : DOUBT_AFTER;
    if (session->up) {
        engine->check_us =
            msock__least(engine->check_us, silent_us(engine, session, gaps));
    }
}

/* What waits for its moment goes when another session took the name. */
static void drop_scheduled(struct msock__engine *engine, uint64_t now_us,
                           const struct msock__session *session)
{
    if (!session->replaced) {
        return;
    }
    msock__engine_drop(engine, now_us, MSOCK_DROP_SCHEDULED,
                       msock__schedule_forget(&engine->schedule, session->id));
}

/* A session is up no more; one that `dies`, seen to go without a bye, leaves a
 * will. */
static void end(struct msock__engine *engine, uint64_t now_us,
                struct msock__session *session, bool dies)
{
    msock__engine_flow_release(engine, now_us, session);
    if (!session->up) {
        return;
    }
    session->up = false;
    engine->up_count--;
    if (session->bye_us == 0) {
        /* After a bye it still mends its stream itself. */
        msock__engine_stream_end(engine, now_us, session);
    }
    msock__engine_tell_gone(engine, now_us, session);
    msock__engine_stream_report(engine, session);
    drop_scheduled(engine, now_us, session);
    if (dies) {
        msock__engine_will_speak(engine, now_us, session);
    }
    msock__engine_event_about(engine, MSOCK_EVENT_DOWN, session);
}

/* Two living sessions have one name. Commands that come and go share theirs. */
static void conflict(struct msock__engine *engine, uint64_t now_us,
                     const struct msock__session *session, bool own)
{
    char address[MSOCK__ADDRESS_SIZE];
    if (!msock__session_visits(session)) {
        msock__address_write(&session->from, address);
        msock__log_name(&engine->log, now_us, session->sender, address, own);
        msock__engine_event_about(engine, MSOCK_EVENT_CONFLICT, session);
    }
}

/* A second session of a name: the first one has ended if it said bye, or was
 * not heard since the second began; else there are two. */
static void settle_name(struct msock__engine *engine, uint64_t now_us,
                        struct msock__session *session)
{
    uint64_t began_us = msock__age_local(&session->age, now_us, 0);
    struct msock__session *other = NULL;
    if (strcmp(session->sender, engine->config.name) == 0) {
        conflict(engine, now_us, session, true);
    }
    while ((other = msock__sessions_named(engine->sessions, other,
                                          session->sender))) {
        if (other == session) {
            continue;
        }
        if (other->up && other->heard_us >= began_us) {
            conflict(engine, now_us, session, false);
        } else if (other->up) {
            other->replaced = true;
            end(engine, now_us, other, true);
        } else {
            other->replaced |= other->bye_us == 0;
            msock__engine_stream_end(engine, now_us, other);
            drop_scheduled(engine, now_us, other);
        }
    }
}

void msock__engine_session_up(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session)
{
    if (session->up || engine->closing) {
        return;
    }
    bool again = session->met;
    settle_name(engine, now_us, session);
    session->up = true;
    session->met = true;
    session->bye_us = 0;
    engine->up_count++;
    expect(engine, session);
    msock__announce_met(&engine->announce, now_us);
    msock__announce_pull(&engine->announce, now_us, &engine->dice,
                         msock__engine_nodes(engine));
    msock__engine_profile_wanted(engine, now_us, session);
    msock__engine_event_about(engine, MSOCK_EVENT_UP, session);
    if (again || session->reliable_floor > 1) {
        msock__engine_ask_session(engine, now_us, session);
    }
}

void msock__engine_session_down(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session)
{
    end(engine, now_us, session, false);
}

void msock__engine_session_alive(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session)
{
    /* Not when it was read: the session may have ended since. */
    msock__sessions_touch(engine->sessions, session, engine->arrived_us);
    /* One that a second session of its name ended lives after all: that is
     * told as a conflict. */
    if (!session->up && session->met && session->bye_us == 0) {
        session->replaced = false;
        msock__engine_session_up(engine, now_us, session);
    }
}

void msock__engine_session_promised(struct msock__engine *engine,
                                    uint64_t now_us,
                                    struct msock__session *session,
                                    uint64_t every_us)
{
    session->every_us = every_us;
    session->bye_us = 0;
    msock__engine_session_up(engine, now_us, session);
    expect(engine, session);
}

void msock__engine_presence_tick(struct msock__engine *engine, uint64_t now_us,
                                 uint64_t known_us)
{
    if (known_us < engine->check_us) {
        return;
    }
    engine->check_us = UINT64_MAX;
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    while (session && !engine->closing) {
        struct msock__session *older = session->older;
        if (session->up && silent_us(engine, session, DOWN_AFTER) <= known_us) {
            end(engine, now_us, session, true);
        } else if (session->up &&
                   msock__engine_session_doubted(engine, known_us, session)) {
            msock__engine_profile_doubt(engine, now_us, session);
        }
        expect(engine, session);
        session = older;
    }
}
