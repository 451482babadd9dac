/* SPDX-License-Identifier: Apache-2.0 */
/* The AEAD stage against libsodium's XChaCha20-Poly1305, and against forgery.
 */
#include "codec/seal.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <multisock/error.h>
#include <sodium.h>
#include <string.h>

enum { CAPACITY = 256, MANY_SESSIONS = 1000, PORT = 7783 };

static const uint8_t house[MSOCK__GROUP_SIZE] = {[15] = 1};
static const char text[] = "all lights off";

/* A ring of masters that begin with the given bytes. */
static struct msock__keyring *ring_of(const char *masters)
{
    struct msock__keyring *ring = NULL;

    cr_assert(zero(int, msock__keyring_new(&ring)));
    for (; *masters != '\0'; masters++) {
        uint8_t master[MSOCK__KEY_SIZE] = {(uint8_t)*masters};
        cr_assert(zero(int, msock__keyring_add(ring, master)));
    }
    return ring;
}

/* A sealed channel with the keys of ring_of(). */
static struct msock__pipeline sealed(const char *masters, const uint8_t *group,
                                     uint16_t port)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__stage stage;

    cr_assert(zero(
        int, msock__seal_stage(&stage, ring_of(masters), group, port, NULL)));
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

/* A frame of session `session`, not yet encoded. */
static struct msock__packet frame_of(uint8_t *bytes, unsigned session,
                                     uint64_t counter)
{
    struct msock__packet packet = {
        .frame = {.counter = counter,
                  .session = {(uint8_t)session, (uint8_t)(session >> 8)}},
        .bytes = bytes,
        .size = MSOCK__HEADER_SIZE + sizeof text,
        .capacity = CAPACITY};

    memcpy(bytes + MSOCK__HEADER_SIZE, text, sizeof text);
    return packet;
}

/* Receives a copy of a datagram as the engine does.  Returns 0 or the drop. */
static int receive(const struct msock__pipeline *pipeline, const uint8_t *bytes,
                   size_t size)
{
    uint8_t copy[CAPACITY];
    struct msock__packet packet = {
        .bytes = copy, .size = size, .capacity = CAPACITY};

    memcpy(copy, bytes, size);
    int drop = msock__frame_decode(copy, size, &packet.frame);
    drop = drop ? drop : msock__pipeline_admit(pipeline, &packet.frame);
    drop = drop ? drop : msock__pipeline_decode(pipeline, &packet);
    if (drop == 0) {
        cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE + sizeof text));
        cr_assert(
            zero(int, memcmp(copy + MSOCK__HEADER_SIZE, text, sizeof text)));
    }
    return drop;
}

Test(seal, is_xchacha20_poly1305_with_the_nonce_in_the_header)
{
    struct msock__pipeline pipeline = sealed("k", house, PORT);
    struct msock__keyring *ring = ring_of("k");
    uint8_t bytes[CAPACITY];
    uint8_t expected[sizeof text + MSOCK__TAG_SIZE];
    uint8_t key[MSOCK__KEY_SIZE];
    struct msock__packet packet = frame_of(bytes, 7, 42);

    msock__pipeline_encode(&pipeline, &packet);
    msock__keyring_derive(ring, 0, house, PORT, key);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        expected, NULL, (const uint8_t *)text, sizeof text, bytes,
        MSOCK__HEADER_SIZE, NULL, bytes + 8, key);

    cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE + sizeof expected));
    cr_assert(zero(
        int, memcmp(bytes + MSOCK__HEADER_SIZE, expected, sizeof expected)));
    cr_assert(eq(int, bytes[3], MSOCK__SEALED));
    cr_assert(eq(u32, packet.frame.key_id, msock__keyring_id(ring, 0)));
    msock__keyring_free(ring);
    msock__pipeline_fini(&pipeline);
}

Test(seal, what_is_sealed_opens_again)
{
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline receiver = sealed("k", house, PORT);

    for (uint64_t counter = 1; counter < 4; counter++) {
        uint8_t bytes[CAPACITY];
        struct msock__packet packet = frame_of(bytes, 7, counter);
        msock__pipeline_encode(&sender, &packet);
        cr_expect(zero(int, receive(&receiver, bytes, packet.size)));
    }
    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&receiver);
}

Test(seal, the_same_frame_has_the_same_bytes)
{
    struct msock__pipeline pipeline = sealed("k", house, PORT);
    uint8_t one[CAPACITY];
    uint8_t two[CAPACITY];
    struct msock__packet first = frame_of(one, 7, 42);
    struct msock__packet again = frame_of(two, 7, 42);

    msock__pipeline_encode(&pipeline, &first);
    msock__pipeline_encode(&pipeline, &again);

    cr_assert(zero(int, memcmp(one, two, first.size)));
    msock__pipeline_fini(&pipeline);
}

Test(seal, another_key_is_not_known_here)
{
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline receiver = sealed("x", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&sender, &packet);

    cr_assert(
        eq(int, receive(&receiver, bytes, packet.size), MSOCK_DROP_KEY_ID));
    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&receiver);
}

