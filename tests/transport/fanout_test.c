/* SPDX-License-Identifier: Apache-2.0 */
/* Frames through several outlets, of which some block, fail or come and go. */
#include "transport/fanout.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { FRAMES = 200, ROOM = 1000 };

/** An outlet that takes as many frames as it has room for, and writes down
 *  their numbers. */
struct pipe {
    struct msock__outlet outlet;
    size_t room;
    bool fails; /* all that it takes */
    size_t skips;
    size_t left; /* through it */
    uint8_t got[ROOM];
    size_t count;
};

static size_t push(struct msock__outlet *outlet,
                   const struct msock__outgoing *frames, size_t count,
                   uint64_t *failed)
{
    struct pipe *pipe = (struct pipe *)outlet;
    size_t taken = count < pipe->room ? count : pipe->room;

    for (size_t i = 0; i < taken; i++) {
        pipe->got[pipe->count + i] = *frames[i].bytes;
        *failed |= (uint64_t)pipe->fails << i;
    }
    pipe->left += pipe->fails ? 0 : taken;
    pipe->count += taken;
    pipe->room -= taken;
    return taken;
}

static void skip(struct msock__outlet *outlet)
{
    ((struct pipe *)outlet)->skips++;
}

static uint8_t numbers[FRAMES];
static struct msock__outgoing frames[FRAMES];
static struct msock__fanout fanout;
static struct pipe pipes[MSOCK__OUTLETS_MAX];

static void add(size_t count, size_t room)
{
    for (size_t i = 0; i < FRAMES; i++) {
        numbers[i] = (uint8_t)i;
        frames[i] = (struct msock__outgoing){&numbers[i], 1};
    }
    for (size_t i = 0; i < count; i++) {
        pipes[i] =
            (struct pipe){.outlet = {.push = push, .skip = skip}, .room = room};
        msock__fanout_add(&fanout, &pipes[i].outlet);
    }
}

static struct msock__fanout_result send(uint64_t now_ms, size_t first,
                                        size_t count)
{
    return msock__fanout_send(&fanout, now_ms, frames + first, count);
}

static void open_pipe(struct pipe *pipe, size_t room)
{
    pipe->room = room;
    msock__fanout_unblock(&pipe->outlet);
}

Test(fanout, without_an_outlet_frames_are_done_and_errors)
{
    struct msock__fanout_result result = send(0, 0, 100);

    cr_expect(eq(sz, result.done, 100));
    cr_expect(eq(sz, result.errors, 100));
    cr_expect(eq(sz, result.skipped, 0));
}

Test(fanout, each_outlet_gets_each_frame_once_in_order)
{
    add(3, ROOM);

    struct msock__fanout_result result = send(0, 0, FRAMES);

    cr_expect(eq(sz, result.done, FRAMES));
    cr_expect(eq(sz, result.errors + result.skipped, 0));
    for (size_t i = 0; i < 3; i++) {
        cr_assert(eq(sz, pipes[i].count, FRAMES));
        cr_expect(memcmp(pipes[i].got, numbers, FRAMES) == 0);
    }
}

Test(fanout, what_is_forgotten_leaves_no_trace)
{
    add(2, ROOM);
    pipes[1].room = 3;
    struct msock__fanout_result before = send(0, 0, 10);
    msock__fanout_forget(&fanout);
    open_pipe(&pipes[1], ROOM);

    struct msock__fanout_result after = send(1, 10, 10);

    cr_expect(eq(sz, before.done, 3));
    cr_expect(eq(sz, after.done, 10));
    cr_expect(eq(sz, after.errors + after.skipped, 0));
    cr_assert(eq(sz, pipes[0].count, 20));
    cr_assert(eq(sz, pipes[1].count, 13));
    cr_expect(memcmp(pipes[0].got + 10, numbers + 10, 10) == 0);
    cr_expect(memcmp(pipes[1].got + 3, numbers + 10, 10) == 0);
    cr_expect(eq(sz, pipes[1].skips, 1)); /* of a frame that left in part */
}

Test(fanout, a_frame_is_done_when_all_had_it)
{
    add(2, ROOM);
    pipes[1].room = 3;

    struct msock__fanout_result first = send(0, 0, 10);
    open_pipe(&pipes[1], ROOM);
    struct msock__fanout_result second = send(1, first.done, 10 - first.done);

    cr_expect(eq(sz, first.done, 3));
    cr_expect(eq(sz, second.done, 7));
    cr_expect(eq(sz, first.errors + second.errors + second.skipped, 0));
    cr_expect(eq(sz, pipes[0].count, 10));
    cr_expect(eq(sz, pipes[1].count, 10));
    cr_expect(memcmp(pipes[1].got, numbers, 10) == 0);
}

Test(fanout, a_blocked_outlet_is_not_asked_before_it_says_so)
{
    add(2, ROOM);
    pipes[1].room = 0;
    send(0, 0, 1);

    pipes[1].room = ROOM;
    struct msock__fanout_result result = send(1, 0, 1);

    cr_expect(eq(sz, result.done, 0));
    cr_expect(eq(sz, pipes[1].count, 0));
}

Test(fanout, one_that_takes_nothing_is_waited_for_only_so_long)
{
    add(2, ROOM);
    pipes[1].room = 2;
    send(5, 0, 10);

    uint64_t deadline = msock__fanout_deadline(&fanout);
    bool early = msock__fanout_expire(&fanout, deadline - 1);
    bool late = msock__fanout_expire(&fanout, deadline);
    struct msock__fanout_result result = send(deadline, 2, 8);

    cr_expect(eq(u64, deadline, 5 + MSOCK__FANOUT_PATIENCE_MS));
    cr_expect(not(early));
    cr_expect(late);
    cr_expect(eq(sz, result.done, 8));
    cr_expect(eq(sz, result.skipped, 8));
    cr_expect(eq(sz, result.errors, 0));
    cr_expect(eq(sz, pipes[0].count, 10));
    cr_expect(eq(sz, pipes[1].skips, 1));
    cr_expect(eq(u64, msock__fanout_deadline(&fanout), UINT64_MAX));
}

