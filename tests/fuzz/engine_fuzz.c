/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes lives of channels: the input says who publishes what, what is lost or
 * played again, who crashes, closes or is cloned, and what a member of the
 * group forges, on a sealed network or an open one with small bounds. */
#include "core/engine_state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { STEPS_MAX = 100, MS = 1000, FORGED_MAX = 1400, REQUESTS_MAX = 64 };

static const char tight[] =
    "sessions_max=2&pending_max=2&history_max=64K&history_ms=300&"
    "reorder_max=64K&reorder_all_max=64K&held_max=64K&held_all_max=64K&"
    "queue_max=64K&scheduled_max=4K&reassembly_max=64K&message_max=48K";

static const uint8_t *input, *input_end;
static unsigned losing; /* of 256 */
static bool ends[REQUESTS_MAX];
static unsigned asked;
static uint64_t token; /* the last one */

static unsigned next(void)
{
    return input < input_end ? *input++ : 0;
}

static bool lose(const struct net_frame *frame, size_t to)
{
    (void)frame;
    (void)to;
    return msock__dice_below(&net.dice, 256) < losing;
}

/* -- What callbacks do -- */

static int ignore(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return 0;
}

static void react_anyhow(msock_channel *channel, unsigned how);

/* Whatever happens, a request ends once. */
static void on_response(msock_channel *channel, const msock_response *response,
                        void *user)
{
    bool *ended = user;
    assert(!*ended && response->time_us < UINT64_C(10000000000));
    *ended = response->message == NULL;
    react_anyhow(channel, next());
}

static void ask(msock_channel *channel, unsigned how)
{
    const msock_request_options options = {.deadline_ms = 1 + how,
                                           .replies_max = how & 16   ? 2
                                                          : how & 32 ? 1
                                                                     : 0};
    if (asked < REQUESTS_MAX &&
        msock_request(channel, "x", "1", how & 64 ? NULL : &options,
                      on_response, &ends[asked]) > 0) {
        asked++;
    }
}

static void reply(msock_channel *channel, unsigned how)
{
    const msock_publish_options options = {.copies = how & 16 ? 2 : 0};
    if (how & 32) {
        (void)msock_reply_later(channel, &token);
    } else if (how & 64) {
        (void)msock_reply_to(channel, token, "1", &options);
    } else {
        (void)msock_reply(channel, "1", &options);
    }
}

static void react_anyhow(msock_channel *channel, unsigned how)
{
    const msock_publish_options options = {.reliable = (how & 8) != 0};
    switch (how % 8) {
    case 0:
        (void)msock_publish(channel, "y", "1", &options);
        break;
    case 1:
        (void)msock_unsubscribe(channel, (int)(1 + how / 8 % 4));
        break;
    case 2:
        (void)msock_subscribe(channel, "y", ignore, NULL, NULL);
        break;
    case 3:
        (void)msock_watch(channel, NULL, NULL);
        break;
    case 4:
        if (how > 200) {
            msock_close(channel, NULL, NULL);
        }
        break;
    case 5:
        ask(channel, how);
        break;
    case 6:
        reply(channel, how);
        break;
    default:
        (void)msock_request_cancel(channel, (int)(1 + how / 8 % 4));
        break;
    }
}

static int react(msock_channel *channel, const msock_message *message,
                 void *user)
{
    (void)message;
    (void)user;
    react_anyhow(channel, next());
    return 0;
}

static void react_to_event(msock_channel *channel, const msock_event *event,
                           void *user)
{
    (void)event;
    (void)user;
    react_anyhow(channel, next());
}

/* -- Steps -- */

static void open_one(int key)
{
    static const char *const names[] = {"a", "b", "a", "c"};
    unsigned what = next();
    if (net.count < NET_NODES_MAX) {
        size_t node = net_open(names[what % 4], what & 4 ? tight : "", key);
        net_bench(node)->ahead_us = what & 16 ? 30 : 0;
        net_bench(node)->waited_us = what & 32 ? 30 * MS : 0;
        (void)msock_subscribe(net_channel(node), "x", react, NULL, NULL);
        if (what & 8) {
            (void)msock_watch(net_channel(node), react_to_event, NULL);
        }
    }
}

