/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, from the asker to the handlers and back. */
#include "core/engine_state.h"
#include "tests/support/bench_net.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* No "#" matches the topic: none but handlers of the test listen to it. */
#define TOPIC "$lamp"

enum { MS = 1000, ANSWERS_MAX = 128, DEADLINE_MS = 500, SETTLED_US = 7000000 };

static const int keys[] = {0, NET_KEY};

/* What an asker was told. */
struct answer {
    msock_response told;
    bool end;
    unsigned flags;
    char node[MSOCK_NAME_MAX + 1];
    char data[32];
};

static struct answer answers[ANSWERS_MAX];
static size_t answer_count, end_count;

/* What handlers of TOPIC do. */
static const char *word;         /* they reply with, NULL: nothing */
static msock_publish_options by; /* how */
static bool later;
static uint64_t tokens[8];
static size_t ran;
static unsigned asked_with; /* flags */
static int code_of_reply;

static void on_answer(msock_channel *channel, const msock_response *response,
                      void *user)
{
    const msock_message *message = response->message;
    struct answer *answer = &answers[answer_count++];

    (void)channel;
    (void)user;
    cr_assert(lt(sz, answer_count, ANSWERS_MAX));
    *answer = (struct answer){.told = *response, .end = !message};
    end_count += answer->end;
    if (message) {
        cr_assert(ne(ptr, (void *)response->node, NULL));
        snprintf(answer->node, sizeof answer->node, "%s", response->node);
        snprintf(answer->data, sizeof answer->data, "%s", message->data);
        answer->flags = message->flags;
    }
}

static int on_lamp(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)user;
    asked_with = message->flags;
    if (later) {
        cr_assert(zero(int, msock_reply_later(channel, &tokens[ran])));
    } else if (word) {
        code_of_reply = msock_reply(channel, by.raw ? NULL : word, &by);
    }
    ran++;
    return 0;
}

static void setup(void)
{
    answer_count = end_count = ran = 0;
    word = "1";
    by = (msock_publish_options){.raw = NULL};
    later = false;
    code_of_reply = 1;
}

TestSuite(engine_request, .init = setup, .fini = net_close);

static void handle_at(size_t node, const char *filter)
{
    cr_assert(
        ge(int, msock_subscribe(net_channel(node), filter, on_lamp, NULL, NULL),
           1));
}

/* A hub, and `count` nodes that have a handler; all know each other. */
static size_t open_group(size_t count, int key)
{
    static const char *const names[] = {"attic", "cellar", "porch"};
    size_t hub = net_open("hub", "", key);

    for (size_t i = 0; i < count; i++) {
        handle_at(net_open(names[i], "", key), TOPIC);
    }
    net_run(SETTLED_US);
    return hub;
}

static int request_as(size_t node, uint32_t replies_max,
                      const msock_publish_options *publish)
{
    return msock_request(net_channel(node), TOPIC, "0",
                         &(msock_request_options){.deadline_ms = DEADLINE_MS,
                                                  .replies_max = replies_max,
                                                  .publish = publish},
                         on_answer, NULL);
}

static int request(size_t node, uint32_t replies_max)
{
    int id = request_as(node, replies_max, NULL);

    cr_assert(ge(int, id, 1));
    return id;
}

/* All is over, and the last call said so. */
static void expect_end(int code, size_t replies, uint64_t time_us)
{
    cr_assert(eq(sz, end_count, 1));
    cr_assert(eq(sz, answer_count, replies + 1));
    const struct answer *end = &answers[replies];

    cr_expect(end->end);
    cr_expect(eq(int, end->told.code, code));
    cr_expect(eq(u32, end->told.replies, (uint32_t)replies));
    cr_expect(eq(u64, end->told.time_us, time_us));
    cr_expect(zero(ptr, (void *)end->told.node));
}

Test(engine_request, reply_comes_and_ends_it)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        setup();
        size_t hub = open_group(1, keys[i]);

        int id = request(hub, 0);
        net_run(DEADLINE_MS * MS);

        cr_expect(eq(sz, ran, 1));
        expect_end(0, 1, answers[0].told.time_us);
        cr_expect(eq(int, answers[0].told.id, id));
        cr_expect(eq(int, answers[1].told.id, id));
        cr_expect(eq(str, answers[0].node, "attic"));
        cr_expect(eq(str, answers[0].data, "1"));
        cr_expect(
            eq(u64, answers[0].told.session, msock_session(net_channel(1))));
        cr_expect(lt(u64, answers[0].told.time_us, 20 * MS));
        cr_expect(eq(uint, answers[0].flags & MSOCK_MESSAGE_RELIABLE,
                     MSOCK_MESSAGE_RELIABLE));
        cr_expect(zero(uint, answers[0].flags & MSOCK_MESSAGE_REQUEST));
        net_close();
    }
}