Test(seal, a_frame_of_another_channel_is_not_authentic)
{
    static const uint8_t garden[MSOCK__GROUP_SIZE] = {[15] = 2};
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline other_group = sealed("k", garden, PORT);
    struct msock__pipeline other_port = sealed("k", house, PORT + 1);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&sender, &packet);

    cr_expect(
        eq(int, receive(&other_group, bytes, packet.size), MSOCK_DROP_AUTH));
    cr_expect(
        eq(int, receive(&other_port, bytes, packet.size), MSOCK_DROP_AUTH));
    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&other_group);
    msock__pipeline_fini(&other_port);
}

Test(seal, keys_may_be_rotated)
{
    struct msock__pipeline old_node = sealed("k", house, PORT);
    struct msock__pipeline new_node = sealed("nk", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&old_node, &packet);
    cr_expect(zero(int, receive(&new_node, bytes, packet.size)));
    packet = frame_of(bytes, 7, 2);
    msock__pipeline_encode(&new_node, &packet);
    cr_expect(zero(int, receive(&new_node, bytes, packet.size)));
    cr_expect(
        eq(int, receive(&old_node, bytes, packet.size), MSOCK_DROP_KEY_ID));

    msock__pipeline_fini(&old_node);
    msock__pipeline_fini(&new_node);
}

Test(seal, every_flipped_bit_is_noticed)
{
    struct msock__pipeline pipeline = sealed("k", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&pipeline, &packet);
    for (size_t bit = 0; bit < 8 * packet.size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect(ne(int, receive(&pipeline, bytes, packet.size), 0), "bit %zu",
                  bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert(zero(int, receive(&pipeline, bytes, packet.size)));
    msock__pipeline_fini(&pipeline);
}

Test(seal, every_truncation_is_noticed)
{
    struct msock__pipeline pipeline = sealed("k", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&pipeline, &packet);
    for (size_t size = 0; size < packet.size; size++) {
        cr_expect(ne(int, receive(&pipeline, bytes, size), 0), "%zu", size);
    }
    msock__pipeline_fini(&pipeline);
}

Test(seal, an_empty_body_is_sealed_too)
{
    struct msock__pipeline pipeline = sealed("k", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    packet.size = MSOCK__HEADER_SIZE;
    msock__pipeline_encode(&pipeline, &packet);

    cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE + MSOCK__TAG_SIZE));
    cr_assert(zero(int, msock__pipeline_decode(&pipeline, &packet)));
    cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE));
    msock__pipeline_fini(&pipeline);
}

Test(seal, more_sessions_than_the_cache_holds_all_open)
{
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline receiver = sealed("k", house, PORT);

    for (int round = 1; round <= 2; round++) {
        for (unsigned session = 0; session < MANY_SESSIONS; session++) {
            uint8_t bytes[CAPACITY];
            struct msock__packet packet =
                frame_of(bytes, session, (uint64_t)round);
            msock__pipeline_encode(&sender, &packet);
            cr_assert(zero(int, receive(&receiver, bytes, packet.size)));
        }
    }
    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&receiver);
}

Test(seal, a_forgery_does_not_keep_the_genuine_frame_out)
{
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline receiver = sealed("k", house, PORT);
    uint8_t bytes[CAPACITY];
    struct msock__packet packet = frame_of(bytes, 7, 1);

    msock__pipeline_encode(&sender, &packet);
    bytes[packet.size - 1] ^= 1;
    cr_expect(eq(int, receive(&receiver, bytes, packet.size), MSOCK_DROP_AUTH));
    bytes[packet.size - 1] ^= 1;
    cr_expect(zero(int, receive(&receiver, bytes, packet.size)));
    cr_expect(zero(int, receive(&receiver, bytes, packet.size)));

    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&receiver);
}

Test(seal, a_new_session_of_ones_own_is_sealed_anew)
{
    struct msock__pipeline sender = sealed("k", house, PORT);
    struct msock__pipeline receiver = sealed("k", house, PORT);

    for (unsigned session = 0; session < 6; session++) {
        uint8_t bytes[CAPACITY];
        struct msock__packet packet = frame_of(bytes, session % 2, session + 1);
        msock__pipeline_encode(&sender, &packet);
        cr_expect(zero(int, receive(&receiver, bytes, packet.size)));
    }
    msock__pipeline_fini(&sender);
    msock__pipeline_fini(&receiver);
}

Test(seal, an_empty_ring_makes_no_stage)
{
    struct msock__stage stage;
    struct msock__keyring *ring = ring_of("");

    cr_assert(eq(int, msock__seal_stage(&stage, ring, house, PORT, NULL),
                 MSOCK_EKEY));
    msock__keyring_free(ring);
}

Test(seal, without_memory_the_ring_stays_the_callers)
{
    struct msock__stage stage = {.self = NULL};
    struct msock__keyring *ring = ring_of("k");

    test_alloc_fail_at(1);
    int result = msock__seal_stage(&stage, ring, house, PORT, NULL);

    cr_assert(test_alloc_failed());
    cr_assert(eq(int, result, MSOCK_ENOMEM));
    cr_assert(zero(ptr, stage.self));
    cr_assert(eq(sz, msock__keyring_count(ring), 1));
    msock__keyring_free(ring);
}
