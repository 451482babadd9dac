/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network's model: faults by seed, order, partitions, bounds. */
#include "transport/sim_model.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { SEED = 20, ROOM = 64 << 20, MANY = 20000 };

/* A network of three nodes with one kind of fault, and what "b" took. */
struct bench {
    struct msock__sim_model model;
    struct msock__sim_endpoint *a, *b, *c;
    uint8_t scratch[MSOCK__SIM_SCRATCH];
    struct msock__sim_arrival arrival;
    int woken;
};

static void on_wake(void *owner)
{
    int *woken = owner;
    (*woken)++;
}

static struct msock__sim_endpoint *attach(struct bench *bench, const char *name,
                                          size_t room)
{
    struct msock__sim_endpoint *endpoint = NULL;
    cr_assert(eq(int,
                 msock__sim_attach(&bench->model, &endpoint,
                                   &(struct msock__sim_endpoint_config){
                                       .name = name,
                                       .buffer_max = room,
                                       .wake = on_wake,
                                       .owner = &bench->woken,
                                   }),
                 0));
    return endpoint;
}

static void open_bench(struct bench *bench, uint64_t seed,
                       const struct msock__sim_link *link)
{
    msock__sim_model_init(&bench->model, seed, link);
    bench->woken = 0;
    bench->a = attach(bench, "a", ROOM);
    bench->b = attach(bench, "b", ROOM);
    bench->c = attach(bench, "c", ROOM);
}

static void close_bench(struct bench *bench)
{
    msock__sim_detach(bench->a);
    msock__sim_detach(bench->b);
    msock__sim_detach(bench->c);
    msock__sim_model_fini(&bench->model);
}

static void send_number(struct bench *bench, uint32_t number, uint64_t now_us)
{
    uint8_t bytes[sizeof(number)];
    memcpy(bytes, &number, sizeof(number));
    msock__sim_send(bench->a, now_us, bytes, sizeof(bytes));
}

static bool take(struct bench *bench, struct msock__sim_endpoint *at,
                 uint64_t now_us)
{
    return msock__sim_take(at, now_us, bench->scratch, &bench->arrival);
}

static bool take_number(struct bench *bench, uint32_t *number)
{
    bool taken = take(bench, bench->b, UINT64_MAX - 1);
    if (taken) {
        memcpy(number, bench->arrival.bytes, sizeof(*number));
    }
    return taken;
}

static void add_rule(struct msock__sim_rules *rules, const char *from,
                     const char *to, bool cut, double loss)
{
    struct msock__sim_rule rule = {.cut = cut, .link = {.loss = loss}};
    strcpy(rule.from, from);
    strcpy(rule.to, to);
    cr_assert(eq(int, msock__sim_rules_add(rules, &rule), 0));
}

Test(sim_model, without_faults_all_arrive_in_order)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){0});
    for (uint32_t i = 0; i < 1000; i++) {
        send_number(&bench, i, i / 10);
    }

    uint32_t number = 0;
    uint32_t in_order = 0;
    while (take_number(&bench, &number)) {
        in_order += number == in_order;
    }

    cr_expect(eq(u32, in_order, 1000));
    cr_expect(eq(u64, bench.model.stats.arrived, 1000));
    cr_expect(eq(u64, bench.model.stats.sent, 1000));
    close_bench(&bench);
}

Test(sim_model, sender_hears_itself_unharmed)
{
    static struct bench bench;
    open_bench(&bench, SEED,
               &(struct msock__sim_link){
                   .loss = 100, .corrupt = 100, .delay_us = 5000});
    add_rule(&bench.model.cuts, "", "", true, 0);

    send_number(&bench, 7, 10);

    cr_expect(eq(u64, msock__sim_due(bench.a), 11));
    cr_assert(take(&bench, bench.a, 11));
    cr_expect(bench.arrival.own);
    cr_expect(eq(str, bench.arrival.from, "a"));
    cr_expect(not(take(&bench, bench.a, UINT64_MAX - 1)));
    cr_expect(eq(u64, bench.model.stats.arrived, 0));
    close_bench(&bench);
}

