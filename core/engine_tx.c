/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's sending half: messages into the outbox, the outbox into frames,
 * frames into slots that the driver takes. */
#include "codec/envelope.h"
#include "codec/error.h"
#include "codec/json.h"
#include "core/engine.h"
#include "core/engine_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t memory_pause_us = 100000;

enum {
    SLOTS_MEMORY = 256 * 1024, /* aim: more slots for small frames */
    SLOTS_MIN = 4
};

/* -- Publishing -- */

static size_t raw_bound(const struct msock__publication *publication)
{
    return publication->raw ? publication->raw_size : publication->json_size;
}

/* codec=raw: the payload alone; a JSON string goes as its text. */
static size_t write_payload(const struct msock__publication *publication,
                            uint8_t *out)
{
    if (publication->raw) {
        if (publication->raw_size > 0) {
            memcpy(out, publication->raw, publication->raw_size);
        }
        return publication->raw_size;
    }
    if (!publication->json) {
        return 0;
    }
    struct msock__json_slice slice = {publication->json, publication->json_size,
                                      MSOCK__JSON_STRING};
    if (publication->json[0] == '"') {
        return msock__json_unescape(&slice, (char *)out);
    }
    memcpy(out, publication->json, publication->json_size);
    return publication->json_size;
}

static void fill_envelope(const struct msock__engine *engine,
                          const struct msock__publication *publication,
                          struct msock__envelope *envelope)
{
    *envelope = (struct msock__envelope){
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER,
        .topic = publication->topic,
        .topic_size = strlen(publication->topic),
        .sender = engine->config.name,
        .sender_size = strlen(engine->config.name),
    };
    if (publication->raw) {
        envelope->keys |= MSOCK__KEY_LEN;
        envelope->data = publication->raw;
        envelope->data_size = publication->raw_size;
    } else if (publication->json) {
        envelope->keys |= MSOCK__KEY_DATA;
        envelope->data = publication->json;
        envelope->data_size = publication->json_size;
    }
    if (publication->type) {
        envelope->keys |= MSOCK__KEY_TYPE;
        envelope->type = publication->type;
        envelope->type_size = strlen(publication->type);
    }
}

/* Copies an encoded message for one's own subscriptions, if any wants it. */
static int copy_local(struct msock__engine *engine, const char *topic,
                      const uint8_t *bytes, size_t size,
                      struct msock__local **copy)
{
    *copy = NULL;
    if (!msock__dispatch_any(engine->dispatch, topic, strlen(topic), true)) {
        return 0;
    }
    size_t wanted = sizeof(**copy) + size + 1;
    if (wanted > engine->config.queue_max - engine->local_bytes) {
        return msock__fail(MSOCK_EAGAIN,
                           "%zu bytes wait for this channel's own callbacks",
                           engine->local_bytes);
    }
    struct msock__local *local = malloc(wanted);
    if (!local) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a local delivery");
    }
    *local = (struct msock__local){.newest =
                                       msock__dispatch_newest(engine->dispatch),
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
    engine->local_bytes += sizeof(*local) + local->size + 1;
}

/* Says why the outbox did not take a message. */
static int explain(const struct msock__engine *engine, int code, size_t size)
{
    if (code == MSOCK_EAGAIN) {
        return msock__fail(code, "%zu bytes wait to be sent (queue_max=%llu)",
                           engine->outbox.bytes,
                           (unsigned long long)engine->config.queue_max);
    }
    if (code == MSOCK_ETOOBIG) {
        return msock__fail(code,
                           "a message of %zu bytes: larger than message_max, "
                           "queue_max or 1024 frames of %zu bytes (mtu=)",
                           size, engine->frame_size);
    }
    return msock__fail(code, "no memory for a message of %zu bytes", size);
}

/* Queues what was written to the outbox's room. */
static int commit(struct msock__engine *engine, const char *topic,
                  const uint8_t *bytes, size_t size)
{
    /* An own subscription hears a raw payload on the channel's topic. */
    const char *heard = engine->config.raw ? engine->config.topic : topic;
    if (size > engine->config.message_max ||
        !msock__outbox_fits(&engine->outbox, size)) {
        return explain(engine, MSOCK_ETOOBIG, size);
    }
    struct msock__local *local;
    int code = copy_local(engine, heard, bytes, size, &local);
    if (code < 0) {
        return code;
    }
    msock__outbox_commit(&engine->outbox, size);
    queue_local(engine, local);
    msock__stats_add(&engine->stats, MSOCK_TX_MESSAGES, 1);
    engine->driver->ops->wake(engine->driver);
    return 0;
}

size_t msock__engine_bound(const struct msock__engine *engine,
                           const struct msock__publication *publication)
{
    if (engine->config.raw) {
        return raw_bound(publication);
    }
    struct msock__envelope envelope;
    fill_envelope(engine, publication, &envelope);
    return msock__envelope_bound(&envelope);
}

