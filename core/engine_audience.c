/* SPDX-License-Identifier: Apache-2.0 */
/* State topics: who is shown which values, and when. */
#include "core/engine_values.h"

#include "codec/error.h"
#include "core/engine_ask.h"
#include "core/engine_confirm.h"
#include "core/engine_profile.h"
#include "core/number.h"
#include "core/topic.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t pause_us = 100000;

/* -- A value as it is shown -- */

bool msock__engine_value_alive(const struct msock__engine *engine,
                               const struct msock__value *value)
{
    const uint8_t *id = value->edition.session;
    const struct msock__session *session;

    if (value->own || memcmp(id, engine->session, MSOCK__SESSION_SIZE) == 0) {
        return true;
    }
    session = msock__sessions_find(engine->sessions, id);
    return session && session->up;
}

static uint64_t age_us(const struct msock__value *value, uint64_t now_us)
{
    return value->age_known ? now_us - value->published_us : UINT64_MAX;
}

void msock__engine_value_message(const struct msock__engine *engine,
                                 uint64_t now_us,
                                 const struct msock__value *value,
                                 msock_message *message)
{
    message->topic = value->topic;
    message->topic_size = value->topic_size;
    message->sender = value->owner;
    message->sender_size = value->owner_size;
    message->data = value->data;
    message->data_size = value->data_size;
    message->session = msock__session_short(value->edition.session);
    message->age_us = age_us(value, now_us);
    message->version = value->edition.version;
    message->flags |= MSOCK_MESSAGE_STATE;
    message->flags |= value->cleared ? MSOCK_MESSAGE_EMPTY : 0;
    message->flags |= value->told ? MSOCK_MESSAGE_TOLD : 0;
    message->flags |= value->age_known ? 0 : MSOCK_MESSAGE_AGE_UNKNOWN;
    if (value->told) {
        message->flags &= ~(unsigned)MSOCK_MESSAGE_SIGNED;
    }
    if (!msock__engine_value_alive(engine, value)) {
        message->flags |= MSOCK_MESSAGE_OWNER_DOWN;
    }
}

static void fill_state(const struct msock__engine *engine, uint64_t now_us,
                       const struct msock__value *value, msock_state *state)
{
    *state = (msock_state){
        .topic = value->topic,
        .owner = value->owner,
        .data = value->cleared ? NULL : value->data,
        .topic_size = value->topic_size,
        .owner_size = value->owner_size,
        .data_size = value->cleared ? 0 : value->data_size,
        .version = value->edition.version,
        .age_us = age_us(value, now_us),
        .alive = msock__engine_value_alive(engine, value),
        .told = value->told,
    };
    memcpy(state->session, value->edition.session, sizeof state->session);
}

/* Shows what was there before to one subscription, or to all. */
static void show(struct msock__engine *engine, uint64_t now_us,
                 const struct msock__value *value, int id)
{
    msock_message message = {.flags = value->flags | MSOCK_MESSAGE_TOLD};
    struct msock__dispatch_result result;

    msock__engine_value_message(engine, now_us, value, &message);
    message.flags |= value->own ? MSOCK_MESSAGE_LOCAL : 0;
    result = id > 0 ? msock__dispatch_run_one(engine->dispatch, engine->channel,
                                              &message, id)
                    : msock__dispatch_run(engine->dispatch, engine->channel,
                                          &message, UINT64_MAX);
    msock__stats_add(&engine->stats, MSOCK_DELIVERED, result.called);
    msock__stats_add(&engine->stats, MSOCK_REFUSED, result.refused);
}

/* -- Keepers -- */

bool msock__engine_keeps(const struct msock__engine *engine, const char *topic,
                         size_t size)
{
    return msock__audience_keeps(&engine->audience, topic, size);
}

static void show_keeper(struct msock__engine *engine, uint64_t now_us,
                        const struct msock__keep *keep,
                        const struct msock__value *value)
{
    msock_state state;

    if (keep->callback && !keep->ended && !engine->closing) {
        fill_state(engine, now_us, value, &state);
        engine->acting.undeferred = 0; /* or else nothing was promised */
        keep->callback(engine->channel, &state, keep->user);
        msock__engine_kept(engine);
    }
}