Test(engine_request, handler_sees_that_it_is_asked)
{
    size_t hub = open_group(1, NET_KEY);

    net_publish(hub, TOPIC, "1");
    net_run(10 * MS);
    cr_expect(zero(uint, asked_with & MSOCK_MESSAGE_REQUEST));
    cr_expect(eq(int, code_of_reply, MSOCK_ENOBODY));

    (void)request(hub, 0);
    net_run(10 * MS);
    cr_expect(ne(uint, asked_with & MSOCK_MESSAGE_REQUEST, 0));
    cr_expect(ne(uint, asked_with & MSOCK_MESSAGE_RELIABLE, 0));
    cr_expect(zero(int, code_of_reply));
}

Test(engine_request, all_replies_count_until_the_deadline)
{
    size_t hub = open_group(3, NET_KEY);

    (void)request(hub, MSOCK_REPLIES_ALL);
    net_run(DEADLINE_MS * MS - 1);
    cr_expect(eq(sz, answer_count, 3));
    cr_expect(zero(sz, end_count));
    net_run(1);

    expect_end(0, 3, DEADLINE_MS * MS);
    cr_expect(eq(sz, answers[3].told.listeners, 3));
    cr_expect(zero(u64, net_counter(hub, MSOCK_DROP_REPLY)));
}

Test(engine_request, so_many_replies_end_it_and_more_are_dropped)
{
    size_t hub = open_group(3, NET_KEY);

    (void)request(hub, 2);
    net_run(DEADLINE_MS * MS);

    expect_end(0, 2, answers[1].told.time_us);
    cr_expect(eq(u32, answers[0].told.replies, 1));
    cr_expect(eq(u32, answers[1].told.replies, 2));
    cr_expect(eq(u64, net_counter(hub, MSOCK_DROP_REPLY), 1));
}

Test(engine_request, who_listens_and_says_nothing_lets_the_deadline_pass)
{
    size_t hub = open_group(2, NET_KEY);
    word = NULL;

    (void)request(hub, 0);
    net_run(DEADLINE_MS * MS);

    expect_end(MSOCK_ETIMEDOUT, 0, DEADLINE_MS * MS);
    cr_expect(eq(sz, answers[0].told.listeners, 2));
}

Test(engine_request, fewer_replies_than_wanted_are_not_enough)
{
    size_t hub = open_group(2, NET_KEY);

    (void)request(hub, 3);
    net_run(DEADLINE_MS * MS);

    expect_end(MSOCK_ETIMEDOUT, 2, DEADLINE_MS * MS);
}

Test(engine_request, where_nobody_listens_it_fails_at_once)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        setup();
        size_t hub = open_group(0, keys[i]);
        (void)net_open("porch", "", keys[i]);
        net_run(SETTLED_US);
        uint64_t before = net_counter(hub, MSOCK_TX_MESSAGES);

        cr_expect(eq(int, request_as(hub, 0, NULL), MSOCK_ENOBODY));

        cr_expect(eq(u64, net_counter(hub, MSOCK_TX_MESSAGES), before));
        net_run(2 * DEADLINE_MS * MS);
        cr_expect(zero(sz, answer_count));
        net_close();
    }
}

Test(engine_request, just_opened_the_deadline_decides)
{
    size_t hub = net_open("hub", "", NET_KEY);
    net_run(NET_SECOND_US);

    (void)request(hub, 0);
    net_run(DEADLINE_MS * MS);

    expect_end(MSOCK_ENOBODY, 0, DEADLINE_MS * MS);
    cr_expect(zero(sz, answers[0].told.listeners));
}

