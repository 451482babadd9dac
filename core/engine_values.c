/* SPDX-License-Identifier: Apache-2.0 */
/* State topics: what arrives, and what is published here. */
#include "core/engine_values.h"

#include "codec/error.h"
#include "codec/told.h"
#include "core/engine_confirm.h"
#include "core/engine_tell.h"
#include "core/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t age_max_ms = (UINT64_C(1) << 53) - 1;

int msock__engine_values_init(
    struct msock__engine *engine,
    const uint8_t hash_key[static MSOCK__HASH_KEY_SIZE])
{
    const struct msock__values_limits limits = {
        .bytes_max = (size_t)engine->config.state_max,
        .count_max = (size_t)engine->config.state_count_max,
    };

    return msock__values_new(&engine->values, &limits, hash_key);
}

void msock__engine_values_fini(struct msock__engine *engine)
{
    msock__audience_fini(&engine->audience);
    msock__values_free(engine->values);
}

/* -- What arrives -- */

int msock__engine_value_check(const struct msock__origin *origin,
                              const struct msock__envelope *envelope)
{
    const unsigned never =
        MSOCK__KEY_LEN | MSOCK__KEY_AFTER | MSOCK__KEY_EXPIRES;
    struct msock__told told;

    if (!(envelope->keys & MSOCK__KEY_STATE)) {
        return 0;
    }
    if (envelope->state == 0 || (envelope->keys & never) ||
        (!origin->session && !(origin->flags & MSOCK_MESSAGE_LOCAL))) {
        return MSOCK_DROP_ENVELOPE;
    }
    return !(envelope->keys & MSOCK__KEY_ORIGIN) ||
                   msock__told_decode(envelope->origin, envelope->origin_size,
                                      &told)
               ? 0
               : MSOCK_DROP_ENVELOPE;
}

/* What a message offers; `told` is what stands in its `origin`, or room. */
static void read_offer(const struct msock__origin *origin,
                       const struct msock__envelope *envelope,
                       struct msock__told *told, struct msock__offer *offer)
{
    uint64_t way_us =
        origin->now_us > origin->sent_us ? origin->now_us - origin->sent_us : 0;
    bool data = (envelope->keys & MSOCK__KEY_DATA) != 0;

    *offer = (struct msock__offer){
        .edition.version = envelope->state,
        .topic = envelope->topic,
        .topic_size = envelope->topic_size,
        .owner = envelope->sender,
        .owner_size = envelope->sender_size,
        .data = data ? envelope->data : NULL,
        .data_size = data ? envelope->data_size : 0,
        .published_us = origin->now_us - way_us,
        .age_known = true,
        .flags = origin->flags & (MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_SIGNED),
    };
    if (!(envelope->keys & MSOCK__KEY_ORIGIN)) {
        memcpy(offer->edition.session, origin->session->id,
               MSOCK__SESSION_SIZE);
        return;
    }
    (void)msock__told_decode(envelope->origin, envelope->origin_size, told);
    /* Whose key vouches for a reply is not its owner. */
    offer->flags &= ~(unsigned)MSOCK_MESSAGE_SIGNED;
    offer->told = true;
    offer->owner = told->owner;
    offer->owner_size = told->owner_size;
    offer->age_known = told->age_known;
    offer->published_us -= told->age_ms * 1000;
    memcpy(offer->edition.session, told->session, MSOCK__SESSION_SIZE);
}

/* Whether this node holds the states of a topic. */
static bool wanted(const struct msock__engine *engine, const char *topic,
                   size_t size)
{
    const struct msock__state *state =
        msock__values_find(engine->values, topic, size);

    return (state && state->written) ||
           msock__dispatch_any(engine->dispatch, topic, size, false) ||
           msock__engine_keeps(engine, topic, size);
}

/* Whether it is of no use any more that a topic was cleared: all but its owner
 * have forgotten it, and here nothing is known that it would clear. */
static bool is_over(const struct msock__engine *engine, uint64_t now_us,
                    const struct msock__offer *offer)
{
    return !offer->data && offer->age_known &&
           now_us - offer->published_us >= MSOCK__CLEARED_US &&
           !msock__values_find(engine->values, offer->topic, offer->topic_size);
}

/* What was published blindly is said once more, above what somebody remembered
 * of another time: whoever wrote it knew nothing of that. */
static void insist(struct msock__engine *engine, uint64_t now_us,
                   const struct msock__value *mine, uint64_t version)
{
    struct msock__state *state;
    struct msock__offer offer = {
        .edition.version = version,
        .topic = mine->topic,
        .topic_size = mine->topic_size,
        .owner = mine->owner,
        .owner_size = mine->owner_size,
        .data = mine->cleared ? NULL : mine->data,
        .data_size = mine->data_size,
        .published_us = mine->published_us,
        .age_known = true,
        .own = true,
        .pinned = true,
    };

    memcpy(offer.edition.session, engine->session, MSOCK__SESSION_SIZE);
    if (version > MSOCK__VERSION_MAX ||
        msock__values_take(engine->values, now_us, &offer, &state) < 0) {
        return;
    }
    state->delivered = offer.edition;
    state->owed = true;
    engine->audience.unsettled = true;
    msock__engine_show_keepers(engine, now_us, state->value);
}

