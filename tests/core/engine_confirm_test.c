/* SPDX-License-Identifier: Apache-2.0 */
/* Confirmed messages, from the publisher to the handlers and back. */
#include "core/engine_state.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_net.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { MS = 1000, ECHOES_MAX = 32, DEADLINE_MS = 1000 };

static const int keys[] = {0, NET_KEY};

/* What a publisher was told. */
struct echo {
    msock_confirm told;
    char node[MSOCK_NAME_MAX + 1];
};

static struct echo echoes[ECHOES_MAX];
static size_t echo_count;

/* What handlers of "lights" do. */
static int answer;
static bool defers;
static uint64_t tokens[ECHOES_MAX];
static size_t ran;

static void on_echo(msock_channel *channel, const msock_confirm *confirm,
                    void *user)
{
    struct echo *echo = &echoes[echo_count++];

    (void)channel;
    (void)user;
    cr_assert(lt(sz, echo_count, ECHOES_MAX));
    echo->told = *confirm;
    snprintf(echo->node, sizeof echo->node, "%s",
             confirm->node ? confirm->node : "");
}

static int on_lights(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)message;
    (void)user;
    if (defers) {
        cr_assert(zero(int, msock_defer(channel, &tokens[ran])));
    }
    ran++;
    return answer;
}

static void setup(void)
{
    echo_count = ran = 0;
    answer = 0;
    defers = false;
}

TestSuite(engine_confirm, .init = setup, .fini = net_close);

static void listen_to(size_t node, const char *filter)
{
    cr_assert(ge(
        int, msock_subscribe(net_channel(node), filter, on_lights, NULL, NULL),
        1));
}

/* A hub and `count` nodes that have a handler. */
static size_t open_group(size_t count, int key)
{
    static const char *const names[] = {"attic", "cellar", "porch"};
    size_t hub = net_open("hub", "", key);

    for (size_t i = 0; i < count; i++) {
        listen_to(net_open(names[i], "", key), "lights");
    }
    net_run(NET_SECOND_US);
    return hub;
}

static int confirm_as(size_t node, const msock_publish_options *publish)
{
    return msock_publish_confirmed(
        net_channel(node), "lights", "0",
        &(msock_confirm_options){.deadline_ms = DEADLINE_MS,
                                 .publish = publish},
        on_echo, NULL);
}

static void confirm(size_t node)
{
    cr_assert(ge(int, confirm_as(node, NULL), 1));
}

/* The last call is the end, and says these totals. */
static void expect_end(size_t expected, size_t acted, size_t refused)
{
    cr_assert(ge(sz, echo_count, 1));
    const struct echo *end = &echoes[echo_count - 1];

    cr_expect(eq(str, (char *)end->node, ""));
    cr_expect(eq(sz, end->told.expected, expected));
    cr_expect(eq(sz, end->told.acted, acted));
    cr_expect(eq(sz, end->told.refused, refused));
}

static const struct echo *echo_of(const char *name)
{
    size_t i = 0;

    while (i < echo_count && strcmp(echoes[i].node, name) != 0) {
        i++;
    }
    cr_assert(lt(sz, i, echo_count), "%s was not told of", name);
    return &echoes[i];
}

Test(engine_confirm, each_node_is_told_of_once_and_then_the_end)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        setup();
        size_t hub = open_group(3, keys[i]);

        confirm(hub);
        net_run(100 * MS);

        cr_assert(eq(sz, echo_count, 4));
        cr_expect(eq(sz, ran, 3));
        cr_expect(eq(int, echo_of("attic")->told.state, MSOCK_CONFIRM_ACTED));
        cr_expect(eq(int, echo_of("porch")->told.state, MSOCK_CONFIRM_ACTED));
        cr_expect(lt(u64, echo_of("porch")->told.time_us, 20 * MS));
        cr_expect(zero(int, echo_of("porch")->told.code));
        cr_expect(not(echo_of("porch")->told.extra));
        expect_end(3, 3, 0);
        net_close();
    }
}

