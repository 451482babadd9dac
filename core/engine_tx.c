/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves next: control messages, frames asked for again, copies, and what
 * was published, as finished frames in slots that the driver takes. */
#include "core/engine.h"
#include "core/engine_confirm.h"
#include "core/engine_identity.h"
#include "core/engine_will.h"
#include "core/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t memory_pause_us = 100000;

enum {
    SLOTS_MEMORY = 256 * 1024, /* aim: more slots for small frames */
    SLOTS_MIN = MSOCK__OUTPUT_LEAST
};

/* Lets a stream fill `room` bytes of body in each frame. */
static void set_space(struct msock__engine *engine, uint8_t stream, size_t room)
{
    msock__outbox_space(&engine->outboxes[stream], room - MSOCK__SENT_SIZE,
                        room - MSOCK__PIECE_SIZE);
}

void msock__engine_frame_size(struct msock__engine *engine, size_t frame_size)
{
    assert(frame_size <= MSOCK__FRAME_MAX);
    engine->frame_size = frame_size;
    if (engine->config.raw) {
        /* A payload is one datagram, however many IP fragments it takes. */
        msock__outbox_space(&engine->outboxes[MSOCK__BEST_EFFORT],
                            MSOCK__FRAME_MAX, MSOCK__FRAME_MAX);
    } else {
        size_t spent =
            MSOCK__HEADER_SIZE + msock__pipeline_overhead(&engine->pipeline);
        assert(frame_size > spent + MSOCK__PIECE_SIZE);
        set_space(engine, MSOCK__BEST_EFFORT, frame_size - spent);
        /* A frame that fills the history could never enter it. */
        size_t kept = (size_t)engine->config.history_max / 4;
        set_space(engine, MSOCK__RELIABLE,
                  (frame_size < kept ? frame_size : kept) - spent);
    }
    /* Other threads ask this in place of the outbox. */
    atomic_store(&engine->post.largest,
                 msock__outbox_largest(&engine->outboxes[MSOCK__BEST_EFFORT]));
    msock__engine_will_resized(engine);
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

static uint8_t *slot_bytes(const struct msock__slots *slots, size_t index)
{
    size_t slot = (slots->first + index) % slots->slot_count;
    return slots->memory + slot * slots->slot_size;
}

/* Room for the next frame of `size` bytes, or NULL: not now. */
static uint8_t *claim(struct msock__engine *engine, uint64_t now_us,
                      size_t size)
{
    struct msock__slots *slots = &engine->slots;
    size_t wanted = size > engine->frame_size ? size : engine->frame_size;
    if (now_us < slots->again_us) {
        return NULL;
    }
    if (slots->used == 0 && !make_slots(slots, wanted)) {
        slots->again_us = now_us + memory_pause_us;
        return NULL;
    }
    if (slots->used == slots->slot_count || size > slots->slot_size) {
        return NULL;
    }
    return slot_bytes(slots, slots->used);
}

/* What claim() gave holds a finished frame now. */
static void occupy(struct msock__slots *slots, size_t size)
{
    size_t slot = (slots->first + slots->used) % slots->slot_count;
    slots->sizes[slot] = size;
    slots->used++;
}

/* -- Frames -- */

static bool used_up(const struct msock__engine *engine)
{
    return engine->counters[MSOCK__BEST_EFFORT] == MSOCK__COUNTER_MAX ||
           engine->counters[MSOCK__RELIABLE] == MSOCK__COUNTER_MAX ||
           engine->counters[MSOCK__CONTROL] == MSOCK__COUNTER_MAX;
}

/* Finishes a frame around the `size` bytes behind the start of its body.
 * Returns its size. */
static size_t finish(struct msock__engine *engine, uint64_t now_us,
                     struct msock__frame *frame, struct msock__body *body,
                     uint8_t *bytes, size_t size)
{
    struct msock__packet packet = {
        .frame = *frame,
        .bytes = bytes,
        .capacity = engine->slots.slot_size,
    };
    memcpy(packet.frame.session, engine->session, MSOCK__SESSION_SIZE);
    body->sent_us = now_us - engine->began_us;
    size_t start = msock__body_encode(body, bytes + MSOCK__HEADER_SIZE);
    packet.size = MSOCK__HEADER_SIZE + start + size;
    msock__pipeline_encode(&engine->pipeline, &packet);
    assert(packet.size <= packet.capacity);
    return packet.size;
}

size_t msock__engine_control_room(const struct msock__engine *engine)
{
    return engine->frame_size - MSOCK__HEADER_SIZE - MSOCK__SENT_SIZE -
           msock__pipeline_overhead(&engine->pipeline);
}

static bool show_control(struct msock__engine *engine, uint64_t now_us)
{
    if (engine->config.raw || msock__engine_control_deadline(engine) > now_us) {
        return false;
    }
    uint8_t *bytes = claim(engine, now_us, engine->frame_size);
    if (!bytes) {
        return false;
    }
    size_t start = MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE;
    size_t size =
        msock__engine_control_write(engine, now_us, (char *)bytes + start,
                                    msock__engine_control_room(engine));
    if (size == 0) {
        return false;
    }
    struct msock__frame frame = {.flags = msock__engine_control_flags(engine),
                                 .stream = MSOCK__CONTROL,
                                 .counter =
                                     engine->counters[MSOCK__CONTROL] + 1};
    struct msock__body body = {0};
    engine->counters[MSOCK__CONTROL] = frame.counter;
    occupy(&engine->slots, finish(engine, now_us, &frame, &body, bytes, size));
    return true;
}

/* A finished frame once more. */
static bool show_again(struct msock__engine *engine, uint64_t now_us,
                       const uint8_t *frame, size_t size)
{
    uint8_t *bytes = claim(engine, now_us, size);
    if (!bytes) {
        return false;
    }
    memcpy(bytes, frame, size);
    occupy(&engine->slots, size);
    return true;
}

/* Repairs have a share of the pace while new frames wait too, for that alone,
 * and when it was a stranger, or a node that cannot keep up, who asked last. */
static bool repairs_share(const struct msock__engine *engine)
{
    return engine->unwilling || engine->outboxes[MSOCK__BEST_EFFORT].head ||
           (engine->outboxes[MSOCK__RELIABLE].head &&
            !msock__flow_stopped(&engine->flow));
}

static bool take_repair_pace(struct msock__engine *engine, uint64_t now_us,
                             size_t size)
{
    return repairs_share(engine)
               ? msock__pace_take_repair(&engine->pace, now_us, size)
               : msock__pace_take(&engine->pace, now_us, size);
}

static bool show_repair(struct msock__engine *engine, uint64_t now_us)
{
    const uint8_t *frame;
    size_t size;
    uint64_t counter;
    if (!msock__history_repair(engine->history, &frame, &size, &counter) ||
        !claim(engine, now_us, size) ||
        !take_repair_pace(engine, now_us, size) ||
        !show_again(engine, now_us, frame, size)) {
        return false;
    }
    msock__history_resent(engine->history, now_us, counter);
    msock__stats_add(&engine->stats, MSOCK_TX_REPAIRS, 1);
    return true;
}

static bool show_copy(struct msock__engine *engine, uint64_t now_us)
{
    const uint8_t *frame;
    size_t size;
    if (!msock__copies_next(&engine->copies, now_us, &frame, &size) ||
        !show_again(engine, now_us, frame, size)) {
        return false;
    }
    msock__copies_sent(&engine->copies, now_us, &engine->dice);
    msock__stats_add(&engine->stats, MSOCK_TX_COPIES, 1);
    return true;
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

/* What a data frame leaves behind before it may go.  Returns whether it may. */
static bool remember(struct msock__engine *engine, uint64_t now_us,
                     const struct msock__frame *frame, const uint8_t *bytes,
                     size_t size)
{
    if (frame->stream == MSOCK__RELIABLE) {
        if (msock__history_add(engine->history, now_us, frame->counter, bytes,
                               size) < 0) {
            engine->slots.again_us = now_us + memory_pause_us;
            return false;
        }
        msock__sync_sent(&engine->sync, now_us);
    }
    if (engine->times[frame->stream]) {
        msock__sendtimes_note(engine->times[frame->stream], frame->counter,
                              now_us);
    }
    engine->counters[frame->stream] = frame->counter;
    return true;
}

static void show_raw(struct msock__engine *engine,
                     const struct msock__chunk *chunk, uint8_t *bytes)
{
    memcpy(bytes, chunk->bytes, chunk->size);
    occupy(&engine->slots, chunk->size);
    msock__outbox_pop(&engine->outboxes[MSOCK__BEST_EFFORT]);
}

/* Receive buffers are no larger within one host, and a piece of best effort
 * gets no second try: only the reliable stream is faster there. */
static bool has_own_pace(const struct msock__engine *engine, uint8_t stream)
{
    return engine->near && stream == MSOCK__BEST_EFFORT;
}

/* Whether the history and the pace let a frame of the stream leave. */
static bool may_leave(struct msock__engine *engine, uint64_t now_us,
                      uint8_t stream, const struct msock__chunk *chunk,
                      size_t size)
{
    bool reliable = stream == MSOCK__RELIABLE;
    if (reliable && !msock__flow_allows(&engine->flow, now_us,
                                        engine->counters[stream] + 1)) {
        engine->room_us = engine->flow.expires_us;
        return false;
    }
    if (reliable && !msock__history_room(engine->history, now_us, size)) {
        engine->room_us = msock__history_room_deadline(engine->history);
        return false;
    }
    struct msock__pace *pace =
        has_own_pace(engine, stream) ? &engine->piece_pace : &engine->pace;
    return (!reliable && chunk->count == 0) ||
           msock__pace_take(pace, now_us, size);
}

/* Moves the next content of a stream into a slot.  Returns whether it did. */
static bool show_data(struct msock__engine *engine, uint64_t now_us,
                      uint8_t stream)
{
    struct msock__outbox *outbox = &engine->outboxes[stream];
    struct msock__chunk chunk;
    if (!msock__outbox_peek(outbox, &chunk)) {
        return false;
    }
    size_t size = wire_size(engine, &chunk);
    uint8_t *bytes = claim(engine, now_us, size);
    if (!bytes || !may_leave(engine, now_us, stream, &chunk, size)) {
        return false;
    }
    if (engine->config.raw) {
        show_raw(engine, &chunk, bytes);
        return true;
    }
    struct msock__frame frame = {.flags = chunk.count > 0 ? MSOCK__FRAGMENT : 0,
                                 .stream = stream,
                                 .counter = engine->counters[stream] + 1};
    frame.flags |= chunk.is_signed ? MSOCK__SIGNED : 0;
    struct msock__body body = {.index = chunk.index, .count = chunk.count};
    size_t start = chunk.count > 0 ? MSOCK__PIECE_SIZE : MSOCK__SENT_SIZE;
    memcpy(bytes + MSOCK__HEADER_SIZE + start, chunk.bytes, chunk.size);
    size = finish(engine, now_us, &frame, &body, bytes, chunk.size);
    if (!remember(engine, now_us, &frame, bytes, size)) {
        return false;
    }
    if (chunk.copies > 1) {
        (void)msock__copies_add(&engine->copies, now_us, &engine->dice, bytes,
                                size, chunk.copies - 1);
    }
    if (chunk.confirm != 0) {
        msock__engine_confirm_sent(engine, now_us, chunk.confirm,
                                   frame.counter);
    }
    occupy(&engine->slots, size);
    msock__outbox_pop(outbox);
    return true;
}

/* The two streams take turns. */
static bool show_next_data(struct msock__engine *engine, uint64_t now_us)
{
    uint8_t stream = (uint8_t)engine->turn;
    engine->turn = 1 - engine->turn;
    return show_data(engine, now_us, stream) ||
           show_data(engine, now_us, (uint8_t)(1 - stream));
}

static bool show_next(struct msock__engine *engine, uint64_t now_us)
{
    if (used_up(engine)) {
        /* After 2^53 - 1 frames of a stream: a new session. */
        msock__engine_redraw(engine, now_us, false);
    }
    return show_control(engine, now_us) || show_repair(engine, now_us) ||
           show_copy(engine, now_us) || show_next_data(engine, now_us);
}

size_t msock__engine_output(struct msock__engine *engine, uint64_t now_us,
                            struct msock__outgoing *frames, size_t count)
{
    /* A child that sent on would use its parent's nonces again. */
    if (engine->driver->ops->forked(engine->driver)) {
        return 0;
    }
    struct msock__slots *slots = &engine->slots;
    while (slots->used < count && show_next(engine, now_us)) {
    }
    size_t shown = slots->used < count ? slots->used : count;
    for (size_t i = 0; i < shown; i++) {
        size_t slot = (slots->first + i) % slots->slot_count;
        frames[i] =
            (struct msock__outgoing){slot_bytes(slots, i), slots->sizes[slot]};
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

static uint64_t data_deadline(const struct msock__engine *engine,
                              uint8_t stream)
{
    struct msock__chunk chunk;
    if (!msock__outbox_peek(&engine->outboxes[stream], &chunk)) {
        return UINT64_MAX;
    }
    bool reliable = stream == MSOCK__RELIABLE;
    uint64_t due_us = 0;
    if (reliable || chunk.count > 0) {
        const struct msock__pace *pace =
            has_own_pace(engine, stream) ? &engine->piece_pace : &engine->pace;
        due_us = msock__pace_deadline(pace, wire_size(engine, &chunk));
    }
    return reliable ? msock__most(due_us, engine->room_us) : due_us;
}

uint64_t msock__engine_tx_deadline(const struct msock__engine *engine)
{
    if (engine->slots.used > 0) {
        return UINT64_MAX;
    }
    uint64_t due_us = msock__least(data_deadline(engine, MSOCK__BEST_EFFORT),
                                   data_deadline(engine, MSOCK__RELIABLE));
    if (!engine->config.raw) {
        uint64_t history_us = msock__history_deadline(engine->history);
        if (history_us == 0) {
            history_us =
                repairs_share(engine)
                    ? msock__pace_repair_deadline(&engine->pace,
                                                  engine->frame_size)
                    : msock__pace_deadline(&engine->pace, engine->frame_size);
        }
        due_us = msock__least(due_us, history_us);
        due_us = msock__least(due_us, msock__copies_deadline(&engine->copies));
        due_us = msock__least(due_us, msock__engine_control_deadline(engine));
    }
    return msock__most(due_us, engine->slots.again_us);
}

bool msock__engine_sent_all(const struct msock__engine *engine)
{
    return engine->slots.used == 0 &&
           !engine->outboxes[MSOCK__BEST_EFFORT].head &&
           !engine->outboxes[MSOCK__RELIABLE].head &&
           engine->copies.bytes == 0 && !engine->post.first &&
           !msock__post_arrived(&engine->post);
}
