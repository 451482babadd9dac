/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed states that somebody else told before their owner's frame came. */
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/request.h>

enum { DEADLINE_MS = 5000 };

static msock_confirm end;
static uint64_t token;
static int answer;
static int ran;
static size_t deaf, hub, keeper, node;

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    (void)channel;
    (void)user;
    if (confirm->node == NULL) {
        end = *confirm;
    }
}

static int on_lamp(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)message;
    ran++;
    if (user != NULL) {
        cr_assert(zero(int, msock_defer(channel, user)));
    }
    return answer;
}

/* The frames of the hub do not reach the node. */
static bool lose_data(const struct net_frame *frame, size_t to)
{
    return to == deaf && frame->from == hub;
}

/* A keeper, and a node whose handler defers into `later` if that is not NULL.
 */
static void open_group(uint64_t *later)
{
    end = (msock_confirm){0};
    ran = 0;
    answer = 0;
    hub = net_open("hub", "", 0);
    keeper = probe_keeper(0);
    node = deaf = net_open("node", "", 0);
    cr_assert(ge(
        int, msock_subscribe(net_channel(node), "lamp", on_lamp, later, NULL),
        1));
    net_run(NET_SECOND_US);
}

/* The hub publishes what does not reach the node. */
static void publish_lost(void)
{
    const msock_publish_options how = {.state = true};
    const msock_confirm_options options = {.deadline_ms = DEADLINE_MS,
                                           .publish = &how};
    net.lose = lose_data;
    cr_assert(ge(int,
                 msock_publish_confirmed(net_channel(hub), "lamp", "1",
                                         &options, on_confirm, NULL),
                 1));
    net_run(10 * PROBE_MS);
}

/* The hub publishes; the keeper tells the node before the hub's frame comes. */
static void publish(void)
{
    publish_lost();
    probe_tell(keeper, "lamp");
    cr_expect(eq(int, ran, 1));
    net.lose = NULL;
    net_run(2 * NET_SECOND_US);
}

static void expect_end(size_t acted, size_t refused)
{
    cr_expect(eq(sz, end.expected, 2));
    cr_expect(eq(sz, end.acted, acted));
    cr_expect(eq(sz, end.refused, refused));
    cr_expect(eq(int, ran, 1));
}

TestSuite(engine_hearsay, .fini = net_close);

Test(engine_hearsay, state_that_was_told_first_is_confirmed)
{
    open_group(NULL);
    publish();
    expect_end(2, 0);
}

Test(engine_hearsay, refusal_of_what_was_told_is_one)
{
    open_group(NULL);
    answer = MSOCK_EINVAL;
    publish();
    expect_end(1, 1);
}

Test(engine_hearsay, who_acts_later_confirms_later)
{
    open_group(&token);
    publish();
    cr_expect(zero(sz, end.expected), "nothing was said yet");
    cr_assert(zero(int, msock_done(net_channel(node), token, 0)));
    net_run(NET_SECOND_US);
    expect_end(2, 0);
}

Test(engine_hearsay, who_ends_before_the_frame_comes_confirms_when_it_does)
{
    open_group(&token);
    publish_lost();
    probe_tell(keeper, "lamp");
    cr_assert(zero(int, msock_done(net_channel(node), token, MSOCK_EINVAL)));
    net.lose = NULL;
    net_run(2 * NET_SECOND_US);
    expect_end(1, 1);
}

Test(engine_hearsay, what_was_never_shown_is_not_confirmed)
{
    open_group(NULL);
    publish_lost();
    probe_set(hub, "lamp", "2");
    net_run(10 * PROBE_MS);
    probe_tell(keeper, "lamp"); /* the newer one */
    net.lose = NULL;
    net_run((DEADLINE_MS + 1000) * PROBE_MS);
    expect_end(1, 0);
}
