/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's receiving half: the order of work on a datagram
 * (docs/protocol.md 9), from header to callback. Whatever is wrong is one drop
 * under its reason and changes nothing else. */
#include "codec/envelope.h"
#include "core/engine.h"
#include "core/engine_state.h"
#include "core/topic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Where a message came from, while its bytes are taken apart. */
struct origin {
    struct msock__session *session; /* NULL: bare or local */
    uint64_t session_short;
    uint64_t now_us;
    uint64_t newest; /* subscription that hears it */
    unsigned flags;  /* msock_message_flags */
};

/* -- Messages -- */

static void hand_over(struct msock__engine *engine, uint64_t newest,
                      const msock_message *message)
{
    struct msock__dispatch_result result =
        msock__dispatch_run(engine->dispatch, engine->channel, message, newest);
    msock__stats_add(&engine->stats, MSOCK_DELIVERED, result.called);
    msock__stats_add(&engine->stats, MSOCK_REFUSED, result.refused);
}

static void deliver(struct msock__engine *engine, const struct origin *origin,
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
        .flags = origin->flags,
    };
    if (envelope->keys & MSOCK__KEY_LEN) {
        message.flags |= MSOCK_MESSAGE_RAW;
    } else if (!(envelope->keys & MSOCK__KEY_DATA)) {
        message.flags |= MSOCK_MESSAGE_EMPTY;
        message.data = "null";
        message.data_size = strlen(message.data);
    }
    hand_over(engine, origin->newest, &message);
}

/* A session speaks under one name: that of its first message. */
static bool sender_agrees(struct msock__session *session,
                          const struct msock__envelope *envelope)
{
    if (session->sender_size == 0) {
        assert(envelope->sender_size < sizeof(session->sender));
        memcpy(session->sender, envelope->sender, envelope->sender_size);
        session->sender_size = (uint8_t)envelope->sender_size;
    }
    return envelope->sender_size == session->sender_size &&
           memcmp(envelope->sender, session->sender, session->sender_size) == 0;
}

/* Drops that concern one well-formed message alone.  Returns 0 or the counter.
 */
static int check_message(const struct origin *origin,
                         const struct msock__envelope *envelope)
{
    if (origin->session && !sender_agrees(origin->session, envelope)) {
        return MSOCK_DROP_SENDER;
    }
    if (msock__topic_reserved(envelope->topic, envelope->topic_size)) {
        return MSOCK_DROP_RESERVED;
    }
    return 0;
}

/* Decodes one message at the start of the bytes and delivers it. `alone`: it
 * must be all of them.  Returns the bytes used, 0 if it was malformed. */
static size_t take_message(struct msock__engine *engine,
                           const struct origin *origin, uint8_t *bytes,
                           size_t size, bool alone)
{
    bool bare = (origin->flags & MSOCK_MESSAGE_BARE) != 0;
    struct msock__envelope envelope;
    size_t used = 0;
    int drop = msock__envelope_decode(
        (char *)bytes, size, bare, origin->session_short,
        (size_t)engine->config.head_max, &envelope, &used);
    if (!drop && used > engine->config.message_max) {
        drop = MSOCK_DROP_TOO_BIG;
    }
    if (!drop && alone && used != size) {
        drop = MSOCK_DROP_BODY;
    }
    if (drop) {
        msock__engine_drop(engine, origin->now_us, (enum msock_counter)drop, 1);
        return 0;
    }
    if (!(origin->flags & MSOCK_MESSAGE_LOCAL)) {
        msock__stats_add(&engine->stats, MSOCK_RX_MESSAGES, 1);
    }
    drop = check_message(origin, &envelope);
    if (drop) {
        msock__engine_drop(engine, origin->now_us, (enum msock_counter)drop, 1);
        return used;
    }

    /* A raw payload ends where the next message begins: lend it a NUL. */
    uint8_t behind = bytes[used];
    bytes[used] = '\0';
    deliver(engine, origin, &envelope);
    bytes[used] = behind;
    return used;
}

