/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's receiving half up to the mark: the order of work on a datagram
 * (docs/protocol.md 9), and whom to believe (6). Whatever is wrong is one drop
 * under its reason and changes nothing else. */
#include "core/engine.h"
#include "core/engine_identity.h"
#include "core/engine_stream.h"
#include "core/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a session's rhythm before its first hello. */
static const uint64_t every_unknown_us = 10000000;

/* A session that was heard this lately may still have frames on their way when
 * it is forgotten. */
static const uint64_t eviction_memory_us = 20000000;

/* What lay unread for longer has more behind it. */
static const uint64_t backlog_us = 100000;

/* -- Sessions -- */

void msock__engine_session_forget(void *owner, struct msock__session *session)
{
    struct msock__engine *engine = owner;
    /* Not the driver's clock: what comes after in this turn has the turn's. */
    uint64_t now_us = engine->forget_us;
    msock__engine_session_down(engine, now_us, session);
    msock__engine_stream_end(engine, now_us, session);
    size_t lost = msock__fragments_forget(engine->fragments, session->slot);
    if (lost > 0) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_PIECE_LATE, lost);
    }
    msock__engine_stream_forget(engine, session);
    msock__roster_forget(&engine->roster, &session->entry);
    msock__stats_add(&engine->stats, MSOCK_SESSIONS_EVICTED, !session->over);
    if (engine->admission && now_us - session->heard_us < eviction_memory_us) {
        /* Eviction never reopens trust. */
        msock__engine_remark(engine, now_us);
    }
}

/* Whether a session may take its place. One without an entry takes none of
 * those who were heard lately, as it would move the mark: a crowd of them could
 * do so time after time, and no answer would be believed. */
static bool has_place(const struct msock__engine *engine,
                      const struct msock__trusted *trusted, uint64_t now_us)
{
    const struct msock__session *victim =
        msock__sessions_victim(engine->sessions);
    return !victim || trusted || !engine->trust ||
           (!victim->trusted &&
            now_us - victim->heard_us >= eviction_memory_us);
}

static struct msock__session *add_session(struct msock__engine *engine,
                                          const uint8_t *id, uint64_t now_us)
{
    engine->forget_us = now_us;
    struct msock__session *session = msock__sessions_add(engine->sessions, id);
    if (session) {
        session->every_us = every_unknown_us;
        msock__stats_add(&engine->stats, MSOCK_SESSIONS, 1);
        msock__sessions_touch(engine->sessions, session, engine->arrived_us);
    }
    return session;
}

static struct msock__origin origin_of(struct msock__session *session,
                                      const struct msock__frame *frame,
                                      uint64_t now_us)
{
    return (struct msock__origin){
        .session = session,
        .session_short = msock__session_short(frame->session),
        .sequence = frame->stream == MSOCK__CONTROL ? 0 : frame->counter,
        .now_us = now_us,
        .stamp_us = 0,
        .sent_us = now_us,
        .newest = UINT64_MAX,
        .flags = (frame->flags & MSOCK__SEALED ? MSOCK_MESSAGE_SEALED : 0) |
                 (frame->flags & MSOCK__SIGNED ? MSOCK_MESSAGE_SIGNED : 0),
    };
}

/* -- Streams -- */

static void take_piece(struct msock__engine *engine,
                       const struct msock__origin *origin, uint64_t counter,
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
        msock__engine_drop(engine, origin->now_us, -code, 1);
    } else if (code > 0) {
        struct msock__origin whole = *origin;
        whole.stamp_us = message.sent_us;
        whole.sent_us = msock__age_local(&origin->session->age, origin->now_us,
                                         message.sent_us);
        msock__engine_message(engine, &whole, message.bytes, message.size,
                              true);
        free(message.bytes);
    }
}

void msock__engine_clock(struct msock__session *session, uint64_t received_us,
                         uint64_t sent_us)
{
    /* What was held arrived before the answer that set the clock. */
    if (received_us >= session->age.set_us) {
        msock__age_hear(&session->age, received_us, sent_us);
    }
}

/* A best-effort body that was marked: `received_us` is when it arrived. */
static void take_best_effort(struct msock__engine *engine,
                             struct msock__origin *origin, uint64_t counter,
                             uint64_t received_us,
                             const struct msock__body *body)
{
    struct msock__session *session = origin->session;
    msock__engine_clock(session, received_us, body->sent_us);
    origin->stamp_us = body->sent_us;
    origin->sent_us =
        msock__age_local(&session->age, origin->now_us, body->sent_us);
    uint64_t age_us = msock__age_of(&session->age, received_us, body->sent_us);
    if (engine->admission && age_us > engine->config.late_ms * 1000) {
        msock__engine_drop(engine, origin->now_us, MSOCK_DROP_LATE, 1);
        return;
    }
    msock__engine_session_alive(engine, origin->now_us, session);
    if (body->count > 0) {
        take_piece(engine, origin, counter, body);
    } else {
        msock__engine_batch(engine, origin, body);
    }
}

