/* SPDX-License-Identifier: Apache-2.0 */
/* The codec against bytes that something else made. */
#include "codec/sign.h"
#include "tests/codec/vector_case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 2048, FRAME_MAX = 8192 };

/* -- Encoding -- */

static void copy_session(const cJSON *spec, struct msock__frame *frame)
{
    struct vector_bytes session = vector_hex(vector_get(spec, "session"));

    cr_assert(eq(sz, session.size, MSOCK__SESSION_SIZE));
    memcpy(frame->session, session.bytes, MSOCK__SESSION_SIZE);
    free(session.bytes);
}

static void add_messages(const cJSON *messages, struct msock__packet *packet)
{
    const cJSON *message;

    cJSON_ArrayForEach(message, messages)
    {
        uint8_t *raw;
        size_t head;
        struct msock__envelope e = vector_envelope(message, &raw);
        cr_assert(le(sz, packet->size + msock__envelope_bound(&e), FRAME_MAX));
        packet->size += msock__envelope_encode(
            &e, (char *)packet->bytes + packet->size, &head);
        free(raw);
    }
}

/* Makes one frame of a case's `send`. */
static void encode(const struct msock__pipeline *pipeline, const cJSON *spec,
                   bool signs, struct msock__packet *packet)
{
    const cJSON *piece = cJSON_GetObjectItemCaseSensitive(spec, "piece");
    struct msock__body body = {.sent_us = vector_number(spec, "sent")};

    packet->frame.stream = (uint8_t)vector_number(spec, "stream");
    packet->frame.counter = vector_number(spec, "counter");
    copy_session(spec, &packet->frame);
    if (piece != NULL) {
        body.index = (uint32_t)vector_number(spec, "index");
        body.count = (uint32_t)vector_number(spec, "count");
        packet->frame.flags = MSOCK__FRAGMENT;
    }
    packet->frame.flags |= signs ? MSOCK__SIGNED : 0;
    packet->size = MSOCK__HEADER_SIZE;
    packet->size += msock__body_encode(&body, packet->bytes + packet->size);
    if (piece != NULL) {
        struct vector_bytes bytes = vector_hex(piece);
        memcpy(packet->bytes + packet->size, bytes.bytes, bytes.size);
        packet->size += bytes.size;
        free(bytes.bytes);
    } else {
        add_messages(vector_get(spec, "messages"), packet);
    }
    msock__pipeline_encode(pipeline, packet);
}

static void expect_encoded(const cJSON *vector)
{
    const cJSON *frame = vector_get(vector, "frames")->child;
    struct msock__pipeline pipeline = vector_pipeline(vector);
    bool signs = cJSON_GetObjectItemCaseSensitive(vector, "id") != NULL;
    const cJSON *spec;

    cJSON_ArrayForEach(spec, cJSON_GetObjectItemCaseSensitive(vector, "send"))
    {
        static uint8_t bytes[FRAME_MAX];
        struct msock__packet packet = {.bytes = bytes, .capacity = FRAME_MAX};
        struct vector_bytes expected = vector_hex(frame);
        encode(&pipeline, spec, signs, &packet);
        cr_expect(eq(sz, packet.size, expected.size), "%s",
                  vector_text(vector, "name"));
        cr_expect(zero(int, memcmp(bytes, expected.bytes, expected.size)), "%s",
                  vector_text(vector, "name"));
        free(expected.bytes);
        frame = frame->next;
    }
    msock__pipeline_fini(&pipeline);
}

/* -- Decoding -- */

/* A receiver of one case: no windows, no sessions, pieces in order only. */
struct receiver {
    const char *name;
    struct msock__pipeline pipeline;
    const cJSON *expected; /* next message */
    int drops[MSOCK_COUNTER_COUNT];
    uint8_t assembly[FRAME_MAX];
    size_t assembly_size;
};

static void expect_bytes(const struct receiver *receiver, const char *bytes,
                         size_t size, const char *expected,
                         size_t expected_size)
{
    cr_expect(eq(sz, size, expected_size), "%s", receiver->name);
    cr_expect(zero(int, memcmp(bytes ? bytes : "", expected ? expected : "",
                               expected_size)),
              "%s", receiver->name);
}