/* The messages before the first malformed one of a batch count. */
static void take_batch(struct msock__engine *engine,
                       const struct origin *origin,
                       const struct msock__body *body)
{
    size_t offset = 0;
    while (offset < body->size && !engine->closing) {
        size_t used = take_message(engine, origin, body->bytes + offset,
                                   body->size - offset, false);
        if (used == 0) {
            return;
        }
        offset += used;
    }
}

static void take_piece(struct msock__engine *engine,
                       const struct origin *origin, uint64_t counter,
                       const struct msock__body *body)
{
    struct msock__assembled message;
    size_t lost = 0;
    int code = msock__fragments_add(engine->fragments, origin->now_us,
                                    origin->session->slot, counter, body,
                                    &message, &lost);
    if (lost > 0) {
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_PIECE_LIMIT,
                           lost);
    }
    if (code < 0) {
        msock__engine_drop(engine, origin->now_us, (enum msock_counter)(-code),
                           1);
    } else if (code > 0) {
        take_message(engine, origin, message.bytes, message.size, true);
        free(message.bytes);
    }
}

/* -- Frames -- */

static struct msock__window *stream_window(struct msock__session *session,
                                           uint8_t stream)
{
    return stream == MSOCK__CONTROL ? &session->control : &session->best_effort;
}

/* What the header alone decides.  Returns 0 or the drop counter. */
static int check_header(const struct msock__engine *engine,
                        const struct msock__frame *frame)
{
    if (memcmp(frame->session, engine->session, MSOCK__SESSION_SIZE) == 0) {
        bool sent = frame->stream == MSOCK__BEST_EFFORT &&
                    frame->counter <= engine->counter;
        return sent ? MSOCK_DROP_OWN : MSOCK_DROP_OWN_AHEAD;
    }
    if (frame->stream == MSOCK__RELIABLE) {
        return MSOCK_DROP_STREAM;
    }
    return msock__pipeline_admit(&engine->pipeline, frame);
}

/* Seam: admission (docs/protocol.md 6) will stand between an authentic frame
 * and this; until then the frame itself admits its session. */
static struct msock__session *admit(struct msock__engine *engine,
                                    const struct msock__frame *frame,
                                    uint64_t now_us)
{
    bool full = msock__sessions_victim(engine->sessions) != NULL;
    struct msock__session *session =
        msock__sessions_add(engine->sessions, frame->session);
    if (!session) {
        return NULL;
    }
    msock__stats_add(&engine->stats, MSOCK_SESSIONS, 1);
    if (full) {
        /* The new session has the slot of the one that went. */
        size_t lost = msock__fragments_forget(engine->fragments, session->slot);
        msock__stats_add(&engine->stats, MSOCK_SESSIONS_EVICTED, 1);
        if (lost > 0) {
            msock__engine_drop(engine, now_us, MSOCK_DROP_PIECE_LATE, lost);
        }
    }
    return session;
}

static void take_body(struct msock__engine *engine, const struct origin *origin,
                      const struct msock__packet *packet)
{
    const struct msock__frame *frame = &packet->frame;
    if (frame->stream == MSOCK__CONTROL) {
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_CONTROL, 1);
        return;
    }
    struct msock__body body;
    int drop = msock__body_decode(packet->bytes + MSOCK__HEADER_SIZE,
                                  packet->size - MSOCK__HEADER_SIZE,
                                  frame->flags, &body);
    if (drop) {
        msock__engine_drop(engine, origin->now_us, (enum msock_counter)drop, 1);
    } else if (body.count > 0) {
        take_piece(engine, origin, frame->counter, &body);
    } else {
        take_batch(engine, origin, &body);
    }
}

/* Everything up to the mark.  Returns 0, the packet being plain and its session
 * known, or the drop counter. */
