/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reassembly of reliable messages beside a plain list of the pieces
 * so far: in order, all of one size but a shorter last one, or not at all. */
#include "core/join.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <string.h>

enum { PIECES_MAX = 256, SIZE_MAX_HERE = 32, MESSAGE_MAX = 200 };

static struct {
    size_t sizes[PIECES_MAX];
    uint8_t fills[PIECES_MAX];
    size_t size; /* of all */
    uint32_t count, next;
    uint64_t sent_us;
} model;
static struct msock__join join;
static struct msock__join_pool pool;
static struct fuzz_input input;

static int judge(const struct msock__body *body)
{
    size_t first = body->index == 0 ? body->size : model.sizes[0];
    size_t before = body->index == 0 ? 0 : model.size;
    bool last = body->index + 1 == body->count;
    if (body->index != 0 &&
        (body->index != model.next || body->count != model.count ||
         (last ? body->size > first : body->size != first))) {
        return -MSOCK_DROP_PIECE;
    }
    if ((uint64_t)(body->count - 1) * first + 1 > MESSAGE_MAX ||
        before + body->size > MESSAGE_MAX) {
        return -MSOCK_DROP_TOO_BIG;
    }
    return last;
}

static void note(const struct msock__body *body)
{
    if (body->index == 0) {
        model.size = 0;
        model.count = body->count;
        model.sent_us = body->sent_us;
    }
    model.sizes[body->index] = body->size;
    model.fills[body->index] = body->bytes[0];
    model.size += body->size;
    model.next = body->index + 1;
}

static void check_message(void)
{
    size_t offset = 0;
    for (uint32_t i = 0; i < model.count; i++) {
        for (size_t j = 0; j < model.sizes[i]; j++) {
            assert(join.bytes[offset++] == model.fills[i]);
        }
    }
    assert(offset == join.size && join.sent_us == model.sent_us);
    join.bytes[offset] = 0; /* the spare byte is there */
}

static void step(void)
{
    uint8_t room[SIZE_MAX_HERE];
    unsigned how = fuzz_byte(&input);
    unsigned count = fuzz_byte(&input);
    struct msock__body body = {.index = model.next,
                               .count = model.count,
                               .size = model.sizes[0],
                               .sent_us = input.left,
                               .bytes = room};
    if (how < 64 || body.count == 0) {
        body.index = 0;
        body.count = how & 1 ? 2 + count : 2 + count % 8;
        body.size = 1 + how % SIZE_MAX_HERE;
    } else if (how < 96) {
        body.index = count;
        body.count = model.count > count ? model.count : count + 1;
    } else if (how < 128) {
        body.size = 1 + count % SIZE_MAX_HERE;
    }
    if (body.count < 2 || body.index >= body.count || body.size == 0) {
        return;
    }
    memset(room, (int)count, sizeof room);

    int expected = judge(&body);
    int result = msock__join_add(&join, &pool, &body);
    bool short_of_memory =
        pool.bytes_max < MESSAGE_MAX && result == -MSOCK_DROP_PIECE_LIMIT;
    assert(result == expected || (short_of_memory && expected >= 0));
    assert(pool.bytes <= pool.bytes_max);
    assert(msock__join_open(&join) == (result >= 0));
    if (result >= 0) {
        note(&body);
    }
    if (result == 1) {
        check_message();
    }
    if (result != 0) {
        msock__join_reset(&join, &pool);
        memset(&model, 0, sizeof model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    input = (struct fuzz_input){bytes, size};
    memset(&model, 0, sizeof model);
    join = (struct msock__join){0};
    pool = (struct msock__join_pool){.bytes_max = 1 + fuzz_byte(&input),
                                     .message_max = MESSAGE_MAX};
    while (input.left > 0) {
        step();
    }
    msock__join_reset(&join, &pool);
    assert(pool.bytes == 0);
    return 0;
}
