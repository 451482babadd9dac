/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor --serve: answers those who measure the network. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <inttypes.h>
#include <string.h>

enum {
    ASKERS_MAX = 32,     /* who is counted; the one silent longest goes */
    ANSWERS_RATE = 1000, /* a second, to all together */
    ANSWERS_BURST = 200,
    LINES_RATE = 1, /* a second, of who asks */
    LINES_BURST = 20,
    HERE_MS = 1000, /* between two HEREs */
    BATCH = 256     /* probes between two looks at the clock */
};

/** Who asks, over one interface. */
struct asker {
    uint64_t id;
    unsigned iface;
    int64_t heard_ms;
    struct probe_window window;
    struct probe_count counts[PROBE_WAYS];
};

struct server {
    const struct peers_call *call;
    msock_channel *channel;
    struct probe_sockets sockets;
    struct peers_keys keys;
    struct probe_bucket bucket;
    struct probe_bucket lines;
    struct asker askers[ASKERS_MAX];
    uint64_t answered;
    uint64_t refused; /* for there were too many */
    int64_t here_ms;  /* when the last HERE was sent */
};

static struct asker *find_asker(struct server *server,
                                const struct probe_heard *heard)
{
    struct asker *oldest = &server->askers[0];

    for (int i = 0; i < ASKERS_MAX; i++) {
        struct asker *asker = &server->askers[i];
        if (asker->heard_ms > 0 && asker->id == heard->probe.asker &&
            asker->iface == heard->iface) {
            return asker;
        }
        oldest = asker->heard_ms < oldest->heard_ms ? asker : oldest;
    }
    if (probe_bucket_take(&server->lines, turn_now_ms(), LINES_RATE,
                          LINES_BURST)) {
        char text[PROBE_TEXT_SIZE];
        probe_address_text(&heard->from, text);
        cli_error("%s asks", text);
    }
    *oldest = (struct asker){.id = heard->probe.asker, .iface = heard->iface};
    return oldest;
}

/* Answers a question that is new, as long as it was itself. */
static void answer(struct server *server, struct asker *asker,
                   const struct probe_heard *heard)
{
    struct probe probe = {
        .kind = PROBE_ANSWER,
        .back = heard->probe.back,
        .asker = heard->probe.asker,
        .server = msock_session(server->channel),
        .number = heard->probe.number,
    };
    enum probe_way back = probe.back ? PROBE_MULTICAST : PROBE_UNICAST;

    if (!probe_bucket_take(&server->bucket, turn_now_ms(), ANSWERS_RATE,
                           ANSWERS_BURST)) {
        server->refused++;
        return;
    }
    asker->counts[back].answered++;
    memcpy(probe.counts, asker->counts, sizeof(probe.counts));
    peers_sign(&probe, &server->keys);
    bool left =
        back == PROBE_MULTICAST
            ? probe_spread(&server->sockets, &probe, heard->size, heard->iface)
            : probe_send(&server->sockets, &probe, heard->size, &heard->from);
    /* What is larger than this host's own link does not leave. */
    asker->counts[back].answered -= !left;
    server->answered += left;
}

static void take(struct server *server, const struct probe_heard *heard)
{
    uint64_t whom = heard->probe.server;

    if (heard->probe.kind != PROBE_ASK ||
        (whom != 0 && whom != msock_session(server->channel))) {
        return;
    }
    struct asker *asker = find_asker(server, heard);
    asker->heard_ms = turn_now_ms();
    switch (probe_window_add(&asker->window, heard->probe.number)) {
    case PROBE_NEW:
        asker->counts[heard->way].received++;
        answer(server, asker, heard);
        break;
    case PROBE_AGAIN:
        asker->counts[heard->way].again++;
        break;
    case PROBE_OLD:
        break;
    }
}

/* Says that it is there, so that who is heard but hears nothing is found. */
static void tell_here(struct server *server)
{
    struct probe probe = {.kind = PROBE_HERE,
                          .server = msock_session(server->channel)};
    int64_t now_ms = turn_now_ms();

    if (now_ms - server->here_ms < HERE_MS) {
        return;
    }
    server->here_ms = now_ms;
    peers_sign(&probe, &server->keys);
    for (int i = 0; i < server->sockets.iface_count; i++) {
        (void)probe_spread(&server->sockets, &probe, PROBE_SIZE,
                           server->sockets.ifaces[i].index);
    }
}

static int serve(struct server *server)
{
    int64_t end = turn_now_ms() + (int64_t)(server->call->wait_s * 1000);
    struct probe_heard heard;
    int code = CLI_OK;

    while (code == CLI_OK && !until_signalled() && turn_now_ms() < end) {
        tell_here(server);
        code = peers_turn(&server->sockets, server->channel, TURN_POLL_MS);
        for (int i = 0; i < BATCH && probe_hear(&server->sockets, &heard);
             i++) {
            take(server, &heard);
        }
    }
    cli_error("answered %" PRIu64 " questions, and %" PRIu64
              " not, as they were over %d a second",
              server->answered, server->refused, ANSWERS_RATE);
    return code;
}

static int run(struct server *server)
{
    const char *url = cli_channel_url(&server->call->names);
    int code = turn_await_network(server->channel, &server->call->names);

    if (code == CLI_OK) {
        code = probe_open(&server->sockets, url, true);
    }
    if (code == CLI_OK) {
        cli_error("answers msock doctor --peers on UDP port %u for %.0f s, at "
                  "most %d times a second, to whoever asks; who asks learns "
                  "the version and the ids of the keys",
                  server->sockets.port, server->call->wait_s, ANSWERS_RATE);
        code = serve(server);
    }
    return code;
}

int peers_serve(const struct peers_call *call)
{
    static struct server server;

    server = (struct server){.call = call, .sockets = {.fds = {-1, -1}}};
    until_signals();
    int code = peers_keys_read(&server.keys, &call->names);
    if (code == CLI_OK) {
        code = cli_channel_open(&server.channel, &call->names);
    }
    if (code == CLI_OK) {
        code = run(&server);
        probe_close(&server.sockets);
        msock_close(server.channel, NULL, NULL);
    }
    return code;
}
