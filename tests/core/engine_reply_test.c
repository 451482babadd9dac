/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that come later, from anywhere, or not at all. */
#include "core/engine_request.h"
#include "tests/support/alloc.h"
#include "tests/support/bench_net.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define TOPIC "$lamp"

enum { MS = 1000, DEADLINE_MS = 500, SETTLED_US = 7000000 };

static size_t reply_count, end_count;
static int end_code;
static int code_of_later;
static uint64_t token;

static void on_answer(msock_channel *channel, const msock_response *response,
                      void *user)
{
    (void)channel;
    (void)user;
    if (response->message) {
        reply_count++;
    } else {
        end_count++;
        end_code = response->code;
    }
}

static int on_lamp(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)user;
    (void)message;
    code_of_later = msock_reply_later(channel, &token);
    return 0;
}

static void setup(void)
{
    reply_count = end_count = 0;
    end_code = code_of_later = 1;
    token = 0;
}

TestSuite(engine_reply, .init = setup, .fini = net_close);

static void request(size_t node, uint32_t replies_max)
{
    cr_assert(
        ge(int,
           msock_request(net_channel(node), TOPIC, "0",
                         &(msock_request_options){.deadline_ms = DEADLINE_MS,
                                                  .replies_max = replies_max},
                         on_answer, NULL),
           1));
}

/* A hub that asked, and a lamp that has a token for it. */
static void open_asked(size_t *hub, size_t *lamp, int key)
{
    *hub = net_open("hub", "", key);
    *lamp = net_open("lamp", "", key);
    cr_assert(
        ge(int, msock_subscribe(net_channel(*lamp), TOPIC, on_lamp, NULL, NULL),
           1));
    net_run(SETTLED_US);
    request(*hub, 0);
    net_run(10 * MS);
    cr_assert(zero(int, code_of_later));
    cr_assert(zero(sz, reply_count));
}

static int reply(size_t node)
{
    return msock_reply_to(net_channel(node), token, "1", NULL);
}

Test(engine_reply, token_replies_once)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);

    cr_expect(zero(int, reply(lamp)));
    cr_expect(eq(int, reply(lamp), MSOCK_ENOENT));
    net_run(10 * MS);

    cr_expect(eq(sz, reply_count, 1));
    cr_expect(eq(sz, end_count, 1));
    cr_expect(zero(int, end_code));
}

Test(engine_reply, failed_call_leaves_the_token)
{
    const msock_publish_options state = {.state = true};
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);
    msock_channel *channel = net_channel(lamp);

    cr_expect(eq(int, msock_reply_to(channel, token, "x", NULL), MSOCK_EJSON));
    cr_expect(
        eq(int, msock_reply_to(channel, token, "1", &state), MSOCK_EINVAL));
    cr_expect(zero(int, reply(lamp)));
}

Test(engine_reply, token_given_back_replies_no_more)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);

    cr_expect(zero(int, msock_reply_drop(net_channel(lamp), token)));

    cr_expect(eq(int, reply(lamp), MSOCK_ENOENT));
    cr_expect(
        eq(int, msock_reply_drop(net_channel(lamp), token), MSOCK_ENOENT));
}

Test(engine_reply, late_reply_is_dropped)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);
    net_run(DEADLINE_MS * MS);
    cr_assert(eq(int, end_code, MSOCK_ETIMEDOUT));

    cr_expect(zero(int, reply(lamp)));
    net_run(10 * MS);

    cr_expect(zero(sz, reply_count));
    cr_expect(eq(sz, end_count, 1));
    cr_expect(eq(u64, net_counter(hub, MSOCK_DROP_REPLY), 1));
}

Test(engine_reply, asker_that_said_bye_is_gone)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);

    msock_close(net_channel(hub), NULL, NULL);
    net_run(NET_SECOND_US);

    cr_expect(eq(int, reply(lamp), MSOCK_ENOBODY));
    cr_expect(eq(int, reply(lamp), MSOCK_ENOENT));
}

Test(engine_reply, asker_that_restarted_is_gone)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);

    net_crash(hub);
    (void)net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);

    cr_expect(eq(int, reply(lamp), MSOCK_ENOBODY));
}

