/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the simulated network: random numbers, the heap of what is due,
 * and the rules that say which link has which faults. */
#include "transport/sim_faults.h"
#include "transport/sim_heap.h"
#include "transport/sim_random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { SEED = 20, MANY = 20000 };

/* -- Random numbers -- */

Test(sim_random, first_numbers_of_seed_zero_are_known)
{
    struct msock__sim_random random;

    msock__sim_random_init(&random, 0);

    /* Computed apart from this code, in Python. */
    cr_expect(eq(u64, random.state[0], UINT64_C(0xE220A8397B1DCDAF)));
    cr_expect(eq(u64, random.state[1], UINT64_C(0x6E789E6AA1B965F4)));
    cr_expect(eq(u64, random.state[2], UINT64_C(0x06C45D188009454F)));
    cr_expect(eq(u64, random.state[3], UINT64_C(0xF88BB8A8724C81EC)));
    cr_expect(
        eq(u64, msock__sim_random_next(&random), UINT64_C(0x99EC5F36CB75F2B4)));
}

Test(sim_random, chance_is_never_at_0_and_always_at_100)
{
    struct msock__sim_random random;
    int never = 0;
    int always = 0;
    msock__sim_random_init(&random, SEED);

    for (int i = 0; i < MANY; i++) {
        never += msock__sim_random_chance(&random, 0);
        always += msock__sim_random_chance(&random, 100);
    }

    cr_expect(eq(int, never, 0));
    cr_expect(eq(int, always, MANY));
}

Test(sim_random, upto_includes_both_ends)
{
    struct msock__sim_random random;
    unsigned seen = 0;
    msock__sim_random_init(&random, SEED);

    for (int i = 0; i < 200; i++) {
        seen |= 1U << msock__sim_random_upto(&random, 4);
    }

    cr_expect(eq(uint, seen, 0x1F));
    cr_expect(eq(u64, msock__sim_random_upto(&random, 0), 0));
}

/* -- The heap -- */

Test(sim_heap, gives_entries_by_time_then_order)
{
    enum { COUNT = 300 };
    static struct msock__sim_entry entries[COUNT];
    struct msock__sim_heap heap = {0};
    struct msock__sim_random random;
    msock__sim_random_init(&random, SEED);
    for (size_t i = 0; i < COUNT; i++) {
        entries[i].due_us = msock__sim_random_upto(&random, 40);
        entries[i].order = i;
        cr_assert(eq(int, msock__sim_heap_add(&heap, &entries[i]), 0));
    }

    /* A third moves, a third goes: the rest must still come in order. */
    for (size_t i = 0; i < COUNT; i += 3) {
        msock__sim_heap_move(&heap, &entries[i],
                             msock__sim_random_upto(&random, 40));
        msock__sim_heap_remove(&heap, &entries[i + 1]);
    }

    size_t disorder = 0;
    struct msock__sim_entry last = {0};
    while (heap.count > 0) {
        struct msock__sim_entry *first = msock__sim_heap_first(&heap);
        disorder += first->due_us < last.due_us ||
                    (first->due_us == last.due_us && first->order < last.order);
        last = *first;
        msock__sim_heap_remove(&heap, first);
    }
    cr_expect(eq(sz, disorder, 0));
    cr_expect(eq(u64, msock__sim_heap_due(&heap), MSOCK__SIM_NEVER));
    msock__sim_heap_fini(&heap);
}

Test(sim_heap, entry_from_another_branch_rises_to_its_place)
{
    /* The last, 4, takes the place of 11, which is below 10. */
    static const uint64_t times[] = {1, 10, 2, 11, 12, 3, 4};
    struct msock__sim_entry entries[7];
    struct msock__sim_heap heap = {0};
    for (size_t i = 0; i < 7; i++) {
        entries[i] = (struct msock__sim_entry){.due_us = times[i], .order = i};
        cr_assert(eq(int, msock__sim_heap_add(&heap, &entries[i]), 0));
    }

    msock__sim_heap_remove(&heap, &entries[3]);

    cr_expect(eq(u64, heap.entries[1]->due_us, 4));
    cr_expect(eq(u64, heap.entries[3]->due_us, 10));
    cr_expect(eq(sz, entries[6].place, 1));
    msock__sim_heap_fini(&heap);
}

