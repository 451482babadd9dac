/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of frames as applications see them: in messages, and in what is known
 * of a node. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/node.h>

enum { SEED = 11, COUNT = 200 };

/* Static: a node is large. */
static struct sim_node a, b;
static msock_sim *sim;
static uint64_t numbers[2 * COUNT]; /* as they came */
static size_t number_count;

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)user;
    cr_assert(lt(sz, number_count, 2 * COUNT));
    numbers[number_count] = message->sequence;
    number_count++;
    return 0;
}

static void on_node(msock_channel *channel, const msock_node *node, void *user)
{
    msock_node *found = user;

    (void)channel;
    *found = *node;
}

static void open_pair(int loss)
{
    msock_sim_options options = {.seed = SEED, .faults.loss = loss};

    number_count = 0;
    cr_assert(eq(int, msock_sim_open(&sim, "test", &options), 0));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);
    cr_assert(
        ge(int, msock_subscribe(b.channel, "n", on_message, NULL, NULL), 1));
}

static void close_pair(void)
{
    sim_node_close(&a);
    sim_node_close(&b);
    msock_sim_close(sim);
}

/* Each in a frame of its own. */
static void publish(bool reliable)
{
    const msock_publish_options how = {.reliable = reliable};

    for (int i = 0; i < COUNT; i++) {
        cr_assert(eq(int, msock_publish(a.channel, "n", "1", &how), 0));
        msock_sim_run(sim, 2);
    }
}

static size_t steps_of(uint64_t step)
{
    size_t count = 0;

    for (size_t i = 1; i < number_count; i++) {
        count += numbers[i] == numbers[i - 1] + step;
    }
    return count;
}

Test(sim_numbers, each_stream_counts_its_frames)
{
    open_pair(0);

    publish(false);
    size_t steps = steps_of(1);
    publish(true);

    cr_expect(eq(sz, number_count, 2 * COUNT));
    cr_expect(eq(sz, steps, COUNT - 1));
    cr_expect(eq(u64, numbers[0], 1));
    cr_expect(eq(u64, numbers[COUNT], 1));
    cr_expect(eq(sz, steps_of(1), 2 * COUNT - 2));
    close_pair();
}

Test(sim_numbers, frames_of_one_turn_share_a_number)
{
    open_pair(0);

    msock_publish(a.channel, "n", "1", NULL);
    msock_publish(a.channel, "n", "2", NULL);
    msock_sim_run(sim, 2);

    cr_expect(eq(sz, number_count, 2));
    cr_expect(eq(u64, numbers[1], numbers[0]));
    close_pair();
}

Test(sim_numbers, a_message_of_ones_own_has_none)
{
    open_pair(0);

    msock_publish(b.channel, "n", "1", NULL);
    msock_sim_run(sim, 2);

    cr_expect(eq(sz, number_count, 1));
    cr_expect(eq(u64, numbers[0], 0));
    close_pair();
}

Test(sim_numbers, what_got_lost_is_known_of_the_node)
{
    msock_node node = {0};
    open_pair(20);

    publish(false);

    cr_assert(eq(int, msock_nodes(b.channel, on_node, &node), 1));
    cr_expect(eq(u64, node.received, number_count));
    cr_expect(lt(sz, number_count, COUNT - COUNT / 10));
    cr_expect(eq(u64, node.missed,
                 numbers[number_count - 1] - numbers[0] + 1 - number_count));
    close_pair();
}
