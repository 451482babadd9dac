/* SPDX-License-Identifier: Apache-2.0 */
/* msock bench rtt --serve: answers those who measure round trips. */
#include "tools/msock/bench.h"
#include "tools/msock/bench_report.h"
#include "tools/msock/until.h"

#include <stdlib.h>
#include <string.h>

struct server {
    struct bench *bench;
    struct bench_progress progress;
    struct bench_sent sent;
    struct cli_buffer room;
    uint64_t start_ns;
};

/* Says what was asked once more, under another kind. */
static void answer(struct server *server, const msock_message *message,
                   struct bench_message *asked)
{
    struct bench how = *server->bench;

    if (cli_buffer_reserve(&server->room, message->data_size) != CLI_OK) {
        server->sent.waits++;
        return;
    }
    how.size = message->data_size;
    how.reliable = (message->flags & MSOCK_MESSAGE_RELIABLE) != 0;
    memcpy(server->room.bytes, message->data, message->data_size);
    if (asked->kind == BENCH_ASK) {
        asked->kind = BENCH_ANSWER;
    }
    int code = bench_publish(&how, BENCH_ANSWER_TOPIC, asked,
                             (uint8_t *)server->room.bytes);
    if (asked->kind == BENCH_BEGIN) {
        return; /* that is no question: it only gets two to know each other */
    }
    server->sent.count += code >= 0;
    server->sent.waits += code < 0;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct server *server = user;
    struct bench_message asked;

    if ((message->flags & MSOCK_MESSAGE_RAW) &&
        bench_message_read(message->data, message->data_size, &asked) &&
        (asked.kind == BENCH_ASK || asked.kind == BENCH_BEGIN)) {
        answer(server, message, &asked);
    }
    if (server->sent.count > 0 && server->sent.count == server->bench->count) {
        msock_stop(channel);
    }
    return 0;
}

static void on_tick(msock_channel *channel, void *user)
{
    struct server *server = user;
    double seconds = (double)(bench_now_ns() - server->start_ns) / 1e9;

    if (seconds > server->bench->duration_s) {
        msock_stop(channel);
    }
    bench_progress_tell(&server->progress, "answered", server->sent.count,
                        server->sent.waits);
}

static int run(struct server *server)
{
    static const msock_subscribe_options observing = {.observe = true};
    msock_channel *channel = server->bench->channel;
    int code = msock_subscribe(channel, BENCH_ASK_TOPIC, on_message, server,
                               &observing);

    if (code >= 0) {
        code = msock_timer_start(channel, BENCH_TICK_MS, BENCH_TICK_MS, on_tick,
                                 server);
    }
    return code < 0 ? code : msock_run(channel);
}

int bench_serve(struct bench *bench)
{
    struct server server = {.bench = bench, .start_ns = bench_now_ns()};

    until_signals();
    int code = cli_channel_open(&bench->channel, &bench->names);
    if (code != CLI_OK) {
        return code;
    }
    until_channel(bench->channel);
    bench_progress_init(&server.progress, bench);
    code = run(&server);
    code = code < 0 ? cli_error_code(code)
                    : bench_report_served(bench, &server.sent);
    if (code == CLI_OK && server.sent.count == 0) {
        code = cli_error("nobody asked on " BENCH_ASK_TOPIC);
    }
    until_channel(NULL);
    msock_close(bench->channel, NULL, NULL);
    free(server.room.bytes);
    return code;
}
