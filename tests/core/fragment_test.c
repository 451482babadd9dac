/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of reassembly: agreement of pieces, bounds, time, and order. */
#include "core/fragment.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SECOND = 1000000, CUT_MAX = 20, PIECE_MAX = 200 };

static struct msock__fragments *fragments;
static struct msock__assembled message;
static size_t lost;

static void open_with(size_t assemblies_max, size_t bytes_max,
                      size_t message_max)
{
    const struct msock__fragments_limits limits = {assemblies_max, bytes_max,
                                                   message_max};
    cr_assert(eq(int, msock__fragments_new(&fragments, &limits), 0));
}

static void setup(void)
{
    open_with(4, 1 << 20, 1 << 19);
    message = (struct msock__assembled){.bytes = NULL};
    lost = 0;
}

static void teardown(void)
{
    free(message.bytes);
    msock__fragments_free(fragments);
}

TestSuite(fragment, .init = setup, .fini = teardown);

static void reopen(size_t assemblies_max, size_t bytes_max, size_t message_max)
{
    msock__fragments_free(fragments);
    open_with(assemblies_max, bytes_max, message_max);
}

/* Adds a piece `text` to the assembly that begins at counter `base`. */
static int add_at(uint64_t now_us, uint32_t session, uint64_t base,
                  uint32_t index, uint32_t count, const char *text)
{
    uint8_t bytes[64];
    struct msock__body body = {.sent_us = 1000 + index,
                               .index = index,
                               .count = count,
                               .bytes = bytes,
                               .size = strlen(text)};
    memcpy(bytes, text, body.size);
    return msock__fragments_add(fragments, now_us, session, base + index, &body,
                                &message, &lost);
}

static int add(uint64_t base, uint32_t index, uint32_t count, const char *text)
{
    return add_at(0, 0, base, index, count, text);
}

static void expect_message(const char *text)
{
    cr_assert(ne(ptr, message.bytes, NULL));
    cr_assert(eq(sz, message.size, strlen(text)));
    message.bytes[message.size] = '\0'; /* the spare byte */
    cr_expect(eq(str, (char *)message.bytes, (char *)text));
}

static bool is_empty(void)
{
    return msock__fragments_bytes(fragments) == 0 &&
           msock__fragments_deadline(fragments) == UINT64_MAX;
}

/* -- Whole messages -- */

Test(fragment, pieces_in_order_become_the_message)
{
    cr_expect(eq(int, add(10, 0, 3, "abcd"), 0));
    cr_expect(eq(int, add(10, 1, 3, "efgh"), 0));
    cr_expect(eq(int, add(10, 2, 3, "ij"), 1));

    expect_message("abcdefghij");
    cr_expect(eq(u64, message.sent_us, 1000));
    cr_expect(is_empty());
}

Test(fragment, every_order_gives_the_same_message)
{
    static const uint32_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const pieces[] = {"abcd", "efgh", "i"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        const uint32_t *order = orders[i];
        cr_expect(eq(int, add(1, order[0], 3, pieces[order[0]]), 0));
        cr_expect(eq(int, add(1, order[1], 3, pieces[order[1]]), 0));
        cr_expect(eq(int, add(1, order[2], 3, pieces[order[2]]), 1));
        expect_message("abcdefghi");
        cr_expect(eq(u64, message.sent_us, 1000));
        free(message.bytes);
        message.bytes = NULL;
    }
}

Test(fragment, last_piece_may_be_as_long_as_the_others)
{
    cr_expect(eq(int, add(1, 1, 2, "cd"), 0));
    cr_expect(eq(int, add(1, 0, 2, "ab"), 1));

    expect_message("abcd");
}

Test(fragment, messages_of_one_session_do_not_mix)
{
    cr_expect(eq(int, add(1, 0, 2, "ab"), 0));
    cr_expect(eq(int, add(3, 0, 2, "cd"), 0));
    cr_expect(eq(int, add(3, 1, 2, "e"), 1));
    expect_message("cde");
    free(message.bytes);

    cr_expect(eq(int, add(1, 1, 2, "f"), 1));
    expect_message("abf");
}

Test(fragment, sessions_do_not_mix)
{
    cr_expect(eq(int, add_at(0, 3, 1, 0, 2, "ab"), 0));
    cr_expect(eq(int, add_at(0, 900, 1, 1, 2, "c"), 0));
    cr_expect(eq(int, add_at(0, 900, 1, 0, 2, "de"), 1));

    expect_message("dec");
    cr_expect(not(is_empty()));
}

