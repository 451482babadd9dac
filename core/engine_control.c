/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages (docs/protocol.md 6 and 7): what is due is written, what is
 * received is understood. */
#include "codec/envelope.h"
#include "core/engine_ask.h"
#include "core/engine_confirm.h"
#include "core/engine_flow.h"
#include "core/engine_identity.h"
#include "core/engine_profile.h"
#include "core/engine_push.h"
#include "core/engine_stream.h"
#include "core/engine_tell.h"
#include "core/number.h"
#include "core/topic.h"

#include <assert.h>
#include <string.h>

enum {
    OLD_CONTROL_US = 5000000, /* a control frame of this age is suspicious */
    OLD_CONTROL_MAX = 3       /* so many in a row are too many */
};

/* -- Receiving -- */

/* A control message on its way through the handlers. */
struct heard {
    const struct msock__origin *origin; /* its session NULL: not admitted */
    const struct msock__frame *frame;
    const struct msock__envelope *envelope;
    struct msock__control control;
    uint64_t stamp_us; /* of its frame */
    bool old;          /* somebody held it back */
};

static void on_challenge(struct msock__engine *engine,
                         const struct heard *heard)
{
    const struct msock__control *control = &heard->control;
    uint64_t now_us = heard->origin->now_us;
    uint64_t self = msock__session_short(engine->session);
    bool named = false;
    for (size_t i = 0; i < control->count; i++) {
        named |= control->sessions[i] == self;
    }
    if (!named || !engine->admission) {
        return;
    }
    uint64_t up_us = control->up_ms * 1000;
    /* Who names a session has heard of it. */
    uint64_t arrived_us = engine->arrived_us > engine->began_us
                              ? engine->arrived_us
                              : engine->began_us;
    uint64_t at_us = arrived_us > up_us ? arrived_us - up_us : 0;
    struct msock__floor floor = {
        .best_effort = 1, .reliable = 1, .nonce = control->nonce};
    if (engine->began_us < at_us) {
        floor.best_effort =
            msock__sendtimes_floor(engine->times[MSOCK__BEST_EFFORT], at_us);
        floor.reliable =
            msock__sendtimes_floor(engine->times[MSOCK__RELIABLE], at_us);
    }
    msock__answers_add(engine->answers, now_us, &floor,
                       heard->origin->session != NULL);
    msock__announce_asked(&engine->announce, now_us);
}

static void on_answer(struct msock__engine *engine, const struct heard *heard)
{
    uint64_t now_us = heard->origin->now_us;
    struct msock__session *session = heard->origin->session;
    uint64_t nonces[2];
    struct msock__floor floor;
    if (!engine->admission || engine->closing) {
        return;
    }
    msock__admission_nonces(engine->admission, engine->arrived_us, nonces);
    if (msock__control_floor(heard->envelope, nonces, &floor) <= 0) {
        return;
    }
    if (session) {
        /* Asked again: only the clock is set anew. */
        msock__age_set(&session->age, engine->arrived_us, heard->stamp_us);
        struct msock__held *held =
            msock__admission_take(engine->admission, session->id);
        assert(!held); /* frames of a session that is believed do not wait */
        (void)held;
    } else {
        int wrong = msock__engine_answerer(engine, now_us, heard->frame,
                                           heard->envelope);
        if (wrong) {
            msock__engine_drop(engine, now_us, wrong, 1);
            return;
        }
        struct msock__origin origin = *heard->origin;
        origin.stamp_us = heard->stamp_us;
        session = msock__engine_admit(engine, &origin, heard->frame, &floor,
                                      heard->envelope);
    }
    if (session && !engine->closing) {
        msock__engine_stream_range(engine, now_us, session, heard->stamp_us,
                                   heard->control.held);
    }
}

static void on_hello(struct msock__engine *engine, const struct heard *heard)
{
    struct msock__session *session = heard->origin->session;
    uint64_t now_us = heard->origin->now_us;
    if (session->bye_us > 0 && heard->stamp_us <= session->bye_stamp_us) {
        return; /* overtaken on the way */
    }
    msock__engine_session_promised(engine, now_us, session,
                                   heard->control.every_ms * 1000);
    msock__engine_profile_heard(engine, now_us, session, &heard->control);
    msock__engine_stream_range(engine, now_us, session, heard->stamp_us,
                               heard->control.held);
}

