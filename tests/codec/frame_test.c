/* SPDX-License-Identifier: Apache-2.0 */
/* The header and the start of a body. */
#include "codec/frame.h"

#include "tests/codec/exact.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>

enum { SEALED_SIZE = MSOCK__HEADER_SIZE + MSOCK__TAG_SIZE };

/* An open header written by hand: stream 1, counter 0x0102030405. */
static const uint8_t open_header[MSOCK__HEADER_SIZE] = {
    'M', 'S', 1,  0,  0,  0,  0,  0,  10,   11, 12, 13, 14, 15, 16, 17,
    18,  19,  20, 21, 22, 23, 24, 25, 0x40, 0,  0,  1,  2,  3,  4,  5};

/* A sealed one: flags SEALED and FRAGMENT, key id a1b2c3d4, stream 0. */
static const uint8_t sealed_header[MSOCK__HEADER_SIZE] = {
    'M', 'S', 1, 3, 0xA1, 0xB2, 0xC3, 0xD4, 0, 0, 0, 0, 0, 0, 0, 0,
    0,   0,   0, 0, 0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 9};

static int decode(const uint8_t *packet, size_t size)
{
    struct msock__frame frame;
    char *copy = exact_copy(packet, size, 0);
    int drop = msock__frame_decode((uint8_t *)copy, size, &frame);

    free(copy);
    return drop;
}

/* Decodes a sealed header with one byte changed. */
static int decode_with(size_t offset, uint8_t byte)
{
    uint8_t packet[SEALED_SIZE] = {0};

    memcpy(packet, sealed_header, sizeof sealed_header);
    packet[offset] = byte;
    return decode(packet, sizeof packet);
}

Test(frame, open_header_is_read)
{
    struct msock__frame frame;
    int drop = msock__frame_decode(open_header, sizeof open_header, &frame);

    cr_assert(zero(int, drop));
    cr_assert(eq(int, frame.flags, 0));
    cr_assert(eq(int, frame.stream, MSOCK__RELIABLE));
    cr_assert(eq(u32, frame.key_id, 0));
    cr_assert(eq(u64, frame.counter, UINT64_C(0x0102030405)));
    cr_assert(zero(int, memcmp(frame.session, open_header + 8, 16)));
}

Test(frame, sealed_header_is_read)
{
    uint8_t packet[SEALED_SIZE] = {0};
    struct msock__frame frame;

    memcpy(packet, sealed_header, sizeof sealed_header);
    int drop = msock__frame_decode(packet, sizeof packet, &frame);

    cr_assert(zero(int, drop));
    cr_assert(eq(int, frame.flags, MSOCK__SEALED | MSOCK__FRAGMENT));
    cr_assert(eq(u32, frame.key_id, 0xA1B2C3D4));
    cr_assert(eq(u64, frame.counter, 9));
}

Test(frame, encode_writes_the_bytes_that_were_read)
{
    uint8_t written[MSOCK__HEADER_SIZE];
    struct msock__frame frame;

    msock__frame_decode(open_header, sizeof open_header, &frame);
    msock__frame_encode(&frame, written);

    cr_assert(zero(int, memcmp(written, open_header, sizeof written)));
}

Test(frame, every_truncation_is_short)
{
    for (size_t size = 0; size < MSOCK__HEADER_SIZE; size++) {
        cr_expect(eq(int, decode(open_header, size), MSOCK_DROP_SHORT));
    }
}

Test(frame, a_sealed_frame_has_room_for_its_tag)
{
    uint8_t packet[SEALED_SIZE] = {0};

    memcpy(packet, sealed_header, sizeof sealed_header);

    cr_assert(zero(int, decode(packet, SEALED_SIZE)));
    cr_assert(eq(int, decode(packet, SEALED_SIZE - 1), MSOCK_DROP_SHORT));
}

Test(frame, magic_and_version_must_match)
{
    cr_expect(eq(int, decode_with(0, 'm'), MSOCK_DROP_MAGIC));
    cr_expect(eq(int, decode_with(1, 's'), MSOCK_DROP_MAGIC));
    cr_expect(eq(int, decode_with(2, 0), MSOCK_DROP_VERSION));
    cr_expect(eq(int, decode_with(2, 2), MSOCK_DROP_VERSION));
}

Test(frame, every_unknown_flag_is_dropped)
{
    for (int bit = 3; bit < 8; bit++) {
        uint8_t flags = (uint8_t)(MSOCK__SEALED | 1 << bit);
        cr_expect(eq(int, decode_with(3, flags), MSOCK_DROP_FLAGS));
    }
}

Test(frame, signed_frames_are_read)
{
    cr_assert(zero(int, decode_with(3, MSOCK__SEALED | MSOCK__SIGNED)));
}

Test(frame, key_id_and_flag_must_agree)
{
    uint8_t packet[SEALED_SIZE] = {0};

    memcpy(packet, open_header, sizeof open_header);
    packet[3] = MSOCK__SEALED;

    cr_expect(eq(int, decode(packet, sizeof packet), MSOCK_DROP_FLAGS));
    cr_expect(eq(int, decode_with(3, 0), MSOCK_DROP_FLAGS));
}

Test(frame, counter_is_from_1_to_2_53_minus_1)
{
    uint8_t packet[MSOCK__HEADER_SIZE];

    memcpy(packet, open_header, sizeof packet);
    memcpy(packet + 24, "\x80\x1f\xff\xff\xff\xff\xff\xff", 8);
    cr_expect(zero(int, decode(packet, sizeof packet)));
    memcpy(packet + 24, "\x80\x20\x00\x00\x00\x00\x00\x00", 8);
    cr_expect(eq(int, decode(packet, sizeof packet), MSOCK_DROP_SEQUENCE));
    memcpy(packet + 24, "\xbf\xff\xff\xff\xff\xff\xff\xff", 8);
    cr_expect(eq(int, decode(packet, sizeof packet), MSOCK_DROP_SEQUENCE));
    memcpy(packet + 24, "\x80\x00\x00\x00\x00\x00\x00\x00", 8);
    cr_expect(eq(int, decode(packet, sizeof packet), MSOCK_DROP_SEQUENCE));
}