Test(fragment, repeated_piece_changes_nothing)
{
    cr_expect(eq(int, add_at(0, 0, 1, 0, 2, "ab"), 0));
    size_t bytes = msock__fragments_bytes(fragments);

    cr_expect(eq(int, add_at(SECOND, 0, 1, 0, 2, "ab"), 0));

    cr_expect(eq(sz, msock__fragments_bytes(fragments), bytes));
    cr_expect(eq(u64, msock__fragments_deadline(fragments), 2 * SECOND));
    cr_expect(eq(int, add(1, 1, 2, "c"), 1));
    expect_message("abc");
}

/* -- Pieces that disagree -- */

static const struct {
    const char *what;
    uint32_t first_index, first_count;
    const char *first;
    uint32_t second_index, second_count;
    const char *second;
} disagreeing[] = {
    {"count", 0, 3, "ab", 1, 4, "cd"},
    {"count over the limit", 0, 3, "ab", 1, 2000, "cd"},
    {"a longer piece", 0, 3, "ab", 1, 3, "cde"},
    {"a shorter piece", 0, 3, "ab", 1, 3, "c"},
    {"a longer last piece", 0, 3, "ab", 2, 3, "cde"},
    {"a piece shorter than the last", 2, 3, "cde", 0, 3, "ab"},
    {"other bytes", 0, 3, "ab", 0, 3, "ac"},
    {"other bytes of the last", 2, 3, "ab", 2, 3, "ac"},
    {"another size of the last", 2, 3, "ab", 2, 3, "a"},
};

Test(fragment, pieces_that_disagree_end_their_assembly)
{
    for (size_t i = 0; i < COUNT(disagreeing); i++) {
        cr_expect(eq(int,
                     add(5, disagreeing[i].first_index,
                         disagreeing[i].first_count, disagreeing[i].first),
                     0));
        cr_expect(eq(int,
                     add(5, disagreeing[i].second_index,
                         disagreeing[i].second_count, disagreeing[i].second),
                     -MSOCK_DROP_PIECE),
                  "%s", disagreeing[i].what);
        cr_expect(is_empty(), "%s", disagreeing[i].what);
    }
}

Test(fragment, disagreement_leaves_other_assemblies_alone)
{
    add(1, 0, 2, "ab");
    add(5, 0, 2, "cd");
    add(9, 0, 2, "ef");

    cr_expect(eq(int, add(5, 1, 2, "ghi"), -MSOCK_DROP_PIECE));

    cr_expect(eq(sz, lost, 0));
    cr_expect(eq(int, add(1, 1, 2, "x"), 1));
    expect_message("abx");
    free(message.bytes);
    cr_expect(eq(int, add(9, 1, 2, "y"), 1));
    expect_message("efy");
}

Test(fragment, piece_before_the_first_counter_is_refused)
{
    struct msock__body body = {
        .index = 5, .count = 9, .bytes = (uint8_t *)"ab", .size = 2};

    cr_expect(
        eq(int, msock__fragments_add(fragments, 0, 0, 5, &body, &message, NULL),
           -MSOCK_DROP_PIECE));
    cr_expect(is_empty());
    cr_expect(
        eq(int, msock__fragments_add(fragments, 0, 0, 6, &body, &message, NULL),
           0));
}

/* -- Bounds -- */

Test(fragment, more_than_1024_pieces_are_refused)
{
    cr_expect(eq(int, add(1, 0, 1025, "ab"), -MSOCK_DROP_PIECE_LIMIT));
    cr_expect(eq(int, add(1, 0, UINT32_MAX, "ab"), -MSOCK_DROP_PIECE_LIMIT));
    cr_expect(is_empty());

    for (uint32_t i = 0; i < 1023; i++) {
        cr_assert(eq(int, add(1, i, 1024, "ab"), 0));
    }
    cr_expect(eq(int, add(1, 1023, 1024, "c"), 1));
    cr_expect(eq(sz, message.size, 2047));
}

Test(fragment, message_max_is_exact)
{
    reopen(4, 1 << 20, 10);

    cr_expect(eq(int, add(1, 0, 3, "abcd"), 0));
    cr_expect(eq(int, add(1, 1, 3, "efgh"), 0));
    cr_expect(eq(int, add(1, 2, 3, "ij"), 1));
    expect_message("abcdefghij");
    free(message.bytes);
    message.bytes = NULL;

    cr_expect(eq(int, add(5, 0, 3, "abcd"), 0));
    cr_expect(eq(int, add(5, 2, 3, "ijk"), -MSOCK_DROP_TOO_BIG));
    cr_expect(is_empty());
}