/* A plain frame of a session that is believed, new to its stream. */
static void take_body(struct msock__engine *engine,
                      struct msock__origin *origin,
                      const struct msock__frame *frame, uint64_t received_us,
                      uint8_t *bytes, size_t size)
{
    struct msock__session *session = origin->session;
    if (frame->stream == MSOCK__RELIABLE) {
        origin->flags |= MSOCK_MESSAGE_RELIABLE;
        msock__engine_stream_frame(engine, origin, frame, received_us, bytes,
                                   size);
        return;
    }
    bool control = frame->stream == MSOCK__CONTROL;
    msock__window_mark(control ? &session->control : &session->best_effort,
                       frame->counter);
    struct msock__body body;
    int wrong = msock__body_decode(bytes, size, frame->flags, &body);
    if (!wrong && control && body.count > 0) {
        wrong = MSOCK_DROP_CONTROL;
    }
    if (wrong) {
        msock__engine_drop(engine, origin->now_us, wrong, 1);
    } else if (control) {
        msock__engine_control_frame(engine, origin, frame, &body);
    } else {
        take_best_effort(engine, origin, frame->counter, received_us, &body);
    }
}

void msock__engine_take(struct msock__engine *engine, uint64_t now_us,
                        struct msock__session *session,
                        struct msock__plain *plain)
{
    int wrong =
        engine->trust ? msock__engine_identify(engine, session, plain) : 0;
    if (wrong == 0) {
        msock__engine_take_identified(engine, now_us, session, plain);
    } else if (wrong > 0) {
        msock__engine_share_refuse(engine, session, plain->first);
        msock__engine_drop(engine, now_us, wrong, 1);
    }
}

void msock__engine_take_identified(struct msock__engine *engine,
                                   uint64_t now_us,
                                   struct msock__session *session,
                                   struct msock__plain *plain)
{
    struct msock__origin origin = origin_of(session, &plain->frame, now_us);
    session->key_id = plain->frame.key_id;
    session->from = plain->from;
    msock__engine_share_charge(engine, session, plain);
    take_body(engine, &origin, &plain->frame, plain->received_us, plain->bytes,
              plain->size);
}

/* -- Admission -- */

/* Frames that waited for their session's admission, in order; `session` is NULL
 * if there was no memory for it. A callback may close the channel. */
static void take_held(struct msock__engine *engine,
                      struct msock__session *session, struct msock__held *held,
                      uint64_t now_us)
{
    while (held) {
        struct msock__held *next = held->next;
        struct msock__plain plain = {
            .frame = {.flags = held->flags,
                      .stream = held->stream,
                      .key_id = held->key_id,
                      .counter = held->counter},
            .received_us = held->received_us,
            .bytes = held->bytes,
            .size = held->size,
        };
        plain.size -= held->flags & MSOCK__SIGNED ? MSOCK__SIGNATURE_SIZE : 0;
        int known = MSOCK_DROP_PENDING;
        if (session && !engine->closing) {
            memcpy(plain.frame.session, session->id, sizeof(session->id));
            plain.from = session->from;
            known = msock__engine_stream_check(session, &plain.frame);
        }
        if (known == MSOCK_DROP_DUPLICATE) {
            /* Not seen before: it was sent before the floor, as happens where
             * several nodes start at once. */
            msock__engine_drop_quietly(engine, MSOCK_DROP_OLD, 1);
        } else if (known) {
            msock__engine_drop(engine, now_us, known, 1);
        } else {
            msock__engine_take(engine, now_us, session, &plain);
        }
        free(held);
        held = next;
    }
}

