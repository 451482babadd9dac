/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: a message into the outbox of its stream, and to the channel's own
 * subscriptions. */
#include "codec/envelope.h"
#include "codec/error.h"
#include "codec/json.h"
#include "codec/told.h"
#include "core/engine_identity.h"
#include "core/engine_request.h"
#include "core/engine_values.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t local_cost(size_t size)
{
    return sizeof(struct msock__local) + size + 1;
}

/* Copies an encoded message for one's own subscriptions, if any wants it. */
static int copy_local(struct msock__engine *engine,
                      const struct msock__publication *publication,
                      const uint8_t *bytes, size_t size,
                      struct msock__local **copy)
{
    const struct msock__delivery *delivery = &publication->delivery;
    const char *topic = publication->topic;
    size_t topic_size = publication->topic_size;
    if (engine->config.raw) {
        /* An own subscription hears a raw payload on the channel's topic. */
        topic = engine->config.topic;
        topic_size = strlen(topic);
    }
    unsigned flags = MSOCK_MESSAGE_LOCAL;
    flags |= delivery->reliable ? MSOCK_MESSAGE_RELIABLE : 0;
    *copy = NULL;
    bool wanted_here =
        (delivery->state && msock__engine_keeps(engine, topic, topic_size)) ||
        msock__engine_awaits(engine, topic, topic_size);
    if (!wanted_here &&
        !msock__dispatch_any(engine->dispatch, topic, topic_size, true)) {
        return 0;
    }
    size_t wanted = local_cost(size);
    if (wanted > engine->config.queue_max - engine->local_bytes) {
        return msock__fail(MSOCK_EAGAIN,
                           "%zu bytes wait for this channel's own callbacks",
                           engine->local_bytes);
    }
    struct msock__local *local = malloc(wanted);
    if (!local) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a local delivery");
    }
    *local = (struct msock__local){
        .newest = msock__dispatch_newest(engine->dispatch),
        .published_us = engine->driver->ops->now(engine->driver),
        .flags = flags,
        .size = size,
        .payload = engine->config.raw};
    if (size > 0) {
        memcpy(local->bytes, bytes, size);
    }
    *copy = local;
    return 0;
}

static void queue_local(struct msock__engine *engine,
                        struct msock__local *local)
{
    if (!local) {
        return;
    }
    if (engine->local_last) {
        engine->local_last->next = local;
    } else {
        engine->local_first = local;
    }
    engine->local_last = local;
    engine->local_bytes += local_cost(local->size);
}

static int stream_of(const struct msock__delivery *delivery)
{
    return delivery->reliable ? MSOCK__RELIABLE : MSOCK__BEST_EFFORT;
}

static struct msock__outbox *outbox_of(struct msock__engine *engine,
                                       const struct msock__delivery *delivery)
{
    return &engine->outboxes[stream_of(delivery)];
}

/* Says why the outbox did not take a message. */
static int explain(struct msock__engine *engine,
                   const struct msock__delivery *delivery, int code,
                   size_t size)
{
    if (code == MSOCK_EAGAIN) {
        return msock__fail(code, "%zu bytes wait to be sent (queue_max=%llu)",
                           outbox_of(engine, delivery)->bytes,
                           (unsigned long long)engine->config.queue_max);
    }
    if (code == MSOCK_ETOOBIG && delivery->reliable) {
        return msock__fail(code,
                           "a message of %zu bytes: larger than message_max, "
                           "queue_max or half of history_max",
                           size);
    }
    if (code == MSOCK_ETOOBIG) {
        return msock__fail(code,
                           "a message of %zu bytes: larger than message_max, "
                           "queue_max or 1024 frames of %zu bytes (mtu=); "
                           "reliable ones may have more frames",
                           size, engine->frame_size);
    }
    return msock__fail(code, "no memory for a message of %zu bytes", size);
}

/* Where a message waits that this one is to replace, or NULL. */
static struct msock__place *
place_of(const struct msock__engine *engine,
         const struct msock__publication *publication)
{
    if (!publication->delivery.conflate || publication->delivery.confirm != 0) {
        return NULL; /* what is confirmed has a frame of its own */
    }
    struct msock__state *state = msock__values_find(
        engine->values, publication->topic, publication->topic_size);
    return state && msock__place_taken(&state->place) ? &state->place : NULL;
}

/* Makes room behind all that waits, or at *place, which becomes NULL if there
 * is none. */