Test(fragment, message_that_must_become_too_big_is_refused_at_once)
{
    reopen(4, 1 << 20, 10);

    cr_expect(eq(int, add(1, 0, 4, "abcd"), -MSOCK_DROP_TOO_BIG));
    cr_expect(eq(int, add(1, 3, 4, "abc"), -MSOCK_DROP_TOO_BIG));
    cr_expect(eq(int, add(1, 0, 11, "a"), -MSOCK_DROP_TOO_BIG));
    cr_expect(eq(int, add(1, 0, 10, "a"), 0));
}

Test(fragment, too_big_evicts_nobody)
{
    reopen(1, 1 << 20, 10);
    add(1, 0, 2, "ab");

    cr_expect(eq(int, add(5, 0, 2, "0123456789"), -MSOCK_DROP_TOO_BIG));

    cr_expect(eq(sz, lost, 0));
    cr_expect(eq(int, add(1, 1, 2, "c"), 1));
}

Test(fragment, session_over_its_assemblies_loses_its_oldest)
{
    add_at(0, 7, 1, 0, 2, "zz");
    for (uint64_t i = 0; i < 4; i++) {
        add(1 + 2 * i, 0, 2, "ab");
        cr_expect(eq(sz, lost, 0));
    }

    cr_expect(eq(int, add(9, 0, 2, "ef"), 0));
    cr_expect(eq(sz, lost, 1));

    cr_expect(eq(int, add(3, 1, 2, "c"), 1));
    expect_message("abc");
    free(message.bytes);
    cr_expect(eq(int, add_at(0, 7, 1, 1, 2, "y"), 1));
    expect_message("zzy");
    cr_expect(eq(int, add(1, 1, 2, "c"), 0), "a new assembly");
}

Test(fragment, bytes_of_all_are_bounded)
{
    reopen(1024, 4096, 1 << 19);
    int result = 0;
    uint64_t base = 1;

    while (result == 0) {
        result = add(base, 0, 2, "0123456789");
        cr_assert(le(sz, msock__fragments_bytes(fragments), 4096));
        base += 2;
    }

    cr_expect(eq(int, result, -MSOCK_DROP_PIECE_LIMIT));
    cr_expect(gt(u64, base, 20));
    cr_expect(gt(sz, msock__fragments_bytes(fragments), 3500),
              "the others are kept");
}

Test(fragment, piece_over_the_bytes_ends_its_assembly)
{
    reopen(4, 2048, 1 << 19);
    int result = 0;

    for (uint32_t i = 0; result == 0; i++) {
        result = add(1, i, 1000, "0123456789012345678901234567890123456789");
    }

    cr_expect(eq(int, result, -MSOCK_DROP_PIECE_LIMIT));
    cr_expect(is_empty());
}

Test(fragment, what_is_held_is_what_arrived)
{
    add(1, 0, 1000, "ab");

    cr_expect(lt(sz, msock__fragments_bytes(fragments), 512));
}

/* -- Time -- */

Test(fragment, given_up_2_s_after_the_last_new_piece)
{
    const uint64_t due_us = 8 * SECOND;
    add_at(5 * SECOND, 0, 1, 0, 3, "ab");
    add_at(6 * SECOND, 0, 1, 1, 3, "cd");

    cr_expect(eq(u64, msock__fragments_deadline(fragments), due_us));
    cr_expect(eq(sz, msock__fragments_expire(fragments, due_us - 1), 0));
    cr_expect(eq(sz, msock__fragments_expire(fragments, due_us), 1));
    cr_expect(is_empty());
    cr_expect(eq(sz, msock__fragments_expire(fragments, UINT64_MAX), 0));
}

Test(fragment, deadline_follows_the_one_that_waits_longest)
{
    add_at(0, 0, 1, 0, 3, "ab");
    add_at(10, 1, 1, 0, 3, "ab");
    add_at(20, 2, 1, 0, 3, "ab");
    add_at(30, 0, 1, 1, 3, "cd");

    cr_expect(eq(u64, msock__fragments_deadline(fragments), 2 * SECOND + 10));
    cr_expect(eq(sz, msock__fragments_expire(fragments, 2 * SECOND + 20), 2));
    cr_expect(eq(u64, msock__fragments_deadline(fragments), 2 * SECOND + 30));
    cr_expect(eq(int, add_at(40, 0, 1, 2, 3, "e"), 1));
    expect_message("abcde");
}