Test(engine_confirm, refusal_tells_the_code)
{
    size_t hub = open_group(1, NET_KEY);
    answer = MSOCK_EBUSY;

    confirm(hub);
    net_run(100 * MS);

    const msock_confirm *told = &echo_of("attic")->told;
    cr_expect(eq(int, told->state, MSOCK_CONFIRM_REFUSED));
    cr_expect(eq(int, told->code, MSOCK_EBUSY));
    expect_end(1, 0, 1);
}

Test(engine_confirm, who_is_gone_is_silent_at_the_deadline)
{
    size_t hub = open_group(2, NET_KEY);
    net_crash(1);

    confirm(hub);
    net_run((DEADLINE_MS - 1) * MS);
    cr_expect(eq(sz, echo_count, 1));
    net_run(2 * MS);

    cr_assert(eq(sz, echo_count, 3));
    const msock_confirm *told = &echo_of("attic")->told;
    cr_expect(eq(int, told->state, MSOCK_CONFIRM_SILENT));
    cr_expect(ge(u64, told->time_us, (uint64_t)DEADLINE_MS * MS));
    cr_expect(eq(int, echo_of("cellar")->told.state, MSOCK_CONFIRM_ACTED));
    expect_end(2, 1, 0);
}

Test(engine_confirm, who_does_not_listen_is_not_expected)
{
    size_t hub = net_open("hub", "", NET_KEY);
    cr_assert(zero(int, msock_unsubscribe(net_channel(hub), 1)));
    listen_to(net_open("attic", "", NET_KEY), "lights");
    net_run(NET_SECOND_US);

    cr_assert(ge(int,
                 msock_publish_confirmed(net_channel(1), "lights", "0", NULL,
                                         on_echo, NULL),
                 1));
    net_run(MS);

    cr_expect(eq(sz, echo_count, 1));
    expect_end(0, 0, 0);
}

Test(engine_confirm, who_acts_and_was_not_known_is_extra)
{
    size_t hub = open_group(1, 0);
    net_crash(1);
    listen_to(net_open("porch", "", 0), "lights");

    confirm(hub);
    net_run((DEADLINE_MS + 1) * MS);

    cr_expect(echo_of("porch")->told.extra);
    cr_expect(eq(int, echo_of("porch")->told.state, MSOCK_CONFIRM_ACTED));
    cr_expect(not(echo_of("attic")->told.extra));
    expect_end(1, 0, 0);
}

Test(engine_confirm, whose_floor_lies_above_is_silent)
{
    size_t hub = open_group(1, NET_KEY);
    net_crash(1);
    confirm(hub);
    net_run(MS);

    listen_to(net_open("porch", "", NET_KEY), "lights");
    net_run(DEADLINE_MS * MS);

    cr_expect(zero(sz, ran));
    cr_expect(eq(sz, echo_count, 2));
    expect_end(1, 0, 0);
}

Test(engine_confirm, observer_does_not_act)
{
    const msock_subscribe_options observe = {.observe = true};
    size_t hub = open_group(1, 0);
    net_crash(1);
    size_t porch = net_open("porch", "", 0);
    cr_assert(zero(int, msock_unsubscribe(net_channel(porch), 1)));
    cr_assert(ge(int,
                 msock_subscribe(net_channel(porch), "lights", on_lights, NULL,
                                 &observe),
                 1));

    confirm(hub);
    net_run((DEADLINE_MS + 1) * MS);

    cr_expect(eq(sz, ran, 1));
    cr_expect(eq(sz, echo_count, 2));
    expect_end(1, 0, 0);
}