static int open_frame(struct msock__engine *engine,
                      struct msock__packet *packet, uint64_t now_us,
                      struct msock__session **session)
{
    struct msock__frame *frame = &packet->frame;
    int drop = msock__frame_decode(packet->bytes, packet->size, frame);
    if (!drop) {
        drop = check_header(engine, frame);
    }
    if (drop) {
        return drop;
    }
    *session = msock__sessions_find(engine->sessions, frame->session);
    if (*session) {
        drop = msock__window_check(stream_window(*session, frame->stream),
                                   frame->counter);
    }
    if (!drop) {
        drop = msock__pipeline_decode(&engine->pipeline, packet);
    }
    if (drop) {
        return drop;
    }
    if (!*session) {
        *session = admit(engine, frame, now_us);
    }
    return *session ? 0 : MSOCK_DROP_SESSION_LIMIT;
}

static void take_frame(struct msock__engine *engine, uint64_t now_us,
                       const struct msock__datagram *datagram)
{
    struct msock__packet packet = {.bytes = datagram->bytes,
                                   .size = datagram->size,
                                   .capacity = datagram->size};
    struct msock__session *session = NULL;
    int drop = open_frame(engine, &packet, now_us, &session);
    if (drop) {
        msock__engine_drop(engine, now_us, (enum msock_counter)drop, 1);
        return;
    }
    msock__sessions_touch(engine->sessions, session, now_us);
    msock__window_mark(stream_window(session, packet.frame.stream),
                       packet.frame.counter);
    struct origin origin = {
        .session = session,
        .session_short = msock__session_short(session->id),
        .now_us = now_us,
        .newest = UINT64_MAX,
        .flags = packet.frame.flags & MSOCK__SEALED ? MSOCK_MESSAGE_SEALED : 0,
    };
    take_body(engine, &origin, &packet);
}

/* -- Unframed datagrams -- */

static void take_bare(struct msock__engine *engine, uint64_t now_us,
                      const struct msock__datagram *datagram)
{
    if (msock__pipeline_sealed(&engine->pipeline)) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_OPEN, 1);
        return;
    }
    struct origin origin = {
        .now_us = now_us, .newest = UINT64_MAX, .flags = MSOCK_MESSAGE_BARE};
    take_message(engine, &origin, datagram->bytes, datagram->size, true);
}

/* codec=raw: one datagram, one payload. */
static void take_payload(struct msock__engine *engine, uint8_t *bytes,
                         size_t size, const char *sender, uint64_t newest,
                         unsigned flags)
{
    bytes[size] = '\0';
    msock_message message = {
        .topic = engine->config.topic,
        .topic_size = strlen(engine->config.topic),
        .sender = sender,
        .sender_size = strlen(sender),
        .data = (const char *)bytes,
        .data_size = size,
        .flags = flags | MSOCK_MESSAGE_RAW | MSOCK_MESSAGE_BARE,
    };
    hand_over(engine, newest, &message);
}

void msock__engine_local_message(struct msock__engine *engine,
                                 struct msock__local *local)
{
    if (local->payload) {
        take_payload(engine, local->bytes, local->size, engine->config.name,
                     local->newest, MSOCK_MESSAGE_LOCAL);
        return;
    }
    struct origin origin = {
        .session_short = msock__session_short(engine->session),
        .newest = local->newest,
        .flags = MSOCK_MESSAGE_LOCAL,
    };
    take_message(engine, &origin, local->bytes, local->size, true);
}

void msock__engine_input(struct msock__engine *engine, uint64_t now_us,
                         const struct msock__datagram *datagram)
{
    if (engine->closing) {
        return;
    }
    msock__stats_add(&engine->stats, MSOCK_RX_FRAMES, 1);
    msock__stats_add(&engine->stats, MSOCK_RX_BYTES, datagram->size);
    if (!engine->config.raw) {
        bool bare = datagram->size > 0 && datagram->bytes[0] == '{';
        if (bare) {
            take_bare(engine, now_us, datagram);
        } else {
            take_frame(engine, now_us, datagram);
        }
    } else if (datagram->own) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_OWN, 1);
    } else if (datagram->size > engine->config.message_max) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_TOO_BIG, 1);
    } else {
        msock__stats_add(&engine->stats, MSOCK_RX_MESSAGES, 1);
        take_payload(engine, datagram->bytes, datagram->size,
                     datagram->from ? datagram->from : "", UINT64_MAX, 0);
    }
}