Test(fragment, forgotten_session_takes_its_assemblies_along)
{
    add_at(0, 1, 1, 0, 2, "ab");
    add_at(0, 1, 3, 0, 2, "ab");
    add_at(0, 2, 1, 0, 2, "ab");

    cr_expect(eq(sz, msock__fragments_forget(fragments, 1), 2));
    cr_expect(eq(sz, msock__fragments_forget(fragments, 1), 0));
    cr_expect(eq(sz, msock__fragments_forget(fragments, 60000), 0));

    cr_expect(eq(int, add_at(0, 2, 1, 1, 2, "c"), 1));
    cr_expect(is_empty());
}

Test(fragment, free_takes_what_is_unfinished)
{
    add(1, 0, 2, "ab");
    add(5, 1, 9, "ab");

    msock__fragments_free(NULL);
}

/* -- Against the messages themselves -- */

static uint64_t random_state = 11;

static uint64_t next_random(void)
{
    random_state =
        random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return random_state >> 33;
}

/* A message on its way, its pieces in a shuffled order. */
struct cut {
    uint8_t bytes[CUT_MAX * PIECE_MAX];
    size_t size, piece_size;
    uint64_t base;
    uint32_t session, count, given;
    uint32_t order[CUT_MAX];
};

static void cut_again(struct cut *cut, uint32_t session, uint64_t *counter)
{
    cut->count = (uint32_t)(2 + next_random() % (CUT_MAX - 2));
    cut->piece_size = 1 + next_random() % PIECE_MAX;
    cut->size = (cut->count - 1) * cut->piece_size;
    cut->size += 1 + next_random() % cut->piece_size;
    cut->base = *counter;
    cut->session = session;
    cut->given = 0;
    *counter += cut->count;
    for (size_t i = 0; i < cut->size; i++) {
        cut->bytes[i] = (uint8_t)next_random();
    }
    for (uint32_t i = 0; i < cut->count; i++) {
        uint32_t j = (uint32_t)(next_random() % (i + 1));
        cut->order[i] = cut->order[j];
        cut->order[j] = i;
    }
}

static int give_piece(struct cut *cut, uint64_t now_us)
{
    uint32_t index = cut->order[cut->given++];
    size_t offset = index * cut->piece_size;
    size_t rest = cut->size - offset;
    struct msock__body body = {
        .sent_us = cut->base + index,
        .index = index,
        .count = cut->count,
        .bytes = cut->bytes + offset,
        .size = rest < cut->piece_size ? rest : cut->piece_size};
    return msock__fragments_add(fragments, now_us, cut->session,
                                cut->base + index, &body, &message, &lost);
}

Test(fragment, shuffled_messages_of_many_sessions_arrive_whole)
{
    static struct cut cuts[12];
    uint64_t counters[3] = {1, 1, 1};
    size_t whole = 0;
    for (uint32_t i = 0; i < COUNT(cuts); i++) {
        cut_again(&cuts[i], i % 3, &counters[i % 3]);
    }

    for (uint64_t step = 0; whole < 2000; step++) {
        struct cut *cut = &cuts[next_random() % COUNT(cuts)];
        int result = give_piece(cut, step);
        cr_assert(eq(int, result, cut->given == cut->count));
        cr_assert(eq(sz, lost, 0));
        for (; result == 1; result = 0) {
            cr_assert(eq(sz, message.size, cut->size));
            cr_assert(eq(int, memcmp(message.bytes, cut->bytes, cut->size), 0));
            cr_assert(eq(u64, message.sent_us, cut->base));
            free(message.bytes);
            message.bytes = NULL;
            cut_again(cut, cut->session, &counters[cut->session]);
            whole++;
        }
    }
}

Test(fragment, random_pieces_stay_within_the_bounds)
{
    static uint8_t bytes[400];
    reopen(3, 16384, 4000);

    for (uint64_t step = 0; step < 200000; step++) {
        uint32_t count = (uint32_t)(2 + next_random() % 12);
        struct msock__body body = {.index = (uint32_t)next_random() % count,
                                   .count = count,
                                   .bytes = bytes,
                                   .size = 1 + next_random() % 400};
        uint32_t session = (uint32_t)next_random() % 8;
        msock__fragments_add(fragments, step * 1000, session,
                             1 + next_random() % 40, &body, &message, NULL);
        cr_assert(le(sz, msock__fragments_bytes(fragments), 16384));
        cr_assert(le(sz, message.size, 4000));
        msock__fragments_expire(fragments, step * 1000);
        free(message.bytes);
        message = (struct msock__assembled){.bytes = NULL};
    }

    msock__fragments_expire(fragments, UINT64_MAX - 1);
    cr_expect(is_empty());
}
