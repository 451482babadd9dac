/* SPDX-License-Identifier: Apache-2.0 */
/* A life of virtual and real networks with each allocation failing in turn:
 * calls say so or messages are lost, and nothing leaks or breaks. */
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/sim.h>

static size_t heard;

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    heard++;
    return 0;
}

/* Opens a node that may fail; returns NULL then. */
static msock_channel *open_node(const char *name)
{
    msock_channel *channel = NULL;
    int result =
        msock_open(&channel, "sim://alloc", &(msock_options){.name = name});
    cr_assert(result == 0 || result == MSOCK_ENOMEM || result == MSOCK_ESYSTEM,
              "open: %d", result);
    cr_assert(eq(int, result == 0, channel != NULL));
    return channel;
}

static void talk(msock_channel *from, msock_channel *to)
{
    int result = msock_subscribe(to, "#", on_message, NULL, NULL);
    cr_assert(result > 0 || result == MSOCK_ENOMEM);
    result = msock_publish(from, "t", "1", NULL);
    cr_assert(result == 0 || result == MSOCK_ENOMEM);
}

static void live_virtual(void)
{
    msock_sim *sim = NULL;
    msock_sim_options options = {.seed = 1, .faults = {.dup = 100}};
    int result = msock_sim_open(&sim, "alloc", &options);
    cr_assert(result == 0 || result == MSOCK_ENOMEM);
    if (result < 0) {
        return;
    }
    msock_channel *a = open_node("a");
    msock_channel *b = open_node("b");
    result = msock_sim_partition(sim, "b", "a", true);
    cr_assert(result == 0 || result == MSOCK_ENOMEM);
    if (a != NULL && b != NULL) {
        talk(a, b);
    }
    result = msock_sim_inject(sim, NULL, "?", 1);
    cr_assert(result >= 0 || result == MSOCK_ENOMEM || result == MSOCK_ENOENT);
    msock_sim_run(sim, 1);
    msock_close(a, NULL, NULL);
    msock_close(b, NULL, NULL);
    msock_sim_close(sim);
}

static void live_real(void)
{
    msock_channel *a = open_node("a");
    msock_channel *b = open_node("b");
    if (a != NULL && b != NULL) {
        talk(a, b);
    }
    msock_close(a, NULL, NULL);
    msock_close(b, NULL, NULL);
}

/* Runs a life with each allocation failing once, until none fails any more. */
static void fail_each(void (*life)(void))
{
    long failures = 0;
    do {
        heard = 0;
        test_alloc_fail_at(failures + 1);
        life();
        failures++;
    } while (test_alloc_failed());
    cr_expect(gt(long, failures, 10), "the wrapper counts allocations");
}

Test(sim_alloc, virtual_network_survives_every_failed_allocation)
{
    fail_each(live_virtual);

    cr_expect(eq(sz, heard, 1), "the last life had no failure");
}

Test(sim_alloc, real_network_survives_every_failed_allocation)
{
    fail_each(live_real);
}