Test(frame, stream_3_is_dropped)
{
    cr_assert(eq(int, decode_with(24, 0xC0), MSOCK_DROP_STREAM));
}

Test(frame, a_dropped_header_writes_nothing)
{
    struct msock__frame frame = {.counter = 77};

    msock__frame_decode(open_header, MSOCK__HEADER_SIZE - 1, &frame);

    cr_assert(eq(u64, frame.counter, 77));
}

Test(frame, no_flipped_byte_reads_too_far)
{
    for (size_t i = 0; i < MSOCK__HEADER_SIZE; i++) {
        for (int byte = 0; byte < 256; byte++) {
            int drop = decode_with(i, (uint8_t)byte);
            cr_assert(ge(int, drop, 0));
        }
    }
}

Test(frame, session_short_is_its_first_8_bytes)
{
    cr_assert(eq(u64, msock__session_short(open_header + 8),
                 UINT64_C(0x0a0b0c0d0e0f1011)));
}

/* -- Bodies -- */

static int decode_body(const void *bytes, size_t size, uint8_t flags,
                       struct msock__body *body)
{
    char *copy = exact_copy(bytes, size, 0);
    int drop = msock__body_decode((uint8_t *)copy, size, flags, body);

    free(copy);
    return drop;
}

Test(body, batch_begins_with_sent)
{
    uint8_t bytes[] = {0, 0, 0, 0, 0, 0, 1, 2, '{', '}'};
    struct msock__body body;
    int drop = msock__body_decode(bytes, sizeof bytes, 0, &body);

    cr_assert(zero(int, drop));
    cr_assert(eq(u64, body.sent_us, 0x102));
    cr_assert(eq(u32, body.count, 0));
    cr_assert(eq(ptr, body.bytes, bytes + 8));
    cr_assert(eq(sz, body.size, 2));
}

Test(body, piece_begins_with_sent_index_count)
{
    uint8_t bytes[] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 'x'};
    struct msock__body body;
    int drop = msock__body_decode(bytes, sizeof bytes, MSOCK__FRAGMENT, &body);

    cr_assert(zero(int, drop));
    cr_assert(eq(u64, body.sent_us, 7));
    cr_assert(eq(u32, body.index, 1));
    cr_assert(eq(u32, body.count, 2));
    cr_assert(eq(ptr, body.bytes, bytes + 16));
    cr_assert(eq(sz, body.size, 1));
}

Test(body, encode_writes_what_decode_reads)
{
    uint8_t bytes[32] = {0};
    struct msock__body body = {.sent_us = 123456789, .index = 3, .count = 9};
    struct msock__body read;
    size_t size = msock__body_encode(&body, bytes);

    bytes[size] = 'x';
    cr_assert(eq(sz, size, MSOCK__PIECE_SIZE));
    cr_assert(
        zero(int, msock__body_decode(bytes, size + 1, MSOCK__FRAGMENT, &read)));
    cr_assert(eq(u64, read.sent_us, 123456789));
    cr_assert(eq(u32, read.index, 3));
    cr_assert(eq(u32, read.count, 9));

    body.count = 0;
    cr_assert(eq(sz, msock__body_encode(&body, bytes), MSOCK__SENT_SIZE));
}

Test(body, a_batch_without_a_message_is_dropped)
{
    struct msock__body body;

    for (size_t size = 0; size <= MSOCK__SENT_SIZE; size++) {
        cr_expect(eq(int, decode_body("\0\0\0\0\0\0\0\1", size, 0, &body),
                     MSOCK_DROP_BODY));
    }
}

Test(body, a_truncated_piece_is_dropped)
{
    static const uint8_t bytes[MSOCK__PIECE_SIZE] = {[15] = 2};
    struct msock__body body;

    for (size_t size = 0; size < MSOCK__PIECE_SIZE; size++) {
        cr_expect(eq(int, decode_body(bytes, size, MSOCK__FRAGMENT, &body),
                     MSOCK_DROP_BODY));
    }
    cr_expect(eq(int, decode_body(bytes, sizeof bytes, MSOCK__FRAGMENT, &body),
                 MSOCK_DROP_PIECE));
}

Test(body, sent_is_at_most_2_53_minus_1)
{
    struct msock__body body;

    cr_expect(
        zero(int, decode_body("\0\x1f\xff\xff\xff\xff\xff\xff{", 9, 0, &body)));
    cr_expect(eq(int, decode_body("\0\x20\0\0\0\0\0\0{", 9, 0, &body),
                 MSOCK_DROP_BODY));
}

Test(body, index_and_count_must_fit)
{
    static const struct {
        uint8_t index;
        uint8_t count;
        int drop;
    } cases[] = {{0, 2, 0},
                 {1, 2, 0},
                 {2, 2, MSOCK_DROP_PIECE},
                 {0, 1, MSOCK_DROP_PIECE},
                 {0, 0, MSOCK_DROP_PIECE}};
    struct msock__body body;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[17] = {[11] = cases[i].index, [15] = cases[i].count};
        cr_expect(eq(int,
                     decode_body(bytes, sizeof bytes, MSOCK__FRAGMENT, &body),
                     cases[i].drop));
    }
}