/* Whether a newer state that is told, not published, is from before the time
 * of what was written here: nothing was known when it was, or it was written
 * above what the same session had said, which is no more. */
static bool is_overtaken(const struct msock__engine *engine,
                         const struct msock__state *state,
                         const struct msock__offer *offer)
{
    const uint8_t *id = offer->edition.session;
    const struct msock__session *session;

    if (!offer->told || !state->value->own) {
        return false;
    }
    if (state->blind) {
        return true;
    }
    session = msock__sessions_find(engine->sessions, id);
    return memcmp(id, state->above, MSOCK__SESSION_SIZE) == 0 &&
           !(session && session->up) &&
           !(offer->age_known &&
             offer->published_us > state->value->published_us);
}

/* A value of somebody else, or of one's own from another.  Returns it, held, if
 * subscriptions are to be shown it, else NULL: they are not told that what they
 * never saw was cleared some time ago. */
static struct msock__value *take(struct msock__engine *engine, uint64_t now_us,
                                 const struct msock__offer *offer)
{
    struct msock__state *state =
        msock__values_find(engine->values, offer->topic, offer->topic_size);
    bool known = state != NULL;
    bool overtaken = known && is_overtaken(engine, state, offer);
    struct msock__value *mine =
        overtaken ? msock__value_hold(state->value) : NULL;
    int code = msock__values_take(engine->values, now_us, offer, &state);

    if (code < 0 || code == MSOCK__TAKEN_OLDER) {
        msock__engine_drop(engine, now_us,
                           code == MSOCK_ENOMEM   ? MSOCK_DROP_MEMORY
                           : code == MSOCK_ELIMIT ? MSOCK_DROP_STATE_FULL
                                                  : MSOCK_DROP_STATE_OLD,
                           1);
    } else {
        state->sent_us = now_us;
    }
    if (code == MSOCK__TAKEN_OLDER) {
        msock__engine_tell_older(engine, now_us, state);
    }
    if (code != MSOCK__TAKEN_NEWER) {
        msock__value_release(mine);
        return NULL;
    }
    struct msock__value *value = msock__value_hold(state->value);
    state->blind = false;
    state->delivered = offer->edition;
    if (mine) {
        memcpy(state->above, offer->edition.session, sizeof(state->above));
    }
    /* What keepers publish may take the topic's place. */
    msock__engine_show_keepers(engine, now_us, value);
    if (mine) {
        insist(engine, now_us, mine, offer->edition.version + 1);
        msock__value_release(mine);
    } else if (known || !offer->told || offer->data) {
        return value;
    }
    msock__value_release(value);
    return NULL;
}

/* One's own, on its way to the channel's own subscriptions. */
static bool take_local(struct msock__engine *engine, uint64_t now_us,
                       const struct msock__envelope *envelope,
                       msock_message *message)
{
    struct msock__edition edition = {.version = envelope->state};
    struct msock__state *state = msock__values_find(
        engine->values, envelope->topic, envelope->topic_size);

    memcpy(edition.session, engine->session, sizeof edition.session);
    message->version = edition.version;
    message->flags |= MSOCK_MESSAGE_STATE;
    if (!state) {
        return true;
    }
    bool newer = msock__edition_compare(&edition, &state->delivered) > 0;
    if (newer) {
        state->delivered = edition;
    }
    /* Keepers come last: what they publish may take the topic's place. */
    if (msock__edition_compare(&edition, &state->value->edition) == 0) {
        msock__engine_show_keepers(engine, now_us, state->value);
    }
    return newer;
}

bool msock__engine_value_heard(struct msock__engine *engine,
                               const struct msock__origin *origin,
                               const struct msock__envelope *envelope,
                               msock_message *message,
                               struct msock__value **held)
{
    struct msock__told told;
    struct msock__offer offer;

    if (origin->flags & MSOCK_MESSAGE_LOCAL) {
        return take_local(engine, origin->now_us, envelope, message);
    }
    if (!wanted(engine, envelope->topic, envelope->topic_size)) {
        return false;
    }
    read_offer(origin, envelope, &told, &offer);
    if (is_over(engine, origin->now_us, &offer)) {
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_STATE_OLD, 1);
        return false;
    }
    offer.pinned = msock__engine_keeps(engine, offer.topic, offer.topic_size);
    struct msock__value *value = take(engine, origin->now_us, &offer);
    if (!value) {
        msock__engine_acted_before(engine, origin, envelope);
        return false;
    }
    if (origin->session->bye_us > 0) {
        msock__engine_tell_last(engine, origin->now_us, value);
    }
    msock__engine_value_message(engine, origin->now_us, value, message);
    *held = value;
    return true;
}

