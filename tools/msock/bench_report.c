/* SPDX-License-Identifier: Apache-2.0 */
/* What msock bench tells. */
#include "tools/msock/bench_report.h"

#include "tools/msock/drops.h"
#include "tools/msock/json_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_NS = 1000000000 };

/* -- Figures -- */

static double per_second(double count, double seconds)
{
    return seconds > 0 ? count / seconds : 0;
}

static double mbit_per_second(uint64_t bytes, double seconds)
{
    return per_second((double)bytes * 8 / 1e6, seconds);
}

/* How long it took from the first to the last: of n, that is n - 1 gaps. */
static double seconds_of(const struct bench_peer *peer)
{
    return (double)(peer->last_ns - peer->first_ns) / SECOND_NS;
}

static double rate_of(const struct bench_peer *peer)
{
    uint64_t received = peer->tally.received;

    return received > 1 ? per_second((double)(received - 1), seconds_of(peer))
                        : 0;
}

static double mbit_of(const struct bench_peer *peer)
{
    uint64_t received = peer->tally.received;

    return received > 1 ? rate_of(peer) * (double)peer->bytes /
                              (double)received * 8 / 1e6
                        : 0;
}

static double to_us(struct bench_peer *peer, unsigned per_mille)
{
    return (double)bench_latency_ns(&peer->latency, per_mille) / 1e3;
}

/* -- JSON -- */

/* Prints the line and frees it. */
static int print_json(struct cli_buffer *line)
{
    int code = CLI_FAILURE;

    json_out(line, "}\n", sizeof("}\n")); /* and the NUL */
    if (!line->failed) {
        code = cli_print(line->bytes);
    }
    free(line->bytes);
    return code;
}

static void put_number(struct cli_buffer *line, const char *key, uint64_t value)
{
    json_out_format(line, ",\"%s\":%" PRIu64, key, value);
}

static void put_times(struct cli_buffer *line, const char *key,
                      struct bench_peer *peer)
{
    if (peer->latency.count == 0) {
        json_out_format(line, ",\"%s\":null", key);
        return;
    }
    json_out_format(line,
                    ",\"%s\":{\"one_clock\":%s,\"least\":%.3f,\"p50\":%.3f,"
                    "\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}",
                    key, peer->latency.one_clock ? "true" : "false",
                    (double)peer->latency.least / 1e3, to_us(peer, 500),
                    to_us(peer, 990), to_us(peer, 999), to_us(peer, 1000));
}

static int print_peer_json(const char *kind, const char *times,
                           struct bench_peer *peer)
{
    const struct bench_tally *tally = &peer->tally;
    struct cli_buffer line = {0};

    json_out_format(&line, "{\"kind\":\"%s\",\"name\":", kind);
    json_out_text(&line, peer->name, strlen(peer->name));
    json_out_format(&line, ",\"session\":\"%016" PRIx64 "\"", peer->session);
    put_number(&line, "received", tally->received);
    put_number(&line, "lost", bench_tally_lost(tally));
    put_number(&line, "early", bench_tally_early(tally));
    put_number(&line, "duplicates", tally->repeated);
    put_number(&line, "reordered", tally->reordered);
    put_number(&line, "stale", tally->stale);
    if (tally->ended) {
        put_number(&line, "sent", tally->sent);
    } else {
        json_out_format(&line, ",\"sent\":null");
    }
    put_number(&line, "bytes", peer->bytes);
    json_out_format(&line, ",\"seconds\":%.6f,\"rate\":%.1f,\"mbit_s\":%.3f",
                    seconds_of(peer), rate_of(peer), mbit_of(peer));
    put_times(&line, times, peer);
    return print_json(&line);
}

/* The channel's own counters: what was dropped here, and why. */
static int print_channel_json(const struct bench *bench,
                              const struct bench_peers *peers)
{
    struct cli_buffer line = {0};

    json_out_format(&line, "{\"kind\":\"channel\"");
    put_number(&line, "passed_over", peers->passed_over);
    put_number(&line, "held", msock_held(bench->channel));
    put_number(&line, "lost_frames",
               msock_counter_get(bench->channel, MSOCK_LOST));
    json_out_format(&line, ",\"drops\":{");
    drops_json(bench->channel, &line);
    json_out_format(&line, "}");
    return print_json(&line);
}

/* -- Text -- */

static int print_counts(const struct bench_tally *tally)
{
    uint64_t lost = bench_tally_lost(tally);
    double all = (double)lost + (double)tally->received;

    return cli_line(
        "  lost        %" PRIu64 " (%.3g %%), early %" PRIu64
        ", duplicates %" PRIu64 ", reordered %" PRIu64 ", stale %" PRIu64,
        lost, all > 0 ? 100 * (double)lost / all : 0, bench_tally_early(tally),
        tally->repeated, tally->reordered, tally->stale);
}

static int print_times(const char *label, struct bench_peer *peer)
{
    if (peer->latency.count == 0) {
        return CLI_OK;
    }
    return cli_line("  %-11s p50 %.1f  p99 %.1f  p99.9 %.1f  max %.1f us",
                    label, to_us(peer, 500), to_us(peer, 990), to_us(peer, 999),
                    to_us(peer, 1000));
}

static int print_publisher(struct bench_peer *peer)
{
    const struct bench_latency *latency = &peer->latency;
    const struct bench_tally *tally = &peer->tally;

    (void)cli_line("%s", peer->name);
    (void)cli_line("  received    %" PRIu64 ", %.1f messages/s, %.3f Mbit/s%s",
                   tally->received, rate_of(peer), mbit_of(peer),
                   tally->ended ? "" : "; its end was not heard");
    int code = print_counts(tally);
    if (latency->count > 0 && !latency->one_clock) {
        (void)print_times("one way", peer);
        return cli_line("              above the quickest, by two clocks; it "
                        "took %.1f us and what they differ",
                        (double)latency->least / 1e3);
    }
    return code == CLI_OK ? print_times("one way", peer) : code;
}