int msock__engine_encode(const struct msock__engine *engine,
                         const struct msock__publication *publication,
                         uint8_t *room, size_t *size)
{
    if (engine->config.raw) {
        *size = write_payload(publication, room);
        return 0;
    }
    struct msock__envelope envelope;
    fill_envelope(engine, publication, &envelope);
    size_t head;
    *size = msock__envelope_encode(&envelope, (char *)room, &head);
    assert(head <= *size);
    if (head > engine->config.head_max) {
        return msock__fail(MSOCK_ETOOBIG,
                           "an envelope of %zu bytes without its data "
                           "(head_max=%llu)",
                           head, (unsigned long long)engine->config.head_max);
    }
    return 0;
}

int msock__engine_publish(struct msock__engine *engine,
                          const struct msock__publication *publication)
{
    size_t bound = msock__engine_bound(engine, publication);
    uint8_t *room;
    int code = msock__outbox_reserve(&engine->outbox, bound, &room);
    if (code < 0) {
        return explain(engine, code, bound);
    }
    size_t size;
    code = msock__engine_encode(engine, publication, room, &size);
    if (code < 0) {
        return code;
    }
    assert(size <= bound);
    return commit(engine, publication->topic, room, size);
}

int msock__engine_publish_encoded(struct msock__engine *engine,
                                  const char *topic, const uint8_t *bytes,
                                  size_t size)
{
    uint8_t *room;
    int code = msock__outbox_reserve(&engine->outbox, size, &room);
    if (code < 0) {
        return explain(engine, code, size);
    }
    if (size > 0) {
        memcpy(room, bytes, size);
    }
    return commit(engine, topic, room, size);
}

/* -- One's own subscriptions -- */

static struct msock__local *take_local(struct msock__engine *engine)
{
    struct msock__local *local = engine->local_first;
    engine->local_first = local->next;
    if (!engine->local_first) {
        engine->local_last = NULL;
    }
    engine->local_bytes -= sizeof(*local) + local->size + 1;
    return local;
}

void msock__engine_deliver_local(struct msock__engine *engine)
{
    /* What callbacks publish now waits for the next tick: echoes end a turn. */
    const struct msock__local *last = engine->local_last;
    bool more = last != NULL;
    while (more) {
        struct msock__local *local = take_local(engine);
        more = local != last;
        if (!engine->closing) {
            msock__engine_local_message(engine, local);
        }
        free(local);
    }
}

/* -- Frames -- */

void msock__engine_frame_size(struct msock__engine *engine, size_t frame_size)
{
    assert(frame_size <= MSOCK__FRAME_MAX);
    engine->frame_size = frame_size;
    if (engine->config.raw) {
        /* A payload is one datagram, however many IP fragments it takes. */
        msock__outbox_space(&engine->outbox, MSOCK__FRAME_MAX,
                            MSOCK__FRAME_MAX);
    } else {
        size_t spent =
            MSOCK__HEADER_SIZE + msock__pipeline_overhead(&engine->pipeline);
        assert(frame_size > spent + MSOCK__PIECE_SIZE);
        msock__outbox_space(&engine->outbox,
                            frame_size - spent - MSOCK__SENT_SIZE,
                            frame_size - spent - MSOCK__PIECE_SIZE);
    }
    /* Other threads ask this in place of the outbox. */
    atomic_store(&engine->post.largest, msock__outbox_largest(&engine->outbox));
}

/* Takes slots for frames of `frame_size`; only while none is in use. */
static bool make_slots(struct msock__slots *slots, size_t frame_size)
{
    assert(slots->used == 0);
    if (slots->memory && slots->slot_size >= frame_size) {
        return true;
    }
    size_t count = SLOTS_MEMORY / frame_size;
    if (count > MSOCK__SLOTS_MAX) {
        count = MSOCK__SLOTS_MAX;
    } else if (count < SLOTS_MIN) {
        count = SLOTS_MIN;
    }
    uint8_t *memory = malloc(count * frame_size);
    if (!memory) {
        return false;
    }
    free(slots->memory);
    *slots = (struct msock__slots){
        .memory = memory, .slot_size = frame_size, .slot_count = count};
    return true;
}

/* A session's counter is used up after 2^53 - 1 frames: a new session. */
static uint64_t next_counter(struct msock__engine *engine, uint64_t now_us)
{
    if (engine->counter == MSOCK__COUNTER_MAX) {
        engine->driver->ops->random(engine->driver, engine->session,
                                    sizeof(engine->session));
        engine->counter = 0;
        engine->began_us = now_us;
    }
    return ++engine->counter;
}

