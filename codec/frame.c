/* SPDX-License-Identifier: Apache-2.0 */
/* The frame header and the start of a body, read and written. */
#include "codec/frame.h"

#include "codec/bytes.h"

#include <multisock/counter.h>

enum {
    MAGIC = 0x4D53, /* "MS" */
    VERSION = 1,
    KNOWN_FLAGS = MSOCK__SEALED | MSOCK__FRAGMENT | MSOCK__SIGNED,
    STREAM_SHIFT = 62
};

#define COUNTER_MASK ((UINT64_C(1) << STREAM_SHIFT) - 1)

static_assert(2 + 1 + 1 + 4 + MSOCK__SESSION_SIZE + 8 == MSOCK__HEADER_SIZE,
              "the header's fields fill it");
static_assert(MSOCK__SENT_SIZE + 4 + 4 == MSOCK__PIECE_SIZE,
              "a piece begins with sent, index and count");

/* Whether the flags are known and agree with the key id. */
static bool flags_valid(uint8_t flags, uint32_t key_id)
{
    bool sealed = (flags & MSOCK__SEALED) != 0;

    return (flags & ~KNOWN_FLAGS) == 0 && sealed == (key_id != 0);
}

int msock__frame_decode(const uint8_t *packet, size_t size,
                        struct msock__frame *frame)
{
    struct msock__reader reader = {.at = packet, .left = size};
    uint64_t magic = msock__read_uint(&reader, 2);
    uint64_t version = msock__read_uint(&reader, 1);
    uint8_t flags = (uint8_t)msock__read_uint(&reader, 1);
    uint32_t key_id = (uint32_t)msock__read_uint(&reader, 4);
    const uint8_t *session = msock__read_bytes(&reader, MSOCK__SESSION_SIZE);
    uint64_t sequence = msock__read_uint(&reader, 8);
    uint64_t counter = sequence & COUNTER_MASK;

    if (reader.failed) {
        return MSOCK_DROP_SHORT;
    }
    if (magic != MAGIC) {
        return MSOCK_DROP_MAGIC;
    }
    if (version != VERSION) {
        return MSOCK_DROP_VERSION;
    }
    if (!flags_valid(flags, key_id)) {
        return MSOCK_DROP_FLAGS;
    }
    if ((flags & MSOCK__SEALED) != 0 && reader.left < MSOCK__TAG_SIZE) {
        return MSOCK_DROP_SHORT;
    }
    if (counter == 0 || counter > MSOCK__COUNTER_MAX) {
        return MSOCK_DROP_SEQUENCE;
    }
    if (sequence >> STREAM_SHIFT > MSOCK__CONTROL) {
        return MSOCK_DROP_STREAM;
    }
    frame->flags = flags;
    frame->stream = (uint8_t)(sequence >> STREAM_SHIFT);
    frame->key_id = key_id;
    frame->counter = counter;
    memcpy(frame->session, session, MSOCK__SESSION_SIZE);
    return 0;
}

void msock__frame_encode(const struct msock__frame *frame,
                         uint8_t packet[static MSOCK__HEADER_SIZE])
{
    struct msock__writer writer = {.at = packet, .left = MSOCK__HEADER_SIZE};
    uint64_t stream = frame->stream;

    assert(flags_valid(frame->flags, frame->key_id));
    assert(frame->counter >= 1 && frame->counter <= MSOCK__COUNTER_MAX);
    assert(stream <= MSOCK__CONTROL);
    msock__write_uint(&writer, MAGIC, 2);
    msock__write_uint(&writer, VERSION, 1);
    msock__write_uint(&writer, frame->flags, 1);
    msock__write_uint(&writer, frame->key_id, 4);
    msock__write_bytes(&writer, frame->session, MSOCK__SESSION_SIZE);
    msock__write_uint(&writer, stream << STREAM_SHIFT | frame->counter, 8);
}

int msock__body_decode(uint8_t *bytes, size_t size, uint8_t flags,
                       struct msock__body *body)
{
    struct msock__reader reader = {.at = bytes, .left = size};
    bool piece = (flags & MSOCK__FRAGMENT) != 0;
    uint64_t sent_us = msock__read_uint(&reader, MSOCK__SENT_SIZE);
    uint32_t index = piece ? (uint32_t)msock__read_uint(&reader, 4) : 0;
    uint32_t count = piece ? (uint32_t)msock__read_uint(&reader, 4) : 0;

    if (reader.failed || sent_us > MSOCK__COUNTER_MAX) {
        return MSOCK_DROP_BODY;
    }
    if (piece && (count < 2 || index >= count || reader.left == 0)) {
        return MSOCK_DROP_PIECE;
    }
    if (reader.left == 0) {
        return MSOCK_DROP_BODY;
    }
    body->sent_us = sent_us;
    body->index = index;
    body->count = count;
    body->is_signed = (flags & MSOCK__SIGNED) != 0;
    body->bytes = bytes + (size - reader.left);
    body->size = reader.left;
    return 0;
}

size_t msock__body_encode(const struct msock__body *body, uint8_t *bytes)
{
    bool piece = body->count != 0;
    size_t size = piece ? MSOCK__PIECE_SIZE : MSOCK__SENT_SIZE;
    struct msock__writer writer = {.at = bytes, .left = size};

    assert(body->sent_us <= MSOCK__COUNTER_MAX);
    msock__write_uint(&writer, body->sent_us, MSOCK__SENT_SIZE);
    if (piece) {
        assert(body->count >= 2 && body->index < body->count);
        msock__write_uint(&writer, body->index, 4);
        msock__write_uint(&writer, body->count, 4);
    }
    return size;
}

uint64_t msock__session_short(const uint8_t session[static MSOCK__SESSION_SIZE])
{
    struct msock__reader reader = {.at = session, .left = MSOCK__SESSION_SIZE};

    return msock__read_uint(&reader, 8);
}