static void publish(size_t node)
{
    static const uint8_t payload[40000];
    unsigned what = next();
    msock_publish_options options = {
        .reliable = (what & 1) != 0,
        .copies = what & 1 ? 0 : what >> 6,
        .expires_ms = what & 2 ? 5000 : 0,
        .after_ms = what & 4 ? next() * 16 : 0,
    };
    if (what & 8) {
        options.raw = payload;
        options.raw_size = (size_t)next() * 156;
    }
    (void)msock_publish(net_channel(node), "x", NULL, &options);
}

static void replay(size_t node)
{
    size_t back = 1 + next();
    size_t count = next() % 16;
    for (size_t i = 0; i < count && back <= net.frame_count; i++, back--) {
        size_t frame = net.frame_count - back;
        if (net.nodes[node].alive) {
            net_replay(frame, frame + 1, node);
        }
    }
}

static void clone_of(size_t from, size_t to)
{
    const struct msock__engine *old = net_bench(from)->engine;
    struct msock__engine *twin = net_bench(to)->engine;
    if (twin->counters[0] + twin->counters[1] + twin->counters[2] == 0) {
        memcpy(twin->session, old->session, sizeof(twin->session));
    }
}

/* A number: mostly a small one, or one at a bound. */
static uint64_t number(void)
{
    unsigned what = next();
    return what < 240   ? what
           : what < 250 ? (uint64_t)what << (what % 40)
                        : MSOCK__COUNTER_MAX - (255 - what);
}

/* How far a listener is in a session's stream, said alone or in a NACK. */
static size_t write_take(char *text, uint64_t session)
{
    static const char form[] =
        "{\"topic\":\"$ms/%s\",\"sender\":\"%s\",\"data\":{\"session\":"
        "\"%016llx\",\"take\":[%llu,%llu]%s}}\n";
    unsigned what = next();
    unsigned long long first = number() + 1;
    unsigned long long until =
        what & 1 ? MSOCK__COUNTER_MAX : first - 1 + number();
    return (size_t)snprintf(text, FORGED_MAX, form, what & 2 ? "nack" : "take",
                            what & 4 ? "a" : "b", (unsigned long long)session,
                            first, until,
                            what & 2 ? ",\"ranges\":[[1,3],[5,5]]" : "");
}

/* A control message that a member may write, or any text. */
static size_t write_forged(char *text, size_t session)
{
    uint64_t named = msock_session(net_channel(session));
    unsigned long long a = number(), b = number(), c = number(), d = number();
    switch (next() % 9) {
    case 0:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/hello\",\"sender\":\"a\",\"data\":{\"age\":%llu,"
            "\"every\":%llu,\"be\":%llu,\"rel\":[%llu,%llu],\"rev\":0}}\n",
            a, b + 1, c, d + 1, d + c);
    case 1:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/bye\",\"sender\":\"a\",\"data\":{\"be\":%llu,"
            "\"rel\":[%llu,%llu]}}\n",
            a, b + 1, b + c);
    case 2:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/sync\",\"sender\":\"b\",\"data\":{\"rel\":[%llu,"
            "%llu]}}\n",
            a + 1, a + b);
    case 3:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/nack\",\"sender\":\"a\",\"data\":{\"session\":"
            "\"%016llx\",\"ranges\":[[%llu,%llu],[%llu,%llu]]}}\n",
            (unsigned long long)named, a + 1, a + 1 + b, a + b + 3 + c,
            a + b + 3 + c + d);
    case 4:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/challenge\",\"sender\":\"b\",\"data\":{\"nonce\":"
            "\"%016llx\",\"up\":%llu,\"sessions\":[\"%016llx\"]}}\n",
            a, b, (unsigned long long)named);
    case 5: {
        uint64_t nonces[2] = {1, 2};
        const struct msock__engine *engine = net_bench(session)->engine;
        if (engine->admission) {
            msock__admission_nonces(engine->admission, net.now_us, nonces);
        }
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"$ms/answer\",\"sender\":\"a\",\"data\":{\"age\":%llu,"
            "\"rel\":[%llu,%llu],\"floors\":[[%llu,%llu,\"%016llx\"]]}}\n",
            a, b + 1, b + c, c + 1, d + 1, (unsigned long long)nonces[0]);
    }
    case 6:
        return (size_t)snprintf(
            text, FORGED_MAX,
            "{\"topic\":\"x\",\"sender\":\"a\",\"expires\":%llu,\"after\":%llu,"
            "\"data\":1}\n",
            a, b);
    case 7:
        return write_take(text, named);
    default: {
        size_t size = next();
        for (size_t i = 0; i < size; i++) {
            text[i] = (char)next();
        }
        return size;
    }
    }
}