Test(engine_confirm, deferred_message_is_acted_on_when_it_is_done)
{
    size_t hub = open_group(1, NET_KEY);
    defers = true;
    confirm(hub);
    net_run(100 * MS);
    cr_expect(eq(sz, ran, 1));
    cr_expect(zero(sz, echo_count));

    cr_assert(zero(int, msock_done(net_channel(1), tokens[0], MSOCK_EACCESS)));
    net_run(50 * MS);

    const msock_confirm *told = &echo_of("attic")->told;
    cr_expect(eq(int, told->state, MSOCK_CONFIRM_REFUSED));
    cr_expect(eq(int, told->code, MSOCK_EACCESS));
    cr_expect(eq(int, msock_done(net_channel(1), tokens[0], 0), MSOCK_ENOENT));
}

Test(engine_confirm, only_handlers_may_defer)
{
    uint64_t token = 77;
    size_t hub = open_group(1, NET_KEY);

    cr_expect(eq(int, msock_defer(net_channel(hub), &token), MSOCK_EINVAL));
    cr_expect(eq(u64, token, 77));
}

/* Promises as much as it may. */
static void on_kept(msock_channel *channel, const msock_state *state,
                    void *user)
{
    uint64_t token;
    int *code = user;
    (void)state;

    do {
        *code = msock_defer(channel, &token);
    } while (*code == 0);
}

Test(engine_confirm, keeper_that_cannot_defer_has_refused)
{
    const msock_publish_options state = {.state = true};
    int code = 0;
    size_t hub = open_group(1, NET_KEY);
    cr_assert(zero(int, msock_keep(net_channel(1), "#", on_kept, &code)));
    cr_assert(zero(int, msock_publish(net_channel(hub), "first", "1", &state)));
    net_run(10 * MS);

    confirm_as(hub, &state);
    net_run(100 * MS);

    cr_expect(eq(int, code, MSOCK_ELIMIT));
    cr_expect(eq(int, echo_of("attic")->told.code, MSOCK_ELIMIT));
    expect_end(1, 0, 1);
}

Test(engine_confirm, what_nobody_asks_about_may_be_deferred_too)
{
    size_t hub = open_group(1, NET_KEY);
    listen_to(hub, "lights");
    defers = true;

    net_publish(hub, "lights", "1");
    net_run(10 * MS);

    cr_assert(eq(sz, ran, 2));
    cr_expect(zero(int, msock_done(net_channel(hub), tokens[0], 0)));
    cr_expect(zero(int, msock_done(net_channel(1), tokens[1], 0)));
}

Test(engine_confirm, frame_is_shared_with_no_other_message)
{
    size_t hub = open_group(1, NET_KEY);
    size_t since = net.frame_count;

    net_publish_reliable(hub, "a", "1");
    confirm(hub);
    net_publish_reliable(hub, "b", "1");
    net_publish_reliable(hub, "c", "1");
    net_run(10 * MS);

    cr_expect(eq(sz, net_sent(hub, MSOCK__RELIABLE, since), 3));
}

Test(engine_confirm, message_in_pieces_is_confirmed)
{
    static char json[20002];
    size_t hub = open_group(1, NET_KEY);
    memset(json, 'x', sizeof json - 1);
    json[0] = json[sizeof json - 2] = '"';

    cr_assert(ge(int,
                 msock_publish_confirmed(net_channel(hub), "lights", json, NULL,
                                         on_echo, NULL),
                 1));
    net_run(200 * MS);

    cr_expect(eq(sz, ran, 1));
    expect_end(1, 1, 0);
}

Test(engine_confirm, scheduled_message_is_confirmed_after_its_moment)
{
    size_t hub = open_group(2, NET_KEY);
    const msock_publish_options later = {.after_ms = 500};

    cr_assert(ge(int, confirm_as(hub, &later), 1));
    net_run(490 * MS);
    cr_expect(zero(sz, echo_count));
    net_run(300 * MS);

    cr_expect(ge(u64, echo_of("attic")->told.time_us, 500 * MS));
    expect_end(2, 2, 0);
}

