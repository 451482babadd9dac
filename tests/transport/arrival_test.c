/* SPDX-License-Identifier: Apache-2.0 */
/* When a datagram came: the kernel's stamp within what is sure. */
#include "transport/arrival.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { SECOND = 1000000 };

static const uint64_t wall = UINT64_C(1700000000) * SECOND;
static const struct msock__clocks empty = {100 * SECOND, wall};

/* The clocks `s` seconds after the socket was empty, the wall clock being set
 * by `step` meanwhile. */
static struct msock__clocks after(int64_t s, int64_t step)
{
    return (struct msock__clocks){(uint64_t)(100 + s) * SECOND,
                                  wall + (uint64_t)((s + step) * SECOND)};
}

static uint64_t stamp(int64_t s)
{
    return wall + (uint64_t)(s * SECOND);
}

Test(arrival, is_what_the_stamp_says_however_long_it_waited)
{
    struct msock__clocks now = after(3600, 0);

    cr_expect(eq(u64, msock__waited(&empty, &now, stamp(1)),
                 UINT64_C(3599) * SECOND));
    cr_expect(eq(u64, msock__waited(&empty, &now, stamp(3600)), 0));
}

Test(arrival, is_neither_before_the_socket_was_empty_nor_to_come)
{
    struct msock__clocks now = after(5, 0);

    cr_expect(eq(u64, msock__waited(&empty, &now, stamp(-9)), 5 * SECOND));
    cr_expect(eq(u64, msock__waited(&empty, &now, stamp(9)), 0));
    cr_expect(eq(u64, msock__waited(&empty, &now, 0), 5 * SECOND));
}

Test(arrival, a_wall_clock_set_forward_makes_no_wait_longer)
{
    struct msock__clocks now = after(20, 3600);

    /* Before it was set, and after. */
    cr_expect(eq(u64, msock__waited(&empty, &now, stamp(1)), 19 * SECOND));
    cr_expect(
        le(u64, msock__waited(&empty, &now, stamp(1 + 3600)), 19 * SECOND));
}

Test(arrival, a_wall_clock_set_back_makes_no_wait_longer)
{
    struct msock__clocks now = after(20, -3600);

    cr_expect(le(u64, msock__waited(&empty, &now, stamp(1)), 19 * SECOND));
    cr_expect(
        eq(u64, msock__waited(&empty, &now, stamp(1 - 3600)), 19 * SECOND));
}

Test(arrival, the_clocks_go_on)
{
    struct msock__clocks before = msock__clocks_read();
    struct msock__clocks now = msock__clocks_read();

    cr_expect(ge(u64, now.now_us, before.now_us));
    cr_expect(ge(u64, now.wall_us, 1));
}
