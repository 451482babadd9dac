/* SPDX-License-Identifier: Apache-2.0 */
#include "core/outbox.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

enum { SPACE = 100, PIECE = 90, LIMIT = 1 << 20 };

static struct msock__outbox outbox;

static void init(void)
{
    msock__outbox_init(&outbox, LIMIT, 1024, false);
    msock__outbox_space(&outbox, SPACE, PIECE);
}

static void fini(void)
{
    msock__outbox_fini(&outbox);
}

TestSuite(outbox, .init = init, .fini = fini);

/* Appends `size` bytes of `fill`, having reserved `slack` more. */
static int append(char fill, size_t size, size_t slack)
{
    uint8_t *room;
    int code = msock__outbox_reserve(&outbox, size + slack, 1, &room);
    if (code == 0) {
        memset(room, fill, size);
        msock__outbox_commit(&outbox, size);
    }
    return code;
}

Test(outbox, is_empty_at_first)
{
    struct msock__chunk chunk;

    cr_expect(not(msock__outbox_peek(&outbox, &chunk)));
    cr_expect(eq(sz, outbox.bytes, 0));
}

Test(outbox, small_messages_share_a_batch)
{
    struct msock__chunk chunk;
    append('a', 40, 5);
    append('b', 60, 0);
    append('c', 1, 0);

    cr_assert(msock__outbox_peek(&outbox, &chunk));

    cr_expect(eq(sz, chunk.size, 100));
    cr_expect(eq(u32, chunk.count, 0));
    cr_expect(eq(chr, (char)chunk.bytes[39], 'a'));
    cr_expect(eq(chr, (char)chunk.bytes[40], 'b'));
    msock__outbox_pop(&outbox);
    cr_assert(msock__outbox_peek(&outbox, &chunk));
    cr_expect(eq(sz, chunk.size, 1));
    msock__outbox_pop(&outbox);
    cr_expect(eq(sz, outbox.bytes, 0));
}

Test(outbox, large_message_is_shown_in_pieces_of_one_length)
{
    static const size_t sizes[] = {90, 90, 71};
    struct msock__chunk chunk;
    append('x', 251, 7);

    for (uint32_t i = 0; i < 3; i++) {
        cr_assert(msock__outbox_peek(&outbox, &chunk));
        cr_expect(eq(u32, chunk.index, i));
        cr_expect(eq(u32, chunk.count, 3));
        cr_expect(eq(sz, chunk.size, sizes[i]));
        msock__outbox_pop(&outbox);
    }

    cr_expect(not(msock__outbox_peek(&outbox, &chunk)));
    cr_expect(eq(sz, outbox.bytes, 0));
}

Test(outbox, order_is_that_of_appending)
{
    struct msock__chunk chunk;
    append('a', 10, 0);
    append('b', 180, 0);
    append('c', 10, 0);
    static const char expected[] = "abbc";

    for (int i = 0; i < 4; i++) {
        cr_assert(msock__outbox_peek(&outbox, &chunk));
        cr_expect(eq(chr, (char)chunk.bytes[0], expected[i]));
        msock__outbox_pop(&outbox);
    }
}

Test(outbox, reserved_room_that_is_not_committed_queues_nothing)
{
    struct msock__chunk chunk;
    uint8_t *room;

    cr_assert(eq(int, msock__outbox_reserve(&outbox, 50, 1, &room), 0));
    cr_assert(eq(int, msock__outbox_reserve(&outbox, 5000, 1, &room), 0));

    cr_expect(not(msock__outbox_peek(&outbox, &chunk)));
    cr_expect(eq(sz, outbox.bytes, 0));
}

Test(outbox, full_is_again_and_never_fits_is_too_big)
{
    uint8_t *room;

    cr_expect(eq(int, msock__outbox_reserve(&outbox, LIMIT, 1, &room),
                 MSOCK_ETOOBIG));
    cr_expect(eq(int, msock__outbox_reserve(&outbox, SIZE_MAX, 1, &room),
                 MSOCK_ETOOBIG));
    append('x', 60, 0);
    cr_expect(eq(int, msock__outbox_reserve(&outbox, LIMIT - 100, 1, &room),
                 MSOCK_EAGAIN));
}

Test(outbox, memory_stays_within_the_limit)
{
    int code = 0;
    while (code == 0) {
        cr_assert(le(sz, outbox.bytes, LIMIT));
        code = append('x', 60, 0);
    }

    cr_expect(eq(int, code, MSOCK_EAGAIN));
    cr_expect(le(sz, outbox.bytes, LIMIT));
    msock__outbox_pop(&outbox);
    cr_expect(eq(int, append('x', 60, 0), 0));
}

Test(outbox, pieces_number_at_most_1024)
{
    cr_expect(msock__outbox_fits(&outbox, 1024 * PIECE));
    cr_expect(not(msock__outbox_fits(&outbox, 1024 * PIECE + 1)));
}

Test(outbox, alone_messages_share_nothing_and_may_be_empty)
{
    struct msock__chunk chunk;
    outbox.alone = true;
    append('a', 10, 0);
    append('b', 0, 0);
    append('c', 10, 0);
    static const size_t sizes[] = {10, 0, 10};

    for (int i = 0; i < 3; i++) {
        cr_assert(msock__outbox_peek(&outbox, &chunk));
        cr_expect(eq(sz, chunk.size, sizes[i]));
        msock__outbox_pop(&outbox);
    }

    cr_expect(not(msock__outbox_fits(&outbox, SPACE + 1)));
}

Test(outbox, smaller_space_closes_the_open_batch)
{
    struct msock__chunk chunk;
    append('a', 40, 0);
    msock__outbox_space(&outbox, 50, 45);
    append('b', 20, 0);

    cr_assert(msock__outbox_peek(&outbox, &chunk));

    cr_expect(eq(sz, chunk.size, 40));
}