static void expect_message(struct receiver *receiver,
                           const struct msock__envelope *got, bool bare)
{
    uint8_t *raw;

    cr_assert(ne(ptr, (void *)receiver->expected, NULL),
              "%s: one message too many", receiver->name);
    struct msock__envelope want = vector_envelope(receiver->expected, &raw);
    bool want_bare =
        cJSON_GetObjectItemCaseSensitive(receiver->expected, "bare") != NULL;
    cr_expect(eq(int, got->keys, want.keys), "%s", receiver->name);
    cr_expect(eq(int, bare, want_bare), "%s", receiver->name);
    expect_bytes(receiver, got->topic, got->topic_size, want.topic,
                 want.topic_size);
    expect_bytes(receiver, got->sender, got->sender_size, want.sender,
                 want.sender_size);
    expect_bytes(receiver, got->id, got->id_size, want.id, want.id_size);
    expect_bytes(receiver, got->reply_to, got->reply_to_size, want.reply_to,
                 want.reply_to_size);
    expect_bytes(receiver, got->type, got->type_size, want.type,
                 want.type_size);
    expect_bytes(receiver, got->origin, got->origin_size, want.origin,
                 want.origin_size);
    expect_bytes(receiver, got->data, got->data_size, want.data,
                 want.data_size);
    cr_expect(eq(u64, got->expires_ms, want.expires_ms), "%s", receiver->name);
    cr_expect(eq(u64, got->after_ms, want.after_ms), "%s", receiver->name);
    cr_expect(eq(u64, got->state, want.state), "%s", receiver->name);
    free(raw);
    receiver->expected = receiver->expected->next;
}

/* Takes messages until the end or the first malformed one.  Returns 0 or the
 * drop counter. */
static int take_messages(struct receiver *receiver, uint8_t *bytes, size_t size,
                         uint64_t session, bool bare)
{
    while (size > 0) {
        struct msock__envelope envelope;
        size_t used;
        int drop = msock__envelope_decode((char *)bytes, size, bare, session,
                                          HEAD_MAX, &envelope, &used);
        if (drop != 0) {
            return drop;
        }
        expect_message(receiver, &envelope, bare);
        bytes += used;
        size -= used;
    }
    return 0;
}

static int take_piece(struct receiver *receiver, const struct msock__body *body,
                      uint64_t session)
{
    memcpy(receiver->assembly + receiver->assembly_size, body->bytes,
           body->size);
    receiver->assembly_size += body->size;
    if (body->index + 1 < body->count) {
        return 0;
    }
    return take_messages(receiver, receiver->assembly, receiver->assembly_size,
                         session, false);
}

static int take_frame(struct receiver *receiver, uint8_t *bytes, size_t size)
{
    struct msock__packet packet = {
        .bytes = bytes, .size = size, .capacity = size};
    struct msock__body body;
    int drop = msock__frame_decode(bytes, size, &packet.frame);

    drop =
        drop ? drop : msock__pipeline_admit(&receiver->pipeline, &packet.frame);
    drop = drop ? drop : msock__pipeline_decode(&receiver->pipeline, &packet);
    if (drop != 0) {
        return drop;
    }
    drop = msock__body_decode(bytes + MSOCK__HEADER_SIZE,
                              packet.size - MSOCK__HEADER_SIZE,
                              packet.frame.flags, &body);
    if (drop != 0) {
        return drop;
    }
    uint64_t session = msock__session_short(packet.frame.session);
    if (body.count > 0) {
        return take_piece(receiver, &body, session);
    }
    return take_messages(receiver, body.bytes, body.size, session, false);
}

static int take_datagram(struct receiver *receiver, uint8_t *bytes, size_t size)
{
    if (size == 0 || bytes[0] != '{') {
        return take_frame(receiver, bytes, size);
    }
    if (msock__pipeline_sealed(&receiver->pipeline)) {
        return MSOCK_DROP_OPEN;
    }
    return take_messages(receiver, bytes, size, 0, true);
}

static void expect_counters(const struct receiver *receiver,
                            const cJSON *counters)
{
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        const char *name = msock_counter_name((enum msock_counter)i);
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(counters, name);
        cr_expect(eq(int, receiver->drops[i], count ? count->valueint : 0),
                  "%s: %s", receiver->name, name);
    }
}

