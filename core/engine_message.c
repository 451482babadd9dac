/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a body: decoded, checked, kept for their moment, and handed
 * to the callbacks. Whatever is wrong is one drop under its reason. */
#include "codec/envelope.h"
#include "codec/told.h"
#include "core/engine_confirm.h"
#include "core/engine_identity.h"
#include "core/engine_request.h"
#include "core/engine_values.h"
#include "core/topic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One that comes later than this after its moment does not act any more. */
static const uint64_t after_slack_us = 10000000;

static void hand_over(struct msock__engine *engine,
                      const struct msock__origin *origin,
                      const msock_message *message)
{
    const struct msock__origin *outer =
        msock__engine_acts_enter(engine, origin);
    struct msock__dispatch_result result = msock__dispatch_run(
        engine->dispatch, engine->channel, message, origin->newest);
    msock__engine_acts_leave(engine, outer);
    if (result.counted > 0) {
        msock__engine_acted(engine, origin, result.code);
    }
    msock__stats_add(&engine->stats, MSOCK_DELIVERED, result.called);
    msock__stats_add(&engine->stats, MSOCK_REFUSED, result.refused);
}

static uint64_t age_of(const struct msock__origin *origin)
{
    return origin->now_us > origin->sent_us ? origin->now_us - origin->sent_us
                                            : 0;
}

static void deliver(struct msock__engine *engine,
                    const struct msock__origin *origin,
                    const struct msock__envelope *envelope)
{
    msock_message message = {
        .topic = envelope->topic,
        .topic_size = envelope->topic_size,
        .sender = envelope->sender,
        .sender_size = envelope->sender_size,
        .data = envelope->data,
        .data_size = envelope->data_size,
        .type = envelope->type,
        .session = origin->session_short,
        .sequence = origin->sequence,
        .age_us = age_of(origin),
        .flags = origin->flags | (origin->asks ? MSOCK_MESSAGE_REQUEST : 0),
    };
    if (envelope->keys & MSOCK__KEY_LEN) {
        message.flags |= MSOCK_MESSAGE_RAW;
    } else if (!(envelope->keys & MSOCK__KEY_DATA)) {
        message.flags |= MSOCK_MESSAGE_EMPTY;
        message.data = "null";
        message.data_size = strlen(message.data);
    }
    struct msock__value *held = NULL;
    /* Keepers may defer it, too. */
    const struct msock__origin *outer =
        msock__engine_acts_enter(engine, origin);
    bool shown =
        !(envelope->keys & MSOCK__KEY_STATE) ||
        msock__engine_value_heard(engine, origin, envelope, &message, &held);
    msock__engine_acts_leave(engine, outer);
    if (shown && msock__engine_reply_heard(engine, origin, &message)) {
        hand_over(engine, origin, &message);
    }
    msock__value_release(held);
}

/* Drops that concern one well-formed message alone.  Returns 0 or the counter.
 */
static int check_message(const struct msock__engine *engine,
                         const struct msock__origin *origin,
                         const struct msock__envelope *envelope)
{
    if (origin->session &&
        !msock__sessions_bind(engine->sessions, origin->session,
                              envelope->sender, envelope->sender_size)) {
        return MSOCK_DROP_SENDER;
    }
    if (msock__topic_reserved(envelope->topic, envelope->topic_size)) {
        return MSOCK_DROP_RESERVED;
    }
    int drop = msock__engine_value_check(origin, envelope);
    return drop ? drop : msock__engine_may(engine, origin, envelope);
}

/* Whether a state of somebody else was refused that was told in good faith: who
 * has no identity, and no trust file, cannot know that it may not. */
static bool means_well(const struct msock__origin *origin,
                       const struct msock__envelope *envelope, int drop)
{
    const struct msock__session *session = origin->session;
    struct msock__told told;

    return drop == MSOCK_DROP_RIGHTS && session && !session->trusted &&
           (envelope->keys & MSOCK__KEY_ORIGIN) &&
           msock__told_decode(envelope->origin, envelope->origin_size, &told) &&
           memcmp(told.session, session->id, sizeof(session->id)) != 0;
}