/* -- What is published here -- */

int msock__engine_value_number(const struct msock__engine *engine,
                               struct msock__publication *publication)
{
    const char *topic = publication->topic;

    publication->version =
        msock__values_next(engine->values, topic, strlen(topic),
                           engine->driver->ops->wall(engine->driver));
    return publication->version > 0
               ? 0
               : msock__fail(MSOCK_ELIMIT,
                             "the state of \"%.255s\" has the last version "
                             "there is",
                             topic);
}

int msock__engine_value_published(struct msock__engine *engine,
                                  const struct msock__publication *publication)
{
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    size_t topic_size = publication->topic_size;
    struct msock__state *state =
        msock__values_find(engine->values, publication->topic, topic_size);
    bool known = state != NULL;
    uint8_t above[MSOCK__SESSION_SIZE] = {0};
    struct msock__offer offer = {
        .edition.version = publication->version,
        .topic = publication->topic,
        .topic_size = topic_size,
        .owner = engine->config.name,
        .owner_size = strlen(engine->config.name),
        .data = publication->json.text,
        .data_size = publication->json.size,
        .published_us = now_us,
        .age_known = true,
        .own = true,
        .pinned = true,
    };

    memcpy(offer.edition.session, engine->session, MSOCK__SESSION_SIZE);
    if (state) {
        memcpy(above,
               state->value->own ? state->above : state->value->edition.session,
               sizeof(above));
    }
    int code = msock__values_take(engine->values, now_us, &offer, &state);
    if (code < 0) {
        return msock__fail(code,
                           "no room for another state (state_max=%llu, "
                           "state_count_max=%llu)",
                           (unsigned long long)engine->config.state_max,
                           (unsigned long long)engine->config.state_count_max);
    }
    assert(code == MSOCK__TAKEN_NEWER);
    state->blind = !known || state->blind;
    state->written = true;
    state->confirm = publication->delivery.confirm;
    state->sent_us = now_us;
    memcpy(state->above, above, sizeof(above));
    return 0;
}

int msock__engine_value_posted(struct msock__engine *engine,
                               const struct msock__posted *posted)
{
    const char *topic = msock__posted_topic(posted);
    struct msock__publication publication = {.topic = topic,
                                             .topic_size = strlen(topic),
                                             .delivery = posted->delivery};
    /* It is taken apart in place, and may have to wait for room afterwards. */
    char *copy = malloc(posted->size + 1);
    if (!copy) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a state");
    }
    struct msock__envelope envelope;
    size_t used;
    memcpy(copy, posted->bytes + posted->topic_size + 1, posted->size);
    int drop = msock__envelope_decode(copy, posted->size, false, 0,
                                      (size_t)engine->config.head_max,
                                      &envelope, &used);
    assert(drop == 0);
    if (envelope.keys & MSOCK__KEY_DATA) {
        publication.json.text = envelope.data;
        publication.json.size = envelope.data_size;
    }
    int code = msock__engine_publish(engine, &publication);
    free(copy);
    return code;
}

/* -- What is told again -- */

/* An age stops at the last one that can be said. */
static uint64_t age_ms(const struct msock__value *value, uint64_t now_us)
{
    uint64_t age_us = value->age_known ? now_us - value->published_us : 0;

    return msock__least(age_us / 1000, age_max_ms);
}

int msock__engine_value_tell(struct msock__engine *engine, uint64_t now_us,
                             const struct msock__value *value, bool as_reply)
{
    struct msock__told told = {.owner_size = value->owner_size,
                               .age_known = value->age_known,
                               .age_ms = age_ms(value, now_us)};
    char origin[MSOCK__TOLD_MAX];
    struct msock__envelope envelope = {
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_STATE,
        .topic = value->topic,
        .topic_size = value->topic_size,
        .sender = engine->config.name,
        .sender_size = strlen(engine->config.name),
        .state = value->edition.version,
        .origin = origin,
        .data = value->data,
        .data_size = value->data_size,
    };

    const struct msock__state *state =
        msock__values_find(engine->values, value->topic, value->topic_size);

    assert(as_reply || (value->own && state && state->value == value));
    memcpy(told.owner, value->owner, sizeof told.owner);
    memcpy(told.session, value->edition.session, sizeof told.session);
    envelope.keys |= as_reply ? MSOCK__KEY_ORIGIN : 0;
    envelope.keys |= value->cleared ? 0 : MSOCK__KEY_DATA;
    envelope.origin_size = as_reply ? msock__told_encode(&told, origin) : 0;
    return msock__engine_queue(engine, &envelope,
                               as_reply ? 0 : state->confirm);
}

void msock__engine_values_redraw(struct msock__engine *engine)
{
    msock__values_adopt(engine->values, engine->session);
}