/* Sends MANY numbers and counts how often each arrives at "b". */
static void count_arrivals(struct bench *bench, uint8_t counts[MANY])
{
    memset(counts, 0, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        send_number(bench, i, i);
    }
    uint32_t number = 0;
    while (take_number(bench, &number)) {
        counts[number]++;
    }
}

static size_t count_of(const uint8_t counts[MANY], uint8_t value)
{
    size_t found = 0;
    for (size_t i = 0; i < MANY; i++) {
        found += counts[i] == value;
    }
    return found;
}

/* Six standard deviations of 20,000 draws at 20 % are 340. */
Test(sim_model, loss_comes_near_its_rate)
{
    static struct bench bench;
    static uint8_t counts[MANY];
    open_bench(&bench, SEED, &(struct msock__sim_link){.loss = 20});

    count_arrivals(&bench, counts);

    size_t lost = count_of(counts, 0);
    cr_expect(gt(sz, lost, MANY / 5 - 340));
    cr_expect(lt(sz, lost, MANY / 5 + 340));
    cr_expect(eq(sz, count_of(counts, 1), MANY - lost));
    close_bench(&bench);
}

Test(sim_model, each_receiver_loses_its_own)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.loss = 50});
    size_t apart = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        send_number(&bench, i, 10 * i);
        bool at_b = take(&bench, bench.b, 10 * i + 9);
        apart += at_b != take(&bench, bench.c, 10 * i + 9);
    }

    cr_expect(gt(sz, apart, 400));
    cr_expect(lt(sz, apart, 600));
    close_bench(&bench);
}

Test(sim_model, duplicates_come_near_their_rate)
{
    static struct bench bench;
    static uint8_t counts[MANY];
    open_bench(&bench, SEED, &(struct msock__sim_link){.dup = 20});

    count_arrivals(&bench, counts);

    size_t twice = count_of(counts, 2);
    cr_expect(gt(sz, twice, MANY / 5 - 340));
    cr_expect(lt(sz, twice, MANY / 5 + 340));
    cr_expect(eq(sz, count_of(counts, 1), MANY - twice));
    close_bench(&bench);
}

Test(sim_model, reordering_holds_some_back)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.reorder = 10});
    for (uint32_t i = 0; i < 1000; i++) {
        send_number(&bench, i, 100 * i);
    }

    uint32_t number = 0;
    uint32_t highest = 0;
    size_t overtaken = 0;
    while (take_number(&bench, &number)) {
        overtaken += number < highest;
        highest = number > highest ? number : highest;
    }

    cr_expect(gt(sz, overtaken, 50));
    cr_expect(lt(sz, overtaken, 150));
    cr_expect(ge(u64, bench.model.stats.reordered, overtaken));
    close_bench(&bench);
}

Test(sim_model, delay_and_jitter_bound_the_time_under_way)
{
    static struct bench bench;
    open_bench(&bench, SEED,
               &(struct msock__sim_link){.delay_us = 500, .jitter_us = 200});
    uint64_t shortest = UINT64_MAX;
    uint64_t longest = 0;

    for (uint32_t i = 0; i < 2000; i++) {
        send_number(&bench, i, 1000 * i);
        uint64_t way = msock__sim_due(bench.b) - 1000 * i;
        shortest = way < shortest ? way : shortest;
        longest = way > longest ? way : longest;
        cr_assert(not(take(&bench, bench.b, 1000 * i + 499)));
        cr_assert(take(&bench, bench.b, 1000 * i + 700));
    }

    cr_expect(eq(u64, shortest, 500));
    cr_expect(eq(u64, longest, 700));
    close_bench(&bench);
}

Test(sim_model, corruption_flips_exactly_one_bit_of_one_copy)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.corrupt = 100});
    uint8_t flipped = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t number = 0;
        send_number(&bench, i, i);
        cr_assert(take_number(&bench, &number));
        uint32_t difference = number ^ i;
        cr_assert(ne(u32, difference, 0));
        cr_assert(eq(u32, difference & (difference - 1), 0));
        flipped |= difference == 1 ? 1 : difference == 1U << 31 ? 2 : 0;
    }

    cr_expect(eq(u8, flipped, 3), "first and last bit are among them");
    close_bench(&bench);
}

