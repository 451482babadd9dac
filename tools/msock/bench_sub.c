/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench sub: counts what bench pub publishes, by publisher. */
#include "tools/msock/bench.h"
#include "tools/msock/bench_report.h"
#include "tools/msock/unjoined.h"
#include "tools/msock/until.h"

#include <inttypes.h>

enum {
    JOIN_WAIT_MS = 1000, /* when the channel should have joined */
    LAST_WAIT_MS = 500,  /* for what comes after the end, on another way */
    GONE_WAIT_MS = 5000  /* for one that does not say its end */
};

struct counter {
    struct bench *bench;
    struct bench_peers peers;
    struct bench_progress progress;
    uint64_t host;
    uint64_t start_ns;
    uint64_t received;
};

static void take_load(struct counter *counter, struct bench_peer *peer,
                      const struct bench_message *load, size_t size)
{
    int64_t took_ns = (int64_t)bench_day_ns() - (int64_t)load->sent_ns;

    peer->latency.one_clock = load->whose == counter->host && load->whose != 0;
    if (bench_peer_add(peer, load->number, size, took_ns)) {
        counter->received++;
    }
    if (counter->received == counter->bench->count) {
        msock_stop(counter->bench->channel); /* without a count never */
    }
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct counter *counter = user;
    struct bench_message load;

    (void)channel;
    if (!(message->flags & MSOCK_MESSAGE_RAW) ||
        !bench_message_read(message->data, message->data_size, &load)) {
        return 0;
    }
    struct bench_peer *peer = bench_peers_find(&counter->peers, message);
    if (!peer) {
        return 0;
    }
    peer->heard_ns = bench_now_ns();
    if (load.kind == BENCH_BEGIN) {
        bench_tally_begin(&peer->tally);
    } else if (load.kind == BENCH_END) {
        bench_tally_end(&peer->tally, load.number);
    } else if (load.kind == BENCH_LOAD) {
        take_load(counter, peer, &load, message->data_size);
    }
    return 0;
}

static void on_event(msock_channel *channel, const msock_event *event,
                     void *user)
{
    (void)channel;
    (void)user;
    if (event->kind == MSOCK_EVENT_LOSS) {
        cli_error("lost %" PRIu64 " reliable %s of %s", event->count,
                  event->count == 1 ? "frame" : "frames", event->node);
    }
}

/* Whether nothing more will come of it. */
static bool is_done(const struct bench_peer *peer, uint64_t now_ns)
{
    uint64_t silent_ms = (now_ns - peer->heard_ns) / 1000000;

    return silent_ms >=
           (uint64_t)(peer->tally.ended ? LAST_WAIT_MS : GONE_WAIT_MS);
}

static void on_tick(msock_channel *channel, void *user)
{
    struct counter *counter = user;
    const struct bench *bench = counter->bench;
    const struct bench_peers *peers = &counter->peers;
    uint64_t now_ns = bench_now_ns();
    uint64_t done = 0;

    for (int i = 0; i < peers->count; i++) {
        done += is_done(peers->all[i], now_ns);
    }
    if ((done >= bench->publishers && done == (uint64_t)peers->count) ||
        (double)(now_ns - counter->start_ns) > bench->duration_s * 1e9) {
        msock_stop(channel);
    }
    bench_progress_tell(&counter->progress, "received", counter->received,
                        bench_peers_lost(peers));
}

static void tell_if_unjoined(msock_channel *channel, void *user)
{
    const struct counter *counter = user;

    if (msock_joined(channel) == 0) {
        unjoined_tell(cli_channel_url(&counter->bench->names),
                      "nothing comes until one does");
    }
}

/* Subscribes and starts the clocks.  Returns 0 or an error code. */
static int start(struct counter *counter)
{
    static const msock_subscribe_options observing = {.observe = true};
    msock_channel *channel = counter->bench->channel;
    int code = msock_subscribe(channel, BENCH_LOAD_TOPIC, on_message, counter,
                               &observing);

    if (code >= 0) {
        code = msock_watch(channel, on_event, NULL);
    }
    if (code >= 0) {
        code = msock_timer_start(channel, JOIN_WAIT_MS, 0, tell_if_unjoined,
                                 counter);
    }
    if (code >= 0) {
        code = msock_timer_start(channel, BENCH_TICK_MS, BENCH_TICK_MS, on_tick,
                                 counter);
    }
    return code < 0 ? code : 0;
}

/* Returns the exit code that the counts stand for. */
static int judge(const struct counter *counter)
{
    if (counter->received == 0) {
        return cli_error("nothing came on " BENCH_LOAD_TOPIC);
    }
    if (!counter->bench->lossless || bench_peers_complete(&counter->peers)) {
        return CLI_OK;
    }
    return cli_error("not everything came that was sent");
}

int bench_sub(struct bench *bench)
{
    struct counter counter = {.bench = bench, .host = bench_host()};

    until_signals();
    int code = cli_channel_open(&bench->channel, &bench->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(bench->channel);
    counter.start_ns = bench_now_ns();
    bench_progress_init(&counter.progress, bench);
    code = start(&counter);
    if (code == 0) {
        code = msock_run(bench->channel);
    }
    code = code < 0 ? cli_error_code(code)
                    : bench_report_publishers(bench, &counter.peers);
    code = code == CLI_OK ? judge(&counter) : code;
    until_channel(NULL);
    msock_close(bench->channel, NULL, NULL);
    bench_peers_fini(&counter.peers);
    return code;
}
