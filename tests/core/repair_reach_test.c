/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a reliable stream that asks for no more than can be taken in, and
 * sees what came too thick (docs/protocol.md 5.8). */
#include "tests/core/repair_probe.h"

TestSuite(repair_reach, .init = probe_init, .fini = probe_fini);

/* Sends the NACK that is due.  Returns how much of it came too thick. */
static size_t ask_thick(void)
{
    size_t count = msock__repair_nack(repair, &now, ranges);
    cr_assert(ge(sz, count, 1));
    return msock__repair_asked(repair, &now, ranges, count);
}

Test(repair_reach, no_more_than_the_next_few_are_asked_for)
{
    add(1);
    hear_range(1, 1000);
    msock__repair_reach(repair, 40, 0);

    cr_assert(eq(sz, wait_for_nack(), 1));

    cr_expect(asked_for(0, 2, 41));
    cr_expect(not(msock__repair_asks(repair)), "the rest waits");
}

Test(repair_reach, what_comes_lets_others_be_asked_for)
{
    add(1);
    hear_range(1, 1000);
    msock__repair_reach(repair, 40, 0);
    cr_assert(eq(sz, wait_for_nack(), 1));

    for (uint64_t i = 2; i <= 11; i++) {
        add(i);
    }

    cr_assert(msock__repair_asks(repair));
    cr_assert(eq(sz, ask(), 1));
    cr_expect(asked_for(0, 42, 51));
}

Test(repair_reach, room_is_what_could_be_kept)
{
    add(1);
    size_t before = msock__repair_room(repair);

    add(3);

    cr_expect(ge(sz, before, 2000), "4 MiB of frames of 1500 bytes");
    cr_expect(gt(sz, msock__repair_room(repair), before), "this one is small");
}

Test(repair_reach, what_was_lost_before_room_was_promised_is_not_too_thick)
{
    add(1);
    hear_range(1, 20);
    msock__repair_reach(repair, 8192, 100);

    wait_until(now.now_us + 40 * MS);

    cr_expect(eq(sz, ask_thick(), 0));
}

Test(repair_reach, what_was_lost_of_what_room_was_promised_for_is_too_thick)
{
    add(1);
    msock__repair_reach(repair, 8192, 15);
    hear_range(1, 20);

    wait_until(now.now_us + 40 * MS);

    cr_expect(eq(sz, ask_thick(), 14), "2 to 15");
}

Test(repair_reach, what_is_asked_for_again_is_too_thick)
{
    add(1);
    hear_range(1, 20);
    wait_until(now.now_us + 40 * MS);
    cr_assert(eq(sz, ask_thick(), 0));

    wait_until(now.now_us + 200 * MS);

    cr_expect(eq(sz, ask_thick(), 19));
}