Test(sim_model, empty_datagram_survives_corruption)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.corrupt = 100});

    msock__sim_send(bench.a, 0, NULL, 0);

    cr_assert(take(&bench, bench.b, 1));
    cr_expect(eq(sz, bench.arrival.size, 0));
    cr_expect(eq(u64, bench.model.stats.corrupted, 0));
    close_bench(&bench);
}

Test(sim_model, one_seed_gives_one_run_and_another_differs)
{
    static struct bench bench;
    static uint8_t runs[3][MANY];
    static const uint64_t seeds[3] = {SEED, SEED, SEED + 1};

    for (size_t i = 0; i < 3; i++) {
        open_bench(&bench, seeds[i],
                   &(struct msock__sim_link){.loss = 20, .dup = 10});
        count_arrivals(&bench, runs[i]);
        close_bench(&bench);
    }

    cr_expect(eq(int, memcmp(runs[0], runs[1], MANY), 0));
    cr_expect(ne(int, memcmp(runs[0], runs[2], MANY), 0));
}

Test(sim_model, partition_cuts_one_way_and_can_be_mended)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){0});
    add_rule(&bench.model.cuts, "a", "b", true, 0);

    send_number(&bench, 1, 0);
    msock__sim_send(bench.b, 0, (const uint8_t *)"x", 1);

    cr_expect(eq(u64, msock__sim_due(bench.b), 1), "only what it sent itself");
    cr_expect(take(&bench, bench.b, 1));
    cr_expect(not(take(&bench, bench.b, 9)));
    cr_expect(take(&bench, bench.c, 9));
    cr_expect(take(&bench, bench.a, 9));
    cr_expect(eq(u64, bench.model.stats.cut, 1));

    add_rule(&bench.model.cuts, "", "", false, 0);
    send_number(&bench, 2, 10);
    cr_expect(take(&bench, bench.b, 19));
    close_bench(&bench);
}

Test(sim_model, mending_a_cut_does_not_change_later_losses)
{
    static struct bench bench;
    static uint8_t runs[2][MANY];
    for (size_t run = 0; run < 2; run++) {
        open_bench(&bench, SEED, &(struct msock__sim_link){.loss = 30});
        add_rule(&bench.model.cuts, "a", "b", run == 0, 0);
        send_number(&bench, 0, 0);
        add_rule(&bench.model.cuts, "a", "b", false, 0);
        take(&bench, bench.b, 1);
        count_arrivals(&bench, runs[run]);
        close_bench(&bench);
    }

    cr_expect(eq(int, memcmp(runs[0], runs[1], MANY), 0));
}

Test(sim_model, link_rule_hits_only_its_receiver)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){0});
    add_rule(&bench.model.links, "", "b", false, 100);

    send_number(&bench, 1, 0);

    cr_expect(not(take(&bench, bench.b, 9)));
    cr_expect(take(&bench, bench.c, 9));
    cr_expect(eq(u64, bench.model.stats.lost, 1));
    close_bench(&bench);
}

Test(sim_model, full_buffer_overflows_and_is_counted)
{
    enum { ROOM_FOR = 10, OVER = 5 };
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.delay_us = 1000});
    size_t room = ROOM_FOR * (sizeof(uint32_t) + MSOCK__SIM_OVERHEAD);
    struct msock__sim_endpoint *small = attach(&bench, "small", room);

    for (uint32_t i = 0; i < ROOM_FOR + OVER; i++) {
        send_number(&bench, i, 0);
    }

    cr_expect(eq(sz, msock__sim_buffered(small), room));
    cr_expect(eq(u64, msock__sim_overflowed(small), OVER));
    cr_expect(eq(u64, msock__sim_overflowed(small), 0));
    cr_expect(eq(u64, msock__sim_overflowed(bench.b), 0));
    cr_expect(eq(u64, bench.model.stats.overflowed, OVER));

    cr_expect(take(&bench, small, 1000));
    send_number(&bench, 99, 1000);
    cr_expect(eq(u64, msock__sim_overflowed(small), 0));
    msock__sim_detach(small);
    close_bench(&bench);
}

