/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor --peers: finds who serves, and has each pair measured. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <multisock/node.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ASKS = 5, /* questions of the search that come soon ... */
    SOON_MS = 100,  /* ... after each other, then ... */
    LATER_MS = 400  /* ... so seldom */
};

/* -- Who is asked -- */

static void add_address(struct peers *peers, const struct probe_address *one)
{
    for (int i = 0; i < peers->asked_count; i++) {
        if (probe_address_same(&peers->asked[i], one)) {
            return;
        }
    }
    if (peers->asked_count < PEERS_ASKED_MAX) {
        peers->asked[peers->asked_count++] = *one;
    }
}

/* Adds the addresses of peer= in the channel's URL. */
static void add_listed(struct peers *peers)
{
    static const char key[] = "peer=";
    const char *url = cli_channel_url(&peers->call->names);
    const char *at = url ? strchr(url, '?') : NULL;
    struct probe_address address;

    while (at && strncmp(at + 1, key, strlen(key)) != 0) {
        at = strchr(at + 1, '&');
    }
    at = at ? at + 1 + strlen(key) : "";
    while (*at != '\0' && *at != '&') {
        size_t size = strcspn(at, ",&");
        if (probe_address_read(&peers->sockets, at, size, &address)) {
            add_address(peers, &address);
        }
        at += size + (at[size] == ',');
    }
}

static int add_named(struct peers *peers)
{
    struct probe_address address;

    for (int i = 0; i < peers->call->named_count; i++) {
        const char *text = peers->call->named[i];
        if (!probe_address_read(&peers->sockets, text, strlen(text),
                                &address)) {
            return cli_usage("--peer wants an address of the kind of the "
                             "channel's group, not %s",
                             text);
        }
        add_address(peers, &address);
    }
    return CLI_OK;
}

static void add_node(msock_channel *channel, const msock_node *node, void *user)
{
    struct peers *peers = user;
    struct probe_address address;

    (void)channel;
    if (node->up && probe_address_read(&peers->sockets, node->address,
                                       strlen(node->address), &address)) {
        add_address(peers, &address);
    }
}

/* -- Who answers -- */

/* Whether a pair is the one of what was heard. Unicast takes the way of the
 * routes; a pair that it made belongs to the interface that multicast comes by.
 */
static bool is_of(struct peers_pair *pair, const struct probe_heard *heard)
{
    if (pair->about.server != heard->probe.server) {
        return false;
    }
    if (heard->way == PROBE_MULTICAST && !pair->heard[PROBE_MULTICAST]) {
        pair->iface = heard->iface;
    }
    return heard->way == PROBE_UNICAST || pair->iface == heard->iface;
}

/* Returns the pair, a new one if it was not heard before; NULL if there is no
 * room for it, which is counted. */
static struct peers_pair *find_pair(struct peers *peers,
                                    const struct probe_heard *heard)
{
    for (int i = 0; i < peers->count; i++) {
        if (is_of(&peers->pairs[i], heard)) {
            return &peers->pairs[i];
        }
    }
    if (peers->count == PEERS_MAX) {
        peers->passed_over++;
        return NULL;
    }
    struct peers_pair *pair = &peers->pairs[peers->count];
    const struct probe_iface *joined =
        probe_iface_of(&peers->sockets, heard->iface);
    *pair = (struct peers_pair){
        .about = heard->probe,
        .asker = msock_session(peers->channel) + (uint64_t)++peers->count,
        .address = heard->from,
        .iface = joined ? joined->index : peers->sockets.ifaces[0].index};
    return pair;
}

static void find(struct peers *peers)
{
    uint64_t self = msock_session(peers->channel);
    struct probe_heard heard;

    while (probe_hear(&peers->sockets, &heard)) {
        bool answer =
            heard.probe.kind == PROBE_ANSWER && heard.probe.asker == self;
        if (heard.probe.server == self || heard.probe.server == 0 ||
            (!answer && heard.probe.kind != PROBE_HERE)) {
            continue;
        }
        struct peers_pair *pair = find_pair(peers, &heard);
        if (!answer) {
            add_address(peers, &heard.from);
        }
        if (pair) {
            pair->heard[heard.way] = true;
            pair->answered = pair->answered || answer;
        }
    }
}

/* Asks all: each interface's group and each address, for an answer by unicast
 * and by multicast in turns. */
static void ask_all(struct peers *peers)
{
    struct probe probe = {.kind = PROBE_ASK,
                          .back = peers->number & 1,
                          .asker = msock_session(peers->channel)};

    peers_sign(&probe, &peers->keys);
    for (int i = 0; i < peers->sockets.iface_count; i++) {
        probe.number = peers->number++;
        (void)probe_spread(&peers->sockets, &probe, PROBE_SIZE,
                           peers->sockets.ifaces[i].index);
    }
    for (int i = 0; i < peers->asked_count; i++) {
        probe.number = peers->number++;
        (void)probe_send(&peers->sockets, &probe, PROBE_SIZE, &peers->asked[i]);
    }
    /* Odd and even ones alternate however many there are. */
    peers->number += (peers->number & 1) == probe.back;
}

