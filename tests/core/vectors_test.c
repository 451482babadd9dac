/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against bytes that something else made: every case of
 * tests/vectors is fed to a channel that was just opened, and what reaches a
 * subscription and the drop counters must be what the case says. */
#include "codec/told.h"
#include "core/engine_state.h"
#include "tests/codec/vector_case.h"
#include "tests/support/bench_channel.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A channel, the case it runs, and the next message it should deliver. */
struct run {
    struct bench bench;
    const char *name;
    const cJSON *expected;
};

static void expect_text(const struct run *run, const char *got, size_t size,
                        const char *expected, size_t expected_size)
{
    cr_assert(eq(sz, size, expected_size), "%s", run->name);
    cr_expect(eq(int, memcmp(got, expected, size), 0), "%s", run->name);
}

/* Of a state that is told, the sender is its owner. */
static void expect_sender(const struct run *run, const msock_message *message,
                          const struct msock__envelope *want)
{
    struct msock__told told;
    bool is_told = (want->keys & MSOCK__KEY_ORIGIN) &&
                   msock__told_decode(want->origin, want->origin_size, &told);
    expect_text(run, message->sender, message->sender_size,
                is_told ? told.owner : want->sender,
                is_told ? told.owner_size : want->sender_size);
}

static int expect_message(msock_channel *channel, const msock_message *message,
                          void *user)
{
    struct run *run = user;
    uint8_t *raw;
    (void)channel;
    cr_assert(run->expected != NULL, "%s: one message too many", run->name);
    struct msock__envelope want = vector_envelope(run->expected, &raw);

    expect_text(run, message->topic, message->topic_size, want.topic,
                want.topic_size);
    expect_sender(run, message, &want);
    bool empty = !(want.keys & (MSOCK__KEY_DATA | MSOCK__KEY_LEN));
    expect_text(run, message->data, message->data_size,
                empty ? "null" : want.data, empty ? 4 : want.data_size);
    cr_expect(eq(chr, message->data[message->data_size], '\0'), "%s",
              run->name);
    cr_expect(eq(int, (message->flags & MSOCK_MESSAGE_EMPTY) != 0, empty), "%s",
              run->name);
    cr_expect(eq(int, (message->flags & MSOCK_MESSAGE_RAW) != 0,
                 (want.keys & MSOCK__KEY_LEN) != 0),
              "%s", run->name);
    cr_expect(eq(int, (message->flags & MSOCK_MESSAGE_BARE) != 0,
                 cJSON_IsTrue(
                     cJSON_GetObjectItemCaseSensitive(run->expected, "bare"))),
              "%s", run->name);
    free(raw);
    run->expected = run->expected->next;
    return 0;
}

/* Every drop counter that the case does not name stays 0. */
static void expect_counters(const struct run *run, const cJSON *vector)
{
    const cJSON *counters = vector_get(vector, "counters");

    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(
            counters, msock_counter_name(counter));
        uint64_t want = wanted ? (uint64_t)wanted->valuedouble : 0;
        cr_expect(eq(u64, msock_counter_get(run->bench.channel, counter), want),
                  "%s: %s", run->name, msock_counter_name(counter));
    }
}

static void run_case(const cJSON *vector)
{
    struct msock__pipeline pipeline = vector_pipeline(vector);
    static struct run run;
    run.name = vector_text(vector, "name");
    run.expected = vector_get(vector, "deliver")->child;
    int code = bench_open_with(&run.bench, "reader", "", &pipeline);
    cr_assert(eq(int, code, 0));
    msock_subscribe(run.bench.channel, "#", expect_message, &run, NULL);
    const cJSON *frame;

    cJSON_ArrayForEach(frame, vector_get(vector, "frames"))
    {
        struct vector_bytes bytes = vector_hex(frame);
        if (bytes.size >= MSOCK__HEADER_SIZE) {
            bench_believe(&run.bench, bytes.bytes + 8);
        }
        bench_feed(&run.bench, bytes.bytes, bytes.size, NULL, false);
        free(bytes.bytes);
    }

    /* What has an `after` comes then. */
    struct msock__engine *engine = run.bench.engine;
    uint64_t due_us = msock__schedule_deadline(&engine->schedule);
    msock__engine_run_scheduled(engine, due_us);

    cr_expect(run.expected == NULL, "%s: a message is missing", run.name);
    expect_counters(&run, vector);
    bench_close(&run.bench);
}

static size_t run_file(const char *file)
{
    cJSON *root = vector_file(file);
    const cJSON *vector;
    size_t count = 0;

    cJSON_ArrayForEach(vector, vector_get(root, "cases"))
    {
        run_case(vector);
        count++;
    }
    cJSON_Delete(root);
    return count;
}

Test(vectors, open_frames_are_delivered)
{
    cr_expect(ge(sz, run_file("open.json"), 15));
}

Test(vectors, sealed_frames_are_delivered)
{
    cr_expect(ge(sz, run_file("sealed.json"), 15));
}

Test(vectors, pieces_are_put_together)
{
    cr_expect(ge(sz, run_file("fragments.json"), 6));
}

Test(vectors, signatures_are_not_looked_at_without_a_trust_file)
{
    cr_expect(ge(sz, run_file("signed.json"), 20));
}

Test(vectors, bad_input_is_refused_for_its_reason)
{
    cr_expect(ge(sz, run_file("refused.json"), 190));
}