Test(sim_model, detaching_frees_what_waits)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.delay_us = 1000});
    send_number(&bench, 1, 0);
    cr_assert(eq(u64, bench.model.stats.waiting, 2));

    msock__sim_detach(bench.b);
    bench.b = NULL;
    msock__sim_detach(bench.a);
    bench.a = NULL;

    cr_expect(eq(u64, bench.model.stats.waiting, 1));
    cr_expect(take(&bench, bench.c, 1000), "the sender is gone, it goes on");
    cr_expect(eq(str, bench.arrival.from, "a"));
    close_bench(&bench);
}

Test(sim_model, wakes_a_receiver_only_for_an_earlier_copy)
{
    static struct bench bench;
    open_bench(&bench, SEED, &(struct msock__sim_link){.delay_us = 1000});
    send_number(&bench, 1, 0);
    cr_expect(eq(int, bench.woken, 3));

    send_number(&bench, 2, 5);
    cr_expect(eq(int, bench.woken, 3));

    uint8_t byte = 0;
    msock__sim_model_inject(&bench.model, 6, "b", &byte, 1);
    cr_expect(eq(int, bench.woken, 4));
    cr_expect(eq(u64, msock__sim_due(bench.b), 7));
    close_bench(&bench);
}

Test(sim_model, injected_datagram_meets_no_fault)
{
    static struct bench bench;
    static const uint8_t bytes[] = "forged";
    open_bench(&bench, SEED,
               &(struct msock__sim_link){.loss = 100, .delay_us = 1000});

    int one =
        msock__sim_model_inject(&bench.model, 0, "b", bytes, sizeof(bytes));
    int all =
        msock__sim_model_inject(&bench.model, 1, NULL, bytes, sizeof(bytes));
    int none =
        msock__sim_model_inject(&bench.model, 2, "d", bytes, sizeof(bytes));

    cr_expect(eq(int, one, 1));
    cr_expect(eq(int, all, 3));
    cr_expect(eq(int, none, MSOCK_ENOENT));
    cr_assert(take(&bench, bench.b, 1));
    cr_expect(eq(str, (char *)bench.arrival.bytes, "forged"));
    cr_expect(eq(str, bench.arrival.from, ""));
    cr_expect(not(bench.arrival.own));
    cr_expect(eq(u64, bench.model.stats.injected, 2));
    close_bench(&bench);
}

/* What an observer saw: how often each kind, and the last of all. */
struct sight {
    int counts[MSOCK_SIM_ARRIVED + 1];
    msock_sim_event last;
};

static void on_event(const msock_sim_event *event, void *user)
{
    struct sight *sight = user;
    sight->counts[event->kind]++;
    sight->last = *event;
}

Test(sim_model, observer_sees_every_fate)
{
    static struct bench bench;
    struct sight sight = {0};
    open_bench(&bench, SEED, &(struct msock__sim_link){0});
    struct msock__sim_endpoint *full = attach(&bench, "full", 0);
    bench.model.observer = on_event;
    bench.model.observer_user = &sight;
    add_rule(&bench.model.links, "", "b", false, 100);

    send_number(&bench, 1, 0);
    cr_assert(take(&bench, bench.c, 5));
    add_rule(&bench.model.cuts, "", "c", true, 0);
    send_number(&bench, 2, 6);

    cr_expect(eq(int, sight.counts[MSOCK_SIM_SENT], 2));
    cr_expect(eq(int, sight.counts[MSOCK_SIM_LOST], 2));
    cr_expect(eq(int, sight.counts[MSOCK_SIM_OVERFLOW], 2));
    cr_expect(eq(int, sight.counts[MSOCK_SIM_ARRIVED], 1));
    cr_expect(eq(int, sight.counts[MSOCK_SIM_CUT], 1));
    cr_expect(eq(u64, sight.last.now_us, 6));
    cr_expect(eq(str, (char *)sight.last.from, "a"));
    cr_expect(eq(str, (char *)sight.last.to, "full"));
    msock__sim_detach(full);
    close_bench(&bench);
}