static void expect_decoded(const cJSON *vector)
{
    struct receiver receiver = {.name = vector_text(vector, "name"),
                                .pipeline = vector_pipeline(vector),
                                .expected =
                                    vector_get(vector, "deliver")->child};
    const cJSON *frame;

    cJSON_ArrayForEach(frame, vector_get(vector, "frames"))
    {
        struct vector_bytes bytes = vector_hex(frame);
        int drop = take_datagram(&receiver, bytes.bytes, bytes.size);
        receiver.drops[drop] += drop != 0;
        free(bytes.bytes);
    }
    cr_expect(eq(ptr, (void *)receiver.expected, NULL),
              "%s: a message is missing", receiver.name);
    expect_counters(&receiver, vector_get(vector, "counters"));
    msock__pipeline_fini(&receiver.pipeline);
}

/* -- Signatures -- */

/* Whether the frame's signature is that of a public key; false for one that is
 * no signed frame. */
static bool is_signed(const struct msock__pipeline *pipeline,
                      const struct vector_bytes *frame,
                      const uint8_t public[static MSOCK__PUBLIC_SIZE])
{
    static uint8_t text[MSOCK__SIGN_BEFORE + FRAME_MAX];
    const struct msock__signer *signer = msock__pipeline_signer(pipeline);
    struct msock__packet packet = {
        .bytes = frame->bytes, .size = frame->size, .capacity = frame->size};

    if (msock__frame_decode(frame->bytes, frame->size, &packet.frame) != 0 ||
        msock__pipeline_admit(pipeline, &packet.frame) != 0 ||
        msock__pipeline_decode(pipeline, &packet) != 0) {
        return false;
    }
    size_t size =
        packet.size - MSOCK__HEADER_SIZE + (size_t)MSOCK__SIGNATURE_SIZE;
    msock__signer_text(signer, &packet.frame, packet.bytes + MSOCK__HEADER_SIZE,
                       size, text);
    return msock__sign_verify(public, text, MSOCK__SIGN_BEFORE + size);
}

static void expect_signed(const cJSON *vector)
{
    struct msock__pipeline pipeline = vector_pipeline(vector);
    const char *base64 = vector_text(vector, "public");
    uint8_t public[MSOCK__PUBLIC_SIZE];
    const cJSON *frame;

    cr_assert(zero(int, msock__public_parse(base64, strlen(base64), public)));
    cJSON_ArrayForEach(frame, vector_get(vector, "frames"))
    {
        struct vector_bytes bytes = vector_hex(frame);
        cr_expect(eq(int, is_signed(&pipeline, &bytes, public),
                     cJSON_IsTrue(vector_get(vector, "valid"))),
                  "%s", vector_text(vector, "name"));
        cr_expect(msock__session_commits(public, bytes.bytes + 8), "%s",
                  vector_text(vector, "name"));
        free(bytes.bytes);
    }
    msock__pipeline_fini(&pipeline);
}

/* Runs over a file's cases and leaves those for the engine out.  Returns how
 * many were run. */
static int for_cases(const char *file, void (*expect)(const cJSON *vector))
{
    cJSON *tree = vector_file(file);
    const cJSON *vector;
    int count = 0;

    cJSON_ArrayForEach(vector, vector_get(tree, "cases"))
    {
        if (cJSON_GetObjectItemCaseSensitive(vector, "needs") == NULL) {
            expect(vector);
            count++;
        }
    }
    cJSON_Delete(tree);
    return count;
}

Test(vectors, open_frames_are_made_and_taken)
{
    cr_assert(ge(int, for_cases("open.json", expect_encoded), 15));
    cr_assert(ge(int, for_cases("open.json", expect_decoded), 15));
}

Test(vectors, sealed_frames_are_made_and_taken)
{
    cr_assert(ge(int, for_cases("sealed.json", expect_encoded), 15));
    cr_assert(ge(int, for_cases("sealed.json", expect_decoded), 15));
}

Test(vectors, pieces_are_made_and_taken)
{
    cr_assert(ge(int, for_cases("fragments.json", expect_encoded), 4));
    cr_assert(ge(int, for_cases("fragments.json", expect_decoded), 4));
}

Test(vectors, signed_frames_are_made_and_taken)
{
    cr_assert(ge(int, for_cases("signed.json", expect_encoded), 20));
    cr_assert(ge(int, for_cases("signed.json", expect_decoded), 20));
}

Test(vectors, signatures_are_right_or_wrong)
{
    cr_assert(ge(int, for_cases("signed.json", expect_signed), 20));
}

Test(vectors, bad_frames_are_dropped_under_their_counter)
{
    cr_assert(ge(int, for_cases("refused.json", expect_decoded), 190));
}