static size_t build_frame(struct msock__engine *engine, uint64_t now_us,
                          const struct msock__chunk *chunk, uint8_t *bytes,
                          size_t capacity)
{
    struct msock__packet packet = {
        .frame = {.flags = chunk->count > 0 ? MSOCK__FRAGMENT : 0,
                  .stream = MSOCK__BEST_EFFORT,
                  .counter = next_counter(engine, now_us)},
        .bytes = bytes,
        .capacity = capacity,
    };
    memcpy(packet.frame.session, engine->session, MSOCK__SESSION_SIZE);
    struct msock__body body = {.sent_us = now_us - engine->began_us,
                               .index = chunk->index,
                               .count = chunk->count};
    size_t size = MSOCK__HEADER_SIZE;
    size += msock__body_encode(&body, bytes + size);
    assert(size + chunk->size <= capacity);
    memcpy(bytes + size, chunk->bytes, chunk->size);
    packet.size = size + chunk->size;
    msock__pipeline_encode(&engine->pipeline, &packet);
    assert(packet.size <= capacity);
    return packet.size;
}

static size_t wire_size(const struct msock__engine *engine,
                        const struct msock__chunk *chunk)
{
    if (engine->config.raw) {
        return chunk->size;
    }
    size_t start = chunk->count > 0 ? MSOCK__PIECE_SIZE : MSOCK__SENT_SIZE;
    return MSOCK__HEADER_SIZE + start + chunk->size +
           msock__pipeline_overhead(&engine->pipeline);
}

/* Moves the outbox's next content into a slot.  Returns whether it did. */
static bool show_frame(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__slots *slots = &engine->slots;
    struct msock__chunk chunk;
    if (now_us < slots->again_us ||
        !msock__outbox_peek(&engine->outbox, &chunk)) {
        return false;
    }
    size_t size = wire_size(engine, &chunk);
    size_t wanted = size > engine->frame_size ? size : engine->frame_size;
    if (slots->used == 0 && !make_slots(slots, wanted)) {
        slots->again_us = now_us + memory_pause_us;
        return false;
    }
    if (slots->used == slots->slot_count || size > slots->slot_size) {
        return false;
    }
    if (chunk.count > 0 && !msock__pace_take(&engine->pace, now_us, size)) {
        return false;
    }
    size_t slot = (slots->first + slots->used) % slots->slot_count;
    uint8_t *bytes = slots->memory + slot * slots->slot_size;
    if (engine->config.raw) {
        memcpy(bytes, chunk.bytes, chunk.size);
        slots->sizes[slot] = chunk.size;
    } else {
        slots->sizes[slot] =
            build_frame(engine, now_us, &chunk, bytes, slots->slot_size);
    }
    slots->used++;
    msock__outbox_pop(&engine->outbox);
    return true;
}

size_t msock__engine_output(struct msock__engine *engine, uint64_t now_us,
                            struct msock__outgoing *frames, size_t count)
{
    /* A child that sent on would use its parent's nonces again. */
    if (engine->driver->ops->forked(engine->driver)) {
        return 0;
    }
    struct msock__slots *slots = &engine->slots;
    while (slots->used < count && show_frame(engine, now_us)) {
    }
    size_t shown = slots->used < count ? slots->used : count;
    for (size_t i = 0; i < shown; i++) {
        size_t slot = (slots->first + i) % slots->slot_count;
        frames[i] = (struct msock__outgoing){
            slots->memory + slot * slots->slot_size, slots->sizes[slot]};
    }
    return shown;
}

void msock__engine_sent(struct msock__engine *engine, size_t count)
{
    struct msock__slots *slots = &engine->slots;
    assert(count <= slots->used);
    for (size_t i = 0; i < count; i++) {
        msock__stats_add(&engine->stats, MSOCK_TX_FRAMES, 1);
        msock__stats_add(&engine->stats, MSOCK_TX_BYTES,
                         slots->sizes[slots->first]);
        slots->first = (slots->first + 1) % slots->slot_count;
        slots->used--;
    }
}

uint64_t msock__engine_tx_deadline(const struct msock__engine *engine)
{
    struct msock__chunk chunk;
    if (engine->slots.used > 0 ||
        !msock__outbox_peek(&engine->outbox, &chunk)) {
        return UINT64_MAX;
    }
    uint64_t due = 0;
    if (chunk.count > 0) {
        due = msock__pace_deadline(&engine->pace, wire_size(engine, &chunk));
    }
    return due > engine->slots.again_us ? due : engine->slots.again_us;
}

bool msock__engine_drained(const struct msock__engine *engine)
{
    return engine->slots.used == 0 && !engine->outbox.head &&
           !engine->post.first && !msock__post_arrived(&engine->post);
}

void msock__engine_tx_fini(struct msock__engine *engine)
{
    while (engine->local_first) {
        free(take_local(engine));
    }
    msock__post_fini(&engine->post);
    msock__outbox_fini(&engine->outbox);
    free(engine->slots.memory);
}