struct msock__session *msock__engine_admit(
    struct msock__engine *engine, const struct msock__origin *origin,
    const struct msock__frame *frame, const struct msock__floor *floor,
    const struct msock__envelope *envelope)
{
    uint64_t now_us = origin->now_us;
    const struct msock__trusted *trusted =
        msock__engine_entry(engine, envelope->sender, envelope->sender_size);
    /* Before somebody has to go for it, which may move the mark. */
    struct msock__held *held =
        msock__admission_take(engine->admission, frame->session);
    struct msock__session *session =
        has_place(engine, trusted, now_us)
            ? add_session(engine, frame->session, now_us)
            : NULL;
    if (session) {
        (void)msock__sessions_bind(engine->sessions, session, envelope->sender,
                                   envelope->sender_size);
        session->trusted = trusted;
        msock__window_init(&session->best_effort, floor->best_effort);
        msock__window_init(&session->control, frame->counter);
        msock__window_mark(&session->control, frame->counter);
        session->reliable_floor = floor->reliable;
        session->key_id = frame->key_id;
        session->from = engine->from;
        msock__age_set(&session->age, engine->arrived_us, origin->stamp_us);
        msock__engine_session_up(engine, now_us, session);
    } else {
        msock__engine_drop(engine, now_us, MSOCK_DROP_SESSION_LIMIT, 1);
    }
    take_held(engine, session, held, now_us);
    return session;
}

/* An authentic frame of a session that is not admitted. */
static void take_pending(struct msock__engine *engine,
                         struct msock__packet *packet, uint64_t now_us)
{
    const struct msock__frame *frame = &packet->frame;
    uint8_t *bytes = packet->bytes + MSOCK__HEADER_SIZE;
    size_t size = packet->size - MSOCK__HEADER_SIZE;
    size_t lost = 0;
    int wrong = 0;
    bool pending = msock__admission_hear(
        engine->admission, now_us, &engine->dice, msock__engine_nodes(engine),
        frame->session, &lost);
    msock__engine_drop(engine, now_us, MSOCK_DROP_PENDING, lost);
    if (frame->stream == MSOCK__CONTROL) {
        struct msock__origin origin = origin_of(NULL, frame, now_us);
        struct msock__body body;
        wrong = msock__body_decode(bytes, size, frame->flags, &body);
        wrong = !wrong && body.count > 0 ? MSOCK_DROP_CONTROL : wrong;
        if (!wrong) {
            if (engine->trust) {
                msock__engine_stranger_text(engine, packet);
            }
            msock__engine_control_frame(engine, &origin, frame, &body);
        }
    } else if (pending) {
        lost = 0;
        /* With its signature: it is looked at when there is a name. */
        size += frame->flags & MSOCK__SIGNED ? MSOCK__SIGNATURE_SIZE : 0;
        wrong = msock__admission_hold(engine->admission, engine->arrived_us,
                                      frame, bytes, size, &lost);
        msock__engine_drop(engine, now_us, MSOCK_DROP_PENDING, lost);
    } else {
        wrong = MSOCK_DROP_PENDING;
    }
    if (wrong) {
        msock__engine_drop(engine, now_us, wrong, 1);
    }
}

/* -- Frames -- */

static bool is_own(const struct msock__engine *engine,
                   const struct msock__frame *frame)
{
    return memcmp(frame->session, engine->session, MSOCK__SESSION_SIZE) == 0;
}

/* What the header alone decides.  Returns 0 or the drop counter. */
static int check_header(const struct msock__engine *engine,
                        const struct msock__frame *frame)
{
    if (is_own(engine, frame)) {
        if (frame->counter <= engine->counters[frame->stream]) {
            return MSOCK_DROP_OWN;
        }
        if (!msock__pipeline_sealed(&engine->pipeline)) {
            return MSOCK_DROP_OWN_AHEAD;
        }
    }
    return msock__pipeline_admit(&engine->pipeline, frame);
}

/* Everything up to the mark.  Returns 0, the packet being plain, or the drop
 * counter. *session is NULL if it is not known. */
static int open_frame(struct msock__engine *engine,
                      struct msock__packet *packet,
                      struct msock__session **session)
{
    struct msock__frame *frame = &packet->frame;
    int wrong = msock__frame_decode(packet->bytes, packet->size, frame);
    if (!wrong) {
        wrong = check_header(engine, frame);
    }
    if (wrong) {
        return wrong;
    }
    *session = msock__sessions_find(engine->sessions, frame->session);
    if (*session) {
        wrong = msock__engine_stream_check(*session, frame);
        if (!wrong && msock__share_over(&engine->share, &(*session)->portion)) {
            wrong = MSOCK_DROP_SHARE;
        }
    }
    wrong = wrong ? wrong : msock__pipeline_decode(&engine->pipeline, packet);
    if (!engine->trust && !is_own(engine, frame)) {
        /* Nobody's key is known: what is signed is as good as what is not. */
        frame->flags &= (uint8_t)~MSOCK__SIGNED;
    }
    return wrong;
}

