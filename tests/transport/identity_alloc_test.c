/* SPDX-License-Identifier: Apache-2.0 */
/* A house with identities, in which each allocation fails in turn: calls say
 * so or messages are lost, and nothing leaks or is believed. */
#include "tests/support/alloc.h"
#include "tests/support/id_home.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/sim.h>
#include <string.h>

static size_t heard;
static size_t forbidden;

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    (void)user;
    heard += strcmp(message->topic, "lights") == 0;
    forbidden += strcmp(message->topic, "doors") == 0 ||
                 (message->flags & MSOCK_MESSAGE_SIGNED) == 0;
    return 0;
}

static msock_channel *open_node(const char *name)
{
    msock_options options = *id_home_options(name);
    msock_channel *channel = NULL;
    options.name = name;
    int result = msock_open(&channel, "sim://alloc", &options);
    cr_assert(result == 0 || result == MSOCK_ENOMEM || result == MSOCK_ESYSTEM,
              "open: %d", result);
    return channel;
}

static void talk(msock_sim *sim, msock_channel *hub, msock_channel *lamp)
{
    int result = msock_subscribe(lamp, "#", on_message, NULL, NULL);
    cr_assert(result > 0 || result == MSOCK_ENOMEM);
    msock_sim_run(sim, 1000);
    for (int i = 0; i < 60; i++) {
        (void)msock_publish(hub, i % 3 ? "lights" : "doors", "1",
                            &(msock_publish_options){.reliable = i % 2 == 0});
        msock_sim_run(sim, 1);
    }
    result = msock_keys_reload(lamp);
    cr_assert(result == 0 || result == MSOCK_ENOMEM || result == MSOCK_ESYSTEM);
    msock_sim_run(sim, 1000);
}

static void live(void)
{
    msock_sim *sim = NULL;
    int result = msock_sim_open(&sim, "alloc", &(msock_sim_options){.seed = 1});
    if (result < 0) {
        cr_assert(eq(int, result, MSOCK_ENOMEM));
        return;
    }
    msock_channel *hub = open_node("hub");
    msock_channel *lamp = open_node("lamp");
    if (hub != NULL && lamp != NULL) {
        talk(sim, hub, lamp);
    }
    msock_close(hub, NULL, NULL);
    msock_close(lamp, NULL, NULL);
    msock_sim_close(sim);
}

Test(identity_alloc, every_failed_allocation_is_survived, .timeout = 120)
{
    long n = 0;
    id_home_make();
    id_home_node("hub");
    id_home_node("lamp");
    id_home_trust("hub", "hub", "publish lights");
    id_home_trust("lamp", "lamp", "");

    do {
        heard = 0;
        test_alloc_fail_at(++n);
        live();
        cr_assert(zero(sz, forbidden));
    } while (test_alloc_failed());

    cr_expect(gt(long, n, 100));
    cr_expect(eq(sz, heard, 40));
    id_home_remove();
}