static int search(struct peers *peers)
{
    int64_t end = turn_now_ms() + (int64_t)(peers->call->wait_s * 1000);
    int64_t due = 0;
    int code = CLI_OK;

    for (int asks = 0;
         code == CLI_OK && !until_signalled() && turn_now_ms() < end;) {
        if (turn_now_ms() >= due) {
            (void)msock_nodes(peers->channel, add_node, peers);
            ask_all(peers);
            due = turn_now_ms() + (++asks < FIRST_ASKS ? SOON_MS : LATER_MS);
        }
        code = peers_turn(&peers->sockets, peers->channel, 20);
        find(peers);
    }
    return code;
}

/* -- Who they are -- */

static void name_pair(msock_channel *channel, const msock_node *node,
                      void *user)
{
    struct peers *peers = user;

    (void)channel;
    for (int i = 0; i < peers->count; i++) {
        struct peers_pair *pair = &peers->pairs[i];
        if (pair->about.server == node->session && node->up) {
            snprintf(pair->name, sizeof(pair->name), "%s", node->name);
            pair->on_channel = true;
        }
    }
}

static void name_all(struct peers *peers)
{
    for (int i = 0; i < peers->count; i++) {
        probe_address_text(&peers->pairs[i].address, peers->pairs[i].name);
    }
    (void)msock_nodes(peers->channel, name_pair, peers);
}

static int tell_silent(struct peers *peers)
{
    int code = CLI_OK;

    for (int i = 0; i < peers->call->named_count && code == CLI_OK; i++) {
        const char *text = peers->call->named[i];
        struct probe_address address;
        bool found = false;
        (void)probe_address_read(&peers->sockets, text, strlen(text), &address);
        for (int k = 0; k < peers->count; k++) {
            found =
                found || probe_address_same(&peers->pairs[k].address, &address);
        }
        if (!found) {
            code = peers_tell(peers, PEERS_FAIL, "peer-silent", text,
                              "start msock doctor --serve there, and let UDP "
                              "pass to its port",
                              "did not answer on UDP port %u",
                              peers->sockets.port);
        }
    }
    return code;
}

static int measure_all(struct peers *peers)
{
    int code = CLI_OK;

    if (until_signalled()) {
        return CLI_OK; /* what was not looked for is not missing */
    }
    if (peers->count == 0) {
        return peers_tell(
            peers, PEERS_FAIL, "peers-none", "",
            "start msock doctor --serve on another host; if it runs, name it "
            "by --peer ADDRESS, and let UDP pass to that port",
            "nobody answered on UDP port %u, by multicast or by unicast to %d "
            "address%s",
            peers->sockets.port, peers->asked_count,
            peers->asked_count == 1 ? "" : "es");
    }
    for (int i = 0; i < peers->count && code == CLI_OK; i++) {
        struct peers_pair *pair = &peers->pairs[i];
        /* Who never answered may be somebody's invention: it is not sent
         * hundreds of questions. */
        if (pair->about.version != PROBE_VERSION || !pair->answered) {
            continue;
        }
        if (!peers->call->names.quiet) {
            cli_error("measures %s (%d of %d), about 3 s", pair->name, i + 1,
                      peers->count);
        }
        code = peers_measure(peers, pair);
    }
    if (code != CLI_OK || until_signalled()) {
        return code;
    }
    name_all(peers);
    code = tell_silent(peers);
    return code == CLI_OK ? peers_judge(peers) : code;
}

static int run(struct peers *peers)
{
    const struct peers_call *call = peers->call;
    int code = turn_await_network(peers->channel, &call->names);

    if (code == CLI_OK) {
        code =
            probe_open(&peers->sockets, cli_channel_url(&call->names), false);
    }
    if (code == CLI_OK) {
        code = add_named(peers);
    }
    if (code == CLI_OK) {
        add_listed(peers);
        code = search(peers);
    }
    if (code == CLI_OK) {
        name_all(peers);
        code = measure_all(peers);
    }
    if (code == CLI_OK && call->soak_s > 0 && peers->count > 0 &&
        !until_signalled()) {
        code = peers_soak(peers, &peers->pairs[0]);
    }
    return code;
}

int peers_run(const struct peers_call *call)
{
    struct peers *peers = calloc(1, sizeof(*peers));

    if (!peers) {
        return cli_error("out of memory");
    }
    *peers = (struct peers){.call = call, .sockets = {.fds = {-1, -1}}};
    until_signals();
    int code = peers_keys_read(&peers->keys, &call->names);
    if (code == CLI_OK) {
        code = cli_channel_open(&peers->channel, &call->names);
    }
    if (code == CLI_OK) {
        code = run(peers);
        probe_close(&peers->sockets);
        msock_close(peers->channel, NULL, NULL);
    }
    bool bad = peers->fails > 0 || (call->strict && peers->warns > 0);
    free(peers);
    return code == CLI_OK && bad ? CLI_FAILURE : code;
}
