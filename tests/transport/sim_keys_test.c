/* SPDX-License-Identifier: Apache-2.0 */
/* A key is exchanged under traffic: two nodes, their files one after the other,
 * on a network that delays, doubles, reorders and loses. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 4, PER_STEP = 200, COUNT = 2 * STEPS * PER_STEP };

static const char *const steps[STEPS] = {"a", "ab", "ba", "b"};
static char key_a[MSOCK_KEY_TEXT_SIZE], key_b[MSOCK_KEY_TEXT_SIZE];

/* A node with a key file of its own. */
static struct keyed {
    struct sim_node node;
    char path[64];
} one, two;

static msock_sim *sim;

static void write_keys(const char *path, const char *letters)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    for (; *letters != '\0'; letters++) {
        fprintf(file, "%s\n", *letters == 'a' ? key_a : key_b);
    }
    fclose(file);
}

static void open_node(struct keyed *keyed, const char *name)
{
    msock_options options = {.key_file = keyed->path};

    sim_key_file(keyed->path);
    write_keys(keyed->path, steps[0]);
    sim_node_open(&keyed->node, "test", name, &options);
}

static void open_pair(const msock_sim_options *faults)
{
    cr_assert(zero(int, msock_key_generate(key_a)));
    cr_assert(zero(int, msock_key_generate(key_b)));
    cr_assert(zero(int, msock_sim_open(&sim, "test", faults)));
    open_node(&one, "one");
    open_node(&two, "two");
    cr_assert(sim_node_meet(sim, &one.node, &two.node));
}

static void close_pair(void)
{
    sim_node_close(&one.node);
    sim_node_close(&two.node);
    msock_sim_close(sim);
    unlink(one.path);
    unlink(two.path);
}

/* Both publish the next numbers, one a millisecond; every other one, or all of
 * them, reliable. */
static void talk(bool all_reliable)
{
    static unsigned next;

    for (unsigned end = next + PER_STEP; next < end; next++) {
        char number[16];
        msock_publish_options how = {.reliable = all_reliable || next % 2 == 1};
        snprintf(number, sizeof number, "%u", next);
        cr_assert(
            zero(int, msock_publish(one.node.channel, "count", number, &how)));
        cr_assert(
            zero(int, msock_publish(two.node.channel, "count", number, &how)));
        msock_sim_run(sim, 1);
    }
}

static void take_step(struct keyed *keyed, const char *letters, int changed)
{
    write_keys(keyed->path, letters);
    cr_expect(eq(int, msock_keys_reload(keyed->node.channel), changed));
}

/* Each number came from both nodes, and once. */
static void expect_all(void)
{
    cr_expect(eq(sz, sim_node_counted(&one.node, COUNT, 2), COUNT));
    cr_expect(eq(sz, sim_node_counted(&two.node, COUNT, 2), COUNT));
    cr_expect(eq(sz, one.node.heard, 2 * COUNT));
    cr_expect(eq(sz, two.node.heard, 2 * COUNT));
}

Test(sim_keys, a_key_is_exchanged_and_no_message_notices)
{
    msock_sim_options faults = {
        .seed = 5,
        .faults = {.delay_ms = 2, .jitter_ms = 20, .dup = 20, .reorder = 20}};
    open_pair(&faults);

    for (int i = 0; i < STEPS; i++) {
        take_step(&one, steps[i], i > 0);
        talk(false);
        take_step(&two, steps[i], i > 0);
        talk(false);
    }
    msock_sim_run(sim, 2000);

    expect_all();
    cr_expect(
        zero(u64, msock_counter_get(one.node.channel, MSOCK_DROP_KEY_ID)));
    close_pair();
}

Test(sim_keys, what_was_lost_before_the_change_comes_again_after_it)
{
    msock_sim_options faults = {.seed = 6,
                                .faults = {.delay_ms = 1, .loss = 25}};
    open_pair(&faults);

    for (int i = 0; i < STEPS; i++) {
        take_step(&one, steps[i], i > 0);
        talk(true);
        take_step(&two, steps[i], i > 0);
        talk(true);
        msock_sim_run(sim, i == 2 ? 15000 : 0);
    }
    msock_sim_run(sim, 15000);

    expect_all();
    close_pair();
}

Test(sim_keys, a_node_without_the_new_key_hears_nothing_more)
{
    open_pair(NULL);
    take_step(&one, "ba", 1);

    msock_publish(one.node.channel, "count", "1", NULL);
    msock_sim_run(sim, 1000);

    cr_expect(zero(sz, two.node.heard));
    cr_expect(
        ge(u64, msock_counter_get(two.node.channel, MSOCK_DROP_KEY_ID), 1));
    msock_publish(two.node.channel, "count", "2", NULL);
    msock_sim_run(sim, 1000);
    cr_expect(eq(sz, one.node.heard - one.node.own, 1));
    close_pair();
}

Test(sim_keys, two_channels_of_a_process_keep_their_keys_apart)
{
    open_pair(NULL);

    take_step(&one, "b", 1);

    cr_expect(zero(int, msock_keys_reload(two.node.channel)));
    take_step(&two, "b", 1);
    msock_publish(one.node.channel, "count", "1", NULL);
    msock_sim_run(sim, 1000);
    cr_expect(eq(sz, two.node.heard, 1));
    close_pair();
}

Test(sim_keys, a_file_that_cannot_be_used_changes_nothing)
{
    open_pair(NULL);

    take_step(&one, "aa", MSOCK_EKEY);
    chmod(two.path, 0644);
    cr_expect(eq(int, msock_keys_reload(two.node.channel), MSOCK_EACCESS));

    msock_publish(one.node.channel, "count", "1", NULL);
    msock_sim_run(sim, 1000);
    cr_expect(eq(sz, two.node.heard, 1));
    close_pair();
}

Test(sim_keys, an_open_channel_has_nothing_to_reload)
{
    struct sim_node *node = &one.node;
    cr_assert(zero(int, msock_sim_open(&sim, "test", NULL)));
    sim_node_open(node, "test", "open", NULL);

    cr_expect(zero(int, msock_keys_reload(node->channel)));

    sim_node_close(node);
    msock_sim_close(sim);
}