static int make_room(struct msock__engine *engine,
                     const struct msock__delivery *delivery, size_t size,
                     struct msock__place **place, uint8_t **room)
{
    struct msock__outbox *outbox = outbox_of(engine, delivery);
    if (*place && msock__outbox_reserve_at(outbox, *place, size, room) == 0) {
        return 0;
    }
    *place = NULL;
    if (delivery->confirm != 0) {
        msock__outbox_close(outbox);
    }
    int code = msock__outbox_reserve(outbox, size, delivery->copies, room);
    return code < 0 ? explain(engine, delivery, code, size) : 0;
}

/* Whether a message of this size can be sent; a state also as a reply. */
static int check_fits(struct msock__engine *engine,
                      const struct msock__delivery *delivery, size_t size)
{
    size_t most = size + (delivery->state ? MSOCK__TOLD_MAX : 0);
    if (most > engine->config.message_max ||
        !msock__outbox_fits(outbox_of(engine, delivery), most) ||
        (delivery->reliable && most > engine->config.history_max / 2)) {
        return explain(engine, delivery, MSOCK_ETOOBIG, size);
    }
    return 0;
}

/* Queues what was written to the outbox's room. */
static void commit(struct msock__engine *engine,
                   const struct msock__delivery *delivery, const char *topic,
                   struct msock__place *place, size_t size)
{
    struct msock__outbox *outbox = outbox_of(engine, delivery);
    bool is_signed = msock__engine_signs(engine, topic);
    if (place) {
        /* It is signed as the one that waited there: so is its topic. */
        msock__outbox_commit_at(outbox, place, size);
    } else {
        msock__outbox_commit(outbox, size);
        if (is_signed) {
            msock__outbox_sign(outbox);
        }
    }
    msock__engine_warn_rights(engine, topic, is_signed);
    msock__stats_add(&engine->stats, MSOCK_TX_MESSAGES, 1);
    engine->driver->ops->wake(engine->driver);
}

/* Notes where a state waits that was queued, for the next one of its topic. */
static void mark(struct msock__engine *engine,
                 const struct msock__publication *publication, size_t size)
{
    struct msock__state *state = msock__values_find(
        engine->values, publication->topic, publication->topic_size);
    assert(state);
    msock__outbox_mark(outbox_of(engine, &publication->delivery), &state->place,
                       size);
}

/* Queues what was written to the outbox's room, and for one's own. */
static int commit_all(struct msock__engine *engine,
                      const struct msock__publication *publication,
                      struct msock__place *place, const uint8_t *bytes,
                      size_t size)
{
    const struct msock__delivery *delivery = &publication->delivery;
    const char *topic = publication->topic;
    struct msock__local *local;
    int code = check_fits(engine, delivery, size);
    if (code == 0) {
        code = copy_local(engine, publication, bytes, size, &local);
    }
    if (code < 0) {
        return code;
    }
    if (delivery->state) {
        code = msock__engine_value_published(engine, publication);
    }
    if (code < 0) {
        free(local);
        return code;
    }
    commit(engine, delivery, topic, place, size);
    if (delivery->confirm != 0) {
        msock__outbox_confirm(outbox_of(engine, delivery), delivery->confirm);
    } else if (delivery->state && !place) {
        mark(engine, publication, size);
    }
    queue_local(engine, local);
    return 0;
}

/* Half of the queue is free again, and what was refused has room. */
static bool has_room(const struct msock__engine *engine, int queue)
{
    size_t half = (size_t)engine->config.queue_max / 2;
    size_t size = engine->refused[queue];
    if (queue == MSOCK__QUEUE_LOCAL) {
        return engine->local_bytes <= half &&
               local_cost(size) <=
                   engine->config.queue_max - engine->local_bytes;
    }
    const struct msock__outbox *outbox = &engine->outboxes[queue];
    return outbox->bytes <= half && msock__outbox_takes(outbox, size, 0);
}

unsigned msock__engine_writable(const struct msock__engine *engine)
{
    unsigned queues = 0;
    for (int i = 0; i < MSOCK__QUEUES; i++) {
        bool roomy = engine->refused[i] > 0 && has_room(engine, i);
        queues |= roomy ? 1u << i : 0;
    }
    return queues;
}

/* Remembers a message of `size` bytes that somebody will want to try again. */
static int refuse(struct msock__engine *engine, int code, int queue,
                  size_t size)
{
    size = size > 0 ? size : 1;
    if (code == MSOCK_EAGAIN && size > engine->refused[queue]) {
        engine->refused[queue] = size;
    }
    return code;
}