Test(engine_request, who_is_not_described_yet_may_listen)
{
    size_t hub = open_group(0, 0);
    (void)net_open("porch", "", 0);
    /* Nothing but its first word arrives. */
    net_run(MS);
    net.lose = net_lose_some;
    net.lose_percent = 100;
    net_run(10 * MS);
    struct msock__session *porch =
        msock__sessions_newest(net_bench(hub)->engine->sessions);
    msock__roster_forget(&net_bench(hub)->engine->roster, &porch->entry);

    (void)request(hub, 0);
    net_run(DEADLINE_MS * MS);

    expect_end(MSOCK_ETIMEDOUT, 0, DEADLINE_MS * MS);
    cr_expect(zero(sz, answers[0].told.listeners));
}

Test(engine_request, own_handler_replies_as_others_do)
{
    size_t hub = open_group(0, NET_KEY);
    handle_at(hub, TOPIC);

    (void)request(hub, 0);
    net_run(MS);

    expect_end(0, 1, answers[0].told.time_us);
    cr_expect(eq(str, answers[0].node, "hub"));
    cr_expect(ne(uint, answers[0].flags & MSOCK_MESSAGE_LOCAL, 0));
    cr_expect(ne(uint, asked_with & MSOCK_MESSAGE_LOCAL, 0));
}

Test(engine_request, others_are_not_told_the_reply)
{
    size_t hub = open_group(2, NET_KEY);
    (void)bench_record(net_bench(2), "$reply/#", false);
    size_t before = net_bench(2)->heard_count;

    (void)request(hub, MSOCK_REPLIES_ALL);
    net_run(DEADLINE_MS * MS);

    /* "cellar" listens in, and hears what "attic" and it say itself. */
    cr_expect(eq(sz, net_bench(2)->heard_count - before, 2));
    cr_expect(zero(u64, net_counter(2, MSOCK_DROP_REPLY)));
    expect_end(0, 2, DEADLINE_MS * MS);
}

Test(engine_request, raw_bytes_are_a_reply_too)
{
    size_t hub = open_group(1, NET_KEY);
    by = (msock_publish_options){.raw = "x\n", .raw_size = 2, .copies = 2};

    (void)request(hub, 0);
    net_run(DEADLINE_MS * MS);

    cr_assert(zero(int, code_of_reply));
    expect_end(0, 1, answers[0].told.time_us);
    cr_expect(eq(str, answers[0].data, "x\n"));
    cr_expect(ne(uint, answers[0].flags & MSOCK_MESSAGE_RAW, 0));
    cr_expect(zero(uint, answers[0].flags & MSOCK_MESSAGE_RELIABLE));
}

Test(engine_request, with_copies_it_is_best_effort)
{
    size_t hub = open_group(1, NET_KEY);
    const msock_publish_options once = {.copies = 1};

    cr_assert(ge(int, request_as(hub, 0, &once), 1));
    net_run(DEADLINE_MS * MS);

    cr_expect(zero(uint, asked_with & MSOCK_MESSAGE_RELIABLE));
    expect_end(0, 1, answers[0].told.time_us);
}

Test(engine_request, losses_delay_and_do_not_repeat)
{
    size_t hub = open_group(3, NET_KEY);
    net.lose = net_lose_some;
    net.lose_percent = 10;

    for (size_t i = 1; i <= 30; i++) {
        answer_count = end_count = 0;
        (void)request(hub, 3);
        net_run(DEADLINE_MS * MS);
        cr_assert(eq(sz, end_count, 1));
        cr_assert(eq(sz, answer_count, 4));
        cr_assert(eq(sz, ran, 3 * i));
    }
}

Test(engine_request, what_comes_after_the_deadline_is_not_done)
{
    size_t hub = open_group(1, NET_KEY);
    net.lose = net_lose_some;
    net.lose_percent = 100;

    (void)request(hub, 0);
    net_run(DEADLINE_MS * MS + 50 * MS);
    net.lose = NULL;
    net_publish_reliable(hub, "a", "1");
    net_run(NET_SECOND_US);

    expect_end(MSOCK_ETIMEDOUT, 0, DEADLINE_MS * MS);
    cr_expect(zero(sz, ran));
    cr_expect(eq(u64, net_counter(1, MSOCK_DROP_EXPIRED), 1));
}

Test(engine_request, scheduled_request_is_replied_to_after_its_moment)
{
    size_t hub = open_group(1, NET_KEY);
    const msock_publish_options at = {.after_ms = 300};

    cr_assert(ge(int, request_as(hub, 0, &at), 1));
    net_run(DEADLINE_MS * MS);

    expect_end(0, 1, answers[0].told.time_us);
    cr_expect(ge(u64, answers[0].told.time_us, 300 * MS));
}

