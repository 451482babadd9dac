/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench rtt: asks, and measures when the answers come. */
#include "tools/msock/bench.h"
#include "tools/msock/bench_pace.h"
#include "tools/msock/bench_report.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ANSWER_WAIT_MS = 1000 }; /* for the answer to the last question */

struct asker {
    struct bench *bench;
    struct bench_peers peers;
    struct bench_pace pace;
    struct bench_progress progress;
    struct bench_message message;
    uint8_t *room;
    uint64_t total; /* questions */
    uint64_t asked;
    uint64_t asked_ns; /* when the last one was asked */
    uint64_t end_ns;
    bool failed;
};

/* -- Questions -- */

/* Asks once.  Returns whether it could. */
static bool ask(struct asker *asker, enum bench_kind kind)
{
    asker->message.kind = kind;
    asker->message.number = asker->asked;
    asker->message.sent_ns = bench_now_ns();
    asker->message.whose = msock_session(asker->bench->channel);
    int code = bench_publish(asker->bench, BENCH_ASK_TOPIC, &asker->message,
                             asker->room);
    if (code < 0 && code != MSOCK_EAGAIN) {
        asker->failed = true;
        msock_stop(asker->bench->channel);
    }
    return code >= 0;
}

/* Whether there is another question to ask. */
static bool goes_on(const struct asker *asker)
{
    return asker->asked < asker->total && bench_now_ns() < asker->end_ns;
}

static void ask_next(struct asker *asker)
{
    if (goes_on(asker) && ask(asker, BENCH_ASK)) {
        asker->asked++;
        asker->asked_ns = asker->message.sent_ns;
    }
}

/* How long ago the last question was asked. */
static uint64_t waited_ms(const struct asker *asker)
{
    return (bench_now_ns() - asker->asked_ns) / 1000000;
}

/* At a rate: asks what is due. */
static void ask_due(struct asker *asker)
{
    uint64_t due = bench_pace_due(&asker->pace, bench_now_ns(), asker->asked);

    for (int i = 0; i < BENCH_BATCH && asker->asked < due; i++) {
        uint64_t before = asker->asked;
        ask_next(asker);
        if (asker->asked == before) {
            return;
        }
    }
}

/* Returns in how many ms to look again. */
static uint64_t next_wait_ms(const struct asker *asker)
{
    int wait_ms =
        bench_pace_wait_ms(&asker->pace, bench_now_ns(), asker->asked);

    if (asker->pace.rate == 0 || wait_ms > BENCH_TICK_MS || !goes_on(asker)) {
        return BENCH_TICK_MS;
    }
    return wait_ms > 0 ? (uint64_t)wait_ms : 1;
}

static uint64_t received_of(const struct asker *asker)
{
    return bench_peers_received(&asker->peers);
}

/* Whether all that answer have answered everything. */
static bool has_all(const struct asker *asker)
{
    uint64_t wanted = asker->asked * (uint64_t)asker->peers.count;

    return asker->peers.count > 0 && received_of(asker) == wanted;
}

static void on_timer(msock_channel *channel, void *user)
{
    struct asker *asker = user;

    if (asker->pace.rate > 0) {
        ask_due(asker);
    } else if (waited_ms(asker) >= ANSWER_WAIT_MS) {
        ask_next(asker); /* the answer to the last one is lost */
    }
    bench_progress_tell(&asker->progress, "answers", received_of(asker),
                        bench_peers_lost(&asker->peers));
    if (!goes_on(asker) &&
        (has_all(asker) || waited_ms(asker) >= ANSWER_WAIT_MS)) {
        msock_stop(channel);
        return;
    }
    if (msock_timer_start(channel, next_wait_ms(asker), 0, on_timer, asker) <
        0) {
        asker->failed = true;
        msock_stop(channel);
    }
}

/* -- Answers -- */

