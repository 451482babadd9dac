/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of messages that take the place of others that wait to be sent. */
#include "core/outbox.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <stdlib.h>
#include <string.h>

enum { SPACE = 10, PIECE = 8, LIMIT = 4096, TEXT_MAX = 4096 };

static struct msock__outbox outbox;
static struct msock__place place;

static void init(void)
{
    msock__outbox_init(&outbox, LIMIT, 1024, false);
    msock__outbox_space(&outbox, SPACE, PIECE);
    place = (struct msock__place){0};
}

static void fini(void)
{
    msock__outbox_fini(&outbox);
}

TestSuite(outbox_place, .init = init, .fini = fini);

static void append(const char *text)
{
    uint8_t *room;
    int code = msock__outbox_reserve(&outbox, strlen(text), 1, &room);
    cr_assert(zero(int, code));
    memcpy(room, text, strlen(text));
    msock__outbox_commit(&outbox, strlen(text));
}

static void append_at(struct msock__place *at, const char *text)
{
    append(text);
    msock__outbox_mark(&outbox, at, strlen(text));
}

/* Having reserved `slack` bytes more than it takes. */
static int replace_with(struct msock__place *at, const char *text, size_t slack)
{
    uint8_t *room;
    int code =
        msock__outbox_reserve_at(&outbox, at, strlen(text) + slack, &room);
    if (code == 0) {
        memcpy(room, text, strlen(text));
        msock__outbox_commit_at(&outbox, at, strlen(text));
    }
    return code;
}

static void replace(struct msock__place *at, const char *text)
{
    cr_assert(zero(int, replace_with(at, text, 0)));
}

/* Takes the next frame out, as "batch|" or "pie-". */
static void take(char *text)
{
    struct msock__chunk chunk;
    cr_assert(msock__outbox_peek(&outbox, &chunk));
    strncat(text, (const char *)chunk.bytes, chunk.size);
    strcat(text, chunk.count > 0 ? "-" : "|");
    msock__outbox_pop(&outbox);
}

/* All frames. */
static const char *rest(void)
{
    static char text[TEXT_MAX];
    text[0] = '\0';
    while (outbox.head) {
        take(text);
    }
    cr_expect(zero(sz, outbox.bytes));
    return text;
}

#define EXPECT_REST(wanted) cr_expect(eq(str, (char *)rest(), wanted))

Test(outbox_place, message_is_replaced_where_it_waits)
{
    append("aa");
    append_at(&place, "bb");
    append("cc");
    append("0123456789");

    replace(&place, "BBBB");
    replace(&place, "B");
    replace(&place, "xyz");

    EXPECT_REST("aaxyzcc|0123456789|");
}

Test(outbox_place, places_behind_it_move_along)
{
    struct msock__place first = {0};
    struct msock__place last = {0};
    append_at(&first, "a");
    append_at(&place, "b");
    append_at(&last, "c");

    replace(&place, "BBB");
    replace(&last, "CC");
    replace(&first, "AA");
    replace(&place, "b");

    EXPECT_REST("AAbCC|");
}

Test(outbox_place, what_outgrows_its_frame_gets_one_right_behind_it)
{
    append("aa");
    append_at(&place, "bb");
    append("cc");
    append("0123456789");

    replace(&place, "BBBBBBB");
    EXPECT_REST("aacc|BBBBBBB|0123456789|");

    append_at(&place, "bbbb");
    append("0123456789");
    replace(&place, "BBBBBBBBBBBB");
    EXPECT_REST("BBBBBBBB-BBBB-0123456789|");
}

Test(outbox_place, large_ones_are_replaced_until_they_begin_to_leave)
{
    char text[TEXT_MAX] = "";
    append_at(&place, "0123456789abcdef");
    append("z");
    replace(&place, "ABCDEFGHIJKL");
    replace(&place, "abcdefghijklmnop");
    cr_expect(msock__place_taken(&place));

    take(text);

    cr_expect(eq(str, text, "abcdefgh-"));
    cr_expect(not(msock__place_taken(&place)));
    EXPECT_REST("ijklmnop-z|");
}