/* Gives a node an authentic frame of anybody's, of any stream and content. */
static void forge(size_t node)
{
    struct msock__pipeline *pipeline = &net_bench(node)->engine->pipeline;
    unsigned what = next();
    uint8_t bytes[2048];
    struct msock__packet packet = {
        .frame = {.flags = what & 4 ? MSOCK__FRAGMENT : 0,
                  .stream = (uint8_t)((what & 3) % 3),
                  .counter = 1 + number() % MSOCK__COUNTER_MAX},
        .bytes = bytes,
        .capacity = sizeof(bytes)};
    struct msock__body body = {.sent_us = number() * (what & 16 ? 1000 : 1),
                               .count = what & 4 ? 2 + next() % 4 : 0};
    body.index = body.count > 0 ? next() % body.count : 0;
    size_t whose = next() % (net.count + 2);
    if (whose < net.count) {
        memcpy(packet.frame.session, net_bench(whose)->engine->session,
               MSOCK__SESSION_SIZE);
    } else {
        /* Two that are one by their first 8 bytes. */
        memset(packet.frame.session, 0x55, MSOCK__SESSION_SIZE);
        packet.frame.session[8] = (uint8_t)whose;
    }
    body.sent_us &= MSOCK__COUNTER_MAX;
    size_t at = MSOCK__HEADER_SIZE;
    at += msock__body_encode(&body, bytes + at);
    char text[FORGED_MAX];
    size_t size = write_forged(text, what & 8 ? node : whose % net.count);
    memcpy(bytes + at, text, size);
    packet.size = at + size;
    msock__pipeline_encode(pipeline, &packet);
    bench_feed(net_bench(node), bytes, packet.size, NULL, false);
}

static void step(int key)
{
    unsigned what = next();
    size_t node = (what >> 4) % net.count;
    bool alive = net.nodes[node].alive;
    switch (what % 12) {
    case 0:
        open_one(key);
        break;
    case 1:
    case 2:
        publish(node);
        break;
    case 3:
        replay(node);
        break;
    case 4:
        losing = next();
        break;
    case 5:
        net.nodes[node].alive = alive && net.count < 3;
        break;
    case 6:
        if (next() > 200) {
            msock_close(net_channel(node), NULL, NULL);
        }
        break;
    case 7:
        clone_of(next() % net.count, node);
        break;
    case 8:
    case 9:
        if (alive) {
            forge(node);
        }
        break;
    default:
        net_run((uint64_t)next() * next() * 40);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    input = bytes;
    input_end = bytes + size;
    losing = 0;
    asked = 0;
    memset(ends, 0, sizeof ends);
    net.lose = lose;
    int key = next() & 1 ? NET_KEY : 0;
    open_one(key);
    open_one(key);
    for (int i = 0; i < STEPS_MAX && input < input_end; i++) {
        step(key);
    }
    net.lose = NULL;
    net_run(5 * NET_SECOND_US);
    net_close();
    return 0;
}
