/* SPDX-License-Identifier: Apache-2.0 */
/* Admission, repairs and what waits, with every allocation failing once, one by
 * one: nothing crashes or leaks, nothing is heard twice, and life goes on. */
#include "core/engine_state.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_net.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(engine_faults, .fini = net_close);

enum { MS = 1000, PUBLISHED = 5 };

static bool lose_second(const struct net_frame *frame, size_t to)
{
    (void)to;
    return frame->header.stream == MSOCK__RELIABLE &&
           frame->header.counter == 2 && frame->at_us < net.now_us + 1 &&
           msock__dice_below(&net.dice, 2) == 0;
}

/* Publishes in every way.  Returns how many messages were taken. */
static size_t publish_all(size_t hub)
{
    static const char large[3000];
    static const msock_publish_options ways[PUBLISHED] = {
        {.reliable = true},
        {.copies = 2},
        {.reliable = true, .raw = large, .raw_size = sizeof(large)},
        {.after_ms = 20},
        {.reliable = true, .after_ms = 10},
    };
    size_t taken = 0;
    for (size_t i = 0; i < PUBLISHED; i++) {
        int code = msock_publish(net_channel(hub), "a", NULL, &ways[i]);
        cr_assert(code == 0 || code == MSOCK_ENOMEM);
        taken += code == 0 ? 1 : 0;
        net_run(0);
    }
    return taken;
}

Test(engine_faults, no_single_lack_of_memory_does_harm)
{
    bool failed = true;
    long n = 0;
    while (failed) {
        size_t hub = net_open("hub", "", NET_KEY);
        size_t node = net_open("kitchen", "", NET_KEY);
        net.lose = lose_second;
        net_run(2 * MS);
        test_alloc_fail_at(++n);
        size_t taken = publish_all(hub);
        net_run(NET_SECOND_US);
        failed = test_alloc_failed();
        net_run(2 * NET_SECOND_US);

        size_t heard = net_bench(node)->heard_count;
        cr_assert(le(sz, heard, taken), "allocation %ld", n);
        cr_assert(ge(sz, heard + 2, taken), "allocation %ld", n);
        net_publish_numbers(hub, 1, 1);
        net_run(NET_SECOND_US);
        cr_assert(net_heard_numbers(node, 1, 1), "allocation %ld", n);
        net_close();
    }

    cr_expect(ge(int, (int)n, 20));
}