void msock__engine_show_keepers(struct msock__engine *engine, uint64_t now_us,
                                struct msock__value *value)
{
    const struct msock__audience *audience = &engine->audience;

    if (value->kept) {
        return;
    }
    value->kept = true;
    msock__value_hold(value);
    /* Those who come meanwhile are shown what is there anyway. */
    size_t count = audience->keep_count;
    for (size_t i = 0; i < count; i++) {
        const struct msock__keep *keep = audience->keeps[i];
        if (msock__topic_match(keep->filter, keep->filter_size, value->topic,
                               value->topic_size)) {
            show_keeper(engine, now_us, keep, value);
        }
    }
    msock__value_release(value);
}

/* -- Newcomers -- */

static void wake(struct msock__engine *engine)
{
    engine->driver->ops->wake(engine->driver);
}

int msock__engine_values_subscribed(struct msock__engine *engine, int id,
                                    const char *filter)
{
    if (msock__values_count(engine->values) == 0) {
        msock__engine_ask_for(engine, filter);
        return 0;
    }
    if (msock__audience_enter(&engine->audience, id, filter,
                              msock__values_change(engine->values)) < 0) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a subscription");
    }
    msock__engine_ask_for(engine, filter);
    wake(engine);
    return 0;
}

void msock__engine_values_unsubscribed(struct msock__engine *engine)
{
    if (msock__values_count(engine->values) > 0) {
        engine->audience.unwanted = true;
        wake(engine);
    }
}

static bool still_wanted(const struct msock__state *state, void *user)
{
    const struct msock__engine *engine = user;

    return msock__dispatch_any(engine->dispatch, state->topic,
                               state->topic_size, false) ||
           msock__engine_keeps(engine, state->topic, state->topic_size);
}

static bool is_kept(const struct msock__state *state, void *user)
{
    return msock__engine_keeps(user, state->topic, state->topic_size);
}

/* Whether a newcomer is owed a value: it is still the topic's, was there before
 * the newcomer was, and will not be shown to everybody. */
static bool is_owed(const struct msock__engine *engine,
                    const struct msock__newcomer *newcomer,
                    const struct msock__value *value)
{
    const struct msock__state *state =
        msock__values_find(engine->values, value->topic, value->topic_size);

    return state && state->value == value &&
           state->change <= newcomer->change &&
           !(state->waits && newcomer->id > 0);
}

static void meet(struct msock__engine *engine, uint64_t now_us,
                 const struct msock__newcomer *newcomer)
{
    struct msock__value **list;
    int count = msock__values_collect(engine->values, newcomer->filter,
                                      newcomer->filter_size, &list);

    for (int i = 0; i < count && !engine->closing; i++) {
        if (!is_owed(engine, newcomer, list[i])) {
            continue;
        }
        if (newcomer->keep) {
            show_keeper(engine, now_us, newcomer->keep, list[i]);
        } else if (!list[i]->cleared) { /* else nothing is taken from it */
            show(engine, now_us, list[i], newcomer->id);
        }
    }
    if (count < 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_MEMORY, 1);
    }
    msock__values_release(list, count);
}

static void meet_all(struct msock__engine *engine, uint64_t now_us)
{
    /* Who comes meanwhile waits for the next turn. */
    const struct msock__newcomer *last = engine->audience.last;
    bool more = last != NULL;

    while (more && !engine->closing) {
        struct msock__newcomer *newcomer =
            msock__audience_take(&engine->audience);
        more = newcomer != last;
        meet(engine, now_us, newcomer);
        free(newcomer);
    }
}

/* -- What is owed to everybody -- */

/* Shows a value that was restored, and says one that there was no room for.
 * Returns whether that is done. */
static bool settle(struct msock__engine *engine, uint64_t now_us,
                   const struct msock__value *value)
{
    struct msock__state *state =
        msock__values_find(engine->values, value->topic, value->topic_size);

    if (!state || state->value != value) {
        return true;
    }
    if (state->owed && msock__engine_value_tell(engine, now_us, value, false)) {
        return false;
    }
    if (state->owed) {
        state->sent_us = now_us;
    }
    bool waits = state->waits;
    state->owed = state->waits = false;
    if (waits &&
        msock__edition_compare(&value->edition, &state->delivered) > 0) {
        state->delivered = value->edition;
        show(engine, now_us, value, 0);
    }
    return true;
}

