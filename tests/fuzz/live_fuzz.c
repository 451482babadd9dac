/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes control messages through live engines: two nodes that publish, repair
 * and know each other, and a member of the group who writes any control message
 * as any session. The input is a list of [who, word, size of the data, data];
 * SELF, PEER and NONCE in the data stand for what the receiver would have to
 * see to take it seriously. Whoever comes afterwards must be heard by both. */
#include "core/engine_state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { STEPS_MAX = 64, LINE_MAX = 1400, ROOM = 2048, MS = 1000 };

static const char *const words[] = {"hello", "bye",  "challenge", "answer",
                                    "sync",  "nack", "query",     "held",
                                    "ring",  "ack",  "take"};
enum { WORDS = sizeof words / sizeof words[0] };

static uint64_t counters[2]; /* of the member's own sessions */

/* Writes the 16 digits of a session or nonce over a word of the data. */
static void fill_in(char *text, const char *word, uint64_t value)
{
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)value);
    for (char *at = strstr(text, word); at; at = strstr(at + 16, word)) {
        memcpy(at, digits, 16);
    }
}

static void fill_in_all(char *text, size_t to)
{
    const struct msock__engine *engine = net_bench(to)->engine;
    uint64_t nonces[2] = {1, 2};
    if (engine->admission) {
        msock__admission_nonces(engine->admission, net.now_us, nonces);
    }
    fill_in(text, "SELFSELFSELFSELF", msock_session(net_channel(to)));
    fill_in(text, "PEERPEERPEERPEER", msock_session(net_channel(1 - to)));
    fill_in(text, "NONCENONCENONCEN", nonces[0]);
}

/* The header of a control frame: of the other node, or of one of two sessions
 * of the member's own. */
static struct msock__frame header_of(unsigned who, size_t to)
{
    struct msock__frame frame = {.stream = MSOCK__CONTROL};
    if (who % 4 == 0) {
        const struct msock__engine *other = net_bench(1 - to)->engine;
        memcpy(frame.session, other->session, MSOCK__SESSION_SIZE);
        frame.counter = other->counters[MSOCK__CONTROL] + 1 + who / 16;
    } else {
        memset(frame.session, 0x40 + (int)(who & 1), MSOCK__SESSION_SIZE);
        frame.counter = ++counters[who & 1];
    }
    return frame;
}

static void forge(struct fuzz_input *input)
{
    uint8_t bytes[ROOM];
    char data[LINE_MAX + 1];
    const uint8_t *text;
    unsigned who = fuzz_byte(input);
    unsigned word = fuzz_byte(input);
    size_t to = who >> 2 & 1;
    size_t size =
        fuzz_bytes(input, (size_t)fuzz_number(input, 2) % LINE_MAX, &text);
    memcpy(data, text, size);
    data[size] = '\0';
    fill_in_all(data, to);

    struct msock__packet packet = {
        .frame = header_of(who, to), .bytes = bytes, .capacity = sizeof bytes};
    const struct msock__body body = {.sent_us = word >= 128 ? net.now_us : 0};
    size_t at = MSOCK__HEADER_SIZE;
    at += msock__body_encode(&body, bytes + at);
    at += (size_t)snprintf((char *)bytes + at, sizeof bytes - at,
                           "{\"topic\":\"$ms/%s\",\"sender\":\"%s\",\"data\":"
                           "%s}\n",
                           words[word % WORDS], who & 8 ? "a" : "c", data);
    packet.size = at;
    msock__pipeline_encode(&net_bench(to)->engine->pipeline, &packet);
    bench_feed(net_bench(to), bytes, packet.size, NULL, false);
}

static void step(struct fuzz_input *input)
{
    unsigned what = fuzz_byte(input);
    const msock_publish_options reliable = {.reliable = true};
    switch (what % 8) {
    case 0:
        net_run((uint64_t)fuzz_byte(input) * 20 * MS);
        break;
    case 1:
        (void)msock_publish(net_channel(what >> 4 & 1), "x", "1",
                            what & 8 ? &reliable : NULL);
        break;
    default:
        forge(input);
        break;
    }
}

/* Wills may be forged, too. */
static int on_new(msock_channel *channel, const msock_message *message,
                  void *user)
{
    size_t *heard = user;
    (void)channel;
    *heard += (message->flags & MSOCK_MESSAGE_WILL) == 0;
    return 0;
}

/* Whatever was forged: who comes now, and publishes, is heard. */
static void check_newcomer(int key)
{
    size_t node = net_open("d", "", key);
    size_t heard[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        int id =
            msock_subscribe(net_channel(i), "new", on_new, &heard[i], NULL);
        assert(id > 0);
    }
    net_run(5 * NET_SECOND_US);
    net_publish_reliable(node, "new", "1");
    net_run(5 * NET_SECOND_US);
    assert(heard[0] == 1 && heard[1] == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = {bytes, size};
    int key = fuzz_byte(&input) & 1 ? NET_KEY : 0;
    counters[0] = counters[1] = 0;
    net_open("a", "", key);
    net_open("b", "history_max=64K", key);
    net_run(500 * MS);
    for (int i = 0; i < STEPS_MAX && input.left > 0; i++) {
        step(&input);
    }
    check_newcomer(key);
    net_close();
    return 0;
}
