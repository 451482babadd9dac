/* SPDX-License-Identifier: Apache-2.0 */
#include "core/heap.h"

#include "core/dice.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { NODES = 300 };

static struct msock__heap heap;
static struct msock__heap_node nodes[NODES];

static void init(void)
{
    heap = (struct msock__heap){0};
}

static void fini(void)
{
    msock__heap_fini(&heap);
}

TestSuite(heap, .init = init, .fini = fini);

/* Adds all nodes with due times of which many are alike. */
static void fill(uint64_t seed)
{
    struct msock__dice dice = {seed};
    for (size_t i = 0; i < NODES; i++) {
        cr_assert(
            msock__heap_add(&heap, &nodes[i], msock__dice_below(&dice, 50)));
    }
}

/* Takes all; they must come by due time, ties by arrival. */
static void drain(size_t count)
{
    uint64_t due_us = 0;
    uint64_t order = 0;
    for (size_t i = 0; i < count; i++) {
        struct msock__heap_node *node = msock__heap_first(&heap);
        cr_assert(ne(ptr, node, NULL));
        cr_assert(eq(u64, node->due_us, msock__heap_deadline(&heap)));
        cr_assert(node->due_us > due_us ||
                  (node->due_us == due_us && node->order > order));
        due_us = node->due_us;
        order = node->order;
        msock__heap_pop(&heap);
    }
    cr_assert(eq(sz, heap.count, 0));
}

Test(heap, empty_one_has_nothing_due)
{
    cr_expect(eq(ptr, msock__heap_first(&heap), NULL));
    cr_expect(eq(u64, msock__heap_deadline(&heap), UINT64_MAX));
}

Test(heap, gives_by_due_time_and_then_by_arrival)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        fill(seed);
        drain(NODES);
    }
}

Test(heap, again_comes_behind_those_due_at_the_same_time)
{
    struct msock__heap_node *first = &nodes[0];
    msock__heap_add(&heap, &nodes[0], 5);
    msock__heap_add(&heap, &nodes[1], 7);
    msock__heap_add(&heap, &nodes[2], 7);

    cr_assert(eq(ptr, msock__heap_first(&heap), first));
    msock__heap_again(&heap, 7);

    struct msock__heap_node *second = &nodes[1];
    cr_expect(eq(ptr, msock__heap_first(&heap), second));
    drain(3);
}

Test(heap, removing_any_keeps_the_order_of_the_others)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct msock__dice dice = {seed + 1000};
        fill(seed);
        size_t first = msock__dice_below(&dice, NODES);
        size_t step = 1 + 2 * msock__dice_below(&dice, 3); /* 1, 3, 5 */

        for (size_t i = 0; i < NODES / 2; i++) {
            size_t index = (first + i * step) % heap.count;
            msock__heap_remove(&heap, heap.nodes[index]);
        }

        drain(NODES - NODES / 2);
    }
}

Test(heap, moved_one_comes_at_its_new_time_behind_those_of_it)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct msock__dice dice = {seed + 2000};
        fill(seed);

        for (size_t i = 0; i < NODES; i++) {
            msock__heap_move(&heap, &nodes[i], msock__dice_below(&dice, 50));
        }

        drain(NODES);
    }
}

Test(heap, moved_one_may_come_first)
{
    struct msock__heap_node *last = &nodes[NODES - 1];
    fill(1);

    msock__heap_move(&heap, &nodes[0], 60);
    msock__heap_move(&heap, last, 0);
    while (heap.count > 1 && msock__heap_first(&heap)->due_us == 0 &&
           msock__heap_first(&heap) != last) {
        msock__heap_pop(&heap);
    }

    cr_expect(eq(ptr, msock__heap_first(&heap), last));
}

Test(heap, what_was_reserved_is_added_without_memory)
{
    cr_assert(msock__heap_reserve(&heap, NODES));

    test_alloc_fail_at(1);
    fill(3);

    cr_expect(not(test_alloc_failed()));
    drain(NODES);
}

static bool is_odd(struct msock__heap_node *node, void *user)
{
    size_t *asked = user;
    ++*asked;
    return node->due_us % 2 == 1;
}

static bool is_none(struct msock__heap_node *node, void *user)
{
    (void)node;
    (void)user;
    return false;
}

Test(heap, sieve_takes_out_and_keeps_the_order)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        size_t asked = 0;
        size_t odd = 0;
        fill(seed);
        for (size_t i = 0; i < NODES; i++) {
            odd += nodes[i].due_us % 2;
        }

        cr_assert(eq(sz, msock__heap_sieve(&heap, is_odd, &asked), odd));
        cr_assert(eq(sz, asked, NODES));
        cr_assert(eq(sz, msock__heap_sieve(&heap, is_none, NULL), 0));
        drain(NODES - odd);
    }
}

Test(heap, lack_of_memory_changes_nothing)
{
    size_t failures = 0;
    for (size_t i = 0; i < NODES; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            test_alloc_fail_at(n);
            bool added = msock__heap_add(&heap, &nodes[i], NODES - i);
            failed = test_alloc_failed();
            cr_assert(eq(int, added, !failed));
            cr_assert(eq(sz, heap.count, i + added));
            failures += failed;
        }
    }

    cr_expect(gt(sz, failures, 4));
    drain(NODES);
}

Test(heap, again_and_sieve_need_no_memory)
{
    fill(1);
    size_t asked = 0;

    test_alloc_fail_at(1);
    msock__heap_again(&heap, 100);
    msock__heap_sieve(&heap, is_odd, &asked);

    cr_expect(not(test_alloc_failed()));
}
