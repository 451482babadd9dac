/* SPDX-License-Identifier: Apache-2.0 */
/* A reliable publisher at full speed (docs/protocol.md 5.8) on a network that
 * loses, and with a listener that is slower than the others, in virtual time.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <multisock/sim.h>
#include <stdio.h>
#include <string.h>

enum { LISTENERS = 3, SIZE = 1000, WAIT_MS = 20000 };

static msock_sim *sim;
static msock_channel *publisher, *listeners[LISTENERS];
static uint32_t heard[LISTENERS], disorder, lost;
static const msock_publish_options reliable = {.reliable = true};

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    uint32_t *count = user;
    uint32_t number = 0;

    (void)channel;
    memcpy(&number, message->data, sizeof(number));
    disorder += number != *count;
    *count += 1;
    return 0;
}

static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)channel;
    (void)user;
    lost += event->kind == MSOCK_EVENT_LOSS;
}

/* Opens a publisher of that history and pace, and the listeners, and lets them
 * meet. */
static void open_all(const char *options, const msock_sim_faults *faults)
{
    char url[64];

    cr_assert(
        eq(int,
           msock_sim_open(&sim, "flow",
                          &(msock_sim_options){.seed = 7, .faults = *faults}),
           0));
    snprintf(url, sizeof(url), "sim://flow?%s", options);
    cr_assert(eq(
        int, msock_open(&publisher, url, &(msock_options){.name = "publisher"}),
        0));
    for (int i = 0; i < LISTENERS; i++) {
        char name[] = {'l', (char)('0' + i), '\0'};
        cr_assert(eq(int,
                     msock_open(&listeners[i], "sim://flow",
                                &(msock_options){.name = name}),
                     0));
        msock_watch(listeners[i], on_event, NULL);
        cr_assert(
            ge(int,
               msock_subscribe(listeners[i], "#", on_message, &heard[i], NULL),
               1));
    }
    msock_sim_run(sim, 3000);
}

static void close_all(void)
{
    msock_close(publisher, NULL, NULL);
    for (int i = 0; i < LISTENERS; i++) {
        msock_close(listeners[i], NULL, NULL);
    }
    msock_sim_close(sim);
}

/* Publishes `count` messages as fast as they are taken.  Returns how long it
 * took until the first listener had them all, in us, or until it was clear that
 * it never will. */
static uint64_t publish(uint32_t count)
{
    static uint8_t bytes[SIZE];
    msock_publish_options options = reliable;
    uint64_t began_us = msock_sim_now_us(sim);

    options.raw = bytes;
    options.raw_size = sizeof(bytes);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(bytes, &i, sizeof(i));
        while (msock_publish(publisher, "t", NULL, &options) == MSOCK_EAGAIN) {
            msock_sim_run(sim, 1);
        }
    }
    for (int i = 0; i < WAIT_MS && heard[0] < count; i++) {
        msock_sim_run(sim, 1);
    }
    uint64_t took_us = msock_sim_now_us(sim) - began_us;
    msock_sim_run(sim, 1000);
    return took_us;
}

static void expect_all(uint32_t count)
{
    for (int i = 0; i < LISTENERS; i++) {
        cr_expect(eq(u32, heard[i], count), "listener %d", i);
    }
    cr_expect(zero(u32, disorder));
    cr_expect(zero(u32, lost));
}

static void lose(double per_cent)
{
    enum { COUNT = 40000 };
    open_all("pace=100M&history_max=4M", &(msock_sim_faults){.loss = per_cent,
                                                             .delay_ms = 0.1,
                                                             .jitter_ms = 0.1});

    uint64_t took_us = publish(COUNT);

    expect_all(COUNT);
    printf("%g %%: %.1f MB/s\n", per_cent,
           (double)COUNT * SIZE / (double)took_us);
    close_all();
}

Test(sim_flow, full_speed_loses_nothing_where_1_per_cent_is_lost)
{
    lose(1);
}

Test(sim_flow, full_speed_loses_nothing_where_5_per_cent_is_lost)
{
    lose(5);
}

/* One listener whose network is slower: what share of it is used? */
static double slow_share(const msock_sim_faults *faults)
{
    enum { COUNT = 40000, RATE = 2000000 };
    open_all("pace=100M&history_max=8M", faults);
    msock_sim_condition(
        sim, "l0", &(msock_sim_host){.rate_in = RATE, .queue = 128 * 1024});
    uint64_t frames = msock_counter_get(publisher, MSOCK_TX_FRAMES);
    uint64_t bytes = msock_counter_get(publisher, MSOCK_TX_BYTES);

    uint64_t took_us = publish(COUNT);

    expect_all(COUNT);
    /* What one frame takes, by the mean of all. */
    frames = msock_counter_get(publisher, MSOCK_TX_FRAMES) - frames;
    bytes = msock_counter_get(publisher, MSOCK_TX_BYTES) - bytes;
    double each_us =
        (double)(bytes + 42 * frames) / (double)frames / RATE * 1e6;
    close_all();
    return each_us * COUNT / (double)took_us;
}

Test(sim_flow, full_speed_loses_nothing_at_90_per_cent_of_the_slowest)
{
    double share =
        slow_share(&(msock_sim_faults){.delay_ms = 0.1, .jitter_ms = 0.1});

    printf("slow: %.1f %%\n", share * 100);
    cr_expect(ge(dbl, share, 0.9));
}

Test(sim_flow, slow_listener_loses_nothing_where_1_per_cent_is_lost_too)
{
    double share = slow_share(
        &(msock_sim_faults){.loss = 1, .delay_ms = 0.1, .jitter_ms = 0.1});

    printf("slow, 1 %%: %.1f %%\n", share * 100);
    cr_expect(ge(dbl, share, 0.5));
}

Test(sim_flow, who_is_silent_holds_nobody_up_for_more_than_2_s)
{
    enum { COUNT = 20000 };
    open_all("pace=100M&history_max=4M",
             &(msock_sim_faults){.loss = 1, .delay_ms = 0.1});
    (void)publish(COUNT);
    expect_all(COUNT);
    msock_sim_partition(sim, "l2", NULL, true);
    heard[0] = heard[1] = heard[2] = 0;

    uint64_t took_us = publish(COUNT);

    cr_expect(lt(u64, took_us, 3000000));
    cr_expect(eq(u32, heard[0], COUNT));
    cr_expect(eq(u32, heard[1], COUNT));
    close_all();
}
