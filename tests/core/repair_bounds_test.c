/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a reliable stream's receiver at its limits: large holes, little
 * room, sessions that share a pool, no memory. */
#include "core/repair.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, SECOND = 1000 * MS, BODY_MAX = 2000 };

static struct msock__repair_pool pool;
static struct msock__dice dice;
static struct msock__repair_round now;
static uint8_t body[BODY_MAX];

/* A stream and what came out of it. */
struct stream {
    struct msock__repair *repair;
    size_t body_size;
    uint64_t next; /* comes out next */
    uint64_t delivered;
    uint64_t lost;
    unsigned losses; /* reports of them */
    unsigned nacks;
    uint64_t nacked; /* counters in them */
};

static void init(void)
{
    pool = (struct msock__repair_pool){.bytes_max = 16 << 20};
    dice = (struct msock__dice){7};
    now = (struct msock__repair_round){SECOND, &dice, 2};
}

TestSuite(repair_bounds, .init = init);

static void open_stream(struct stream *stream, size_t bytes_max,
                        size_t body_size)
{
    *stream = (struct stream){.next = 1, .body_size = body_size};
    cr_assert(
        eq(int, msock__repair_new(&stream->repair, &pool, bytes_max, 1), 0));
}

static void take(struct stream *stream, const struct msock__ready *ready)
{
    cr_assert(eq(u64, ready->range.first, stream->next));
    cr_assert(ge(u64, ready->range.last, ready->range.first));
    stream->next = ready->range.last + 1;
    if (ready->kind == MSOCK__READY_LOSS) {
        stream->losses++;
        stream->lost += ready->range.last + 1 - ready->range.first;
        return;
    }
    cr_assert(eq(sz, ready->kept->size, stream->body_size));
    cr_assert(eq(int, ready->kept->bytes[0], ready->range.first & 0xff));
    stream->delivered++;
    free(ready->kept);
}

static void pop_all(struct stream *stream)
{
    struct msock__ready ready;
    while (msock__repair_pop(stream->repair, &now, &ready) == 1) {
        take(stream, &ready);
    }
    cr_assert(le(sz, pool.bytes, pool.bytes_max));
}

static int add(struct stream *stream, uint64_t counter)
{
    body[0] = (uint8_t)counter;
    int result = msock__repair_add(stream->repair, &now, counter, 0, body,
                                   stream->body_size);
    if (result == 1) {
        cr_assert(eq(u64, counter, stream->next));
        stream->next++;
        stream->delivered++;
    }
    pop_all(stream);
    return result;
}

/* Answers one NACK with all it asks for. */
static void serve(struct stream *stream)
{
    struct msock__range ranges[MSOCK__NACK_MAX];
    size_t count = msock__repair_nack(stream->repair, &now, ranges);
    stream->nacks += count > 0;
    if (count > 0) {
        msock__repair_asked(stream->repair, &now, ranges, count);
    }
    for (size_t i = 0; i < count; i++) {
        stream->nacked += ranges[i].last + 1 - ranges[i].first;
        for (uint64_t c = ranges[i].first; c <= ranges[i].last; c++) {
            add(stream, c);
        }
    }
}

static void turn(struct stream *stream)
{
    msock__repair_expire(stream->repair, &now);
    pop_all(stream);
    cr_assert(gt(u64, msock__repair_deadline(stream->repair), now.now_us));
    serve(stream);
}

/* Lets time pass, a NACK served every 50 ms at most, until `next` comes. */
static void repair_all(struct stream *stream, uint64_t next)
{
    for (int i = 0; i < 20000 && stream->next < next; i++) {
        now.now_us += 50 * MS;
        turn(stream);
    }
    cr_assert(eq(u64, stream->next, next));
}

static void close_stream(struct stream *stream)
{
    msock__repair_free(stream->repair);
    cr_expect(eq(sz, pool.bytes, 0));
}

/* -- Holes -- */

Test(repair_bounds, stream_without_gaps_needs_no_memory)
{
    struct stream stream;
    open_stream(&stream, 4 << 20, 300);

    test_alloc_fail_at(1);
    for (uint64_t i = 1; i <= 20000; i++) {
        cr_assert(eq(int, add(&stream, i), 1));
    }

    cr_expect(not(test_alloc_failed()));
    test_alloc_fail_at(0);
    cr_expect(eq(sz, pool.bytes, 0));
    close_stream(&stream);
}

Test(repair_bounds, hole_of_10_000_frames_is_repaired_piece_by_piece)
{
    struct stream stream;
    open_stream(&stream, 4 << 20, 300);
    add(&stream, 1);
    cr_expect(eq(int, add(&stream, 10002), -MSOCK_DROP_REORDER));

    repair_all(&stream, 10003);

    cr_expect(eq(u64, stream.delivered, 10002));
    cr_expect(eq(u64, stream.lost, 0));
    cr_expect(eq(u64, stream.nacked, 10001)); /* nothing twice */
    cr_expect(le(uint, stream.nacks, 20));
    close_stream(&stream);
}

Test(repair_bounds, hole_of_10_000_frames_that_are_gone_is_one_loss)
{
    struct stream stream;
    open_stream(&stream, 4 << 20, 300);
    add(&stream, 1);
    msock__repair_range(stream.repair, &now,
                        (struct msock__range){10002, 10002});
    now.now_us += 100 * MS;
    msock__repair_expire(stream.repair, &now);
    pop_all(&stream);

    cr_expect(eq(u64, stream.lost, 10000));
    cr_expect(eq(uint, stream.losses, 1));
    repair_all(&stream, 10003);
    close_stream(&stream);
}