static int publish(struct msock__engine *engine,
                   const struct msock__publication *publication)
{
    const struct msock__delivery *delivery = &publication->delivery;
    struct msock__place *place = place_of(engine, publication);
    const struct msock__head *head = msock__engine_head(engine, publication);
    uint8_t *room;
    size_t bound = head ? msock__head_size(head) + publication->json.size
                        : msock__engine_bound(engine, publication);
    int code = make_room(engine, delivery, bound, &place, &room);
    if (code < 0) {
        return refuse(engine, code, stream_of(delivery), bound);
    }
    size_t size;
    if (head) {
        size = msock__head_encode(head, &publication->json, (char *)room);
    } else {
        code = msock__engine_encode(engine, publication, room, &size);
    }
    if (code < 0) {
        return code;
    }
    assert(size <= bound);
    code = commit_all(engine, publication, place, room, size);
    return refuse(engine, code, MSOCK__QUEUE_LOCAL, size);
}

int msock__engine_publish(struct msock__engine *engine,
                          const struct msock__publication *publication)
{
    if (!publication->delivery.state) {
        return publish(engine, publication);
    }
    struct msock__publication numbered = *publication;
    int code = msock__engine_value_number(engine, &numbered);
    return code < 0 ? code : publish(engine, &numbered);
}

int msock__engine_publish_encoded(struct msock__engine *engine,
                                  const struct msock__delivery *delivery,
                                  const char *topic, const uint8_t *bytes,
                                  size_t size)
{
    struct msock__place *place = NULL;
    uint8_t *room;
    int code = make_room(engine, delivery, size, &place, &room);
    if (code < 0) {
        return code;
    }
    if (size > 0) {
        memcpy(room, bytes, size);
    }
    const struct msock__publication publication = {
        .topic = topic, .topic_size = strlen(topic), .delivery = *delivery};
    return commit_all(engine, &publication, place, room, size);
}

int msock__engine_queue(struct msock__engine *engine,
                        const struct msock__envelope *envelope, int confirm)
{
    const struct msock__delivery delivery = {
        .reliable = true, .copies = 1, .confirm = confirm};
    char topic[MSOCK_TOPIC_MAX + 1];
    struct msock__place *place = NULL;
    uint8_t *room;
    size_t head;
    int code = make_room(engine, &delivery, msock__envelope_bound(envelope),
                         &place, &room);
    if (code < 0) {
        return code;
    }
    size_t size = msock__envelope_encode(envelope, (char *)room, &head);
    code = check_fits(engine, &delivery, size);
    if (code < 0) {
        return code;
    }
    assert(envelope->topic_size <= MSOCK_TOPIC_MAX);
    memcpy(topic, envelope->topic, envelope->topic_size);
    topic[envelope->topic_size] = '\0';
    commit(engine, &delivery, topic, place, size);
    if (confirm != 0) {
        msock__outbox_confirm(outbox_of(engine, &delivery), confirm);
    }
    /* What is said of others has to be, even where one's own need not. */
    if ((envelope->keys & MSOCK__KEY_ORIGIN) &&
        engine->config.sign >= MSOCK__SIGN_COMMANDS) {
        msock__outbox_sign(&engine->outboxes[MSOCK__RELIABLE]);
    }
    return 0;
}

/* -- One's own subscriptions -- */

static struct msock__local *take_local(struct msock__engine *engine)
{
    struct msock__local *local = engine->local_first;
    engine->local_first = local->next;
    if (!engine->local_first) {
        engine->local_last = NULL;
    }
    engine->local_bytes -= local_cost(local->size);
    return local;
}

void msock__engine_deliver_local(struct msock__engine *engine, uint64_t now_us)
{
    /* What callbacks publish now waits for the next tick: echoes end a turn. */
    const struct msock__local *last = engine->local_last;
    bool more = last != NULL;
    while (more) {
        struct msock__local *local = take_local(engine);
        more = local != last;
        if (!engine->closing) {
            msock__engine_local_message(engine, now_us, local);
        }
        free(local);
    }
}

void msock__engine_publish_fini(struct msock__engine *engine)
{
    while (engine->local_first) {
        free(take_local(engine));
    }
    msock__post_fini(&engine->post);
    msock__outbox_fini(&engine->outboxes[MSOCK__BEST_EFFORT]);
    msock__outbox_fini(&engine->outboxes[MSOCK__RELIABLE]);
}