Test(engine_reply, asker_that_fell_silent_may_come_back)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);

    net_crash(hub);
    net_run(30 * NET_SECOND_US);

    cr_expect(eq(sz, net_event_count(lamp, MSOCK_EVENT_DOWN), 1));
    cr_expect(zero(int, reply(lamp)));
}

Test(engine_reply, own_request_that_ended_waits_no_longer)
{
    size_t hub = net_open("hub", "", NET_KEY);
    cr_assert(ge(
        int, msock_subscribe(net_channel(hub), TOPIC, on_lamp, NULL, NULL), 1));
    net_run(NET_SECOND_US);
    request(hub, 0);
    net_run(MS);
    cr_assert(zero(int, code_of_later));
    net_run(DEADLINE_MS * MS);

    cr_expect(eq(int, end_code, MSOCK_ETIMEDOUT));
    cr_expect(eq(int, reply(hub), MSOCK_ENOBODY));
}

Test(engine_reply, outside_of_a_callback_there_is_nobody_to_reply_to)
{
    size_t hub = net_open("hub", "", 0);
    uint64_t other = 77;

    cr_expect(eq(int, msock_reply(net_channel(hub), "1", NULL), MSOCK_EINVAL));
    cr_expect(
        eq(int, msock_reply_later(net_channel(hub), &other), MSOCK_EINVAL));
    cr_expect(eq(u64, other, 77));
}

Test(engine_reply, raw_channel_has_neither)
{
    const msock_publish_options once = {.copies = 1};
    const msock_request_options plain = {.publish = &once};
    size_t raw = net_open("raw", "codec=raw", 0);

    cr_expect(
        eq(int,
           msock_request(net_channel(raw), TOPIC, "0", &plain, on_answer, NULL),
           MSOCK_ENOTSUP));
}

Test(engine_reply, bare_request_is_replied_to_with_its_id)
{
    static const char bare[] =
        "{\"topic\":\"" TOPIC "\",\"sender\":\"sh\",\"id\":\"x\\\"7\","
        "\"reply_to\":\"$reply/0123456789abcdef/9\"}";
    static const char wanted[] = "{\"topic\":\"$reply/0123456789abcdef/9\","
                                 "\"sender\":\"lamp\",\"id\":\"x\\\"7\","
                                 "\"data\":1}\n";
    size_t lamp = net_open("lamp", "", 0);
    cr_assert(ge(int,
                 msock_subscribe(net_channel(lamp), TOPIC, on_lamp, NULL, NULL),
                 1));
    net_run(NET_SECOND_US);
    bench_feed(net_bench(lamp), bare, sizeof bare - 1, NULL, false);
    cr_assert(zero(int, code_of_later));

    cr_expect(zero(int, reply(lamp)));
    net_run(MS);

    size_t last = net.frame_count - 1;
    while (net.frames[last].header.stream != MSOCK__RELIABLE) {
        last--;
    }
    const struct net_frame *frame = &net.frames[last];
    cr_assert(gt(sz, frame->size, sizeof wanted - 1));
    cr_expect(zero(int, memcmp(frame->bytes + frame->size - sizeof wanted + 1,
                               wanted, sizeof wanted - 1)));
}

/* A frame with this message of a session of 16 times '@', counter 1. */
static void feed(size_t node, unsigned stream, const char *text)
{
    uint8_t bytes[1024];
    struct msock__packet packet = {
        .frame = {.stream = (uint8_t)stream, .counter = 1},
        .bytes = bytes,
        .capacity = sizeof bytes};
    const struct msock__body body = {.sent_us = 0};
    size_t at = MSOCK__HEADER_SIZE;

    memset(packet.frame.session, '@', sizeof packet.frame.session);
    at += msock__body_encode(&body, bytes + at);
    at += (size_t)snprintf((char *)bytes + at, sizeof bytes - at, "%s\n", text);
    packet.size = at;
    msock__pipeline_encode(&net_bench(node)->engine->pipeline, &packet);
    bench_feed(net_bench(node), bytes, packet.size, NULL, false);
}

Test(engine_reply, state_asks_for_none)
{
    size_t lamp = net_open("lamp", "", 0);
    cr_assert(ge(int,
                 msock_subscribe(net_channel(lamp), TOPIC, on_lamp, NULL, NULL),
                 1));

    feed(lamp, MSOCK__RELIABLE,
         "{\"topic\":\"" TOPIC "\",\"sender\":\"x\",\"reply_to\":"
         "\"$reply/4040404040404040/1\",\"state\":1,\"data\":1}");

    cr_expect(eq(int, code_of_later, MSOCK_ENOBODY));
}

