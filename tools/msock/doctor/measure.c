/* SPDX-License-Identifier: Apache-2.0 */
/* What a network does between two hosts: questions and answers go by unicast
 * and by multicast in all four ways, then in rising sizes. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <stdlib.h>
#include <string.h>

enum {
    PACE_MS = 4,       /* between questions */
    LATE_MS = 300,     /* for the last answers */
    SUM_TRIES = 20,    /* to hear what the other side counted */
    LADDER_TRIES = 12, /* of a size, before it is said not to pass */
    SHOTS_MAX = 1024,
    MTU_MAX = 1500 /* what channels use at most by themselves */
};

/* The columns of the ladder: there and back by unicast, to it, from it. */
static const enum probe_way ladder_ways[3][2] = {
    {PROBE_UNICAST, PROBE_UNICAST},
    {PROBE_MULTICAST, PROBE_UNICAST},
    {PROBE_UNICAST, PROBE_MULTICAST},
};

/** A question on its way. */
struct shot {
    int64_t sent_us;
    bool left;
    bool answered;
    uint8_t out;
    uint8_t back;
    uint8_t size; /* index into the ladder and 1; 0: it is for the loss */
    uint8_t column;
};

struct run {
    struct peers *peers;
    struct peers_pair *pair;
    struct shot shots[SHOTS_MAX];
    uint32_t newest; /* number of the newest question that was answered */
    bool counted;    /* pair->about is of that one */
};

uint32_t peers_ask(struct peers *peers, struct peers_pair *pair,
                   enum probe_way out, enum probe_way back, size_t size,
                   bool *left)
{
    struct probe probe = {
        .kind = PROBE_ASK,
        .back = (uint8_t)back,
        .asker = pair->asker,
        .server = pair->about.server,
        .number = pair->number,
    };

    peers_sign(&probe, &peers->keys);
    *left = out == PROBE_MULTICAST
                ? probe_spread(&peers->sockets, &probe, size, pair->iface)
                : probe_send(&peers->sockets, &probe, size, &pair->address);
    return pair->number++;
}

bool peers_hear(struct peers *peers, const struct peers_pair *pair,
                struct probe_heard *heard)
{
    while (probe_hear(&peers->sockets, heard)) {
        if (heard->probe.kind == PROBE_ANSWER &&
            heard->probe.version == PROBE_VERSION &&
            heard->probe.asker == pair->asker &&
            heard->probe.server == pair->about.server &&
            (heard->way == PROBE_UNICAST || heard->iface == pair->iface) &&
            heard->probe.number < pair->number) {
            return true;
        }
    }
    return false;
}

static void note_rtt(struct peers_pair *pair, int64_t took_us)
{
    if (pair->rtt_count < PEERS_SHOTS) {
        pair->rtt_us[pair->rtt_count++] = (uint32_t)took_us;
    }
}

static void take(struct run *run, const struct probe_heard *heard)
{
    struct peers_pair *pair = run->pair;
    struct shot *shot = &run->shots[heard->probe.number];

    /* An answer comes by the way that was asked for. */
    if (heard->way != (enum probe_way)shot->back) {
        return;
    }
    pair->heard[heard->way] = true;
    pair->answered = true;
    if (shot->size > 0) {
        pair->passed[shot->size - 1][shot->column] = true;
        shot->answered = true;
        return;
    }
    if (heard->probe.number >= run->newest) {
        run->newest = heard->probe.number;
        run->counted = true;
        pair->about = heard->probe;
    }
    if (shot->answered) {
        pair->in[heard->way].again++;
        return;
    }
    shot->answered = true;
    pair->in[heard->way].got++;
    if (shot->out == PROBE_UNICAST && shot->back == PROBE_UNICAST) {
        note_rtt(pair, peers_now_us() - shot->sent_us);
    }
}

/* Takes answers for `for_ms`. */
static int listen_for(struct run *run, int for_ms)
{
    int64_t end_us = peers_now_us() + for_ms * 1000;
    struct probe_heard heard;
    int code;

    do {
        int64_t left_ms = (end_us - peers_now_us() + 999) / 1000;
        code = peers_turn(&run->peers->sockets, run->peers->channel,
                          left_ms > 0 ? (int)left_ms : 0);
        while (peers_hear(run->peers, run->pair, &heard)) {
            take(run, &heard);
        }
    } while (code == CLI_OK && !until_signalled() && peers_now_us() < end_us);
    return code;
}