Test(engine_request, cancelled_one_ends_before_the_call_returns)
{
    size_t hub = open_group(1, NET_KEY);
    int id = request(hub, 0);
    msock_channel *channel = net_channel(hub);

    cr_expect(zero(int, msock_request_cancel(channel, id)));
    expect_end(MSOCK_ECANCELED, 0, 0);
    cr_expect(eq(int, msock_request_cancel(channel, id), MSOCK_ENOENT));

    net_run(DEADLINE_MS * MS);
    cr_expect(eq(sz, answer_count, 1));
    cr_expect(eq(u64, net_counter(hub, MSOCK_DROP_REPLY), 1));
}

Test(engine_request, closing_ends_all_of_them_once)
{
    size_t hub = open_group(1, NET_KEY);
    word = NULL;
    (void)request(hub, 0);
    (void)request(hub, MSOCK_REPLIES_ALL);

    msock_close(net_channel(hub), NULL, NULL);
    cr_expect(eq(sz, end_count, 2));
    net_run(2 * NET_SECOND_US);

    cr_expect(eq(sz, answer_count, 2));
    cr_expect(eq(int, answers[0].told.code, MSOCK_ECLOSED));
    cr_expect(eq(int, answers[1].told.code, MSOCK_ECLOSED));
    cr_expect(lt(int, answers[0].told.id, answers[1].told.id));
}

static void on_answer_close(msock_channel *channel,
                            const msock_response *response, void *user)
{
    on_answer(channel, response, user);
    cr_expect(eq(int, msock_request_cancel(channel, response->id),
                 response->message ? MSOCK_ENOENT : MSOCK_ECLOSED));
    msock_close(channel, NULL, NULL);
}

Test(engine_request, callback_that_closes_is_told_the_end_once)
{
    size_t hub = open_group(3, NET_KEY);

    cr_assert(ge(int,
                 msock_request(net_channel(hub), TOPIC, "0", NULL,
                               on_answer_close, NULL),
                 1));
    net_run(2 * NET_SECOND_US);

    expect_end(0, 1, answers[0].told.time_us);
}

static void on_answer_again(msock_channel *channel,
                            const msock_response *response, void *user)
{
    on_answer(channel, response, user);
    if (!response->message && end_count < 4) {
        cr_assert(
            ge(int,
               msock_request(channel, TOPIC, "0", NULL, on_answer_again, user),
               1));
    }
}

Test(engine_request, end_may_begin_another_one)
{
    size_t hub = open_group(1, NET_KEY);

    on_answer_again(net_channel(hub),
                    &(msock_response){.code = MSOCK_ETIMEDOUT}, NULL);
    net_run(NET_SECOND_US);

    cr_expect(eq(sz, end_count, 4));
    cr_expect(eq(sz, answer_count, 7));
}

Test(engine_request, wrong_calls_publish_nothing)
{
    size_t hub = open_group(1, NET_KEY);
    msock_channel *channel = net_channel(hub);
    const msock_publish_options after = {.after_ms = DEADLINE_MS};
    const msock_publish_options state = {.state = true};
    const msock_request_options endless = {.deadline_ms = 600001};
    const msock_request_options other = {.struct_size = 1};
    uint64_t before = net_counter(hub, MSOCK_TX_MESSAGES);

    cr_expect(eq(int, msock_request(channel, TOPIC, "0", NULL, NULL, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_request(channel, "a/#", "0", NULL, on_answer, NULL),
                 MSOCK_ETOPIC));
    cr_expect(eq(int, msock_request(channel, TOPIC, "x", NULL, on_answer, NULL),
                 MSOCK_EJSON));
    cr_expect(eq(int,
                 msock_request(channel, TOPIC, "0", &endless, on_answer, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int,
                 msock_request(channel, TOPIC, "0", &other, on_answer, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, request_as(hub, 0, &after), MSOCK_EINVAL));
    cr_expect(eq(int, request_as(hub, 0, &state), MSOCK_EINVAL));
    net_run(2 * NET_SECOND_US);
    cr_expect(zero(sz, answer_count));
    cr_expect(eq(u64, net_counter(hub, MSOCK_TX_MESSAGES), before));
}
