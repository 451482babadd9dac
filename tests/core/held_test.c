/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what pending sessions sent meanwhile: order, bounds, a naive model,
 * and every lack of memory. */
#include "core/admission.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SECOND = 1000000, BE = MSOCK__BEST_EFFORT, REL = MSOCK__RELIABLE };

static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {1};
static struct msock__admission *admission;
static struct msock__dice dice;
static uint8_t body[MSOCK__FRAME_MAX];
static size_t lost;

static void open_with(size_t frames_max, size_t bytes_max, size_t all_max)
{
    const struct msock__admission_limits limits = {.pending_max = 8,
                                                   .frames_max = frames_max,
                                                   .bytes_max = bytes_max,
                                                   .all_max = all_max};
    msock__admission_free(admission);
    cr_assert(eq(int, msock__admission_new(&admission, &limits, key), 0));
    msock__admission_start(admission, 0, key);
}

static void setup(void)
{
    dice.state = 1;
    open_with(1024, 2 << 20, 16 << 20);
}

static void teardown(void)
{
    msock__admission_free(admission);
}

TestSuite(held, .init = setup, .fini = teardown);

static void hear_at(uint64_t now_us, uint8_t session)
{
    const uint8_t id[MSOCK__SESSION_SIZE] = {session};
    cr_assert(msock__admission_hear(admission, now_us, &dice, 0, id, &lost));
}

static void hear(uint8_t session)
{
    hear_at(SECOND, session);
}

/* Holds a body of `size` bytes that begins with its counter's low byte. */
static int hold(uint8_t session, uint8_t stream, uint64_t counter, size_t size)
{
    const struct msock__frame frame = {
        .session = {session}, .stream = stream, .counter = counter, .flags = 3};
    body[0] = (uint8_t)counter;
    return msock__admission_hold(admission, SECOND, &frame, body, size, &lost);
}

static struct msock__held *take(uint8_t session)
{
    const uint8_t id[MSOCK__SESSION_SIZE] = {session};
    return msock__admission_take(admission, id);
}

/* Takes a session, which must give exactly these counters, and frees them. */
static void expect_counters(uint8_t session, const uint64_t *counters,
                            size_t count)
{
    struct msock__held *frame = take(session);
    for (size_t i = 0; i < count; i++) {
        cr_assert(ne(ptr, frame, NULL));
        cr_expect(eq(u64, frame->counter, counters[i]));
        struct msock__held *next = frame->next;
        free(frame);
        frame = next;
    }
    cr_expect(eq(ptr, frame, NULL));
}

/* -- What comes back -- */

Test(held, frames_come_back_best_effort_first_each_stream_in_order)
{
    static const struct {
        uint8_t stream;
        uint64_t counter;
    } arrivals[] = {{REL, 7}, {BE, 5}, {BE, 3}, {REL, 2}, {BE, 9}, {BE, 4}};
    static const uint64_t expected[] = {3, 4, 5, 9, 2, 7};
    hear(1);
    for (size_t i = 0; i < COUNT(arrivals); i++) {
        cr_expect(
            eq(int, hold(1, arrivals[i].stream, arrivals[i].counter, 10), 0));
    }

    expect_counters(1, expected, COUNT(expected));

    cr_expect(eq(sz, msock__admission_bytes(admission), 0));
}

Test(held, frame_comes_back_as_it_came)
{
    hear(1);
    hold(1, REL, 77, 1400);

    struct msock__held *frame = take(1);

    cr_assert(ne(ptr, frame, NULL));
    cr_expect(eq(int, frame->stream, REL));
    cr_expect(eq(int, frame->flags, 3));
    cr_expect(eq(u64, frame->received_us, SECOND));
    cr_expect(eq(sz, frame->size, 1400));
    cr_expect(eq(int, memcmp(frame->bytes, body, 1400), 0));
    frame->bytes[1400] = 0; /* the spare one */
    free(frame);
}

Test(held, repeated_frame_is_a_duplicate)
{
    static const uint64_t expected[] = {5, 5};
    hear(1);
    cr_expect(eq(int, hold(1, BE, 5, 10), 0));
    cr_expect(eq(int, hold(1, REL, 5, 10), 0));
    size_t bytes = msock__admission_bytes(admission);

    cr_expect(eq(int, hold(1, BE, 5, 20), MSOCK_DROP_DUPLICATE));
    cr_expect(eq(int, hold(1, REL, 5, 10), MSOCK_DROP_DUPLICATE));

    cr_expect(eq(sz, msock__admission_bytes(admission), bytes));
    expect_counters(1, expected, 2);
}