/* -- Faults -- */

static void add_rule(struct msock__sim_rules *rules, const char *from,
                     const char *to, bool cut, double loss)
{
    struct msock__sim_rule rule = {.cut = cut, .link = {.loss = loss}};
    strcpy(rule.from, from);
    strcpy(rule.to, to);
    cr_assert(eq(int, msock__sim_rules_add(rules, &rule), 0));
}

Test(sim_faults, values_out_of_range_are_refused)
{
    static const msock_sim_faults refused[] = {
        {.loss = -1},        {.loss = 100.5},
        {.dup = 101},        {.reorder = -0.1},
        {.corrupt = 1e9},    {.delay_ms = -1},
        {.delay_ms = 4e6},   {.jitter_ms = 1e99},
        {.loss = 0.0 / 0.0}, {.delay_ms = 0.0 / 0.0},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct msock__sim_link link = {.loss = 7};

        int result = msock__sim_link_read(&link, &refused[i]);

        cr_expect(eq(int, result, MSOCK_EOPTION), "row %zu", i);
        cr_expect(eq(dbl, link.loss, 7), "row %zu", i);
    }
}

Test(sim_faults, times_are_read_to_the_microsecond)
{
    struct msock__sim_link link;

    int result = msock__sim_link_read(
        &link, &(msock_sim_faults){.delay_ms = 0.2, .jitter_ms = 20});

    cr_expect(eq(int, result, 0));
    cr_expect(eq(u64, link.delay_us, 200));
    cr_expect(eq(u64, link.jitter_us, 20000));
}

Test(sim_faults, newest_rule_that_covers_a_link_decides)
{
    struct msock__sim_rules rules = {0};

    add_rule(&rules, "", "", false, 1);
    add_rule(&rules, "a", "", false, 2);
    add_rule(&rules, "a", "b", false, 3);
    add_rule(&rules, "", "c", false, 4);

    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "a", "b")->link.loss, 3));
    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "a", "c")->link.loss, 4));
    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "a", "d")->link.loss, 2));
    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "b", "a")->link.loss, 1));
    msock__sim_rules_fini(&rules);
}

Test(sim_faults, wider_rule_replaces_those_it_covers)
{
    struct msock__sim_rules rules = {0};
    add_rule(&rules, "a", "b", false, 1);
    add_rule(&rules, "a", "c", false, 1);
    add_rule(&rules, "b", "c", false, 1);

    add_rule(&rules, "a", "", false, 2);

    cr_expect(eq(sz, rules.count, 2));
    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "a", "b")->link.loss, 2));
    cr_expect(eq(dbl, msock__sim_rules_find(&rules, "b", "c")->link.loss, 1));
    cr_expect(eq(ptr, (void *)msock__sim_rules_find(&rules, "c", "a"), NULL));
    msock__sim_rules_fini(&rules);
}

Test(sim_faults, rules_are_bounded)
{
    struct msock__sim_rules rules = {0};
    struct msock__sim_rule rule = {.cut = true};
    for (unsigned i = 0; i < MSOCK__SIM_RULES_MAX; i++) {
        snprintf(rule.from, sizeof(rule.from), "n%u", i);
        cr_assert(eq(int, msock__sim_rules_add(&rules, &rule), 0));
    }

    strcpy(rule.from, "one more");
    int over = msock__sim_rules_add(&rules, &rule);
    strcpy(rule.from, "n7");
    int again = msock__sim_rules_add(&rules, &rule);

    cr_expect(eq(int, over, MSOCK_ELIMIT));
    cr_expect(eq(int, again, 0));
    cr_expect(eq(sz, rules.count, MSOCK__SIM_RULES_MAX));
    msock__sim_rules_fini(&rules);
}
