/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that replies to requests, asked over a network. */
#include "tests/plugins/home.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static struct home home;
static char reply[64], node[64];
static uint64_t reply_us;
static int end_code;

static void on_response(msock_channel *channel, const msock_response *response,
                        void *user)
{
    (void)channel;
    (void)user;
    if (response->message) {
        snprintf(reply, sizeof reply, "%s", response->message->data);
        snprintf(node, sizeof node, "%s", response->node);
        reply_us = response->time_us;
    } else {
        end_code = response->code;
    }
}

static void set_up(void)
{
    reply[0] = node[0] = '\0';
    end_code = 1;
    home_open(&home, "tests/modules/replies.so");
    cr_assert(ge(int, msock_host_load(home.host, "replies", "{}"), 0));
    msock_sim_run(home.sim, 1000);
}

static void tear_down(void)
{
    home_close(&home);
}

TestSuite(replies, .init = set_up, .fini = tear_down);

static void ask(const char *topic)
{
    cr_assert(ge(
        int, msock_request(home.hub, topic, "[1, 2]", NULL, on_response, NULL),
        1));
    msock_sim_run(home.sim, 2000);
    cr_assert(zero(int, end_code));
    cr_expect(eq(str, node, "kitchen"));
}

Test(replies, come_from_the_callback)
{
    ask("ask/now");

    cr_expect(eq(str, reply, "[1,2]"));
}

Test(replies, come_later)
{
    ask("ask/later");

    cr_expect(eq(str, reply, "\"later\""));
    cr_expect(ge(u64, reply_us, 200000));
}

Test(replies, need_not_come)
{
    ask("ask/never");

    cr_expect(eq(str, reply, "[0,0,-13]"));
}
