/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the replay window. */
#include "core/window.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <stdbool.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    NEW = 0,
    OLD = MSOCK_DROP_OLD,
    SEEN = MSOCK_DROP_DUPLICATE,
    W = MSOCK__WINDOW_SIZE
};

/* Checks and, if it is new, marks. */
static int take(struct msock__window *window, uint64_t counter)
{
    int result = msock__window_check(window, counter);
    if (result == NEW) {
        msock__window_mark(window, counter);
    }
    return result;
}

/* One window through the whole table, each row at the border of the last. */
static const struct {
    uint64_t counter;
    int result;
} boundaries[] = {
    {1, NEW},
    {1, SEEN},
    {9, NEW},
    {8, NEW},
    {7, NEW},
    {7, SEEN},
    {8, SEEN},
    {W, NEW},
    {W - 1, NEW},
    {W - 1, SEEN},
    {W - 2, NEW},
    {2, NEW},
    {2, SEEN},
    {W + 16, NEW},
    {3, OLD},
    {16, OLD},
    {17, NEW},
    {17, SEEN},
    {18, NEW},
    {W + 16, SEEN},
    {W * 4, NEW},
    {W * 4 - W, OLD},
    {W * 4 - W + 1, NEW},
    {W * 4 - W + 1, SEEN},
    {10, OLD},
    {W * 4 - W, OLD},
    {W * 4 + 1, NEW},
    {W * 4 - W + 1, OLD},
    {W * 4 - W + 2, NEW},
    {W * 4 - 1, NEW},
    {W * 4 + 2, NEW},
    {W * 4 + 2, SEEN},
    {W * 4 - W + 2, OLD},
    {W * 4 + 2 + W, NEW},
    {W * 4 + 2, OLD},
    {W * 4 + 3, NEW},
};

Test(window, borders_are_exact)
{
    struct msock__window window;
    msock__window_init(&window, 1);

    for (size_t i = 0; i < COUNT(boundaries); i++) {
        cr_expect(
            eq(int, take(&window, boundaries[i].counter), boundaries[i].result),
            "row %zu", i);
    }
}

Test(window, duplicate_is_reported_once_marked)
{
    struct msock__window window;
    msock__window_init(&window, 1);

    cr_expect(eq(int, msock__window_check(&window, 5), NEW));
    cr_expect(eq(int, msock__window_check(&window, 5), NEW));
    msock__window_mark(&window, 5);

    cr_expect(eq(int, msock__window_check(&window, 5), SEEN));
}

Test(window, everything_below_the_floor_is_seen)
{
    static const uint64_t floors[] = {1, 2, 63, 64, 65, W - 1, W, W + 1, 99999};
    for (size_t i = 0; i < COUNT(floors); i++) {
        struct msock__window window;
        msock__window_init(&window, floors[i]);
        for (uint64_t counter = 1; counter < floors[i]; counter++) {
            cr_assert(ne(int, msock__window_check(&window, counter), NEW));
        }
        cr_expect(eq(int, msock__window_check(&window, floors[i]), NEW));
        cr_expect(eq(int, msock__window_check(&window, floors[i] + W), NEW));
    }
}

Test(window, floor_holds_after_the_top_moved)
{
    struct msock__window window;
    msock__window_init(&window, 1000);

    msock__window_mark(&window, 1005);

    cr_expect(eq(int, msock__window_check(&window, 999), SEEN));
    for (uint64_t counter = 1000; counter < 1005; counter++) {
        cr_expect(eq(int, msock__window_check(&window, counter), NEW));
    }
}

Test(window, first_counter_may_be_high)
{
    struct msock__window window;
    msock__window_init(&window, 1);

    msock__window_mark(&window, 1000000);

    cr_expect(eq(int, msock__window_check(&window, 1000000 - W), OLD));
    for (uint64_t counter = 1000000 - W + 1; counter < 1000000; counter++) {
        cr_assert(eq(int, take(&window, counter), NEW));
        cr_assert(eq(int, take(&window, counter), SEEN));
    }
}

