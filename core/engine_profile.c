/* SPDX-License-Identifier: Apache-2.0 */
/* Who says what of himself (docs/protocol.md 7.7): one's own full hellos, those
 * of others, and asking who did not say it. */
#include "core/engine_profile.h"

#include "core/number.h"

enum {
    ASK_US_MIN = 100000,  /* until what is on its way should have come */
    ASK_US_MAX = 5000000, /* between two askings, or the pause if it is more */
    ASK_DOUBLINGS = 6,
    /* What is known, but not heard: it is asked in a share of the gap between
     * hellos, and again after another or two. */
    DOUBT_SHARE = 8
};

/* -- One's own -- */

enum msock__hello msock__engine_hello_due(struct msock__engine *engine,
                                          uint64_t now_us)
{
    struct msock__announce *announce = &engine->announce;
    enum msock__hello due = msock__announce_hello_due(
        announce, now_us, msock__engine_nodes(engine));
    if (due == MSOCK__HELLO_NONE ||
        msock__profile_refresh(&engine->profile, engine->dispatch,
                               &engine->pipeline) <= 0) {
        return due;
    }
    msock__announce_restart(announce);
    return announce->openings > 0 ? due : MSOCK__HELLO_FULL;
}

void msock__engine_profile_changed(struct msock__engine *engine)
{
    struct msock__driver *driver = engine->driver;
    if (!engine->config.raw &&
        msock__profile_stale(&engine->profile, engine->dispatch,
                             &engine->pipeline)) {
        msock__announce_changed(&engine->announce, driver->ops->now(driver),
                                &engine->dice, msock__engine_nodes(engine));
        driver->ops->wake(driver);
    }
}

/* -- Others -- */

/* How long what is sent unasked may take. */
static uint64_t pause_us(const struct msock__engine *engine)
{
    uint64_t spread_us = msock__announce_spread_us(&engine->announce,
                                                   msock__engine_nodes(engine));
    return msock__most(spread_us, ASK_US_MIN);
}

static void ask_at(struct msock__engine *engine, struct msock__session *session,
                   uint64_t at_us)
{
    session->entry.ask_us = at_us;
    engine->ask_us = msock__least(engine->ask_us, at_us);
}

void msock__engine_profile_wanted(struct msock__engine *engine, uint64_t now_us,
                                  struct msock__session *session)
{
    uint64_t wait_us = pause_us(engine);
    if (session->entry.ask_us == 0 && !msock__entry_known(&session->entry)) {
        session->entry.wanted_us = now_us;
        ask_at(engine, session,
               now_us + wait_us + msock__dice_below(&engine->dice, wait_us));
    }
}

static uint64_t doubt_us(const struct msock__engine *engine,
                         const struct msock__session *session)
{
    return msock__engine_session_every_us(engine, session) / DOUBT_SHARE;
}

void msock__engine_profile_doubt(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session)
{
    uint64_t wait_us =
        msock__least(pause_us(engine), doubt_us(engine, session));
    if (session->entry.ask_us == 0) {
        session->entry.wanted_us = 0; /* the group did not grow since */
        ask_at(engine, session,
               now_us + msock__dice_below(&engine->dice, wait_us));
    }
}

void msock__engine_profile_heard(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session,
                                 const struct msock__control *hello)
{
    struct msock__entry *entry = &session->entry;
    int code = msock__roster_take(&engine->roster, entry, hello);
    if (code < 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_MEMORY, 1);
    }
    if (!msock__entry_known(entry)) {
        msock__engine_profile_wanted(engine, now_us, session);
        return;
    }
    entry->ask_us = 0;
    entry->asks = 0;
    if (code > 0 && session->up) {
        msock__engine_event_about(engine, MSOCK_EVENT_CHANGED, session);
    }
}

/* -- Asking -- */

/* Whether a session is one of those that a query names. */
static bool named(const struct msock__control *query, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (query->sessions[i] == id) {
            return true;
        }
    }
    return false;
}

/* Somebody asked these: it need not be done again soon. */
static void put_off(struct msock__engine *engine, uint64_t now_us,
                    const struct msock__control *query, size_t count)
{
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    for (; session; session = session->older) {
        struct msock__entry *entry = &session->entry;
        if (entry->ask_us == 0 ||
            !named(query, count, msock__session_short(session->id))) {
            continue;
        }
        uint64_t wait_us = pause_us(engine) << entry->asks;
        wait_us =
            msock__least(wait_us, msock__most(ASK_US_MAX, pause_us(engine)));
        if (msock__entry_known(entry)) {
            wait_us = msock__least(wait_us, doubt_us(engine, session));
        }
        entry->asks += entry->asks < ASK_DOUBLINGS;
        ask_at(engine, session,
               now_us + wait_us + msock__dice_below(&engine->dice, wait_us));
    }
}

/* When a session is to be asked that was not yet: if the group grew since, what
 * is sent unasked takes longer than was thought. */
static uint64_t first_us(struct msock__engine *engine, uint64_t now_us,
                         const struct msock__entry *entry)
{
    uint64_t wait_us = pause_us(engine);
    if (entry->asks > 0 || entry->ask_us > now_us ||
        entry->wanted_us + wait_us <= now_us) {
        return entry->ask_us;
    }
    return entry->wanted_us + wait_us +
           msock__dice_below(&engine->dice, wait_us);
}

/* Whether something of a session is still to be learned: what it says of
 * itself, or that it lives. */
static bool is_wanted(const struct msock__engine *engine, uint64_t now_us,
                      const struct msock__session *session)
{
    return session->up &&
           (!msock__entry_known(&session->entry) ||
            msock__engine_session_doubted(engine, now_us, session));
}

bool msock__engine_query(struct msock__engine *engine, uint64_t now_us,
                         struct msock__control *query)
{
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    /* Whose turn is near goes along. */
    uint64_t near_us = now_us + pause_us(engine) / 2;
    size_t count = 0;
    bool due = false;
    if (engine->closing || msock__engine_query_deadline(engine) > now_us) {
        return false;
    }
    engine->ask_us = UINT64_MAX;
    for (; session; session = session->older) {
        uint64_t ask_us = session->entry.ask_us;
        if (ask_us == 0 || !is_wanted(engine, now_us, session)) {
            session->entry.ask_us = 0;
            session->entry.asks = 0;
            continue;
        }
        ask_us = first_us(engine, now_us, &session->entry);
        ask_at(engine, session, ask_us);
        due = due || ask_us <= now_us;
        if (ask_us <= near_us && count < MSOCK__WHO_MAX) {
            query->sessions[count++] = msock__session_short(session->id);
        }
    }
    query->kind = MSOCK__QUERY;
    query->count = count;
    return due;
}

void msock__engine_query_sent(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__control *query, size_t used,
                              size_t size)
{
    put_off(engine, now_us, query, used);
    msock__announce_asked_who(&engine->announce, now_us,
                              msock__engine_nodes(engine), size);
}

void msock__engine_query_heard(struct msock__engine *engine, uint64_t now_us,
                               const struct msock__control *query)
{
    if (named(query, query->count, msock__session_short(engine->session))) {
        msock__announce_pull(&engine->announce, now_us, &engine->dice,
                             msock__engine_nodes(engine));
    }
    put_off(engine, now_us, query, query->count);
}

uint64_t msock__engine_query_deadline(const struct msock__engine *engine)
{
    return msock__most(engine->ask_us, engine->announce.allowed_us);
}