static void on_bye(struct msock__engine *engine, const struct heard *heard)
{
    struct msock__session *session = heard->origin->session;
    uint64_t now_us = heard->origin->now_us;
    if (session->bye_us == 0) {
        session->bye_us = now_us;
        session->bye_stamp_us = heard->stamp_us;
    }
    msock__engine_session_down(engine, now_us, session);
    msock__engine_stream_range(engine, now_us, session, heard->stamp_us,
                               heard->control.held);
}

static void on_query(struct msock__engine *engine, const struct heard *heard)
{
    uint64_t now_us = heard->origin->now_us;
    if (heard->control.asks_values) {
        msock__engine_tell_asked(engine, now_us, heard->origin->session,
                                 &heard->control);
    } else {
        msock__engine_query_heard(engine, now_us, &heard->control);
    }
}

static void handle(struct msock__engine *engine, const struct heard *heard)
{
    struct msock__session *session = heard->origin->session;
    switch (heard->control.kind) {
    case MSOCK__CHALLENGE:
        on_challenge(engine, heard);
        return;
    case MSOCK__ANSWER:
        on_answer(engine, heard);
        return;
    case MSOCK__NACK:
        msock__engine_stream_asked(engine, heard->origin->now_us, session,
                                   &heard->control);
        return;
    case MSOCK__HELLO:
    case MSOCK__BYE:
    case MSOCK__SYNC:
    case MSOCK__TAKE:
    case MSOCK__QUERY:
    case MSOCK__RING:
    case MSOCK__HELD:
    case MSOCK__ACK:
    case MSOCK__CONTROL_UNKNOWN:
        break;
    }
    if (!session || heard->old || engine->closing) {
        return; /* not to be believed, or of no use any more */
    }
    if (heard->control.kind == MSOCK__HELLO) {
        on_hello(engine, heard);
    } else if (heard->control.kind == MSOCK__BYE) {
        on_bye(engine, heard);
    } else if (heard->control.kind == MSOCK__QUERY) {
        on_query(engine, heard);
    } else if (heard->control.kind == MSOCK__HELD) {
        msock__engine_ask_held(engine, heard->origin->now_us, session,
                               &heard->control);
    } else if (heard->control.kind == MSOCK__RING) {
        msock__engine_pushed(engine, heard->origin->now_us, session,
                             heard->frame, &heard->control.pushed);
    } else if (heard->control.kind == MSOCK__SYNC) {
        msock__engine_acts_asked(engine, heard->origin->now_us, session,
                                 &heard->control);
        msock__engine_stream_range(engine, heard->origin->now_us, session,
                                   heard->stamp_us, heard->control.held);
    } else if (heard->control.kind == MSOCK__TAKE) {
        msock__engine_flow_heard(engine, heard->origin->now_us, session,
                                 &heard->control);
    } else if (heard->control.kind == MSOCK__ACK) {
        msock__engine_ack(engine, heard->origin->now_us, session,
                          &heard->control);
    }
}

/* Old control frames are held back by somebody, or the offset is wrong: after
 * some in a row the session is asked again. Returns whether this one is old. */
static bool doubt(struct msock__engine *engine, uint64_t now_us,
                  struct msock__session *session, uint64_t stamp_us)
{
    bool old = msock__age_of(&session->age, engine->arrived_us, stamp_us) >
               OLD_CONTROL_US;
    session->old_control = old ? session->old_control + 1 : 0;
    if (session->old_control >= OLD_CONTROL_MAX ||
        msock__age_stale(&session->age, now_us)) {
        session->old_control = 0;
        size_t lost = 0;
        (void)msock__admission_hear(engine->admission, now_us, &engine->dice,
                                    msock__engine_nodes(engine), session->id,
                                    &lost);
        if (lost > 0) {
            msock__engine_drop(engine, now_us, MSOCK_DROP_PENDING, lost);
        }
    }
    return old;
}

static int decode(struct msock__engine *engine,
                  const struct msock__origin *origin,
                  const struct msock__body *body,
                  struct msock__envelope *envelope)
{
    size_t used = 0;
    int wrong = msock__envelope_decode(
        (char *)body->bytes, body->size, false, origin->session_short,
        (size_t)engine->config.head_max, envelope, &used);
    if (!wrong && used != body->size) {
        wrong = MSOCK_DROP_BODY;
    }
    if (!wrong &&
        !msock__topic_reserved(envelope->topic, envelope->topic_size)) {
        wrong = MSOCK_DROP_CONTROL;
    }
    if (!wrong && origin->session &&
        !msock__sessions_bind(engine->sessions, origin->session,
                              envelope->sender, envelope->sender_size)) {
        wrong = MSOCK_DROP_SENDER;
    }
    return wrong;
}