static int print_responder(struct bench_peer *peer)
{
    const struct bench_tally *tally = &peer->tally;

    (void)cli_line("%s", peer->name);
    (void)cli_line("  answers     %" PRIu64 " to %" PRIu64 " questions",
                   tally->received, tally->sent);
    int code = print_counts(tally);
    return code == CLI_OK ? print_times("round trip", peer) : code;
}

/* -- Reports -- */

static void tell_passed_over(const struct bench_peers *peers)
{
    if (peers->passed_over > 0) {
        cli_error("%" PRIu64 " messages of more than %d senders were not "
                  "counted",
                  peers->passed_over, BENCH_PEERS_MAX);
    }
}

static int report_peers(const struct bench *bench,
                        const struct bench_peers *peers, const char *kind,
                        const char *times,
                        int (*print)(struct bench_peer *peer))
{
    int code = CLI_OK;

    for (int i = 0; i < peers->count && code == CLI_OK; i++) {
        code = bench->json ? print_peer_json(kind, times, peers->all[i])
                           : print(peers->all[i]);
    }
    if (bench->json && code == CLI_OK) {
        code = print_channel_json(bench, peers);
    }
    tell_passed_over(peers);
    drops_tell(bench->channel);
    return code;
}

int bench_report_publishers(const struct bench *bench,
                            const struct bench_peers *peers)
{
    return report_peers(bench, peers, "publisher", "one_way_us",
                        print_publisher);
}

int bench_report_responders(const struct bench *bench,
                            const struct bench_peers *peers)
{
    return report_peers(bench, peers, "responder", "round_trip_us",
                        print_responder);
}

static void put_counter(struct cli_buffer *line, const struct bench *bench,
                        enum msock_counter counter)
{
    put_number(line, msock_counter_name(counter),
               msock_counter_get(bench->channel, counter));
}

static int print_sent_json(const struct bench *bench,
                           const struct bench_sent *sent)
{
    struct cli_buffer line = {0};

    json_out_format(&line, "{\"kind\":\"sent\"");
    put_number(&line, "messages", sent->count);
    put_number(&line, "size", bench->size);
    json_out_format(&line, ",\"reliable\":%s",
                    bench->reliable ? "true" : "false");
    json_out_format(&line, ",\"seconds\":%.6f,\"rate\":%.1f,\"mbit_s\":%.3f",
                    sent->seconds,
                    per_second((double)sent->count, sent->seconds),
                    mbit_per_second(sent->bytes, sent->seconds));
    put_number(&line, "waits", sent->waits);
    json_out_format(&line, ",\"late_seconds\":%.3f", sent->late_s);
    put_counter(&line, bench, MSOCK_TX_FRAMES);
    put_counter(&line, bench, MSOCK_TX_BYTES);
    put_counter(&line, bench, MSOCK_TX_REPAIRS);
    put_counter(&line, bench, MSOCK_TX_ERRORS);
    put_counter(&line, bench, MSOCK_RX_NACKS);
    return print_json(&line);
}

int bench_report_sent(const struct bench *bench, const struct bench_sent *sent)
{
    if (bench->json) {
        return print_sent_json(bench, sent);
    }
    int code = cli_line("sent          %" PRIu64
                        " in %.2f s, %.1f messages/s, %.3f Mbit/s",
                        sent->count, sent->seconds,
                        per_second((double)sent->count, sent->seconds),
                        mbit_per_second(sent->bytes, sent->seconds));
    if (code == CLI_OK && (sent->waits > 0 || sent->late_s > 0)) {
        code = cli_line("  waited      %" PRIu64 " times for room in the send "
                        "queue; %.2f s behind the rate",
                        sent->waits, sent->late_s);
    }
    return code;
}

int bench_report_served(const struct bench *bench,
                        const struct bench_sent *sent)
{
    struct cli_buffer line = {0};

    drops_tell(bench->channel);
    if (!bench->json) {
        return cli_line("answered      %" PRIu64 " questions, and %" PRIu64
                        " not, for want of room in the send queue",
                        sent->count, sent->waits);
    }
    json_out_format(&line, "{\"kind\":\"served\"");
    put_number(&line, "answered", sent->count);
    put_number(&line, "unanswered", sent->waits);
    return print_json(&line);
}

/* -- Progress -- */

void bench_progress_init(struct bench_progress *progress,
                         const struct bench *bench)
{
    uint64_t now_ns = bench_now_ns();

    *progress =
        (struct bench_progress){.wanted = bench->progress || cli_on_terminal(),
                                .start_ns = now_ns,
                                .told_ns = now_ns};
}

void bench_progress_tell(struct bench_progress *progress, const char *word,
                         uint64_t count, uint64_t lost)
{
    uint64_t now_ns = bench_now_ns();
    double seconds = (double)(now_ns - progress->told_ns) / SECOND_NS;

    if (!progress->wanted || seconds < 1) {
        return;
    }
    cli_error("%.0f s: %" PRIu64 " %s, %.1f/s, %" PRIu64 " lost",
              (double)(now_ns - progress->start_ns) / SECOND_NS, count, word,
              (double)(count - progress->told_count) / seconds, lost);
    progress->told_ns = now_ns;
    progress->told_count = count;
}