Test(held, bookkeeping_counts_as_held)
{
    hear(1);
    for (uint64_t counter = 1; counter <= 100; counter++) {
        hold(1, BE, counter, 1);
    }

    size_t frames = 100 * (sizeof(struct msock__held) + 1);
    size_t places = 100 * sizeof(struct msock__held *);
    cr_expect(ge(sz, msock__admission_bytes(admission), frames + places));
}

Test(held, sessions_do_not_mix)
{
    static const uint64_t first[] = {1, 3};
    static const uint64_t second[] = {2};
    hear(1);
    hear(2);
    hold(1, BE, 3, 10);
    hold(2, BE, 2, 10);
    hold(1, BE, 1, 10);

    expect_counters(1, first, 2);
    expect_counters(2, second, 1);
}

Test(held, session_that_is_not_pending_holds_nothing)
{
    cr_expect(eq(int, hold(1, BE, 1, 10), MSOCK_DROP_PENDING));
    cr_expect(eq(ptr, take(1), NULL));
}

/* -- Bounds -- */

Test(held, of_too_many_frames_the_lowest_goes)
{
    static const uint64_t expected[] = {3, 4, 5};
    open_with(3, 1 << 20, 1 << 20);
    hear(1);
    hold(1, BE, 3, 10);
    hold(1, BE, 1, 10);
    hold(1, BE, 4, 10);

    cr_expect(eq(int, hold(1, BE, 5, 10), 0));
    cr_expect(eq(sz, lost, 1)); /* 1 */
    cr_expect(eq(int, hold(1, BE, 2, 10), MSOCK_DROP_PENDING));
    cr_expect(eq(sz, lost, 0));

    expect_counters(1, expected, COUNT(expected));
}

Test(held, of_too_many_bytes_the_lowest_go)
{
    static const uint64_t expected[] = {3, 4};
    open_with(100, 3000, 1 << 20);
    hear(1);
    hold(1, BE, 1, 500);
    hold(1, BE, 2, 500);
    hold(1, BE, 3, 500);

    cr_expect(eq(int, hold(1, BE, 4, 2000), 0));

    cr_expect(eq(sz, lost, 2));
    cr_expect(le(sz, msock__admission_bytes(admission), 3000));
    expect_counters(1, expected, COUNT(expected));
}

Test(held, bulk_on_one_stream_leaves_the_other)
{
    static const uint64_t expected[] = {1, 2, 98, 99, 100};
    open_with(5, 1 << 20, 1 << 20);
    hear(1);
    hold(1, BE, 1, 10);
    hold(1, BE, 2, 10);
    for (uint64_t counter = 1; counter <= 100; counter++) {
        hold(1, REL, counter, 1000);
    }

    expect_counters(1, expected, COUNT(expected));
}

Test(held, frame_over_a_bound_by_itself_drives_none_away)
{
    static const uint64_t expected[] = {1};
    open_with(5, 3000, 1 << 20);
    hear(1);
    hold(1, BE, 1, 10);

    cr_expect(eq(int, hold(1, BE, 2, 3000), MSOCK_DROP_PENDING));

    cr_expect(eq(sz, lost, 0));
    expect_counters(1, expected, 1);
}

static void ask_at(uint64_t now_us)
{
    struct msock__control challenge;
    cr_assert(eq(
        sz, msock__admission_challenge(admission, now_us, &dice, 0, &challenge),
        1));
}

Test(held, in_all_those_asked_in_vain_lose_first)
{
    static const uint64_t newcomers[] = {1, 2, 3, 4};
    static const uint64_t left[] = {6};
    open_with(100, 1 << 20, 8000);
    hear_at(SECOND, 1);
    ask_at(SECOND);
    hear_at(SECOND + 50000, 2);
    ask_at(SECOND + 50000);
    ask_at(SECOND + 100000); /* 1 for the second time */
    for (uint64_t counter = 1; counter <= 6; counter++) {
        hold(1, BE, counter, 1000);
    }

    for (uint64_t counter = 1; counter <= 4; counter++) {
        cr_expect(eq(int, hold(2, BE, counter, 1500), 0));
    }

    cr_expect(le(sz, msock__admission_bytes(admission), 8000));
    expect_counters(2, newcomers, COUNT(newcomers));
    expect_counters(1, left, COUNT(left));
}