/* Keeps a message for its moment, encoded again. */
static void schedule(struct msock__engine *engine,
                     const struct msock__origin *origin, uint64_t due_us,
                     const struct msock__envelope *envelope)
{
    struct msock__scheduled_origin kept = {.sent_us = origin->stamp_us,
                                           .counter = origin->counter,
                                           .newest = origin->newest,
                                           .flags = origin->flags};
    memcpy(kept.session,
           origin->session ? origin->session->id : engine->session,
           sizeof(kept.session));
    int drop = MSOCK_DROP_MEMORY;
    char *bytes = malloc(msock__envelope_bound(envelope));
    if (bytes) {
        size_t head;
        size_t size = msock__envelope_encode(envelope, bytes, &head);
        drop = -msock__schedule_add(&engine->schedule, due_us, &kept,
                                    (const uint8_t *)bytes, size);
    }
    free(bytes);
    if (drop) {
        msock__engine_drop(engine, origin->now_us, drop, 1);
    }
}

/* What a message's own times make of it. */
static void deliver_in_time(struct msock__engine *engine,
                            struct msock__origin *origin,
                            const struct msock__envelope *envelope)
{
    bool waits = (envelope->keys & MSOCK__KEY_AFTER) != 0;
    uint64_t after_us = waits ? envelope->after_ms * 1000 : 0;
    uint64_t due_us = origin->sent_us + after_us;
    if (origin->due_us > 0) {
        /* The clocks may have moved apart since: its moment stays. */
        due_us = origin->due_us;
        origin->sent_us = due_us - after_us;
    } else if (waits && due_us > origin->now_us) {
        schedule(engine, origin, due_us, envelope);
        return;
    }
    bool expired = (envelope->keys & MSOCK__KEY_EXPIRES) &&
                   age_of(origin) / 1000 > envelope->expires_ms;
    bool missed = waits && origin->now_us - due_us > after_slack_us;
    if (expired || missed) {
        msock__engine_drop(engine, origin->now_us,
                           expired ? MSOCK_DROP_EXPIRED : MSOCK_DROP_LATE, 1);
        return;
    }
    deliver(engine, origin, envelope);
}

/* Whether its sender waits for replies. A state asks nothing. */
static bool asks(const struct msock__envelope *envelope)
{
    return (envelope->keys & MSOCK__KEY_REPLY_TO) &&
           !(envelope->keys & MSOCK__KEY_STATE);
}

/* Decodes the first message of the bytes.  Returns 0 or the drop counter. */
static int decode(struct msock__engine *engine,
                  const struct msock__origin *origin, uint8_t *bytes,
                  size_t size, struct msock__envelope *envelope, size_t *used)
{
    bool bare = (origin->flags & MSOCK_MESSAGE_BARE) != 0;
    const unsigned plain =
        MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA;
    if (!bare) {
        *used =
            msock__head_decode(&engine->heard, (char *)bytes, size, envelope);
    }
    if (*used > 0) {
        return 0;
    }
    int drop =
        msock__envelope_decode((char *)bytes, size, bare, origin->session_short,
                               (size_t)engine->config.head_max, envelope, used);
    if (!drop && !bare && envelope->keys == plain &&
        *used - envelope->data_size <= engine->config.head_max) {
        msock__head_learn(&engine->heard, envelope->topic, envelope->topic_size,
                          envelope->sender, envelope->sender_size);
    }
    return drop;
}

