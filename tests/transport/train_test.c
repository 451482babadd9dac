/* SPDX-License-Identifier: Apache-2.0 */
/* Which datagrams make a train, and what a train is taken apart into. */
#include "transport/train.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { FRAMES = 200 };

static uint8_t bytes[65536];

/* The first train of frames of one size with one of another size behind. */
static size_t length_of(size_t count, size_t size, size_t last)
{
    struct msock__outgoing frames[FRAMES + 1];

    for (size_t i = 0; i < count; i++) {
        frames[i] = (struct msock__outgoing){bytes, size};
    }
    frames[count] = (struct msock__outgoing){bytes, last};
    return msock__train_length(frames, count + 1);
}

Test(train, frames_of_one_size_are_one)
{
    cr_expect(eq(sz, length_of(9, 1400, 1400), 10));
    cr_expect(eq(sz, length_of(1, 1, 1), 2));
}

Test(train, a_shorter_frame_is_its_last)
{
    struct msock__outgoing frames[] = {
        {bytes, 100}, {bytes, 100}, {bytes, 99}, {bytes, 99}, {bytes, 100}};

    cr_expect(eq(sz, msock__train_length(frames, 5), 3));
    cr_expect(eq(sz, msock__train_length(frames + 1, 4), 2));
    cr_expect(eq(sz, msock__train_length(frames + 3, 2), 1));
}

Test(train, a_longer_frame_begins_another)
{
    cr_expect(eq(sz, length_of(9, 1399, 1400), 9));
}

Test(train, an_empty_frame_is_in_none)
{
    cr_expect(eq(sz, length_of(3, 5, 0), 3));
    cr_expect(eq(sz, length_of(3, 0, 5), 1));
    cr_expect(eq(sz, length_of(3, 0, 0), 1));
}

Test(train, it_has_no_more_frames_than_any_kernel_takes)
{
    cr_expect(eq(sz, length_of(FRAMES, 10, 10), MSOCK__TRAIN_MAX));
}

Test(train, it_is_no_larger_than_a_datagram_can_be)
{
    cr_expect(eq(sz, length_of(60, 1400, 1400), 46));
    cr_expect(eq(sz, length_of(1, 65507, 1), 1));
    cr_expect(eq(sz, length_of(1, 65506, 1), 2));
    cr_expect(eq(sz, length_of(1, 32754, 32753), 2));
    cr_expect(eq(sz, length_of(1, 32754, 32754), 1));
}

/* Takes a train apart and checks that nothing is left out.  Returns the number
 * of its datagrams; *last is the size of the last one. */
static size_t take_apart(size_t size, size_t segment, size_t *last)
{
    const struct msock__datagram train = {
        .bytes = bytes, .size = size, .port = 7, .own = true};
    size_t offset = 0;
    size_t count = 0;

    do {
        size_t before = offset;
        struct msock__datagram one =
            msock__train_take(&train, segment, &offset);
        cr_assert(eq(ptr, one.bytes, bytes + before));
        cr_assert(eq(sz, before + one.size, offset));
        cr_assert(eq(u16, one.port, 7));
        cr_assert(one.own);
        *last = one.size;
        count++;
    } while (offset < size);
    cr_assert(eq(sz, offset, size));
    cr_assert(eq(sz, count, msock__train_count(size, segment)));
    return count;
}

static const struct {
    size_t size, segment, count, last;
} trains[] = {
    {1400, 0, 1, 1400},
    {0, 0, 1, 0},
    {0, 7, 1, 0},
    {6, 7, 1, 6},
    {7, 7, 1, 7},
    {8, 7, 2, 1},
    {13, 7, 2, 6},
    {14, 7, 2, 7},
    {3, 1, 3, 1},
    {65507, 1, 65507, 1},
    {65507, 1400, 47, 1107},
    {65507, 65507, 1, 65507},
    {65507, 65506, 2, 1},
};

Test(train, it_is_taken_apart_as_it_was_cut)
{
    for (size_t i = 0; i < sizeof trains / sizeof trains[0]; i++) {
        size_t last = 0;

        size_t count = take_apart(trains[i].size, trains[i].segment, &last);

        cr_expect(eq(sz, count, trains[i].count));
        cr_expect(eq(sz, last, trains[i].last));
    }
}