void msock__engine_control_frame(struct msock__engine *engine,
                                 const struct msock__origin *origin,
                                 const struct msock__frame *frame,
                                 const struct msock__body *body)
{
    struct msock__envelope envelope;
    struct heard heard = {.origin = origin,
                          .frame = frame,
                          .envelope = &envelope,
                          .stamp_us = body->sent_us};
    struct msock__session *session = origin->session;
    if (session) {
        /* Whatever it says: who has a name has a clock. */
        msock__engine_clock(session, engine->arrived_us, body->sent_us);
    }
    int wrong = decode(engine, origin, body, &envelope);
    if (!wrong) {
        wrong = msock__control_decode(&envelope, &heard.control);
    }
    if (wrong) {
        msock__engine_drop(engine, origin->now_us, wrong, 1);
        return;
    }
    msock__stats_add(&engine->stats, MSOCK_RX_CONTROL, 1);
    if (session) {
        heard.old = engine->admission &&
                    doubt(engine, origin->now_us, session, body->sent_us);
    }
    if (session && !heard.old) {
        msock__engine_session_alive(engine, origin->now_us, session);
    }
    handle(engine, &heard);
}

/* -- Sending -- */

static bool due_challenge(struct msock__engine *engine, uint64_t now_us,
                          struct msock__control *control)
{
    return !engine->closing &&
           msock__admission_challenge(engine->admission, now_us, &engine->dice,
                                      msock__engine_nodes(engine), control) > 0;
}

static bool due_answer(struct msock__engine *engine, uint64_t now_us,
                       struct msock__control *control)
{
    control->kind = MSOCK__ANSWER;
    control->age_ms = (now_us - engine->began_us) / 1000;
    control->held = msock__history_range(engine->history);
    control->count = msock__answers_take(engine->answers, now_us,
                                         control->floors, MSOCK__ANSWER_MAX);
    return control->count > 0;
}

static bool due_nack(struct msock__engine *engine, uint64_t now_us,
                     struct msock__control *control)
{
    return !engine->closing && engine->gapped &&
           msock__engine_stream_nack_deadline(engine) <= now_us &&
           msock__engine_stream_nack(engine, now_us, control);
}

static bool due_take(struct msock__engine *engine, uint64_t now_us,
                     struct msock__control *control)
{
    return !engine->closing && engine->speaking &&
           msock__engine_flow_due(engine, now_us, control);
}

static bool due_announcement(struct msock__engine *engine, uint64_t now_us,
                             struct msock__control *control)
{
    control->held = msock__history_range(engine->history);
    control->best_effort_last = engine->counters[MSOCK__BEST_EFFORT];
    if (msock__sync_due(&engine->sync, now_us)) {
        control->kind = MSOCK__SYNC;
        return true;
    }
    if (msock__announce_bye_due(&engine->announce, now_us)) {
        control->kind = MSOCK__BYE;
        return true;
    }
    enum msock__hello due = msock__engine_hello_due(engine, now_us);
    if (due != MSOCK__HELLO_NONE) {
        control->kind = MSOCK__HELLO;
        control->full = due == MSOCK__HELLO_FULL;
        control->revision = engine->profile.revision;
        control->age_ms = (now_us - engine->began_us) / 1000;
        control->every_ms =
            msock__announce_every_ms(msock__engine_nodes(engine));
        return true;
    }
    return false;
}

static bool due_push(struct msock__engine *engine, uint64_t now_us,
                     struct msock__control *control)
{
    const struct msock__pushed *pushed = msock__push_due(&engine->push, now_us);
    if (!pushed) {
        return false;
    }
    control->kind = MSOCK__RING;
    control->pushed = *pushed;
    return true;
}

static bool due_held(struct msock__engine *engine, uint64_t now_us,
                     struct msock__control *control)
{
    return !engine->closing && msock__tell_held(&engine->tell, now_us, control);
}

static bool next_control(struct msock__engine *engine, uint64_t now_us,
                         struct msock__control *control)
{
    if (engine->admission && (due_answer(engine, now_us, control) ||
                              due_challenge(engine, now_us, control))) {
        return true;
    }
    return due_nack(engine, now_us, control) ||
           due_take(engine, now_us, control) ||
           msock__engine_confirm_due(engine, now_us, control) ||
           due_announcement(engine, now_us, control) ||
           due_push(engine, now_us, control) ||
           due_held(engine, now_us, control) ||
           msock__engine_query(engine, now_us, control) ||
           msock__engine_ask(engine, now_us, control);
}