Test(outbox_place, place_ends_when_its_message_leaves)
{
    struct msock__place other = {0};
    append_at(&place, "a");
    append_at(&other, "b");
    cr_expect(msock__place_taken(&place) && msock__place_taken(&other));

    EXPECT_REST("ab|");

    cr_expect(not(msock__place_taken(&place)));
    cr_expect(not(msock__place_taken(&other)));
    msock__place_leave(&place);
}

Test(outbox_place, place_that_was_left_replaces_nothing)
{
    struct msock__place others[2] = {0};
    append_at(&others[0], "a");
    append_at(&place, "b");
    append_at(&others[1], "c");

    msock__place_leave(&place);
    replace(&others[0], "AA");
    replace(&others[1], "CC");

    cr_expect(not(msock__place_taken(&place)));
    EXPECT_REST("AAbCC|");
}

Test(outbox_place, full_queue_takes_what_replaces)
{
    append_at(&place, "0123456789ab");
    while (msock__outbox_takes(&outbox, 10, 1)) {
        append("9876543210");
    }
    size_t bytes = outbox.bytes;

    replace(&place, "ba9876543210");
    cr_expect(eq(sz, outbox.bytes, bytes));

    static char large[LIMIT / 2];
    memset(large, 'x', sizeof large - 1);
    cr_expect(eq(int, replace_with(&place, large, 0), MSOCK_EAGAIN));
    cr_expect(eq(int, replace_with(&place, large, LIMIT), MSOCK_ETOOBIG));
    cr_expect(eq(sz, outbox.bytes, bytes));
    cr_expect(msock__place_taken(&place));
}

Test(outbox_place, room_that_is_not_committed_changes_nothing)
{
    uint8_t *room;
    append_at(&place, "old");
    cr_assert(zero(int, msock__outbox_reserve_at(&outbox, &place, 3, &room)));
    memcpy(room, "new", 3);

    append("!");

    EXPECT_REST("old!|");
}

Test(outbox_place, lack_of_memory_changes_nothing)
{
    append_at(&place, "old");

    test_alloc_fail_at(1);
    int code = replace_with(&place, "new", 0);
    cr_expect(test_alloc_failed());

    cr_expect(eq(int, code, MSOCK_ENOMEM));
    EXPECT_REST("old|");
}

/* A message as the model has it: its letter, and how long it is. */
enum { KEYS = 20 };

static struct msock__place places[KEYS];
static size_t waiting[KEYS];

/* Whether all that waits is there once: `text` is what left. */
static void expect_once(const char *text)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t count = 0;
        for (const char *one = text; *one; one++) {
            count += *one == (char)('a' + i);
        }
        cr_expect(eq(sz, count, waiting[i]), "key %zu", i);
        waiting[i] = 0;
    }
}

static void put_key(struct msock__dice *dice)
{
    char text[32] = "";
    size_t i = msock__dice_below(dice, KEYS);
    size_t size = 1 + msock__dice_below(dice, 20);
    memset(text, (char)('a' + i), size);
    if (msock__place_taken(&places[i])) {
        replace(&places[i], text);
    } else {
        append_at(&places[i], text);
    }
    waiting[i] = size;
}

Test(outbox_place, whatever_happens_the_newest_of_each_leaves_once)
{
    struct msock__dice dice = {7};
    msock__outbox_init(&outbox, 1 << 20, 1024, false);
    msock__outbox_space(&outbox, SPACE, PIECE);
    for (int i = 0; i < 2000; i++) {
        size_t count = 1 + msock__dice_below(&dice, 60);
        for (size_t k = 0; k < count; k++) {
            put_key(&dice);
        }
        expect_once(rest());
    }
}