Test(engine_confirm, losses_delay_and_do_not_repeat)
{
    size_t hub = open_group(3, NET_KEY);
    net.lose = net_lose_some;
    net.lose_percent = 20;

    for (size_t i = 1; i <= 50; i++) {
        echo_count = 0;
        confirm(hub);
        net_run(DEADLINE_MS * MS + MS);
        expect_end(3, 3, 0);
        cr_assert(eq(sz, ran, 3 * i));
    }
}

Test(engine_confirm, of_what_expired_nothing_is_told)
{
    size_t hub = open_group(1, NET_KEY);
    const msock_publish_options brief = {.expires_ms = 1, .after_ms = 1};
    net.lose = net_lose_some;
    net.lose_percent = 100;
    cr_assert(ge(int, confirm_as(hub, &brief), 1));
    net_run(100 * MS);
    net.lose = NULL;
    net_run(DEADLINE_MS * MS);

    cr_expect(zero(sz, ran));
    cr_expect(eq(int, echo_of("attic")->told.state, MSOCK_CONFIRM_SILENT));
}

static void on_echo_close(msock_channel *channel, const msock_confirm *confirm,
                          void *user)
{
    on_echo(channel, confirm, user);
    msock_close(channel, NULL, NULL);
}

Test(engine_confirm, closed_channel_is_told_nothing_more)
{
    size_t hub = open_group(3, NET_KEY);

    cr_assert(ge(int,
                 msock_publish_confirmed(net_channel(hub), "lights", "0", NULL,
                                         on_echo_close, NULL),
                 1));
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, echo_count, 1));
}

Test(engine_confirm, node_that_closes_tells_first_what_it_did)
{
    size_t hub = open_group(3, NET_KEY);
    confirm(hub);
    net_run(MS);

    msock_close(net_channel(1), NULL, NULL);
    net_run(MS);

    cr_expect(eq(int, echo_of("attic")->told.state, MSOCK_CONFIRM_ACTED));
}

Test(engine_confirm, wrong_calls_publish_nothing)
{
    size_t hub = open_group(1, NET_KEY);
    msock_channel *channel = net_channel(hub);
    const msock_publish_options twice = {.copies = 2};
    const msock_publish_options later = {.after_ms = DEADLINE_MS};
    const msock_confirm_options endless = {.deadline_ms = 600001};
    const msock_confirm_options other = {.struct_size = 1};

    cr_expect(eq(int,
                 msock_publish_confirmed(channel, "a", "0", NULL, NULL, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(
        int, msock_publish_confirmed(channel, "a/#", "0", NULL, on_echo, NULL),
        MSOCK_ETOPIC));
    cr_expect(
        eq(int,
           msock_publish_confirmed(channel, "a", "0", &endless, on_echo, NULL),
           MSOCK_EINVAL));
    cr_expect(eq(
        int, msock_publish_confirmed(channel, "a", "0", &other, on_echo, NULL),
        MSOCK_EINVAL));
    cr_expect(eq(int, confirm_as(hub, &twice), MSOCK_EINVAL));
    cr_expect(eq(int, confirm_as(hub, &later), MSOCK_EINVAL));
    net_run(2 * NET_SECOND_US);
    cr_expect(zero(sz, echo_count));
    cr_expect(zero(u64, net_counter(hub, MSOCK_TX_MESSAGES)));
}

Test(engine_confirm, each_allocation_of_a_call_may_fail)
{
    size_t hub = open_group(3, NET_KEY);
    int code;
    long n = 0;

    do {
        test_alloc_fail_at(++n);
        code = confirm_as(hub, NULL);
        cr_assert(code > 0 || code == MSOCK_ENOMEM);
    } while (test_alloc_failed());

    cr_expect(gt(long, n, 3));
    net_run(100 * MS);
    cr_expect(eq(sz, echo_count, 4));
    expect_end(3, 3, 0);
}