/* Asks with a size of the ladder, 0: the smallest, and listens a moment. */
static int shoot(struct run *run, enum probe_way out, enum probe_way back,
                 int size, int column)
{
    struct peers_pair *pair = run->pair;
    size_t bytes = size > 0 ? pair->sizes[size - 1] - run->peers->sockets.header
                            : PROBE_SIZE;
    struct shot *shot = &run->shots[pair->number];

    if (pair->number >= SHOTS_MAX - 1) {
        return CLI_OK;
    }
    *shot = (struct shot){.out = (uint8_t)out,
                          .back = (uint8_t)back,
                          .size = (uint8_t)size,
                          .column = (uint8_t)column,
                          .sent_us = peers_now_us()};
    (void)peers_ask(run->peers, pair, out, back, bytes, &shot->left);
    return listen_for(run, PACE_MS);
}

/* -- Loss -- */

static bool has_counts(const struct run *run)
{
    return run->counted && run->newest + 1 == run->pair->number;
}

/* Takes over what the other side has counted up to the newest answer. */
static void sum_up(struct run *run)
{
    struct peers_pair *pair = run->pair;
    uint32_t end = run->counted ? run->newest + 1 : pair->number;

    for (uint32_t i = 0; i < end; i++) {
        pair->out[run->shots[i].out].sent++;
    }
    for (int way = 0; way < PROBE_WAYS && run->counted; way++) {
        const struct probe_count *count = &pair->about.counts[way];
        pair->out[way].got = count->received;
        pair->out[way].again = count->again;
        pair->in[way].sent = count->answered;
    }
}

static int measure_loss(struct run *run)
{
    int code = CLI_OK;

    for (int i = 0; i < PEERS_SHOTS && code == CLI_OK; i++) {
        for (int way = 0; way < 2 * PROBE_WAYS && code == CLI_OK; way++) {
            code = shoot(run, way & 1, way >> 1, 0, 0);
        }
    }
    if (code == CLI_OK) {
        code = listen_for(run, LATE_MS);
    }
    /* The last ones are asked until one is answered: its counts are of all. */
    for (int i = 0; i < SUM_TRIES && code == CLI_OK && !has_counts(run); i++) {
        code = shoot(run, i & 1, i >> 1 & 1, 0, 0);
        if (code == CLI_OK) {
            code = listen_for(run, 5 * PACE_MS);
        }
    }
    sum_up(run);
    return code;
}

/* -- Sizes -- */

static void choose_sizes(struct peers *peers, struct peers_pair *pair)
{
    static const unsigned usual[] = {576, 1280, 1400, 1492, 1500};
    const struct probe_iface *iface =
        probe_iface_of(&peers->sockets, pair->iface);
    unsigned mtu = iface ? iface->mtu : MTU_MAX;
    unsigned most = PROBE_SIZE_MAX + peers->sockets.header;
    int count = 0;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (usual[i] <= mtu) {
            pair->sizes[count++] = usual[i];
        }
    }
    if (mtu > MTU_MAX) {
        pair->sizes[count++] = mtu < most ? mtu : most;
    }
    pair->size_count = count;
}

/* Tries once what did not pass yet.  Returns as shoot(); *left is how many
 * there were. */
static int climb(struct run *run, int *left)
{
    struct peers_pair *pair = run->pair;
    int code = CLI_OK;

    *left = 0;
    for (int size = 0; size < pair->size_count; size++) {
        for (int column = 0; column < 3 && code == CLI_OK; column++) {
            if (pair->passed[size][column]) {
                continue;
            }
            ++*left;
            code = shoot(run, ladder_ways[column][0], ladder_ways[column][1],
                         size + 1, column);
        }
    }
    return code;
}

static int measure_sizes(struct run *run)
{
    int code = CLI_OK;
    int left = 1;

    choose_sizes(run->peers, run->pair);
    for (int i = 0; i < LADDER_TRIES && code == CLI_OK && left > 0; i++) {
        code = climb(run, &left);
    }
    return code == CLI_OK ? listen_for(run, left > 0 ? LATE_MS : 0) : code;
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

int peers_measure(struct peers *peers, struct peers_pair *pair)
{
    struct run *run = calloc(1, sizeof(*run));

    if (!run) {
        return cli_error("out of memory");
    }
    *run = (struct run){.peers = peers, .pair = pair};
    int code = measure_loss(run);
    if (code == CLI_OK) {
        code = measure_sizes(run);
    }
    qsort(pair->rtt_us, pair->rtt_count, sizeof(pair->rtt_us[0]), by_value);
    free(run);
    return code;
}
