/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces in order become one message, and nothing else does. */
#include "core/join.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <string.h>

static struct msock__join_pool pool;
static struct msock__join join;

static void start(void)
{
    pool = (struct msock__join_pool){.bytes_max = 1000, .message_max = 500};
    join = (struct msock__join){0};
}

static void end(void)
{
    msock__join_reset(&join, &pool);
    cr_expect(eq(sz, pool.bytes, 0));
}

TestSuite(join, .init = start, .fini = end);

static uint8_t text[2000];

static int add(uint32_t index, uint32_t count, size_t size)
{
    memset(text, 'a' + (int)(index % 26), size);
    const struct msock__body body = {.sent_us = 100 + index,
                                     .index = index,
                                     .count = count,
                                     .bytes = text,
                                     .size = size};
    int code = msock__join_add(&join, &pool, &body);
    cr_assert(le(sz, pool.bytes, pool.bytes_max));
    cr_assert(eq(sz, pool.bytes, join.capacity));
    return code;
}

Test(join, pieces_become_the_message)
{
    cr_expect(eq(int, add(0, 3, 4), 0));
    cr_expect(msock__join_open(&join));
    cr_expect(eq(int, add(1, 3, 4), 0));
    cr_expect(eq(int, add(2, 3, 1), 1));

    cr_assert(eq(sz, join.size, 9));
    cr_expect(eq(int, memcmp(join.bytes, "aaaabbbbc", 9), 0));
    cr_expect(eq(u64, join.sent_us, 100));
    join.bytes[9] = 0; /* the spare byte */
}

struct step {
    uint32_t index, count;
    size_t size;
    int code;
};

enum { STEPS = 3 };

static const struct step wrong[][STEPS] = {
    {{1, 3, 4, -MSOCK_DROP_PIECE}, {2, 3, 4, -MSOCK_DROP_PIECE}, {0}},
    {{0, 3, 4, 0}, {2, 3, 4, -MSOCK_DROP_PIECE}, {1, 3, 4, -MSOCK_DROP_PIECE}},
    {{0, 3, 4, 0}, {1, 4, 4, -MSOCK_DROP_PIECE}, {0}},
    {{0, 3, 4, 0}, {1, 3, 3, -MSOCK_DROP_PIECE}, {0}},
    {{0, 3, 4, 0}, {1, 3, 5, -MSOCK_DROP_PIECE}, {0}},
    {{0, 2, 4, 0}, {1, 2, 5, -MSOCK_DROP_PIECE}, {0}},
    {{0, 2, 4, 0}, {0, 2, 4, 0}, {1, 2, 4, 1}},
    {{0, 2, 501, -MSOCK_DROP_TOO_BIG}, {1, 2, 1, -MSOCK_DROP_PIECE}, {0}},
    {{0, 2, 500, -MSOCK_DROP_TOO_BIG}, {0}},
    {{0, 2, 499, 0}, {1, 2, 1, 1}, {0}},
    {{0, 2, 499, 0}, {1, 2, 2, -MSOCK_DROP_TOO_BIG}, {0}},
    {{0, 501, 1, -MSOCK_DROP_TOO_BIG}, {0}},
    {{0, 500, 1, 0}, {0}},
    {{0, UINT32_MAX, 1, -MSOCK_DROP_TOO_BIG}, {0}},
};

Test(join, what_does_not_continue_a_message_ends_it)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        msock__join_reset(&join, &pool);
        for (size_t j = 0; j < STEPS && wrong[i][j].count > 0; j++) {
            const struct step *step = &wrong[i][j];
            int code = add(step->index, step->count, step->size);
            cr_expect(eq(int, code, step->code), "%zu, %zu", i, j);
            cr_expect(eq(int, msock__join_open(&join), code >= 0));
        }
    }
}

Test(join, memory_is_taken_for_what_arrived)
{
    pool.message_max = 1000;
    cr_assert(eq(int, add(0, 900, 1), 0));
    for (uint32_t i = 1; i < 100; i++) {
        cr_assert(eq(int, add(i, 900, 1), 0));
        cr_assert(le(sz, pool.bytes, 2 * (size_t)(i + 1)));
    }
}

Test(join, pool_of_all_is_bounded)
{
    struct msock__join other = {0};
    uint8_t bytes[400] = {0};
    const struct msock__body body = {
        .count = 2, .bytes = bytes, .size = sizeof(bytes)};
    pool.bytes_max = 600;
    cr_assert(eq(int, msock__join_add(&other, &pool, &body), 0));

    pool.message_max = 500;
    const struct msock__body more = {.count = 2, .bytes = bytes, .size = 201};
    cr_expect(
        eq(int, msock__join_add(&join, &pool, &more), -MSOCK_DROP_PIECE_LIMIT));
    cr_expect(not(msock__join_open(&join)));
    msock__join_reset(&other, &pool);
    cr_expect(eq(int, msock__join_add(&join, &pool, &more), 0));
}

Test(join, lack_of_memory_gives_the_message_up)
{
    cr_assert(eq(int, add(0, 3, 4), 0));
    test_alloc_fail_at(1);
    cr_expect(eq(int, add(1, 3, 4), -MSOCK_DROP_MEMORY));
    cr_assert(test_alloc_failed());

    cr_expect(not(msock__join_open(&join)));
    cr_expect(eq(sz, pool.bytes, 0));
}
