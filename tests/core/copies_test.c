/* SPDX-License-Identifier: Apache-2.0 */
#include "core/copies.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

enum { SPACING = 20000, LIMIT = MSOCK__COPIES_BYTES_MAX };

static struct msock__copies copies;
static struct msock__dice dice;

static void init(void)
{
    dice = (struct msock__dice){1};
    msock__copies_init(&copies, SPACING, LIMIT);
}

static void fini(void)
{
    msock__copies_fini(&copies);
}

TestSuite(copies, .init = init, .fini = fini);

static int add(uint64_t now_us, const char *frame, unsigned times)
{
    return msock__copies_add(&copies, now_us, &dice, (const uint8_t *)frame,
                             strlen(frame), times);
}

/* Sends what is due.  Returns how many frames. */
static size_t send_due(uint64_t now_us)
{
    const uint8_t *bytes;
    size_t size;
    size_t count = 0;
    while (msock__copies_next(&copies, now_us, &bytes, &size)) {
        msock__copies_sent(&copies, now_us, &dice);
        count++;
    }
    return count;
}

Test(copies, without_frames_nothing_is_due)
{
    const uint8_t *bytes;
    size_t size;

    cr_expect(eq(u64, msock__copies_deadline(&copies), UINT64_MAX));
    cr_expect(not(msock__copies_next(&copies, UINT64_MAX, &bytes, &size)));
}

Test(copies, frame_is_sent_again_byte_by_byte)
{
    char frame[] = "frame";
    const uint8_t *bytes;
    size_t size;
    add(0, frame, 2);
    memset(frame, 'x', sizeof(frame));

    for (int i = 0; i < 2; i++) {
        uint64_t now_us = msock__copies_deadline(&copies);
        cr_assert(msock__copies_next(&copies, now_us, &bytes, &size));
        cr_assert(eq(sz, size, 5));
        cr_expect(eq(int, memcmp(bytes, "frame", 5), 0));
        msock__copies_sent(&copies, now_us, &dice);
    }

    cr_expect(eq(u64, msock__copies_deadline(&copies), UINT64_MAX));
    cr_expect(eq(sz, copies.bytes, 0));
}

/* A loop that sleeps until each deadline. */
Test(copies, are_spaced_by_a_quarter_more_or_less)
{
    uint64_t shortest = UINT64_MAX;
    uint64_t longest = 0;
    uint64_t last_us = 0;
    add(0, "frame", 1000);

    for (int i = 0; i < 1000; i++) {
        uint64_t now_us = msock__copies_deadline(&copies);
        uint64_t gap = now_us - last_us;
        shortest = gap < shortest ? gap : shortest;
        longest = gap > longest ? gap : longest;
        last_us = now_us;
        cr_assert(eq(sz, send_due(now_us - 1), 0));
        cr_assert(eq(sz, send_due(now_us), 1));
    }

    cr_expect(eq(u64, msock__copies_deadline(&copies), UINT64_MAX));
    cr_expect(ge(u64, shortest, 15000));
    cr_expect(lt(u64, shortest, 15500));
    cr_expect(le(u64, longest, 25000));
    cr_expect(gt(u64, longest, 24500));
}

Test(copies, those_of_one_frame_do_not_bunch_when_the_loop_is_late)
{
    add(0, "frame", 3);

    cr_expect(eq(sz, send_due(500000), 1));
    cr_expect(ge(u64, msock__copies_deadline(&copies), 515000));
    cr_expect(eq(sz, send_due(600000), 1));
    cr_expect(eq(sz, send_due(700000), 1));
}

Test(copies, what_the_machine_slept_over_is_not_sent)
{
    add(0, "old", 3);
    add(2000000, "new", 1);

    cr_expect(eq(sz, send_due(2025000), 1));
    cr_expect(eq(u64, msock__copies_deadline(&copies), UINT64_MAX));
    cr_expect(eq(sz, copies.bytes, 0));
}

Test(copies, lateness_is_forgiven_for_a_second)
{
    add(0, "frame", 2);
    uint64_t due_us = msock__copies_deadline(&copies);

    cr_expect(eq(sz, send_due(due_us + MSOCK__COPIES_LATE_US), 1));
    due_us = msock__copies_deadline(&copies);
    cr_expect(eq(sz, send_due(due_us + MSOCK__COPIES_LATE_US + 1), 0));
}

Test(copies, cleared_ones_are_gone)
{
    add(0, "a", 3);
    add(0, "b", 1);

    msock__copies_clear(&copies);

    cr_expect(eq(u64, msock__copies_deadline(&copies), UINT64_MAX));
    cr_expect(eq(sz, copies.bytes, 0));
    cr_expect(eq(int, add(0, "c", 1), 0));
}

Test(copies, spacing_of_one_us_works)
{
    msock__copies_fini(&copies);
    msock__copies_init(&copies, 1, LIMIT);
    add(7, "frame", 2);

    cr_expect(eq(u64, msock__copies_deadline(&copies), 8));
    cr_expect(eq(sz, send_due(8), 1));
    cr_expect(eq(sz, send_due(9), 1));
}

Test(copies, memory_stays_within_the_limit)
{
    static const uint8_t frame[60000];
    int code = 0;
    while (code == 0) {
        cr_assert(le(sz, copies.bytes, LIMIT));
        code = msock__copies_add(&copies, 0, &dice, frame, sizeof(frame), 1);
    }

    cr_expect(eq(int, code, MSOCK_EAGAIN));
    cr_expect(le(sz, copies.bytes, LIMIT));
    cr_expect(gt(sz, copies.bytes, LIMIT - 2 * sizeof(frame)));
    cr_expect(eq(sz, send_due(SPACING * 2), 17));
    cr_expect(eq(sz, copies.bytes, 0));
}

Test(copies, frame_of_any_size_is_refused_at_worst)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 8, LIMIT};
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(int,
                     msock__copies_add(&copies, 0, &dice, (const uint8_t *)"",
                                       sizes[i], 1),
                     MSOCK_EAGAIN));
    }
}

Test(copies, lack_of_memory_changes_nothing)
{
    size_t failures = 0;
    for (size_t i = 0; i < 100; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            size_t bytes = copies.bytes;
            test_alloc_fail_at(n);
            int code = add(0, "frame", 1);
            failed = test_alloc_failed();
            cr_assert(eq(int, code, failed ? MSOCK_ENOMEM : 0));
            cr_assert(eq(int, copies.bytes == bytes, failed));
            failures += failed;
        }
    }

    cr_expect(gt(sz, failures, 100));
    cr_expect(eq(sz, send_due(25000), 100));
}

Test(copies, sending_needs_no_memory)
{
    add(0, "frame", 2);

    test_alloc_fail_at(1);
    cr_expect(eq(sz, send_due(25000), 1));
    cr_expect(eq(sz, send_due(50000), 1));

    cr_expect(not(test_alloc_failed()));
}
