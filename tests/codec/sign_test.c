/* SPDX-License-Identifier: Apache-2.0 */
/* The signing stage: what it adds, what it takes off, and that nothing of a
 * frame can change under a signature. */
#include "codec/sign.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <multisock/error.h>
#include <string.h>

#define LINE "ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

enum { CAPACITY = 256 };

static const uint8_t house[MSOCK__GROUP_SIZE] = {[15] = 1};
static const char text[] = "all lights off";

static struct msock__identity *make_identity(void)
{
    struct msock__identity *identity = NULL;
    int result =
        msock__identity_parse(&identity, LINE, strlen(LINE), "test.id");

    cr_assert(zero(int, result));
    return identity;
}

/* A channel that only signs, as it never is outside. */
static struct msock__pipeline signing(struct msock__identity *identity)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__stage stage;

    cr_assert(zero(int, msock__sign_stage(&stage, identity, house, 7783)));
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

static struct msock__packet frame_of(uint8_t *bytes, uint8_t flags)
{
    struct msock__packet packet = {
        .frame = {.flags = flags, .counter = 3, .session = {1, 2}},
        .bytes = bytes,
        .size = MSOCK__HEADER_SIZE + sizeof text,
        .capacity = CAPACITY};

    memcpy(bytes + MSOCK__HEADER_SIZE, text, sizeof text);
    return packet;
}

/* Whether the text of a received frame bears the key's signature. */
static bool right(const struct msock__pipeline *pipeline,
                  const struct msock__packet *packet, const uint8_t *public)
{
    uint8_t over[MSOCK__SIGN_BEFORE + CAPACITY];
    size_t size =
        packet->size - MSOCK__HEADER_SIZE + (size_t)MSOCK__SIGNATURE_SIZE;

    msock__signer_text(msock__pipeline_signer(pipeline), &packet->frame,
                       packet->bytes + MSOCK__HEADER_SIZE, size, over);
    return msock__sign_verify(public, over, MSOCK__SIGN_BEFORE + size);
}

Test(sign, a_frame_that_asks_for_it_leaves_with_64_bytes_more)
{
    uint8_t bytes[CAPACITY];
    uint8_t public[MSOCK__PUBLIC_SIZE];
    struct msock__pipeline pipeline = signing(make_identity());
    struct msock__packet packet = frame_of(bytes, MSOCK__SIGNED);
    size_t size = packet.size;

    msock__pipeline_encode(&pipeline, &packet);
    cr_expect(eq(sz, packet.size, size + 64));
    cr_expect(eq(sz, msock__pipeline_overhead(&pipeline), 64));

    cr_assert(zero(int, msock__pipeline_admit(&pipeline, &packet.frame)));
    cr_assert(zero(int, msock__pipeline_decode(&pipeline, &packet)));
    cr_expect(eq(sz, packet.size, size));
    cr_assert(msock__signer_public(msock__pipeline_signer(&pipeline), public));
    cr_expect(right(&pipeline, &packet, public));
    msock__pipeline_fini(&pipeline);
}

Test(sign, one_that_does_not_leaves_as_it_is)
{
    uint8_t bytes[CAPACITY];
    struct msock__pipeline pipeline = signing(make_identity());
    struct msock__packet packet = frame_of(bytes, 0);
    size_t size = packet.size;

    msock__pipeline_encode(&pipeline, &packet);
    cr_expect(eq(sz, packet.size, size));
    cr_assert(zero(int, msock__pipeline_decode(&pipeline, &packet)));
    cr_expect(eq(sz, packet.size, size));
    msock__pipeline_fini(&pipeline);
}

Test(sign, without_an_identity_there_is_no_room_and_no_key)
{
    uint8_t public[MSOCK__PUBLIC_SIZE];
    struct msock__pipeline pipeline = signing(NULL);

    cr_expect(zero(sz, msock__pipeline_overhead(&pipeline)));
    cr_expect(
        not(msock__signer_public(msock__pipeline_signer(&pipeline), public)));
    msock__pipeline_fini(&pipeline);
}

Test(sign, a_pipeline_without_the_stage_has_no_signer)
{
    struct msock__pipeline pipeline = {.count = 0};

    cr_expect(eq(ptr, (void *)msock__pipeline_signer(&pipeline), NULL));
}

Test(sign, a_flipped_bit_anywhere_is_wrong)
{
    uint8_t bytes[CAPACITY];
    uint8_t over[MSOCK__SIGN_BEFORE + CAPACITY];
    uint8_t public[MSOCK__PUBLIC_SIZE];
    struct msock__pipeline pipeline = signing(make_identity());
    struct msock__packet packet = frame_of(bytes, MSOCK__SIGNED);
    size_t body = sizeof text + (size_t)MSOCK__SIGNATURE_SIZE;

    msock__pipeline_encode(&pipeline, &packet);
    msock__signer_public(msock__pipeline_signer(&pipeline), public);
    msock__signer_text(msock__pipeline_signer(&pipeline), &packet.frame,
                       bytes + MSOCK__HEADER_SIZE, body, over);
    size_t size = MSOCK__SIGN_BEFORE + body;
    cr_assert(msock__sign_verify(public, over, size));
    for (size_t i = 0; i < size * 8; i++) {
        over[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_expect(not(msock__sign_verify(public, over, size)), "%zu", i);
        over[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    public[0] ^= 1;
    cr_expect(not(msock__sign_verify(public, over, size)));
    msock__pipeline_fini(&pipeline);
}

Test(sign, every_cut_body_is_refused_or_wrong)
{
    struct msock__pipeline pipeline = signing(make_identity());
    uint8_t public[MSOCK__PUBLIC_SIZE];
    uint8_t bytes[CAPACITY];
    struct msock__packet whole = frame_of(bytes, MSOCK__SIGNED);

    msock__signer_public(msock__pipeline_signer(&pipeline), public);
    msock__pipeline_encode(&pipeline, &whole);
    for (size_t size = MSOCK__HEADER_SIZE; size < whole.size; size++) {
        struct msock__packet cut = whole;
        cut.size = size;
        int drop = msock__pipeline_decode(&pipeline, &cut);
        bool room = size >= MSOCK__HEADER_SIZE + MSOCK__SIGNATURE_SIZE;
        cr_expect(eq(int, drop, room ? 0 : MSOCK_DROP_BODY), "%zu", size);
        cr_expect(drop != 0 || !right(&pipeline, &cut, public), "%zu", size);
    }
    msock__pipeline_fini(&pipeline);
}

Test(sign, every_lack_of_memory_leaves_the_identity_to_the_caller)
{
    long n = 0;

    do {
        struct msock__identity *identity = make_identity();
        struct msock__stage stage;
        test_alloc_fail_at(++n);
        int result = msock__sign_stage(&stage, identity, house, 7783);
        if (result == 0) {
            stage.free(stage.self);
        } else {
            cr_expect(eq(int, result, MSOCK_ENOMEM));
            msock__identity_free(identity);
        }
    } while (test_alloc_failed());
    cr_expect(eq(long, n, 3));
}