Test(engine_reply, stranger_who_is_on_the_way_may_listen)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(SETTLED_US);
    cr_expect(eq(
        int, msock_request(net_channel(hub), TOPIC, "0", NULL, on_answer, NULL),
        MSOCK_ENOBODY));

    feed(hub, MSOCK__BEST_EFFORT,
         "{\"topic\":\"a\",\"sender\":\"x\",\"data\":1}");
    request(hub, 0);
    net_run(DEADLINE_MS * MS);

    cr_expect(eq(int, end_code, MSOCK_ENOBODY));
}

Test(engine_reply, tokens_of_who_is_gone_make_room)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);
    for (size_t i = 1; i < MSOCK__TICKETS_MAX; i++) {
        request(hub, 0);
        net_run(MS);
        cr_assert(zero(int, code_of_later));
        net_run(i % 100 == 0 ? DEADLINE_MS * MS : 0);
    }
    net_run(DEADLINE_MS * MS);
    request(hub, 0);
    net_run(10 * MS);
    cr_expect(eq(int, code_of_later, MSOCK_ELIMIT));

    net_crash(hub);
    hub = net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);
    request(hub, 0);
    net_run(10 * MS);

    cr_expect(zero(int, code_of_later));
    cr_expect(zero(int, reply(lamp)));
}

Test(engine_reply, reply_that_is_guessed_finds_nobody)
{
    char topic[MSOCK__REPLY_SIZE];
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);
    struct msock__request *waits =
        net_bench(hub)->engine->asking.requests.first;
    struct msock__reply guess = waits->reply;

    guess.number ^= 1;
    (void)msock__reply_encode(&guess, topic);
    net_publish(lamp, topic, "2");
    net_run(10 * MS);
    cr_expect(zero(sz, reply_count));
    cr_expect(eq(u64, net_counter(hub, MSOCK_DROP_REPLY), 1));

    (void)msock__reply_encode(&waits->reply, topic);
    net_publish(lamp, topic, "2");
    net_run(10 * MS);
    cr_expect(eq(sz, reply_count, 1));
}

Test(engine_reply, each_allocation_of_a_request_may_fail)
{
    size_t hub, lamp;
    open_asked(&hub, &lamp, NET_KEY);
    net_run(DEADLINE_MS * MS);
    end_count = 0;
    int code;
    long n = 0;

    do {
        test_alloc_fail_at(++n);
        code =
            msock_request(net_channel(hub), TOPIC, "0", NULL, on_answer, NULL);
        cr_assert(code > 0 || code == MSOCK_ENOMEM);
    } while (test_alloc_failed());

    cr_expect(gt(long, n, 1));
    net_run(2 * NET_SECOND_US);
    cr_expect(eq(sz, end_count, 1));
}

static int on_lamp_starved(msock_channel *channel, const msock_message *message,
                           void *user)
{
    long *n = user;

    (void)message;
    do {
        test_alloc_fail_at(++*n);
        code_of_later = msock_reply_later(channel, &token);
        cr_assert(code_of_later == 0 || code_of_later == MSOCK_ENOMEM);
    } while (test_alloc_failed());
    return 0;
}

Test(engine_reply, each_allocation_of_a_token_and_its_reply_may_fail)
{
    size_t hub = net_open("hub", "", NET_KEY);
    size_t lamp = net_open("lamp", "", NET_KEY);
    long n = 0;
    cr_assert(
        ge(int,
           msock_subscribe(net_channel(lamp), TOPIC, on_lamp_starved, &n, NULL),
           1));
    net_run(SETTLED_US);
    request(hub, 0);
    net_run(10 * MS);
    cr_assert(zero(int, code_of_later));
    cr_expect(gt(long, n, 1));

    int code;
    n = 0;
    do {
        test_alloc_fail_at(++n);
        code = reply(lamp);
        cr_assert(code == 0 || code == MSOCK_ENOMEM);
    } while (test_alloc_failed() && code < 0);
    test_alloc_fail_at(0);
    net_run(10 * MS);

    cr_expect(zero(int, code));
    cr_expect(eq(sz, reply_count, 1));
}