Test(fanout, one_that_was_left_out_gets_what_comes_when_it_is_back)
{
    add(2, ROOM);
    pipes[1].room = 0;
    send(0, 0, 5);
    msock__fanout_expire(&fanout, 1000);
    send(1000, 0, 5);

    open_pipe(&pipes[1], ROOM);
    struct msock__fanout_result result = send(1001, 5, 1);

    cr_expect(eq(sz, result.done, 1));
    cr_expect(eq(sz, result.skipped, 0));
    cr_assert(eq(sz, pipes[1].count, 1));
    cr_expect(eq(u8, pipes[1].got[0], 5));
}

Test(fanout, one_that_blocks_again_soon_is_left_out_at_once)
{
    add(2, ROOM);
    pipes[1].room = 0;
    send(0, 0, 1);
    msock__fanout_expire(&fanout, 1000);
    send(1000, 0, 1);
    open_pipe(&pipes[1], 1);

    struct msock__fanout_result soon = send(2000, 1, 3);
    open_pipe(&pipes[1], 0);
    struct msock__fanout_result later =
        send(1000 + MSOCK__FANOUT_GRUDGE_MS, 4, 1);

    cr_expect(eq(sz, soon.done, 3));
    cr_expect(eq(sz, soon.skipped, 2));
    cr_expect(eq(sz, later.done, 0));
}

Test(fanout, a_single_outlet_is_waited_for_without_an_end)
{
    add(1, 2);

    struct msock__fanout_result result = send(0, 0, 10);

    cr_expect(eq(sz, result.done, 2));
    cr_expect(eq(u64, msock__fanout_deadline(&fanout), UINT64_MAX));
}

Test(fanout, where_all_are_left_out_the_first_that_is_back_counts)
{
    add(2, 1);
    pipes[1].room = 0;
    struct msock__fanout_result first = send(0, 0, 4);
    msock__fanout_expire(&fanout, 1000);
    struct msock__fanout_result second = send(1000, 0, 4);

    open_pipe(&pipes[1], 2);
    struct msock__fanout_result third = send(1001, 1, 3);

    cr_expect(eq(sz, first.done, 0));
    cr_expect(eq(sz, second.done, 1));
    cr_expect(eq(sz, second.skipped, 1));
    cr_expect(eq(sz, third.done, 2));
    cr_expect(eq(u8, pipes[1].got[0], 1));
    cr_expect(eq(u8, pipes[1].got[1], 2));
}

Test(fanout, a_frame_that_left_somewhere_is_no_error)
{
    add(2, ROOM);
    pipes[0].fails = true;

    struct msock__fanout_result some = send(0, 0, 70);
    pipes[1].fails = true;
    struct msock__fanout_result none = send(0, 70, 70);

    cr_expect(eq(sz, some.done + none.done, 140));
    cr_expect(eq(sz, some.errors, 0));
    cr_expect(eq(sz, some.skipped, 70));
    cr_expect(eq(sz, none.errors, 70));
    cr_expect(eq(sz, none.skipped, 0));
}

Test(fanout, an_outlet_that_goes_holds_up_nobody)
{
    add(2, ROOM);
    pipes[0].room = 0;
    send(0, 0, 4);

    msock__fanout_remove(&fanout, &pipes[0].outlet);
    msock__fanout_remove(&fanout, &pipes[0].outlet);
    struct msock__fanout_result result = send(1, 0, 4);

    cr_expect(eq(sz, fanout.count, 1));
    cr_expect(eq(sz, result.done, 4));
    cr_expect(eq(sz, result.errors + result.skipped, 0));
    cr_expect(eq(sz, pipes[1].count, 4));
}

Test(fanout, an_outlet_that_comes_gets_what_is_not_done)
{
    add(1, 2);
    send(0, 0, 4);
    pipes[1] = (struct pipe){.outlet = {.push = push, .skip = skip}, .room = 9};
    msock__fanout_add(&fanout, &pipes[1].outlet);

    send(1, 2, 2);

    cr_assert(eq(sz, pipes[1].count, 2));
    cr_expect(eq(u8, pipes[1].got[0], 2));
}

/* Random outlets and times: what an outlet got is in order and without a
 * double, and each copy is sent, skipped, or part of an error. */
Test(fanout, every_copy_is_accounted_for)
{
    unsigned seed = 20261122;
    size_t done = 0, errors = 0, skipped = 0, left = 0;
    add(5, 0);

    for (uint64_t now_ms = 0; done < FRAMES; now_ms += 7) {
        struct pipe *pipe = &pipes[rand_r(&seed) % 5];
        open_pipe(pipe, (size_t)rand_r(&seed) % 20);
        pipe->fails = rand_r(&seed) % 4 == 0;
        msock__fanout_expire(&fanout, now_ms);
        struct msock__fanout_result result = send(now_ms, done, FRAMES - done);
        done += result.done;
        errors += result.errors;
        skipped += result.skipped;
    }

    for (size_t i = 0; i < 5; i++) {
        left += pipes[i].left;
        for (size_t j = 1; j < pipes[i].count; j++) {
            cr_assert(gt(u8, pipes[i].got[j], pipes[i].got[j - 1]));
        }
    }
    cr_expect(eq(sz, done, FRAMES));
    cr_expect(ge(sz, skipped, 1));
    cr_expect(eq(sz, left, 5 * FRAMES - skipped - 5 * errors));
}