size_t msock__engine_message(struct msock__engine *engine,
                             const struct msock__origin *origin, uint8_t *bytes,
                             size_t size, bool alone)
{
    struct msock__envelope envelope;
    size_t used = 0;
    int drop = decode(engine, origin, bytes, size, &envelope, &used);
    if (!drop && used > engine->config.message_max) {
        drop = MSOCK_DROP_TOO_BIG;
    }
    if (!drop && alone && used != size) {
        drop = MSOCK_DROP_BODY;
    }
    if (drop) {
        msock__engine_drop(engine, origin->now_us, drop, 1);
        return 0;
    }
    if (!(origin->flags & MSOCK_MESSAGE_LOCAL) && origin->due_us == 0) {
        msock__stats_add(&engine->stats, MSOCK_RX_MESSAGES, 1);
    }
    drop = check_message(engine, origin, &envelope);
    if (means_well(origin, &envelope, drop)) {
        msock__engine_drop_quietly(engine, MSOCK_DROP_RIGHTS, 1);
        return used;
    }
    if (drop) {
        msock__engine_drop(engine, origin->now_us, drop, 1);
        return used;
    }

    /* A raw payload ends where the next message begins: lend it a NUL. */
    uint8_t behind = bytes[used];
    bytes[used] = '\0';
    struct msock__origin timed = *origin;
    timed.asks = asks(&envelope) ? &envelope : NULL;
    timed.told = envelope.keys & MSOCK__KEY_ORIGIN ? &envelope : NULL;
    deliver_in_time(engine, &timed, &envelope);
    bytes[used] = behind;
    return used;
}

/* The messages before the first malformed one of a batch count. */
void msock__engine_batch(struct msock__engine *engine,
                         const struct msock__origin *origin,
                         const struct msock__body *body)
{
    size_t offset = 0;
    while (offset < body->size && !engine->closing) {
        size_t used = msock__engine_message(
            engine, origin, body->bytes + offset, body->size - offset, false);
        if (used == 0) {
            return;
        }
        offset += used;
    }
}

void msock__engine_payload(struct msock__engine *engine,
                           const struct msock__origin *origin, uint8_t *bytes,
                           size_t size, const char *sender)
{
    uint8_t behind = bytes[size];
    bytes[size] = '\0';
    msock_message message = {
        .topic = engine->config.topic,
        .topic_size = strlen(engine->config.topic),
        .sender = sender,
        .sender_size = strlen(sender),
        .data = (const char *)bytes,
        .data_size = size,
        .flags = origin->flags | MSOCK_MESSAGE_RAW | MSOCK_MESSAGE_BARE,
    };
    hand_over(engine, origin, &message);
    bytes[size] = behind;
}

void msock__engine_local_message(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__local *local)
{
    struct msock__origin origin = {
        .session_short = msock__session_short(engine->session),
        .now_us = now_us,
        .stamp_us = local->published_us,
        .sent_us = local->published_us,
        .newest = local->newest,
        .flags = local->flags,
    };
    if (local->payload) {
        msock__engine_payload(engine, &origin, local->bytes, local->size,
                              engine->config.name);
    } else {
        msock__engine_message(engine, &origin, local->bytes, local->size, true);
    }
}

/* A message whose moment has come. */
static void run_entry(struct msock__engine *engine, uint64_t now_us,
                      struct msock__scheduled *entry)
{
    const struct msock__scheduled_origin *kept = &entry->origin;
    struct msock__origin origin = {
        .session_short = msock__session_short(kept->session),
        .counter = kept->counter,
        .now_us = now_us,
        .stamp_us = kept->sent_us,
        .sent_us = entry->node.due_us,
        .newest = kept->newest,
        .flags = kept->flags,
        .due_us = entry->node.due_us,
    };
    if (!(kept->flags & MSOCK_MESSAGE_LOCAL)) {
        /* NULL if it was forgotten since: its sender was checked before. */
        origin.session = msock__sessions_find(engine->sessions, kept->session);
        origin.forgotten = origin.session ? NULL : kept->session;
    }
    msock__engine_message(engine, &origin, entry->bytes, entry->size, true);
}

void msock__engine_run_scheduled(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__scheduled *entry;
    while (!engine->closing &&
           (entry = msock__schedule_take(&engine->schedule, now_us)) != NULL) {
        run_entry(engine, now_us, entry);
        free(entry);
    }
}
