/* SPDX-License-Identifier: Apache-2.0 */
/* A seed decides all that happens on a simulated network. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* Static: a node is large. */
static struct sim_node a, b;

/* Everything that happened, as a number: FNV-1a over time, kind and names. */
static void hash_event(const msock_sim_event *event, void *user)
{
    uint64_t *hash = user;
    char line[256];
    int size =
        snprintf(line, sizeof(line), "%llu %d %s %s %zu;",
                 (unsigned long long)event->now_us, (int)event->kind,
                 event->from, event->to != NULL ? event->to : "*", event->size);
    for (int i = 0; i < size; i++) {
        *hash = (*hash ^ (uint8_t)line[i]) * UINT64_C(0x100000001B3);
    }
}

static uint64_t transcript(uint64_t seed)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    msock_sim_options options = {
        .seed = seed,
        .faults = {.loss = 10, .dup = 10, .reorder = 10, .jitter_ms = 7}};
    msock_sim *sim;
    cr_assert(eq(int, msock_sim_open(&sim, "test", &options), 0));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);
    msock_sim_tap(sim, hash_event, &hash);
    sim_node_count(&a, sim, 200, 3);
    sim_node_count(&b, sim, 200, 2);
    msock_sim_run(sim, 100);
    sim_node_close(&a);
    sim_node_close(&b);
    msock_sim_close(sim);
    return hash;
}

Test(sim_seed, one_seed_gives_one_transcript)
{
    uint64_t first = transcript(1);
    uint64_t again = transcript(1);
    uint64_t other = transcript(2);

    cr_expect(eq(u64, first, again));
    cr_expect(ne(u64, first, other));
}
