/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed messages on a bad network: what is said of a node is true, and is
 * known soon. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES = 12, MESSAGES = 500, SOON_US = 150000, DEADLINE_MS = 5000 };

struct actor {
    char name[16];
    msock_channel *channel;
    unsigned ran[MESSAGES];  /* by the number in the message */
    unsigned told[MESSAGES]; /* that it acted */
};

static struct actor actors[NODES];
static msock_channel *hub;
static msock_sim *sim;
static uint64_t times_us[MESSAGES]; /* of those that all acted on */
static size_t complete, ended;

/* Acts on a message that is a number. */
static int on_number(msock_channel *channel, const msock_message *message,
                     void *user)
{
    struct actor *actor = user;

    (void)channel;
    actor->ran[strtoul(message->data, NULL, 10)]++;
    return 0;
}

static void note_end(const msock_confirm *confirm)
{
    ended++;
    if (confirm->acted == NODES && confirm->expected == NODES) {
        times_us[complete++] = confirm->time_us;
    }
}

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    size_t number = *(size_t *)user;

    (void)channel;
    if (!confirm->node) {
        note_end(confirm);
        return;
    }
    for (size_t i = 0; i < NODES; i++) {
        bool told = confirm->state == MSOCK_CONFIRM_ACTED &&
                    strcmp(confirm->node, actors[i].name) == 0;
        actors[i].told[number] += told ? 1 : 0;
    }
}

static void open_all(const char *key_file)
{
    const msock_sim_options options = {
        .seed = 1, .faults = {.loss = 10, .delay_ms = 0.2, .jitter_ms = 1}};
    msock_options named = {.name = "hub", .key_file = key_file};

    cr_assert(zero(int, msock_sim_open(&sim, "confirm", &options)));
    cr_assert(zero(int, msock_open(&hub, "sim://confirm", &named)));
    for (size_t i = 0; i < NODES; i++) {
        struct actor *actor = &actors[i];
        snprintf(actor->name, sizeof actor->name, "node%zu", i);
        named.name = actor->name;
        cr_assert(
            zero(int, msock_open(&actor->channel, "sim://confirm", &named)));
        cr_assert(ge(
            int,
            msock_subscribe(actor->channel, "number", on_number, actor, NULL),
            1));
    }
    msock_sim_run(sim, 20000);
}

static void close_all(void)
{
    msock_sim_crash(sim, NULL);
    msock_sim_close(sim);
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* What is told is true, all is told, and 99 of 100 times soon. */
static void expect_prompt_truth(const char *key_file)
{
    static size_t numbers[MESSAGES];
    open_all(key_file);

    for (size_t i = 0; i < MESSAGES; i++) {
        const msock_confirm_options options = {.deadline_ms = DEADLINE_MS};
        char json[16];
        numbers[i] = i;
        snprintf(json, sizeof json, "%zu", i);
        cr_assert(ge(int,
                     msock_publish_confirmed(hub, "number", json, &options,
                                             on_confirm, &numbers[i]),
                     1));
        msock_sim_run(sim, DEADLINE_MS + 100);
    }

    cr_expect(eq(sz, ended, MESSAGES));
    cr_assert(eq(sz, complete, MESSAGES));
    qsort(times_us, complete, sizeof *times_us, by_time);
    printf("%s: all answered after %.1f ms (median), %.1f ms (99 %%), %.1f ms "
           "(worst of %d)\n",
           key_file ? "sealed" : "open",
           (double)times_us[MESSAGES / 2] / 1000.0,
           (double)times_us[MESSAGES * 99 / 100] / 1000.0,
           (double)times_us[MESSAGES - 1] / 1000.0, MESSAGES);
    cr_expect(lt(u64, times_us[MESSAGES * 99 / 100], SOON_US));
    for (size_t i = 0; i < NODES * MESSAGES; i++) {
        cr_assert(eq(u32, actors[i % NODES].ran[i / NODES], 1));
        cr_assert(eq(u32, actors[i % NODES].told[i / NODES], 1));
    }
    close_all();
}

Test(sim_confirm, twelve_at_10_percent_loss_each_way_answer_within_150_ms)
{
    expect_prompt_truth(NULL);
}

Test(sim_confirm, sealed_ones_do_so_too)
{
    char key_file[64];
    sim_key_file(key_file);

    expect_prompt_truth(key_file);

    unlink(key_file);
}
