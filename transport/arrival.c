/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps of the kernel on one's own clock. */
#include "transport/arrival.h"

#include "transport/process.h"

#include <assert.h>
#include <time.h>

struct msock__clocks msock__clocks_read(void)
{
    struct timespec wall;
    uint64_t now_us = msock__process_now();

    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct msock__clocks){now_us, (uint64_t)wall.tv_sec * 1000000 +
                                              (uint64_t)wall.tv_nsec / 1000};
}

uint64_t msock__waited(const struct msock__clocks *empty,
                       const struct msock__clocks *now, uint64_t stamp_us)
{
    assert(now->now_us >= empty->now_us);
    uint64_t elapsed_us = now->now_us - empty->now_us;
    /* By the wall clock as it is, and by the wall clock as it was: a stamp is
     * of one of the two. */
    int64_t by_now = (int64_t)(now->wall_us - stamp_us);
    int64_t by_then = (int64_t)(elapsed_us + empty->wall_us - stamp_us);
    int64_t waited = by_now < by_then ? by_now : by_then;

    if (waited < 0) {
        return 0;
    }
    return (uint64_t)waited < elapsed_us ? (uint64_t)waited : elapsed_us;
}
