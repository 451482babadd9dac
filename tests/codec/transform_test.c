/* SPDX-License-Identifier: Apache-2.0 */
/* The order of stages, and which frames a pipeline admits. */
#include "codec/transform.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <string.h>

/* A stage that appends its letter on the way out and wants it on the way in. */
struct letter {
    char letter;
    int admit_drop;
    int freed;
};

static void letter_stamp(void *self, struct msock__frame *frame)
{
    (void)self;
    frame->key_id = 7;
}

static int letter_admit(void *self, const struct msock__frame *frame)
{
    (void)frame;
    return ((struct letter *)self)->admit_drop;
}

static void letter_encode(void *self, struct msock__packet *packet)
{
    packet->bytes[packet->size++] = (uint8_t)((struct letter *)self)->letter;
}

static int letter_decode(void *self, struct msock__packet *packet)
{
    uint8_t last = packet->bytes[--packet->size];

    return last == (uint8_t)((struct letter *)self)->letter ? 0
                                                            : MSOCK_DROP_AUTH;
}

static void letter_free(void *self)
{
    ((struct letter *)self)->freed++;
}

static void add_letter(struct msock__pipeline *pipeline, struct letter *letter,
                       uint8_t flag)
{
    struct msock__stage stage = {.name = "letter",
                                 .flag = flag,
                                 .overhead = 1,
                                 .self = letter,
                                 .stamp = letter_stamp,
                                 .admit = letter_admit,
                                 .encode = letter_encode,
                                 .decode = letter_decode,
                                 .free = letter_free};

    msock__pipeline_add(pipeline, &stage);
}

static int admit(const struct msock__pipeline *pipeline, uint8_t flags)
{
    struct msock__frame frame = {.flags = flags, .counter = 1};

    return msock__pipeline_admit(pipeline, &frame);
}

Test(transform, an_open_channel_drops_sealed_and_signed_frames)
{
    struct msock__pipeline open = {.count = 0};

    cr_expect(zero(int, admit(&open, 0)));
    cr_expect(zero(int, admit(&open, MSOCK__FRAGMENT)));
    cr_expect(eq(int, admit(&open, MSOCK__SEALED), MSOCK_DROP_SEALED));
    cr_expect(eq(int, admit(&open, MSOCK__SIGNED), MSOCK_DROP_SIGNED));
    cr_expect(eq(int, admit(&open, MSOCK__SIGNED | MSOCK__SEALED),
                 MSOCK_DROP_SIGNED));
    cr_expect(zero(int, msock__pipeline_sealed(&open)));
}

Test(transform, a_sealed_channel_drops_open_and_signed_frames)
{
    struct msock__pipeline sealed = {.count = 0};
    struct letter letter = {.letter = 'a'};

    add_letter(&sealed, &letter, MSOCK__SEALED);

    cr_expect(zero(int, admit(&sealed, MSOCK__SEALED)));
    cr_expect(zero(int, admit(&sealed, MSOCK__SEALED | MSOCK__FRAGMENT)));
    cr_expect(eq(int, admit(&sealed, 0), MSOCK_DROP_OPEN));
    cr_expect(eq(int, admit(&sealed, MSOCK__FRAGMENT), MSOCK_DROP_OPEN));
    cr_expect(eq(int, admit(&sealed, MSOCK__SEALED | MSOCK__SIGNED),
                 MSOCK_DROP_SIGNED));
    cr_expect(ne(int, msock__pipeline_sealed(&sealed), 0));
}

Test(transform, a_stage_may_refuse_a_header)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct letter letter = {.admit_drop = MSOCK_DROP_KEY_ID};

    add_letter(&pipeline, &letter, MSOCK__SEALED);

    cr_assert(eq(int, admit(&pipeline, MSOCK__SEALED), MSOCK_DROP_KEY_ID));
}

Test(transform, stages_run_outward_in_order_and_back_in_reverse)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct letter a = {.letter = 'a'};
    struct letter b = {.letter = 'b'};
    uint8_t bytes[64] = {0};
    struct msock__packet packet = {.frame = {.counter = 5},
                                   .bytes = bytes,
                                   .size = MSOCK__HEADER_SIZE,
                                   .capacity = sizeof bytes};

    add_letter(&pipeline, &a, MSOCK__SEALED);
    add_letter(&pipeline, &b, 0);
    cr_assert(eq(sz, msock__pipeline_overhead(&pipeline), 2));
    msock__pipeline_encode(&pipeline, &packet);

    cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE + 2));
    cr_assert(zero(int, memcmp(bytes + MSOCK__HEADER_SIZE, "ab", 2)));
    cr_assert(zero(int, msock__pipeline_decode(&pipeline, &packet)));
    cr_assert(eq(sz, packet.size, MSOCK__HEADER_SIZE));
}

Test(transform, encode_stamps_before_it_writes_the_header)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct letter a = {.letter = 'a'};
    uint8_t bytes[64] = {0};
    struct msock__packet packet = {.frame = {.counter = 5},
                                   .bytes = bytes,
                                   .size = MSOCK__HEADER_SIZE,
                                   .capacity = sizeof bytes};
    struct msock__frame frame;

    add_letter(&pipeline, &a, MSOCK__SEALED);
    msock__pipeline_encode(&pipeline, &packet);
    cr_assert(zero(int, msock__frame_decode(bytes, sizeof bytes, &frame)));

    cr_assert(eq(int, frame.flags, MSOCK__SEALED));
    cr_assert(eq(u32, frame.key_id, 7));
}

Test(transform, decode_stops_at_the_first_drop)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct letter a = {.letter = 'a'};
    struct letter b = {.letter = 'b'};
    uint8_t bytes[MSOCK__HEADER_SIZE + 2] = {0};
    struct msock__packet packet = {.bytes = bytes, .size = sizeof bytes};

    add_letter(&pipeline, &a, MSOCK__SEALED);
    add_letter(&pipeline, &b, 0);

    cr_assert(
        eq(int, msock__pipeline_decode(&pipeline, &packet), MSOCK_DROP_AUTH));
    cr_assert(eq(sz, packet.size, sizeof bytes - 1));
}

Test(transform, fini_frees_each_stage_once)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct letter a = {.letter = 'a'};
    struct letter b = {.letter = 'b'};

    add_letter(&pipeline, &a, MSOCK__SEALED);
    add_letter(&pipeline, &b, 0);
    msock__pipeline_fini(&pipeline);
    msock__pipeline_fini(&pipeline);

    cr_assert(eq(int, a.freed, 1));
    cr_assert(eq(int, b.freed, 1));
    cr_assert(eq(sz, pipeline.count, 0));
}
