/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins as others write them, one in 30 lines of C and one in C++: built with
 * the public headers and nothing else, they load, work and reload. */
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct yard yard;
static unsigned rings;

static int on_ring(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)channel;
    (void)user;
    rings += strcmp(message->data, "true") == 0;
    return 0;
}

static void set_up(void)
{
    yard_open(&yard, (msock_host_options){0}, false);
    yard_put(&yard, "tests/modules/third_party/bell.so");
    yard_put(&yard, "tests/modules/third_party/tally.so");
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(third_party, .init = set_up, .fini = tear_down);

static void say(const char *topic)
{
    msock_publish(yard.sender, topic, NULL, NULL);
    msock_sim_run(yard.sim, 10);
}

Test(third_party, thirty_lines_of_c_are_a_plugin)
{
    msock_subscribe(yard.sender, "bell/ring", on_ring, NULL, NULL);
    cr_assert(eq(int, msock_host_load(yard.host, "bell", NULL), 0));

    for (int i = 0; i < 12; i++) {
        say("bell");
    }

    cr_expect(eq(uint, rings, 10));
    cr_expect(eq(u64, yard_status(&yard, "bell").refused, 2));
    cr_expect(eq(str, (char *)yard_status(&yard, "bell").description, "rings"));
}

Test(third_party, a_plugin_in_cpp_hands_its_state_over)
{
    cr_assert(eq(
        int, msock_host_load(yard.host, "tally", "{\"filter\":\"storm\"}"), 0));
    yard_storm(&yard, 3);
    cr_assert(eq(int, msock_host_reload(yard.host, "tally", NULL), 0));
    yard_storm(&yard, 4);

    say("tally");

    cr_expect(eq(str, yard.told, "tally/told {\"sender\":7}"));
}

Test(third_party, a_plugin_in_cpp_reloads_again_and_again)
{
    cr_assert(eq(int, msock_host_load(yard.host, "tally", NULL), 0));

    for (int i = 0; i < 50; i++) {
        cr_expect(eq(int, msock_host_reload(yard.host, "tally", NULL), 0));
        yard_storm(&yard, 1);
    }

    say("tally");
    cr_expect(eq(str, yard.told, "tally/told {\"sender\":51}"));
}

Test(third_party, their_configuration_is_checked_too)
{
    cr_expect(eq(int,
                 msock_host_load(yard.host, "tally", "{\"filters\":\"#\"}"),
                 MSOCK_EOPTION));
    cr_expect(strstr(msock_error_detail(), "\"filter\"") != NULL);
}