/* A frame of one's own session that one has not sent. */
static void take_own(struct msock__engine *engine, uint64_t now_us,
                     const struct msock__packet *packet)
{
    int wrong = msock__engine_own(engine, packet);
    if (wrong) {
        msock__engine_drop(engine, now_us, wrong, 1);
        return;
    }
    /* Authentic, and never sent: the machine was cloned. */
    msock__engine_drop(engine, now_us, MSOCK_DROP_OWN_AHEAD, 1);
    msock__engine_redraw(engine, now_us, true);
}

static void take_frame(struct msock__engine *engine, uint64_t now_us,
                       const struct msock__datagram *datagram)
{
    struct msock__packet packet = {.bytes = datagram->bytes,
                                   .size = datagram->size,
                                   .capacity = datagram->size};
    const struct msock__frame *frame = &packet.frame;
    struct msock__session *session = NULL;
    int wrong = open_frame(engine, &packet, &session);
    if (wrong) {
        msock__engine_share_refuse(engine, session, datagram->first);
        msock__engine_drop(engine, now_us, wrong, 1);
        return;
    }
    if (is_own(engine, frame)) {
        take_own(engine, now_us, &packet);
        return;
    }
    if (!session && engine->admission) {
        take_pending(engine, &packet, now_us);
        return;
    }
    if (!session) {
        session = add_session(engine, frame->session, now_us);
    }
    if (!session) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_SESSION_LIMIT, 1);
        return;
    }
    struct msock__plain plain = {.frame = *frame,
                                 .received_us = engine->arrived_us,
                                 .from = engine->from,
                                 .bytes = packet.bytes + MSOCK__HEADER_SIZE,
                                 .size = packet.size - MSOCK__HEADER_SIZE,
                                 .charge_size = datagram->size,
                                 .first = datagram->first};
    msock__engine_take(engine, now_us, session, &plain);
}

/* -- Unframed datagrams -- */

static void take_bare(struct msock__engine *engine, uint64_t now_us,
                      const struct msock__datagram *datagram)
{
    if (msock__pipeline_sealed(&engine->pipeline)) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_OPEN, 1);
        return;
    }
    struct msock__origin origin = {.now_us = now_us,
                                   .sent_us = now_us,
                                   .newest = UINT64_MAX,
                                   .flags = MSOCK_MESSAGE_BARE};
    msock__engine_message(engine, &origin, datagram->bytes, datagram->size,
                          true);
}

/* codec=raw: one datagram, one payload. */
static void take_raw(struct msock__engine *engine, uint64_t now_us,
                     const struct msock__datagram *datagram)
{
    if (datagram->own) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_OWN, 1);
    } else if (datagram->size > engine->config.message_max) {
        msock__engine_drop(engine, now_us, MSOCK_DROP_TOO_BIG, 1);
    } else {
        struct msock__origin origin = {
            .now_us = now_us, .sent_us = now_us, .newest = UINT64_MAX};
        msock__stats_add(&engine->stats, MSOCK_RX_MESSAGES, 1);
        msock__engine_payload(engine, &origin, datagram->bytes, datagram->size,
                              datagram->from ? datagram->from : "");
    }
}

/* Nothing comes to a channel before it opened. */
static void note_arrival(struct msock__engine *engine, uint64_t now_us,
                         const struct msock__datagram *datagram)
{
    uint64_t waited_us = datagram->waited_us;
    engine->from = (struct msock__address){.port = datagram->port};
    if (datagram->source) {
        memcpy(engine->from.host, datagram->source, sizeof(engine->from.host));
    }
    uint64_t longest_us = now_us - engine->opened_us;
    engine->arrived_us = now_us - msock__least(waited_us, longest_us);
    if (now_us - engine->arrived_us > backlog_us) {
        engine->seen_us = msock__least(engine->seen_us, engine->arrived_us);
    }
}

void msock__engine_input(struct msock__engine *engine, uint64_t now_us,
                         const struct msock__datagram *datagram)
{
    /* A channel that closes still answers who asks. */
    bool silent = engine->announce.ending && !engine->announce.lingers;
    if (engine->closing && (engine->config.raw || silent)) {
        return;
    }
    note_arrival(engine, now_us, datagram);
    msock__engine_trust_sweep(engine, now_us);
    msock__share_see(&engine->share, now_us);
    msock__stats_add(&engine->stats, MSOCK_RX_FRAMES, 1);
    msock__stats_add(&engine->stats, MSOCK_RX_BYTES, datagram->size);
    bool bare = datagram->size > 0 && datagram->bytes[0] == '{';
    if (engine->config.raw) {
        take_raw(engine, now_us, datagram);
    } else if (bare) {
        take_bare(engine, now_us, datagram);
    } else {
        take_frame(engine, now_us, datagram);
    }
}