/* Notes that a control message left in a frame of `size` bytes, with the first
 * `used` items of its list. */
static void note_sent(struct msock__engine *engine, uint64_t now_us,
                      const struct msock__control *control, size_t used,
                      size_t size)
{
    switch (control->kind) {
    case MSOCK__ANSWER:
        msock__answers_return(engine->answers, control->floors + used,
                              control->count - used);
        msock__answers_sent(engine->answers, now_us, size);
        msock__ask_believed(&engine->ask, now_us);
        msock__announce_pull(&engine->announce, now_us, &engine->dice,
                             msock__engine_nodes(engine));
        break;
    case MSOCK__CHALLENGE:
        msock__admission_return(engine->admission, control, used);
        msock__admission_sent(engine->admission, now_us, size);
        break;
    case MSOCK__NACK:
        msock__engine_stream_nacked(engine, now_us, control, used);
        msock__stats_add(&engine->stats, MSOCK_TX_NACKS, 1);
        break;
    case MSOCK__SYNC:
        msock__sync_take(&engine->sync, now_us);
        msock__confirms_asked(&engine->acting.confirms, now_us, control, used);
        break;
    case MSOCK__BYE:
        msock__announce_bye_sent(&engine->announce, now_us);
        break;
    case MSOCK__HELLO:
        msock__announce_hello_sent(&engine->announce, now_us, &engine->dice,
                                   msock__engine_nodes(engine),
                                   control->full ? MSOCK__HELLO_FULL
                                                 : MSOCK__HELLO_SHORT,
                                   control->about.parts, size);
        break;
    case MSOCK__QUERY:
        if (control->asks_values) {
            msock__engine_ask_sent(engine, now_us, used, size);
        } else {
            msock__engine_query_sent(engine, now_us, control, used, size);
        }
        break;
    case MSOCK__RING:
        msock__push_sent(&engine->push, now_us);
        break;
    case MSOCK__HELD:
        msock__tell_held_sent(&engine->tell, control);
        break;
    case MSOCK__ACK:
        msock__acts_acked(&engine->acting.list, control, used);
        break;
    case MSOCK__TAKE: /* counted when it was written */
    case MSOCK__CONTROL_UNKNOWN:
        break;
    }
    msock__stats_add(&engine->stats, MSOCK_TX_CONTROL, 1);
}

size_t msock__engine_control_write(struct msock__engine *engine,
                                   uint64_t now_us, char *out, size_t capacity)
{
    struct msock__control control;
    memset(&control, 0, sizeof(control));
    if (!next_control(engine, now_us, &control)) {
        return 0;
    }
    if (control.full) {
        msock__profile_part(&engine->profile, engine->config.name, capacity,
                            engine->announce.part, &control);
    }
    size_t used = 0;
    size_t size = msock__control_encode(&control, engine->config.name, out,
                                        capacity, &used);
    while (size == 0 && control.asks_values) {
        msock__engine_ask_narrow(engine, now_us, &control);
        size = msock__control_encode(&control, engine->config.name, out,
                                     capacity, &used);
    }
    /* The smallest frame holds any name and one item. */
    assert(size > 0);
    size_t around = MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE +
                    msock__pipeline_overhead(&engine->pipeline);
    note_sent(engine, now_us, &control, used, around + size);
    return size;
}

uint64_t msock__engine_control_deadline(const struct msock__engine *engine)
{
    uint64_t due_us[] = {
        msock__announce_deadline(&engine->announce),
        msock__sync_deadline(&engine->sync),
        msock__push_deadline(&engine->push),
        msock__engine_confirm_control_deadline(engine),
        engine->closing ? UINT64_MAX : msock__engine_query_deadline(engine),
        engine->closing ? UINT64_MAX : msock__engine_ask_deadline(engine),
        engine->closing ? UINT64_MAX : msock__tell_held_deadline(&engine->tell),
        engine->admission && !engine->closing
            ? msock__admission_deadline(engine->admission)
            : UINT64_MAX,
        engine->answers ? msock__answers_deadline(engine->answers) : UINT64_MAX,
        engine->closing ? UINT64_MAX
                        : msock__engine_stream_nack_deadline(engine),
        engine->closing ? UINT64_MAX : msock__engine_flow_deadline(engine),
    };
    uint64_t first_us = UINT64_MAX;
    for (size_t i = 0; i < sizeof(due_us) / sizeof(due_us[0]); i++) {
        first_us = msock__least(first_us, due_us[i]);
    }
    return first_us;
}