Test(held, in_all_the_one_that_holds_most_loses_next)
{
    static const uint64_t modest[] = {1};
    open_with(100, 1 << 20, 8000);
    hear(1);
    hear(2);
    hold(1, BE, 1, 1000);

    for (uint64_t counter = 1; counter <= 100; counter++) {
        hold(2, BE, counter, 1000);
        cr_assert(le(sz, msock__admission_bytes(admission), 8000));
    }

    expect_counters(1, modest, 1);
}

Test(held, frames_go_after_10_s_without_an_answer)
{
    hear(1);
    hold(1, BE, 1, 10);
    hold(1, REL, 1, 10);

    cr_expect(eq(sz, msock__admission_expire(admission, 11 * SECOND - 1), 0));
    cr_expect(eq(sz, msock__admission_expire(admission, 11 * SECOND), 2));

    cr_expect(eq(sz, msock__admission_bytes(admission), 0));
    cr_expect(eq(int, hold(1, BE, 2, 10), MSOCK_DROP_PENDING)); /* asleep */
    hear(1);
    cr_expect(eq(int, hold(1, BE, 2, 10), 0));
}

/* -- A naive model -- */

enum { MODEL_MAX = 12, MODEL_SESSIONS = 3 };

struct model {
    uint64_t counters[2][MODEL_MAX + 1]; /* in order of arrival */
    size_t counts[2];
};

static size_t model_lowest(const struct model *model, size_t stream)
{
    size_t lowest = 0;
    for (size_t i = 1; i < model->counts[stream]; i++) {
        bool below =
            model->counters[stream][i] < model->counters[stream][lowest];
        lowest = below ? i : lowest;
    }
    return lowest;
}

static uint64_t model_remove(struct model *model, size_t stream)
{
    size_t at = model_lowest(model, stream);
    uint64_t counter = model->counters[stream][at];
    model->counters[stream][at] =
        model->counters[stream][--model->counts[stream]];
    return counter;
}

static int model_hold(struct model *model, size_t stream, uint64_t counter)
{
    for (size_t i = 0; i < model->counts[stream]; i++) {
        if (model->counters[stream][i] == counter) {
            return MSOCK_DROP_DUPLICATE;
        }
    }
    model->counters[stream][model->counts[stream]++] = counter;
    if (model->counts[0] + model->counts[1] <= MODEL_MAX) {
        return 0;
    }
    /* All frames are of one size: more frames are more bytes. */
    size_t heavier = model->counts[1] > model->counts[0] ? 1 : 0;
    uint64_t gone = model_remove(model, heavier);
    return heavier == stream && gone == counter ? MSOCK_DROP_PENDING : 0;
}

static void model_take(struct model *model, uint8_t session)
{
    uint64_t counters[MODEL_MAX];
    size_t count = 0;
    for (size_t stream = 0; stream < 2; stream++) {
        while (model->counts[stream] > 0) {
            counters[count++] = model_remove(model, stream);
        }
    }
    expect_counters(session, counters, count);
    hear(session);
}

Test(held, agrees_with_a_naive_model)
{
    struct model models[MODEL_SESSIONS] = {0};
    open_with(MODEL_MAX, 1 << 20, 1 << 20);
    for (uint8_t session = 0; session < MODEL_SESSIONS; session++) {
        hear(session);
    }
    for (size_t step = 0; step < 100000; step++) {
        uint8_t session = (uint8_t)msock__dice_below(&dice, MODEL_SESSIONS);
        uint8_t stream = (uint8_t)msock__dice_below(&dice, 2);
        uint64_t counter = 1 + msock__dice_below(&dice, 40);
        int expected = model_hold(&models[session], stream, counter);
        cr_assert(eq(int, hold(session, stream, counter, 100), expected));
        if (msock__dice_below(&dice, 100) == 0) {
            model_take(&models[session], session);
        }
    }
}

/* -- Memory -- */

Test(held, holding_without_memory_changes_nothing)
{
    hear(1);
    for (uint64_t counter = 100; counter > 0; counter--) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            size_t bytes = msock__admission_bytes(admission);
            test_alloc_fail_at(n);
            int result = hold(1, BE, counter, 100);
            failed = test_alloc_failed();
            cr_assert(eq(int, result, failed ? MSOCK_DROP_MEMORY : 0));
            bool same = msock__admission_bytes(admission) == bytes;
            cr_assert(eq(int, same, failed));
        }
    }

    test_alloc_fail_at(1);
    struct msock__held *frame = take(1);
    cr_expect(not(test_alloc_failed()));
    for (uint64_t counter = 1; counter <= 100; counter++) {
        cr_assert(eq(u64, frame->counter, counter));
        struct msock__held *next = frame->next;
        free(frame);
        frame = next;
    }
}