static void take_answer(struct asker *asker, struct bench_peer *peer,
                        const struct bench_message *answer, size_t size)
{
    uint64_t now_ns = bench_now_ns();

    /* An answer to what was never asked is no answer. */
    if (answer->number >= asker->asked || answer->sent_ns > now_ns) {
        return;
    }
    bool newest = answer->number + 1 == asker->asked;
    peer->heard_ns = now_ns;
    if (bench_peer_add(peer, answer->number, size,
                       (int64_t)(now_ns - answer->sent_ns)) &&
        newest && asker->pace.rate == 0) {
        ask_next(asker);
    }
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct asker *asker = user;
    struct bench_message answer;

    if (!(message->flags & MSOCK_MESSAGE_RAW) ||
        !bench_message_read(message->data, message->data_size, &answer) ||
        answer.whose != msock_session(channel)) {
        return 0;
    }
    struct bench_peer *peer = bench_peers_find(&asker->peers, message);
    if (!peer) {
        return 0;
    }
    peer->latency.one_clock = true; /* its own */
    bench_tally_begin(&peer->tally);
    if (answer.kind == BENCH_ANSWER) {
        take_answer(asker, peer, &answer, message->data_size);
    }
    return 0;
}

/* -- The run -- */

static void announce(const struct asker *asker)
{
    const struct bench *bench = asker->bench;
    const char *url = cli_channel_url(&bench->names);

    url = url ? url : MSOCK_DEFAULT_URL;
    if (bench->full_speed) {
        cli_error("asks with %zu bytes on " BENCH_ASK_TOPIC " of %s, each when "
                  "the one before is answered",
                  bench->size, url);
    } else {
        cli_error("asks %" PRIu64 " times with %zu bytes on " BENCH_ASK_TOPIC
                  " of %s, %" PRIu64 " times a second",
                  asker->total, bench->size, url, bench->rate);
    }
}

/* The first questions go when those who answer had time to be asked. */
static void on_greeted(msock_channel *channel, void *user)
{
    struct asker *asker = user;

    asker->pace.start_ns = bench_now_ns();
    asker->end_ns =
        asker->pace.start_ns + (uint64_t)(asker->bench->duration_s * 1e9);
    bench_progress_init(&asker->progress, asker->bench);
    if (asker->pace.rate == 0) {
        ask_next(asker);
    }
    on_timer(channel, asker);
}

static int run(struct asker *asker)
{
    static const msock_subscribe_options observing = {.observe = true};
    msock_channel *channel = asker->bench->channel;
    int code = msock_subscribe(channel, BENCH_ANSWER_TOPIC, on_message, asker,
                               &observing);

    if (code >= 0) {
        code = msock_timer_start(channel, BENCH_GREET_MS, 0, on_greeted, asker);
    }
    if (code < 0) {
        return cli_error_code(code);
    }
    announce(asker);
    if (!ask(asker, BENCH_BEGIN)) {
        return CLI_FAILURE;
    }
    code = msock_run(channel);
    return code < 0 ? cli_error_code(code) : CLI_OK;
}

static int report(struct asker *asker)
{
    for (int i = 0; i < asker->peers.count; i++) {
        bench_tally_end(&asker->peers.all[i]->tally, asker->asked);
    }
    int code = bench_report_responders(asker->bench, &asker->peers);
    if (code != CLI_OK || asker->failed) {
        return CLI_FAILURE;
    }
    if (received_of(asker) == 0) {
        return cli_error("nobody answered; does msock bench rtt --serve run?");
    }
    if (asker->bench->lossless && !bench_peers_complete(&asker->peers)) {
        return cli_error("not every question was answered");
    }
    return CLI_OK;
}

int bench_rtt(struct bench *bench)
{
    struct asker asker = {.bench = bench,
                          .pace = {.rate = bench->full_speed ? 0 : bench->rate},
                          .total = bench_total(bench),
                          .room = calloc(1, bench->size)};

    if (!asker.room) {
        return cli_error("out of memory");
    }
    until_signals();
    int code = cli_channel_open(&bench->channel, &bench->names);
    if (code == CLI_OK) {
        code = turn_await_network(bench->channel, &bench->names);
    }
    if (code == CLI_OK) {
        until_channel(bench->channel);
        code = run(&asker);
        code = code == CLI_OK ? report(&asker) : code;
        until_channel(NULL);
    }
    msock_close(bench->channel, NULL, NULL);
    bench_peers_fini(&asker.peers);
    free(asker.room);
    return code;
}