static void settle_all(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__value **list;
    int count = msock__values_collect(engine->values, NULL, 0, &list);
    bool done = count >= 0;

    engine->audience.unsettled = false;
    for (int i = 0; i < count && !engine->closing; i++) {
        done = settle(engine, now_us, list[i]) && done;
    }
    msock__values_release(list, count);
    engine->audience.unsettled |= !done;
    engine->audience.again_us = done ? 0 : now_us + pause_us;
}

/* Removes keepers that have ended, the last of whom takes the mark along. */
static void end_keepers(struct msock__engine *engine)
{
    msock__audience_sweep(&engine->audience);
    if (engine->audience.keep_count == 0) {
        engine->profile.keeper = false;
        engine->profile.changed = true;
        msock__engine_profile_changed(engine);
    }
}

void msock__engine_values_tick(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__audience *audience = &engine->audience;

    msock__values_expire(engine->values, now_us);
    if (audience->left) {
        end_keepers(engine);
    }
    if (audience->unwanted) {
        audience->unwanted = false;
        msock__values_retain(engine->values, still_wanted, engine);
        msock__values_pin(engine->values, is_kept, engine);
    }
    meet_all(engine, now_us);
    if (audience->unsettled && now_us >= audience->again_us) {
        settle_all(engine, now_us);
    }
}

uint64_t msock__engine_values_deadline(const struct msock__engine *engine)
{
    const struct msock__audience *audience = &engine->audience;
    uint64_t due_us = msock__values_deadline(engine->values);

    if (audience->first || audience->unwanted || audience->left) {
        return 0;
    }
    return audience->unsettled ? msock__least(due_us, audience->again_us)
                               : due_us;
}

/* -- For the application -- */

int msock__engine_values_list(struct msock__engine *engine, const char *filter,
                              msock_state_callback *callback, void *user)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    struct msock__value **list;
    int count =
        msock__values_collect(engine->values, filter, strlen(filter), &list);

    if (count < 0) {
        return msock__fail(count, "no memory for a list of states");
    }
    for (int i = 0; i < count && callback && !engine->closing; i++) {
        msock_state state;
        fill_state(engine, now_us, list[i], &state);
        callback(engine->channel, &state, user);
    }
    msock__values_release(list, count);
    return count;
}

int msock__engine_keep(struct msock__engine *engine, const char *filter,
                       msock_state_callback *callback, void *user)
{
    int code = msock__audience_keep(&engine->audience, filter, callback, user,
                                    msock__values_change(engine->values));
    if (code < 0) {
        return msock__fail(code, code == MSOCK_ELIMIT
                                     ? "64 filters to keep are the limit"
                                     : "no memory for a filter to keep");
    }
    /* What is here already does not make room any more either. */
    msock__values_pin(engine->values, is_kept, engine);
    engine->profile.changed |= !engine->profile.keeper;
    engine->profile.keeper = true;
    msock__engine_ask_for(engine, filter);
    msock__engine_profile_changed(engine);
    wake(engine);
    return 0;
}

int msock__engine_unkeep(struct msock__engine *engine, const char *filter,
                         msock_state_callback *callback, const void *user)
{
    int code =
        msock__audience_unkeep(&engine->audience, filter, callback, user);

    if (code < 0) {
        return msock__fail(code, "\"%.255s\" is not kept that way", filter);
    }
    msock__engine_values_unsubscribed(engine);
    wake(engine);
    return 0;
}

int msock__engine_restore(struct msock__engine *engine,
                          const struct msock__offer *offer)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    struct msock__state *state;

    if (!msock__engine_keeps(engine, offer->topic, offer->topic_size)) {
        return msock__fail(MSOCK_ENOENT,
                           "\"%.255s\" matches no filter of msock_keep()",
                           offer->topic);
    }
    int code = msock__values_take(engine->values, now_us, offer, &state);
    if (code < 0) {
        return msock__fail(code, "no room for another state");
    }
    if (code != MSOCK__TAKEN_NEWER) {
        return 0;
    }
    state->value->kept = true;
    state->waits = true;
    engine->audience.unsettled = true;
    wake(engine);
    return 1;
}
