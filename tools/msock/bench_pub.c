/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench pub: publishes numbered messages at a rate. */
#include "tools/msock/bench.h"
#include "tools/msock/bench_pace.h"
#include "tools/msock/bench_report.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What waits to be sent at most before publishing does: more would only make
 * the messages older. */
enum { QUEUE_BYTES = 256 * 1024 };

struct load {
    struct bench *bench;
    struct bench_pace pace;
    struct bench_progress progress;
    struct bench_sent sent;
    struct bench_message message;
    uint8_t *room;
    uint64_t total; /* how many shall be sent */
    uint64_t end_ns;
    bool failed;
};

/* Says what is going to happen, so that nobody is surprised by it. */
static void announce(const struct load *load)
{
    const struct bench *bench = load->bench;
    const char *url = cli_channel_url(&bench->names);
    double mbit_s = (double)bench->rate * (double)bench->size * 8 / 1e6;

    url = url ? url : MSOCK_DEFAULT_URL;
    if (bench->full_speed && bench->count == 0) {
        cli_error("publishes messages of %zu bytes on " BENCH_LOAD_TOPIC
                  " for %g s, "
                  "as fast as they leave: all on %s feel it",
                  bench->size, bench->duration_s, url);
    } else if (bench->full_speed) {
        cli_error("publishes %" PRIu64
                  " messages of %zu bytes on " BENCH_LOAD_TOPIC
                  ", as fast as they leave: all on %s feel it",
                  load->total, bench->size, url);
    } else {
        cli_error("publishes %" PRIu64
                  " messages of %zu bytes on " BENCH_LOAD_TOPIC ", %" PRIu64
                  " a second (%.3g Mbit/s), on %s",
                  load->total, bench->size, bench->rate, mbit_s, url);
    }
}

/* Publishes one of the next kind.  Returns whether it could; without room in
 * the queue it can later. */
static bool say(struct load *load, enum bench_kind kind)
{
    load->message.kind = kind;
    load->message.number = load->sent.count;
    load->message.sent_ns = bench_day_ns();
    int code = bench_publish(load->bench, BENCH_LOAD_TOPIC, &load->message,
                             load->room);
    load->failed = load->failed || (code < 0 && code != MSOCK_EAGAIN);
    return code >= 0;
}

/* Publishes what is due now, a batch at most.  Returns whether it was stopped
 * by a queue that has no room. */
static bool publish_due(struct load *load)
{
    struct bench_sent *sent = &load->sent;
    uint64_t due = bench_pace_due(&load->pace, bench_now_ns(), sent->count);
    uint64_t last = due < load->total ? due : load->total;

    for (int i = 0; i < BENCH_BATCH && sent->count < last; i++) {
        if (msock_queued(load->bench->channel) >= QUEUE_BYTES ||
            !say(load, BENCH_LOAD)) {
            sent->waits += !load->failed;
            return !load->failed;
        }
        sent->count++;
        sent->bytes += load->bench->size;
    }
    return false;
}

/* Waits until the next one is due, or there is room for it. */
static int rest(struct load *load, bool full)
{
    msock_channel *channel = load->bench->channel;
    bool readable;
    int wait_ms =
        bench_pace_wait_ms(&load->pace, bench_now_ns(), load->sent.count);

    if (full) {
        return turn_await_queue(channel, QUEUE_BYTES / 2);
    }
    if (wait_ms == 0) {
        return turn_work(channel);
    }
    wait_ms = wait_ms < BENCH_TICK_MS ? wait_ms : BENCH_TICK_MS;
    return turn_step(channel, -1, wait_ms, &readable);
}

static bool goes_on(const struct load *load)
{
    return !load->failed && !until_signalled() &&
           load->sent.count < load->total && bench_now_ns() < load->end_ns;
}

static int publish_all(struct load *load)
{
    int code = CLI_OK;

    while (code == CLI_OK && goes_on(load)) {
        code = rest(load, publish_due(load));
        bench_progress_tell(&load->progress, "sent", load->sent.count, 0);
    }
    return load->failed ? CLI_FAILURE : code;
}

/* Says that it begins, or ended, for which there is room at some time. */
static int frame(struct load *load, enum bench_kind kind)
{
    while (!say(load, kind)) {
        if (load->failed ||
            turn_await_queue(load->bench->channel, QUEUE_BYTES / 2) != CLI_OK) {
            return CLI_FAILURE;
        }
    }
    return turn_work(load->bench->channel);
}

/* Gives the listeners time to ask who speaks. */
static int greet(struct load *load)
{
    int64_t end = turn_now_ms() + BENCH_GREET_MS;
    int code = frame(load, BENCH_BEGIN);
    bool readable;

    for (int64_t now = turn_now_ms(); code == CLI_OK && now < end;
         now = turn_now_ms()) {
        code = turn_step(load->bench->channel, -1, (int)(end - now), &readable);
    }
    return code;
}

static void start_clock(struct load *load)
{
    const struct bench *bench = load->bench;

    load->pace.start_ns = bench_now_ns();
    load->end_ns = load->pace.start_ns + (uint64_t)(bench->duration_s * 1e9);
    bench_progress_init(&load->progress, bench);
}

/* Publishes all from beginning to end.  Returns CLI_OK, or CLI_FAILURE if the
 * network did not take everything. */
static int run(struct load *load)
{
    msock_channel *channel = load->bench->channel;
    uint64_t before = msock_counter_get(channel, MSOCK_TX_ERRORS);
    int code = greet(load);

    if (code != CLI_OK) {
        return code;
    }
    start_clock(load);
    code = publish_all(load);
    if (code == CLI_OK) {
        code = turn_await_queue(channel, 0);
    }
    load->sent.seconds = (double)(bench_now_ns() - load->pace.start_ns) / 1e9;
    load->sent.late_s = (double)load->pace.slipped_ns / 1e9;
    if (code == CLI_OK) {
        code = frame(load, BENCH_END);
    }
    if (code == CLI_OK) {
        code = turn_await_queue(channel, 0);
    }
    uint64_t refused = msock_counter_get(channel, MSOCK_TX_ERRORS) - before;
    if (code == CLI_OK && refused > 0) {
        code =
            cli_error("the system refused to send %" PRIu64 " frames", refused);
    }
    return code;
}

/* What the sender alone sees of its listeners. */
static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)channel;
    (void)user;
    if (event->kind == MSOCK_EVENT_SLOW) {
        cli_error("%s cannot keep up, and is not waited for any more",
                  event->node);
    }
}

static int open_and_run(struct load *load)
{
    struct bench *bench = load->bench;
    int code = cli_channel_open(&bench->channel, &bench->names);

    if (code == CLI_OK) {
        code = turn_await_network(bench->channel, &bench->names);
    }
    if (code == CLI_OK) {
        (void)msock_watch(bench->channel, on_event, NULL);
        announce(load);
        code = run(load);
        int told = bench_report_sent(bench, &load->sent);
        code = code == CLI_OK ? told : code;
    }
    msock_close(bench->channel, NULL, NULL);
    return code;
}

int bench_pub(struct bench *bench)
{
    struct load load = {.bench = bench,
                        .pace = {.rate = bench->full_speed ? 0 : bench->rate},
                        .message = {.whose = bench_host()},
                        .total = bench_total(bench),
                        .room = calloc(1, bench->size)};

    if (!load.room) {
        return cli_error("out of memory");
    }
    until_signals();
    int code = open_and_run(&load);
    free(load.room);
    return code;
}