Test(repair_bounds, hole_of_10_000_frames_nobody_answers_for_is_reported)
{
    struct msock__range ranges[MSOCK__NACK_MAX];
    struct stream stream;
    open_stream(&stream, 4 << 20, 300);
    add(&stream, 10001);

    while (stream.next < 10002) {
        uint64_t due_us = msock__repair_deadline(stream.repair);
        cr_assert(ne(u64, due_us, UINT64_MAX));
        now.now_us = due_us;
        msock__repair_expire(stream.repair, &now);
        pop_all(&stream);
        size_t count;
        while ((count = msock__repair_nack(stream.repair, &now, ranges)) > 0) {
            msock__repair_asked(stream.repair, &now, ranges, count);
            stream.nacks++;
        }
    }

    cr_expect(eq(u64, stream.lost, 10001));
    cr_expect(le(uint, stream.losses, 10)); /* asked for together */
    cr_expect(le(uint, stream.nacks, 11 * MSOCK__REPAIR_TRIES));
    close_stream(&stream);
}

Test(repair_bounds, every_other_frame_of_many_is_repaired)
{
    struct stream stream;
    open_stream(&stream, 4 << 20, 300);
    for (uint64_t i = 2; i <= 12000; i += 2) {
        add(&stream, i);
    }

    repair_all(&stream, 12001);

    cr_expect(eq(u64, stream.delivered, 12000));
    close_stream(&stream);
}

/* -- Room -- */

Test(repair_bounds, newest_is_dropped_and_asked_for_when_there_is_room)
{
    struct stream stream;
    open_stream(&stream, 64 << 10, 1400);
    uint64_t kept = 0;
    while (add(&stream, 2 + kept) == 0) {
        kept++;
    }
    for (uint64_t i = 2 + kept; i <= 200; i++) {
        cr_assert(eq(int, add(&stream, i), -MSOCK_DROP_REORDER));
    }
    cr_expect(gt(u64, kept, 30));
    cr_expect(lt(u64, kept, 50));

    repair_all(&stream, 201);

    cr_expect(eq(u64, stream.delivered, 200));
    cr_expect(eq(u64, stream.nacked, 200 - kept));
    close_stream(&stream);
}

Test(repair_bounds, no_more_is_asked_for_than_there_is_room_for)
{
    struct msock__range ranges[MSOCK__NACK_MAX];
    struct stream stream;
    open_stream(&stream, 64 << 10, 1400);
    msock__repair_range(stream.repair, &now, (struct msock__range){1, 9000});
    now.now_us += 20 * MS;

    cr_assert(eq(sz, msock__repair_nack(stream.repair, &now, ranges), 1));

    cr_expect(gt(u64, ranges[0].last, 30));
    cr_expect(lt(u64, ranges[0].last, 50));
    close_stream(&stream);
}

Test(repair_bounds, stream_without_any_room_goes_on_one_by_one)
{
    struct stream stream;
    open_stream(&stream, 0, 100);
    cr_expect(eq(int, add(&stream, 30), -MSOCK_DROP_REORDER));
    cr_expect(eq(int, add(&stream, 2), -MSOCK_DROP_REORDER));

    repair_all(&stream, 31);

    cr_expect(eq(u64, stream.delivered, 30));
    close_stream(&stream);
}

Test(repair_bounds, sessions_share_a_pool_and_all_finish)
{
    struct stream streams[8];
    pool.bytes_max = 256 << 10;
    for (size_t i = 0; i < 8; i++) {
        open_stream(&streams[i], 128 << 10, 1000);
    }
    for (uint64_t counter = 2; counter <= 300; counter++) {
        for (size_t i = 0; i < 8; i++) {
            add(&streams[i], counter + i);
        }
    }
    cr_expect(gt(sz, pool.bytes, pool.bytes_max / 2));

    for (int i = 0; i < 2000; i++) {
        now.now_us += 50 * MS;
        turn(&streams[i % 8]);
    }

    for (size_t i = 0; i < 8; i++) {
        cr_expect(eq(u64, streams[i].delivered, 300 + i));
        cr_expect(eq(u64, streams[i].lost, 0));
        msock__repair_free(streams[i].repair);
    }
    cr_expect(eq(sz, pool.bytes, 0));
}

Test(repair_bounds, session_that_is_forgotten_gives_its_share_back)
{
    struct stream stream;
    open_stream(&stream, 4 << 20, 1000);
    for (uint64_t i = 2; i <= 1000; i++) {
        cr_assert(eq(int, add(&stream, i), 0));
    }
    cr_expect(gt(sz, pool.bytes, 1000000));

    close_stream(&stream);
}

/* -- Memory -- */

Test(repair_bounds, new_fails_cleanly)
{
    struct msock__repair *made = NULL;

    test_alloc_fail_at(1);

    cr_expect(eq(int, msock__repair_new(&made, &pool, 1000, 1), MSOCK_ENOMEM));
    cr_expect(eq(ptr, made, NULL));
}

/* A gap at the beginning, then many; all is repaired in the end. */
static void run_with_gaps(struct stream *stream)
{
    for (uint64_t i = 2; i < 200; i += 1 + i % 2) {
        int result = add(stream, i);
        cr_assert(eq(int, result > 0, 0));
        cr_assert(ge(int, result, -MSOCK_DROP_MEMORY));
    }
    repair_all(stream, 200);
}

Test(repair_bounds, each_allocation_may_fail_and_all_is_delivered)
{
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct stream stream;
        open_stream(&stream, 4 << 20, 100);
        test_alloc_fail_at(n);
        run_with_gaps(&stream);
        failed = test_alloc_failed();
        test_alloc_fail_at(0);
        cr_assert(eq(u64, stream.delivered, 199));
        close_stream(&stream);
        cr_assert(eq(int, n > 50 || failed, 1));
    }
}
