/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a batch: the input is the messages of one frame, which an open channel
 * must deliver and count as docs/protocol.md 2.4 has it: those before the first
 * malformed one, but each of another sender or under `$ms/` dropped alone; and
 * of states (8.1) those that are newer than what came before. */
#include "codec/envelope.h"
#include "codec/json.h"
#include "codec/told.h"
#include "core/engine_state.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_channel.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 8192, HEAD_MAX = 2048, DIGEST_SEED = 5381, STATES = 512 };

/* What was, or must be, delivered now and put off. */
struct outcome {
    uint64_t digest; /* of topics, senders and data, in order */
    size_t delivered;
    size_t waiting; /* for their `after` */
    uint64_t drops[MSOCK_COUNTER_COUNT];
};

static void digest(struct outcome *outcome, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        outcome->digest = outcome->digest * 33 + (unsigned char)text[i];
    }
    outcome->digest = outcome->digest * 33 + 256;
}

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct outcome *got = user;
    (void)channel;
    got->delivered++;
    digest(got, message->topic, message->topic_size);
    digest(got, message->sender, message->sender_size);
    digest(got, message->data, message->data_size);
    assert(message->data[message->data_size] == '\0');
    return 0;
}

/* -- The model -- */

/* The newest state of each topic, by a list. */
static struct {
    char topic[MSOCK_TOPIC_MAX + 1];
    struct msock__edition edition;
} states[STATES];
static size_t state_count;

/* Where the state of a topic stands, which may be a new one's place. */
static size_t place_of(const char *topic)
{
    size_t i = 0;
    while (i < state_count && strcmp(states[i].topic, topic) != 0) {
        i++;
    }
    return i;
}

static void expect_newest(struct outcome *want, const struct msock__envelope *e,
                          const char *owner, size_t owner_size)
{
    static char data[BODY_MAX];
    bool empty = !(e->keys & MSOCK__KEY_DATA);
    size_t size = empty ? 0 : msock__json_compact(e->data, e->data_size, data);
    want->delivered++;
    digest(want, e->topic, e->topic_size);
    digest(want, owner, owner_size);
    digest(want, empty ? "null" : data, empty ? 4 : size);
}

static void expect_state(struct outcome *want, const struct msock__envelope *e)
{
    const unsigned never =
        MSOCK__KEY_LEN | MSOCK__KEY_AFTER | MSOCK__KEY_EXPIRES;
    bool is_told = (e->keys & MSOCK__KEY_ORIGIN) != 0;
    struct msock__told told = {.owner_size = e->sender_size};
    memcpy(told.owner, e->sender, e->sender_size);
    if (e->state == 0 || (e->keys & never) ||
        (is_told && !msock__told_decode(e->origin, e->origin_size, &told))) {
        want->drops[MSOCK_DROP_ENVELOPE]++;
        return;
    }
    if (e->topic[0] == '$') {
        return; /* no filter of ours */
    }
    struct msock__edition edition = {.version = e->state};
    memcpy(edition.session, told.session, sizeof edition.session);
    size_t i = place_of(e->topic);
    assert(i < STATES);
    int order = i == state_count
                    ? 1
                    : msock__edition_compare(&edition, &states[i].edition);
    want->drops[MSOCK_DROP_STATE_OLD] += order < 0;
    if (order > 0) {
        state_count += i == state_count;
        strcpy(states[i].topic, e->topic);
        states[i].edition = edition;
        expect_newest(want, e, told.owner, told.owner_size);
    }
}

static void expect_message(struct outcome *want,
                           const struct msock__envelope *e)
{
    bool empty = !(e->keys & (MSOCK__KEY_DATA | MSOCK__KEY_LEN));
    if (e->keys & MSOCK__KEY_STATE) {
        expect_state(want, e);
        return;
    }
    if ((e->keys & MSOCK__KEY_AFTER) && e->after_ms > 0) {
        want->waiting++;
        return;
    }
    if (e->topic[0] == '$') {
        return; /* no filter of ours */
    }
    want->delivered++;
    digest(want, e->topic, e->topic_size);
    digest(want, e->sender, e->sender_size);
    digest(want, empty ? "null" : e->data, empty ? 4 : e->data_size);
}

static void expect(struct outcome *want, const uint8_t *bytes, size_t size)
{
    char sender[MSOCK_NAME_MAX + 1] = "";
    size_t used;
    state_count = 0;
    for (size_t at = 0; at < size; at += used) {
        struct msock__envelope e;
        char *copy = exact_copy(bytes + at, size - at, 1);
        int drop = msock__envelope_decode(copy, size - at, false, 0, HEAD_MAX,
                                          &e, &used);
        if (drop != 0) {
            want->drops[drop]++;
            free(copy);
            return;
        }
        if (sender[0] == '\0') {
            memcpy(sender, e.sender, e.sender_size + 1);
        }
        if (strcmp(sender, e.sender) != 0) {
            want->drops[MSOCK_DROP_SENDER]++;
        } else if (strncmp(e.topic, "$ms/", 4) == 0) {
            want->drops[MSOCK_DROP_RESERVED]++;
        } else {
            expect_message(want, &e);
        }
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t frame[MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE + BODY_MAX];
    static struct outcome want, got;
    static struct bench bench;
    const struct msock__frame header = {.counter = 1};
    if (size == 0 || size > BODY_MAX) {
        return 0;
    }
    want = got = (struct outcome){.digest = DIGEST_SEED};
    expect(&want, bytes, size);

    bench_open(&bench, "node", "", 0);
    msock_subscribe(bench.channel, "#", on_message, &got, NULL);
    msock__frame_encode(&header, frame);
    memset(frame + MSOCK__HEADER_SIZE, 0, MSOCK__SENT_SIZE);
    memcpy(frame + MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE, bytes, size);
    bench_feed(&bench, frame, MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE + size,
               NULL, false);

    assert(got.delivered == want.delivered && got.digest == want.digest);
    assert(bench.engine->schedule.heap.count == want.waiting);
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        assert(msock_counter_get(bench.channel, (enum msock_counter)i) ==
               want.drops[i]);
    }
    bench_close(&bench);
    return 0;
}
