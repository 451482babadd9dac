/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes opening a frame: the input says what a sender with one of three keys
 * signs and seals, and which byte of it is changed on the way. What was not
 * changed opens to the same bytes; what was changed, or is sealed with a key
 * that is not held, never opens. The signature of what opens is right, and no
 * more so when a byte under it changes. The rest of the input is tried as a
 * datagram. */
#include "codec/seal.h"

#include "codec/sign.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>

enum {
    HEADER_SIZE = 32,
    BODY_MAX = 2048,
    ROOM = HEADER_SIZE + BODY_MAX + MSOCK__SIGNATURE_SIZE + MSOCK__TAG_SIZE,
    KEYS = 3
};

static const uint8_t group[MSOCK__GROUP_SIZE] = {1};
static struct msock__pipeline senders[KEYS], receiver;

#define ID "ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

static struct msock__identity *make_identity(void)
{
    struct msock__identity *identity = NULL;
    int code = msock__identity_parse(&identity, ID, strlen(ID), "fuzz");
    assert(code == 0);
    return identity;
}

/* A pipeline with `count` keys from `first` on, the first of them sealing. */
static struct msock__pipeline make(int first, int count,
                                   struct msock__identity *identity)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__keyring *ring = NULL;
    struct msock__stage stage;
    int code = msock__sign_stage(&stage, identity, group, 7783);
    assert(code == 0);
    msock__pipeline_add(&pipeline, &stage);
    code = msock__keyring_new(&ring);
    for (int i = first; code == 0 && i < first + count; i++) {
        uint8_t master[MSOCK__KEY_SIZE];
        memset(master, 1 + i, sizeof master);
        code = msock__keyring_add(ring, master);
    }
    code =
        code == 0 ? msock__seal_stage(&stage, ring, group, 7783, NULL) : code;
    assert(code == 0);
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

/* The last key is the sender's alone. */
static void make_pipelines(void)
{
    for (int i = 0; i < KEYS && receiver.count == 0; i++) {
        senders[i] = make(i, 1, make_identity());
    }
    if (receiver.count == 0) {
        receiver = make(0, KEYS - 1, NULL);
    }
}

/* Receives a datagram.  Returns 0 with the plain packet, or the drop. */
static int open_packet(struct msock__packet *packet)
{
    int drop = msock__frame_decode(packet->bytes, packet->size, &packet->frame);
    drop = drop ? drop : msock__pipeline_admit(&receiver, &packet->frame);
    return drop ? drop : msock__pipeline_decode(&receiver, packet);
}

static void try_as_it_is(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = (uint8_t *)exact_copy(bytes, size, 0);
    struct msock__packet packet = {
        .bytes = copy, .size = size, .capacity = size};
    assert(open_packet(&packet) != 0);
    free(copy);
}

static void check_header(const struct msock__frame *a,
                         const struct msock__frame *b)
{
    assert(a->flags == b->flags && a->stream == b->stream);
    assert(a->key_id == b->key_id && a->counter == b->counter);
    assert(memcmp(a->session, b->session, MSOCK__SESSION_SIZE) == 0);
}

static void check_body(const struct msock__packet *packet)
{
    uint8_t *bytes = packet->bytes + HEADER_SIZE;
    uint8_t again[MSOCK__PIECE_SIZE];
    struct msock__body body;
    if (msock__body_decode(bytes, packet->size - HEADER_SIZE,
                           packet->frame.flags, &body) == 0) {
        size_t size = msock__body_encode(&body, again);
        assert(body.bytes == bytes + size && body.size >= 1);
        assert(memcmp(again, bytes, size) == 0);
        assert(body.sent_us <= MSOCK__COUNTER_MAX);
    }
}

/* The signature lies behind the packet's end. */
static void check_signature(const struct msock__packet *packet, size_t at)
{
    static uint8_t text[MSOCK__SIGN_BEFORE + ROOM];
    uint8_t public[MSOCK__PUBLIC_SIZE];
    size_t size = packet->size - HEADER_SIZE + MSOCK__SIGNATURE_SIZE;
    size_t whole = MSOCK__SIGN_BEFORE + size;

    bool known =
        msock__signer_public(msock__pipeline_signer(&senders[0]), public);
    assert(known);
    msock__signer_text(msock__pipeline_signer(&receiver), &packet->frame,
                       packet->bytes + HEADER_SIZE, size, text);
    assert(msock__sign_verify(public, text, whole));
    text[at % whole] ^= 1;
    assert(!msock__sign_verify(public, text, whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = {bytes, size};
    uint8_t sealed[ROOM], opened[ROOM];
    const uint8_t *text;

    make_pipelines();
    unsigned how = fuzz_byte(&input);
    size_t at = (size_t)fuzz_number(&input, 2);
    uint8_t change = (uint8_t)fuzz_byte(&input);
    uint8_t flags = how & 4 ? MSOCK__FRAGMENT : 0;
    flags |= how & 32 ? MSOCK__SIGNED : 0;
    struct msock__packet packet = {
        .frame = {.flags = flags,
                  .stream = (uint8_t)((how >> 3 & 3) % 3),
                  .counter = 1 + fuzz_number(&input, 7) % MSOCK__COUNTER_MAX},
        .bytes = sealed,
        .capacity = sizeof sealed};
    memset(packet.frame.session, (int)fuzz_byte(&input), MSOCK__SESSION_SIZE);
    try_as_it_is(input.at, input.left);
    size_t text_size = fuzz_bytes(&input, BODY_MAX, &text);
    memcpy(sealed + HEADER_SIZE, text, text_size);
    packet.size = HEADER_SIZE + text_size;
    msock__pipeline_encode(&senders[how % KEYS], &packet);

    sealed[at % packet.size] ^= change;
    memcpy(opened, sealed, packet.size);
    struct msock__packet got = {
        .bytes = opened, .size = packet.size, .capacity = sizeof opened};
    int drop = open_packet(&got);
    assert((drop == 0) == (change == 0 && how % KEYS < KEYS - 1));
    if (drop == 0) {
        assert(got.size == HEADER_SIZE + text_size);
        assert(memcmp(opened + HEADER_SIZE, text, text_size) == 0);
        check_header(&got.frame, &packet.frame);
        if (how & 32) {
            check_signature(&got, at);
        }
        check_body(&got);
    }
    return 0;
}