Test(window, jump_of_any_length_clears_what_it_passes)
{
    for (uint64_t jump = 1; jump <= W + 130; jump++) {
        struct msock__window window;
        msock__window_init(&window, W + 33); /* all seen */
        msock__window_mark(&window, W + 32 + jump);

        uint64_t fresh = 0;
        for (uint64_t i = 0; i < W; i++) {
            uint64_t counter = window.top - i;
            fresh += msock__window_check(&window, counter) == NEW;
        }
        uint64_t expected = jump < W ? jump - 1 : W - 1;
        cr_assert(eq(u64, fresh, expected), "a jump of %d", (int)jump);
    }
}

Test(window, largest_counter_is_taken)
{
    const uint64_t largest = (UINT64_C(1) << 53) - 1;
    struct msock__window window;
    msock__window_init(&window, 1);

    cr_expect(eq(int, take(&window, largest), NEW));
    cr_expect(eq(int, take(&window, largest), SEEN));
    cr_expect(eq(int, take(&window, largest - 1), NEW));
    cr_expect(eq(int, take(&window, largest - W), OLD));
}

/* -- Against a model that remembers every counter -- */

enum { MODEL_MAX = 200000 };

struct model {
    bool seen[MODEL_MAX];
    uint64_t top;
};

static int model_take(struct model *model, uint64_t counter)
{
    if (model->top >= W && counter <= model->top - W) {
        return OLD;
    }
    if (model->seen[counter]) {
        return SEEN;
    }
    model->seen[counter] = true;
    model->top = counter > model->top ? counter : model->top;
    return NEW;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

/* Mostly near the top, sometimes far back, sometimes a leap. */
static uint64_t next_counter(uint64_t *state, uint64_t top)
{
    static const uint64_t ranges[] = {8, 70, 700, W - 1, W + 1, 2 * W};
    uint64_t range = ranges[next_random(state) % COUNT(ranges)];
    uint64_t back = next_random(state) % (range + 1);
    uint64_t ahead = next_random(state) % 40 == 0 ? range : 2;
    uint64_t counter = top + ahead > back ? top + ahead - back : 1;
    return counter < MODEL_MAX ? counter : MODEL_MAX - 1;
}

Test(window, agrees_with_a_naive_model)
{
    struct model *model = malloc(sizeof(*model));
    cr_assert(model != NULL);

    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t state = seed;
        struct msock__window window;
        *model = (struct model){.top = 0};
        msock__window_init(&window, 1);
        for (int i = 0; i < 20000; i++) {
            uint64_t counter = next_counter(&state, window.top);
            cr_assert(
                eq(int, take(&window, counter), model_take(model, counter)),
                "seed %d, step %d", (int)seed, i);
        }
    }

    free(model);
}

Test(window, no_counter_is_taken_twice)
{
    static uint8_t taken[MODEL_MAX];
    uint64_t state = 7;
    struct msock__window window;
    msock__window_init(&window, 100);

    for (int i = 0; i < 400000; i++) {
        uint64_t counter = next_counter(&state, window.top);
        taken[counter] += take(&window, counter) == NEW;
    }

    for (size_t i = 0; i < MODEL_MAX; i++) {
        cr_assert(le(int, taken[i], i < 100 ? 0 : 1));
    }
}

/* -- What is missed -- */

Test(window, counts_what_did_not_come)
{
    struct msock__window window;
    msock__window_init(&window, 1);
    cr_expect(eq(u64, msock__window_missed(&window), 0));

    msock__window_mark(&window, 10);
    msock__window_mark(&window, 14);
    cr_expect(eq(u64, msock__window_missed(&window), 3));

    msock__window_mark(&window, 12);
    cr_expect(eq(u64, msock__window_missed(&window), 2));
    msock__window_mark(&window, 8);
    cr_expect(eq(u64, msock__window_missed(&window), 3));

    msock__window_mark(&window, 14 + 2 * MSOCK__WINDOW_SIZE);
    cr_expect(
        eq(u64, msock__window_missed(&window), 3 + 2 * MSOCK__WINDOW_SIZE - 1));
}
